"""What training sees: bodies of one split, varied, before cameras, with simulated evidence and pinned joints.

Everything is drawn on the device of the generator, so that a GPU need not wait for the simulation.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor

from maskengines.pose.heatmaps import draw
from maskengines.pose.network import UNIT_MM
from maskengines.pose.simulate import Faults, evidence, seen
from maskengines.pose.skeleton import COUNT, LIMBS
from maskengines.pose.variety import Variety, varied

JOINT_DROPOUT = 0.04
UNSEEN = 0.05  # share of bodies without any evidence: the network is a prior, too
TUMBLING = 0.06


@dataclass(frozen=True)
class Batch:
    """Bodies in units of the model (B, 16, 3), their candidates (B, 17, K, 3), pinned joints (B, 16),
    hidden evidence (B, 17).
    """

    poses: Tensor
    candidates: Tensor
    pinned: Tensor
    hidden: Tensor

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        return self.poses, self.candidates, self.pinned, self.hidden

    def split(self, count: int) -> list[Batch]:
        """Batches of `count` bodies each, in order."""
        parts = zip(*(tensor.split(count) for tensor in self.tensors), strict=True)
        return [Batch(*part) for part in parts]


class Bodies:
    """Draws training batches from the poses of one split; subjects with few poses are drawn more often."""

    def __init__(self, file: Path, split: str, device: torch.device | None = None) -> None:
        with np.load(file) as data:
            self.poses = torch.from_numpy(data[split].astype(np.float32)).to(device)
            subject = data[f"{split}_subject"]
        self.weights = torch.from_numpy(1 / np.sqrt(np.bincount(subject)[subject])).float().to(device)

    def batch(self, count: int, candidates: int, generator: Generator) -> Batch:
        """`count` bodies with `candidates` of evidence per joint, on the device of `generator`, which must
        be that of the poses.
        """
        device = generator.device
        chosen = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        people = varied(self.poses[chosen], Variety(), generator)
        views = seen(people, generator, TUMBLING)
        heatmaps = evidence(views, Faults(), generator)
        drawn = draw(
            heatmaps,
            torch.rand(count, COUNT, candidates - 1, generator=generator, device=device),
            torch.randn(count, COUNT, candidates - 1, 2, generator=generator, device=device),
        )
        hidden = torch.rand(count, COUNT, generator=generator, device=device) < JOINT_DROPOUT
        hidden |= torch.rand(count, 1, generator=generator, device=device) < UNSEEN
        return Batch(views.poses[:, 1:] / UNIT_MM, drawn, pins_for(count, generator), hidden)


def pins_for(count: int, generator: Generator) -> Tensor:
    """Which joints are known (B, 16): none for half of the bodies; for the others whole limbs, all but
    whole limbs, or single joints.
    """
    device = generator.device

    def uniform(*size: int) -> Tensor:
        return torch.rand(count, *size, generator=generator, device=device)

    limbs = torch.zeros(count, COUNT, dtype=torch.bool, device=device)
    for joints in LIMBS.values():
        limbs[:, list(joints)] = uniform(1) < 0.3
    single = uniform(COUNT) < 0.4 * uniform(1)
    kind = torch.randint(0, 3, (count, 1), generator=generator, device=device)
    pinned = torch.where(kind == 0, limbs, torch.where(kind == 1, ~limbs, single))
    return (pinned & (uniform(1) < 0.5))[:, 1:]
