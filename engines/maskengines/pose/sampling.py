"""Hypotheses for evidence: candidates drawn, condition worked out, poses sampled, bones made one person's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from maskengines.pose.denoiser import FREE
from maskengines.pose.heatmaps import Mixtures, dealt, draw
from maskengines.pose.network import UNIT_MM, DiffPose
from maskengines.pose.sampler import Known, Plan, sample
from maskengines.pose.schedule import alpha_bar, pose_from_velocity
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
    """Poses (N, 17, 3) in mm, camera frame, the hip at 0, one for each row of the evidence.

    Args:
        evidence: N rows; repeat one person's to get several hypotheses.
        pins: (N, 17, 3) mm, joints known in 3D where `pinned` (N, 17).
        either: (17,) bool, joints whose places are dealt out, one to each hypothesis; none if not given.
    """
    known = Known(pins[:, 1:] / UNIT_MM, pinned[:, 1:])
    with torch.inference_mode():
        each_step()
        if either is not None:
            evidence = dealt(evidence, either, chance.modes)
        candidates = draw(evidence, chance.uniform, chance.normal)
        prepared = network.prepared(candidates, known.poses, known.where & (plan.rounds == 0))

        def predict(noisy: Tensor, time: Tensor) -> Tensor:
            return pose_from_velocity(noisy, network.denoiser(noisy, time, prepared), alpha_bar(time))

        poses = sample(predict, chance.noise, plan, known, each_step)
    return torch.cat([torch.zeros(len(poses), 1, 3), poses * UNIT_MM], 1)
