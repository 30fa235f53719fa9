"""Holes to train on, and how large they are as training goes on.

The share that is masked grows with training, as in latent masking diffusion ("Faster Image Reconstruction
with Latent Masking Diffusion", 2023): from little to much by a line, a cosine or in pieces.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Generator, Tensor

FIRST, LAST = 0.15, 0.75
SMALL = 0.02

Schedule = Callable[[float], float]

SCHEDULES: dict[str, Schedule] = {
    "none": lambda progress: LAST,
    "linear": lambda progress: FIRST + (LAST - FIRST) * progress,
    "cosine": lambda progress: FIRST + (LAST - FIRST) * (1 - math.cos(math.pi * progress)) / 2,
    "piecewise": lambda progress: FIRST + (LAST - FIRST) * min(3, math.floor(4 * progress)) / 3,
}
"""Largest masked share by the part of training that is over, 0..1."""


class Holes:
    """A pool of masks (N, side, side) bool, ordered by the share they mask."""

    def __init__(self, masks: Sequence[np.ndarray], device: torch.device) -> None:
        stacked = np.stack(masks)
        share = stacked.mean((1, 2))
        order = np.argsort(share, kind="stable")
        self.masks = torch.from_numpy(stacked[order]).to(device)
        self.shares = torch.from_numpy(share[order]).to(device)

    def drawn(self, count: int, most: float, generator: Generator) -> Tensor:
        """(count, 1, side, side) float32, 1 where masked; shares are at most about `most`. Mirrored and
        turned at random.
        """
        device = self.masks.device
        usable = max(1, int(torch.searchsorted(self.shares, most)))
        index = torch.randint(usable, (count,), generator=generator, device=device)
        masks = self.masks[index]
        flip = torch.rand(3, count, 1, 1, generator=generator, device=device) < 0.5
        masks = torch.where(flip[0], masks.flip(1), masks)
        masks = torch.where(flip[1], masks.flip(2), masks)
        masks = torch.where(flip[2], masks.transpose(1, 2), masks)
        return masks[:, None].float()
