"""Latents of any pipeline: how they lie, what a picture's are, and roughly what they look like."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

Array = np.ndarray[Any, Any]

_CHART_CELLS = 24
"""Cells of latents along the side of the chart."""
_RIDGE = 1e-3


@dataclass(frozen=True)
class Grid:
    """How latents lie: ``(B, C, h, w)``, ``(B, C, 1, h, w)``, or tokens ``(B, h * w, C)`` row by row."""

    height: int
    width: int
    tokens: bool

    @classmethod
    def of(cls, latents: Tensor, size: tuple[int, int]) -> Grid | None:
        """The grid of latents of a picture of ``size`` (width, height); None if they lie otherwise."""
        if latents.ndim in (4, 5):
            return cls(latents.shape[-2], latents.shape[-1], False)
        if latents.ndim != 3:
            return None
        cell = round(math.sqrt(size[0] * size[1] / latents.shape[1]))
        height, width = size[1] // cell, size[0] // cell
        return cls(height, width, True) if height * width == latents.shape[1] else None

    def laid(self, plane: Array, like: Tensor) -> Tensor:
        """A plane ``(h, w)``, shaped to be multiplied with latents."""
        values = torch.from_numpy(np.ascontiguousarray(plane, np.float32)).to(like.device)
        if self.tokens:
            return values.reshape(1, -1, 1)
        return values.reshape(1, *[1] * (like.ndim - 3), self.height, self.width)

    def cells(self, latents: Tensor) -> Array:
        """The latents ``(h, w, C)`` float32 of the first picture of a batch."""
        first = latents[0].detach().float()
        if not self.tokens:
            first = first.reshape(-1, self.height * self.width).T
        return first.reshape(self.height, self.width, -1).cpu().numpy()


def encoded(pipe: Any, picture: Array) -> Tensor | None:
    """Latents of a picture ``(h, w, 3)`` uint8 as the pipeline itself makes and lays them; None if it has no
    way to do so that is known.

    Draws from a generator of its own, so the pipeline's are left as they are.
    """
    vae = getattr(pipe, "vae", None) or getattr(pipe, "movq", None)
    if vae is None:
        return None
    values = torch.from_numpy(picture.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
    given = values.to(pipe._execution_device, vae.dtype)
    if hasattr(vae.config, "temperal_downsample") or hasattr(vae.config, "temporal_downsample"):
        given = given.unsqueeze(2)
    encode = getattr(pipe, "_encode_vae_image", None)
    with torch.no_grad():
        if encode is not None:
            return _packed(pipe, encode(image=given, generator=torch.Generator().manual_seed(0)))
        return _packed(pipe, _plainly_encoded(vae, given))


def _plainly_encoded(vae: Any, given: Tensor) -> Tensor:
    """As pipelines without a function for it do, with the shift and the scale that the VAE's configuration
    says."""
    said = vae.encode(given)
    if hasattr(said, "latents"):
        return cast(Tensor, said.latents)
    shift = getattr(vae.config, "shift_factor", None) or 0.0
    return cast(Tensor, (said.latent_dist.mode() - shift) * vae.config.scaling_factor)


def _packed(pipe: Any, latents: Tensor) -> Tensor:
    pack = getattr(pipe, "_pack_latents", None)
    if pack is None:
        return latents
    if len(inspect.signature(pack).parameters) == 1:
        return cast(Tensor, pack(latents))
    if latents.ndim == 5:
        latents = latents.transpose(1, 2)
    batch, channels = latents.shape[0], latents.shape[2 if latents.ndim == 5 else 1]
    return cast(Tensor, pack(latents, batch, channels, latents.shape[-2], latents.shape[-1]))


@dataclass(frozen=True, eq=False)
class Colours:
    """Roughly what latents look like: a linear map from the numbers of a cell to 2 x 2 colours.

    Attributes:
        weights: ``(C + 1, 12)``, the last row added.
    """

    weights: Array

    @classmethod
    def fitted(cls, pipe: Any, cell: int) -> Colours | None:
        """The map that is best in the least squares sense for this VAE, on a chart of colours that it encodes
        once; None if the pipeline has no known way to encode.

        Args:
            cell: pixels along the side of a cell of the latents.
        """
        chart = colour_chart(_CHART_CELLS * cell, cell)
        latents = encoded(pipe, chart)
        grid = None if latents is None else Grid.of(latents, chart.shape[1::-1])
        if latents is None or grid is None:
            return None
        return cls.of(grid.cells(latents), chart)

    @classmethod
    def of(cls, cells: Array, picture: Array) -> Colours:
        """The map from ``cells`` (h, w, C) to a picture (h * cell, w * cell, 3) uint8."""
        height, width, channels = cells.shape
        half = picture.shape[0] // (2 * height)
        blocks = picture.reshape(height, 2, half, width, 2, half, 3).mean(axis=(2, 5), dtype=np.float64)
        wanted = blocks.transpose(0, 2, 1, 3, 4).reshape(height * width, 12) / 255
        given = np.concatenate([cells.reshape(-1, channels), np.ones((height * width, 1))], axis=1)
        normal = given.T @ given + _RIDGE * np.eye(channels + 1)
        return cls(np.linalg.solve(normal, given.T @ wanted).astype(np.float32))

    def picture(self, cells: Array) -> Array:
        """``cells`` (h, w, C) as ``(2 h, 2 w, 3)`` float32 in 0..1."""
        height, width, channels = cells.shape
        seen = cells.reshape(-1, channels) @ self.weights[:-1] + self.weights[-1]
        seen = seen.reshape(height, width, 2, 2, 3).transpose(0, 2, 1, 3, 4)
        return np.clip(seen.reshape(2 * height, 2 * width, 3), 0, 1)


def colour_chart(side: int, cell: int) -> Array:
    """``(side, side, 3)`` uint8: a third each of patches two cells wide, of patches half a cell wide, and of
    slopes between such, in colours all over the cube, always the same ones."""
    import cv2

    generator = np.random.default_rng(0)

    def patches(width: int) -> Array:
        count = -(-side // width)
        colours = generator.integers(0, 256, (count, count, 3)).astype(np.uint8)
        return np.repeat(np.repeat(colours, width, axis=0), width, axis=1)[:side, :side]

    coarse, fine = patches(2 * cell), patches(max(1, cell // 2))
    slopes = cv2.resize(coarse[:: 2 * cell, :: 2 * cell], (side, side), interpolation=cv2.INTER_CUBIC)
    third = np.arange(side)[:, None, None] * 3 // side
    return np.where(third == 0, coarse, np.where(third == 1, fine, slopes)).astype(np.uint8)
