"""Hypotheses for a question that changes bit by bit: what a change leaves as it was is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from maskengines.pose.heatmaps import Mixtures
from maskengines.pose.network import DiffPose
from maskengines.pose.question import PoseQuestion
from maskengines.pose.sampler import Plan
from maskengines.pose.sampling import Chance, Clock, conditions, poses_given

Array = np.ndarray[Any, Any]


class Following:
    """Answers questions about one person, all from the same noise, so that bodies move instead of being dealt
    anew. While only pins move, the evidence is not read again; that is a third of the work.
    """

    def __init__(self, network: DiffPose, count: int, generator: Callable[[], np.random.Generator]) -> None:
        """Args:
        count: of hypotheses.
        generator: gives one that begins anew.
        """
        self._network, self._count, self._generator = network, count, generator
        self._paced: tuple[Plan, Chance, Clock] | None = None
        self._read: tuple[Mixtures, Tensor, Chance, Tensor] | None = None

    def poses(self, question: PoseQuestion, plan: Plan, each_step: Callable[[], None]) -> Array:
        """(count, 17, 3) mm, the same as `maskengines.pose.engine.sampled` gives.

        Args:
            each_step: called before every step; may raise `Cancelled`.
        """
        each_step()
        chance, clock = self._pace(plan)
        found: Array = poses_given(
            self._network,
            self._condition(question, chance),
            chance,
            plan,
            clock,
            pins=question.pins.expand(self._count, -1, -1),
            pinned=question.pinned.expand(self._count, -1),
            unseen=question.evidence.unseen.expand(self._count, -1),
            each_step=each_step,
        ).numpy()
        return found

    def _pace(self, plan: Plan) -> tuple[Chance, Clock]:
        if self._paced is None or self._paced[0] != plan:
            chance = Chance(self._generator(), self._count, self._network.sizes.candidates, plan)
            self._paced = plan, chance, Clock(self._network, plan)
        return self._paced[1:]

    def _condition(self, question: PoseQuestion, chance: Chance) -> Tensor:
        evidence, either = question.evidence, question.either
        if self._read is not None:
            before, dealt, drawn, condition = self._read
            if drawn is chance and torch.equal(dealt, either) and before.equals(evidence):
                return condition
        condition = conditions(self._network, evidence.repeated(self._count), chance, either)
        self._read = evidence, either, chance, condition
        return condition
