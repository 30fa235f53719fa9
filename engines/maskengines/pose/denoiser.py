"""The denoiser: a noisy pose, its time and the condition in, the velocity out (DiffPose, section 3.2).

The paper's is two residual blocks of 1024 with the step's number beside the pose. Here the blocks are
pre-normalised and modulated by a sinusoidal code of the time, and what is known from the start of a
question, the condition and the pinned joints, is worked in once per hypothesis (`Denoiser.prepared`) and
not at every step.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from maskengines.pose.skeleton import COUNT

TIME_CODE = 64
FREE = COUNT - 1  # the hip is the origin and not sampled


def time_code(time: Tensor) -> Tensor:
    """Sines and cosines of times (B,) in 0..1, (B, TIME_CODE)."""
    index = torch.arange(TIME_CODE // 2, device=time.device)
    rates = torch.exp(-math.log(1000.0) * index / (TIME_CODE // 2 - 1))
    angles = 1000.0 * time[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], -1)


class Block(nn.Module):
    """A residual block whose inner layer is shifted and scaled by the time and shifted by the condition."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, width)
        self.outer = nn.Linear(width, width)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        inner = self.inner(self.norm(x)) * (1 + scale) + shift
        return x + self.outer(functional.silu(inner))


class Denoiser(nn.Module):
    """Predicts the velocity (B, 16, 3) of noisy poses; pinned joints are told by their places and stay out
    of the answer's use.
    """

    def __init__(self, width: int, blocks: int, condition: int) -> None:
        super().__init__()
        self.width = width
        self.pose = nn.Linear(3 * FREE, width)
        self.known = nn.Sequential(nn.Linear(condition + 4 * FREE, width), nn.SiLU())
        self.shifts = nn.Linear(width, width * (blocks + 1))
        self.time = nn.Sequential(nn.Linear(TIME_CODE, 128), nn.SiLU(), nn.Linear(128, 2 * width * blocks))
        self.blocks = nn.ModuleList(Block(width) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, 3 * FREE)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def prepared(self, condition: Tensor, pins: Tensor, pinned: Tensor) -> Tensor:
        """What every step needs of the condition (B, C) and the pins (B, 16, 3) where `pinned` (B, 16),
        worked out once.
        """
        mask = pinned.to(condition.dtype)
        known = torch.cat([condition, (pins * mask[..., None]).flatten(1), mask], -1)
        return self.shifts(self.known(known))

    def modulation(self, time: Tensor) -> Tensor:
        """How times (B,) in 0..1 scale and shift the blocks, (B, 2 * width * blocks)."""
        return self.time(time_code(time))

    def forward(self, noisy: Tensor, time: Tensor, prepared: Tensor) -> Tensor:
        """Args:
        noisy: (B, 16, 3), in units of the model.
        time: (B,) in 0..1, or (1,) for all.
        prepared: (B, ...) from `prepared`.
        """
        return self.modulated(noisy, self.modulation(time), prepared)

    def modulated(self, noisy: Tensor, modulation: Tensor, prepared: Tensor) -> Tensor:
        """The same with what `modulation` makes of the time."""
        first, *shifts = prepared.split(self.width, -1)
        x = self.pose(noisy.flatten(1)) + first
        parts = modulation.split(self.width, -1)
        for index, block in enumerate(self.blocks):
            x = block(x, parts[2 * index], parts[2 * index + 1] + shifts[index])
        return self.out(functional.silu(self.norm(x))).unflatten(-1, (FREE, 3))
