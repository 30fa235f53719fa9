"""The straight path between a picture and noise, and the way back.

``x_t = (1 - t) x + t e`` (rectified flow, Liu et al. 2022; flow matching, Lipman et al. 2022), t = 0 the
picture and t = 1 the noise. Its velocity is ``e - x = (x_t - x) / t``, so a network that predicts x moves
along ``x_s = (s / t) x_t + (1 - s / t) x`` from t to s: DDIM's step on this path.
"""

from __future__ import annotations

import torch
from torch import Tensor

SHIFT = 2.5
"""How much the noisy end is stretched: neighbouring pixels say the same, so a picture of many of them
stays readable in more noise than one of few (Hoogeboom et al. 2023, "simple diffusion").
"""

SMALLEST = 0.08
"""Times below this weigh no more than this one in the loss; the division by t would else blow up."""


def shifted(share: Tensor, shift: float = SHIFT) -> Tensor:
    """Times for shares 0..1 of the way, closer together near the noise."""
    return shift * share / (1 + (shift - 1) * share)


def between(clean: Tensor, noise: Tensor, moment: Tensor) -> Tensor:
    """x_t for `clean` and `noise` (B, 3, h, w) at `moment` (B,)."""
    level = moment[:, None, None, None]
    return (1 - level) * clean + level * noise


def weight(moment: Tensor) -> Tensor:
    """Weight of the squared error of the clean picture that makes it one of the velocity: 1 / t^2."""
    return moment.clamp_min(SMALLEST) ** -2


def towards(noisy: Tensor, guess: Tensor, now: float, then: float) -> Tensor:
    """x at time `then` < `now`, along the straight line from `noisy` to the guessed clean picture."""
    return guess + (then / now) * (noisy - guess)


def times(steps: int, start: float = 1.0) -> list[float]:
    """`steps` + 1 falling times from `start` to 0.

    Raises:
        ValueError: fewer than one step, or `start` outside 0..1.
    """
    if steps < 1 or not 0 < start <= 1:
        raise ValueError("There is at least one step, and it starts above 0 and at most at 1.")
    first = start / (SHIFT - (SHIFT - 1) * start)  # the share whose shifted time is `start`
    return [float(t) for t in shifted(torch.linspace(first, 0, steps + 1, dtype=torch.float64))]
