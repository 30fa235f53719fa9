"""Hypotheses for evidence: candidates drawn, condition worked out, poses sampled, bones made one person's."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from maskengines.pose.denoiser import FREE
from maskengines.pose.heatmaps import Mixtures, dealt, draw
from maskengines.pose.network import UNIT_MM, DiffPose
from maskengines.pose.sampler import Known, Plan, sample
from maskengines.pose.schedule import alpha_bar, times
from maskengines.pose.skeleton import COUNT


class Chance:
    """All random numbers of a question, drawn row by row, so that hypothesis i does not depend on how many
    there are.
    """

    def __init__(self, generator: np.random.Generator, count: int, candidates: int, plan: Plan) -> None:
        drawn = candidates - 1
        sizes = [COUNT, COUNT * drawn, COUNT * drawn * 2, plan.noises * FREE * 3]
        rows = torch.from_numpy(generator.standard_normal((count, sum(sizes)), dtype=np.float32))
        modes, which, where, diffused = rows.split(sizes, 1)
        self.modes = torch.special.ndtr(modes)
        self.uniform = torch.special.ndtr(which).view(count, COUNT, drawn)
        self.normal = where.reshape(count, COUNT, drawn, 2)
        self.noise = diffused.reshape(count, plan.noises, FREE, 3)


class Clock:
    """What network and schedule make of the times of a plan, worked out once for all of its steps."""

    def __init__(self, network: DiffPose, plan: Plan) -> None:
        moments = times(plan.steps)[:-1]
        with torch.inference_mode():
            rows = network.denoiser.modulation(moments).split(1)
        levels = alpha_bar(moments).tolist()
        self._denoiser = network.denoiser
        self._at = dict(zip(moments.tolist(), zip(rows, levels, strict=True), strict=True))

    def predict(self, noisy: Tensor, time: Tensor, prepared: Tensor) -> Tensor:
        """The poses (N, 16, 3) that the network sees in noisy ones at a time (1,) of the plan."""
        modulation, level = self._at[time.item()]
        speed = self._denoiser.modulated(noisy, modulation, prepared)
        return math.sqrt(level) * noisy - math.sqrt(1 - level) * speed  # `schedule.pose_from_velocity`


def conditions(network: DiffPose, evidence: Mixtures, chance: Chance, either: Tensor | None = None) -> Tensor:
    """What the network reads of evidence, (N, C), a row for each hypothesis: candidates are drawn anew for
    each.

    Args:
        evidence: N rows; repeat one person's to get several hypotheses.
        either: (17,) bool, joints whose places are dealt out, one to each hypothesis; none if not given.
    """
    with torch.inference_mode():
        if either is not None:
            evidence = dealt(evidence, either, chance.modes)
        return network.embedding(draw(evidence, chance.uniform, chance.normal))


def poses_given(
    network: DiffPose,
    condition: Tensor,
    chance: Chance,
    plan: Plan,
    clock: Clock,
    *,
    pins: Tensor,
    pinned: Tensor,
    unseen: Tensor,
    each_step: Callable[[], None] = lambda: None,
) -> Tensor:
    """Poses (N, 17, 3) in mm, camera frame, the hip at 0, one for each row of `conditions`.

    Args:
        clock: of this plan.
        pins: (N, 17, 3) mm, joints known in 3D where `pinned` (N, 17).
        unseen: (N, 17) bool, joints without any evidence.
    """
    known = Known(pins[:, 1:] / UNIT_MM, pinned[:, 1:])
    with torch.inference_mode():
        prepared = network.denoiser.prepared(condition, known.poses, known.where & (plan.rounds == 0))

        def predict(noisy: Tensor, time: Tensor) -> Tensor:
            return clock.predict(noisy, time, prepared)

        factors = torch.where(unseen[:, 1:], plan.unseen, 1.0)
        poses = sample(predict, chance.noise * factors[:, None, :, None], plan, known, each_step)
    return torch.cat([torch.zeros(len(poses), 1, 3), poses * UNIT_MM], 1)


def hypotheses(
    network: DiffPose,
    evidence: Mixtures,
    chance: Chance,
    plan: Plan,
    *,
    pins: Tensor,
    pinned: Tensor,
    either: Tensor | None = None,
    each_step: Callable[[], None] = lambda: None,
) -> Tensor:
    """Poses (N, 17, 3) in mm: `poses_given` the `conditions`."""
    each_step()
    condition = conditions(network, evidence, chance, either)
    return poses_given(
        network,
        condition,
        chance,
        plan,
        Clock(network, plan),
        pins=pins,
        pinned=pinned,
        unseen=evidence.unseen,
        each_step=each_step,
    )
