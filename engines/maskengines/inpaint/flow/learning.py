"""What the network is asked while it learns, and how wrong its answers are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from maskengines.inpaint.flow.path import between, shifted, weight

VISIBLE = 0.05
"""Weight of what is visible against what is hidden."""

MEAN, SPREAD = 0.0, 1.0
"""Of the logit-normal shares of the way, before they are shifted towards the noise."""

Network = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


@dataclass
class Batch:
    """Clean pictures (B, 3, h, w), masks (B, 1, h, w), noise as the pictures, times (B,)."""

    clean: Tensor
    mask: Tensor
    noise: Tensor
    moment: Tensor


def batch_of(clean: Tensor, mask: Tensor, mixed: float, generator: Generator) -> Batch:
    """Noise and times for pictures and masks.

    A share `mixed` of the batch is asked at the very end of the path with no noise at all, as in "Unified
    Auto-Encoding with Masked Diffusion" (2024): there the network answers in one shot, with the mean of
    what it thinks possible.
    """
    count, device = len(clean), clean.device
    share = torch.sigmoid(MEAN + SPREAD * torch.randn(count, generator=generator, device=device))
    noise = torch.randn(clean.shape, generator=generator, device=device)
    moment = shifted(share)
    silent = torch.rand(count, generator=generator, device=device) < mixed
    moment = torch.where(silent, torch.ones_like(moment), moment)
    noise = torch.where(silent[:, None, None, None], torch.zeros_like(noise), noise)
    return Batch(clean, mask, noise, moment)


def loss_of(network: Network, batch: Batch) -> Tensor:
    """Squared error of the velocity, each picture's hidden pixels first: every question counts the same,
    however small its hole.
    """
    noisy = between(batch.clean, batch.noise, batch.moment)
    guess = network(noisy, batch.clean * (1 - batch.mask), batch.mask, batch.moment).float()
    error = (guess - batch.clean).square().mean(1, keepdim=True)
    seen = 1 - batch.mask
    hidden = (error * batch.mask).sum((1, 2, 3)) / batch.mask.sum((1, 2, 3)).clamp_min(16)
    visible = (error * seen).sum((1, 2, 3)) / seen.sum((1, 2, 3)).clamp_min(16)
    return ((hidden + VISIBLE * visible) * weight(batch.moment)).mean()
