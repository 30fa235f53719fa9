"""Soft masks by differential diffusion (Levin, Fried 2023, "Differential Diffusion: Giving Each Pixel Its
Strength"): a place joins the denoising the later, the weaker its mask is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from maskengines.inpaint.pipelines.latents import Grid, encoded
from maskengines.inpaint.pipelines.watching import Watch

Array = np.ndarray[Any, Any]

_NOTICEABLE = 0.02
"""Share of the hole that must be soft: what a brush smooths along its rim is no soft mask."""


def is_soft(strengths: Array) -> bool:
    """Whether a mask ``(h, w)`` in 0..1, by cells of the latents, asks some places for less than all."""
    asked = int((strengths > 0).sum())
    return bool(asked) and int(((strengths > 0) & (strengths < 1)).sum()) > _NOTICEABLE * asked


class SoftMask:
    """Holds each place at the noised original until it is its turn.

    With strength ``m`` in 0..1 a place is denoised from step ``j`` of ``T`` on once ``m >= 1 - j / T`` (the
    threshold of algorithm 1); before that it is the original at the step's level of noise.

    Args:
        strengths: gives the mask ``(h, w)`` in 0..1 by cells of so many pixels a side.
        picture: what the pipeline is shown, ``(H, W, 3)`` uint8.
        seed: of the noise, where the pipeline tells of none of its own.
    """

    def __init__(self, strengths: Callable[[int], Array], picture: Array, seed: int) -> None:
        self._strengths_by = strengths
        self._strengths: Array | None = None
        self._picture = picture
        self._seed = seed
        self._own: tuple[Tensor, Tensor] | None = None

    def blended(self, pipe: Any, watch: Watch, latents: Tensor, step: int) -> Tensor:
        """Latents after ``step`` (0 is the first) with what is not yet, or not at all, asked for put back."""
        size = (self._picture.shape[1], self._picture.shape[0])
        grid = Grid.of(latents, size)
        if grid is None:
            return latents
        if self._strengths is None:
            self._strengths = self._strengths_by(size[1] // grid.height)
        original = self._original(pipe, watch, latents, step)
        if original is None:
            return latents
        steps = int(pipe.num_timesteps)
        last = step + 1 >= steps
        held = self._strengths <= 0 if last else self._strengths < 1 - (step + 1) / steps - 1e-6
        return torch.where(grid.laid(held.astype(np.float32), latents) > 0, original.to(latents), latents)

    def _original(self, pipe: Any, watch: Watch, latents: Tensor, step: int) -> Tensor | None:
        """The original's latents at the level of noise after ``step``, clean after the last."""
        steps = int(pipe.num_timesteps)
        last = step + 1 >= steps
        if watch.original is not None and watch.original.shape[1:] == latents.shape[1:]:
            clean, noised = watch.original, watch.noised
            if last:
                return clean
            if noised is not None and noised.shape == latents.shape:
                return noised
        own = self._of_our_own(pipe, latents)
        if own is None or last:
            return None if own is None else own[0]
        scheduler = pipe.scheduler
        level = torch.as_tensor(scheduler.timesteps[-steps:][step + 1]).reshape(1)
        if hasattr(scheduler, "scale_noise"):
            return watch.scale_noise(own[0], level, own[1])
        return watch.add_noise(own[0], own[1], level)

    def _of_our_own(self, pipe: Any, latents: Tensor) -> tuple[Tensor, Tensor] | None:
        """The original's latents and noise for them, for pipelines trained to inpaint, which need neither."""
        if self._own is None:
            clean = encoded(pipe, self._picture)
            if clean is None or clean.shape[1:] != latents.shape[1:]:
                return None
            noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(self._seed))
            self._own = clean, noise.to(clean)
        return self._own
