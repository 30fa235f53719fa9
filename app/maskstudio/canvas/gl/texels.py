"""Gaussians as the textures that the card's programs read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from maskengines.results.frames import DIMMED
from maskengines.subjects.gaussians import Gaussians
from maskengines.subjects.quaternions import rotation_matrices

Array = np.ndarray[Any, Any]

GEOMETRY_TEXELS = 3
"""Of a Gaussian: mean and opacity (logit), then the six entries of its covariance."""

ROW = 4096
"""Texels of a texture's row."""

_GONE = np.float32(-100)
_MOST_HALF = np.float32(65504)
_BLOCK = 65536


@dataclass(frozen=True, eq=False)
class Texels:
    """N Gaussians as whole rows of textures, the last row padded.

    Attributes:
        means: ``(N, 3)`` float32.
        bands: coefficients of colour a channel.
        geometry: ``(rows, 4 ROW)`` float32, `GEOMETRY_TEXELS` texels each.
        harmonics: ``(rows, 4 ROW)`` float16, as many texels each as hold three times `bands` numbers.

    What is not finite is there, but is not seen.
    """

    means: Array
    bands: int
    geometry: Array
    harmonics: Array

    def __len__(self) -> int:
        return len(self.means)


def texels_of(gaussians: Gaussians) -> Texels:
    """All that takes long and needs no card."""
    return Texels(gaussians.means, gaussians.harmonics.shape[1], _geometry(gaussians), _harmonics(gaussians))


def flags(
    count: int, shown: Array | None = None, selected: Array | None = None, locked: Array | None = None
) -> Array:
    """``(rows, 2 ROW)`` uint8: how bright each shows, 0 for not at all, and whether it is tinted. By ``(N,)``
    bools; all, none and none by default."""
    rows, found = _rows(count, 2, 2, np.uint8)
    found[:, 0] = 255 if locked is None else np.where(locked, np.uint8(round(255 * DIMMED)), np.uint8(255))
    if shown is not None:
        found[~shown, 0] = 0
    found[:, 1] = 0 if selected is None else 255 * selected.astype(np.uint8)
    return rows


def _geometry(gaussians: Gaussians) -> Array:
    """Means, opacities and covariances ``R S S R^T`` (Kerbl et al. 2023, eq. 6)."""
    rows, texels = _rows(len(gaussians), 4 * GEOMETRY_TEXELS, 4, np.float32)
    texels[:, :3] = gaussians.means
    texels[:, 3] = gaussians.opacities
    for start in range(0, len(gaussians), _BLOCK):
        part = slice(start, start + _BLOCK)
        spread = _covariances(gaussians.rotations[part], gaussians.scales[part])
        texels[part, 4:10] = spread[:, (0, 0, 0, 1, 1, 2), (0, 1, 2, 1, 2, 2)]
    broken = ~(np.isfinite(texels).all(axis=1) & gaussians.finite)
    texels[broken] = 0
    texels[broken, 3] = _GONE
    return rows


def _covariances(rotations: Array, scales: Array) -> Array:
    turn = rotation_matrices(rotations)
    with np.errstate(over="ignore", invalid="ignore"):
        axes = turn * np.exp(scales)[:, None, :]
        spread: Array = axes @ axes.transpose(0, 2, 1)
    return spread


def _harmonics(gaussians: Gaussians) -> Array:
    flat = gaussians.harmonics.reshape(len(gaussians), -1)
    rows, texels = _rows(len(flat), -(-flat.shape[1] // 4) * 4, 4, np.float16)
    for start in range(0, len(flat), _BLOCK):
        part = slice(start, start + _BLOCK)
        texels[part, : flat.shape[1]] = np.nan_to_num(flat[part]).clip(-_MOST_HALF, _MOST_HALF)
    return rows


def _rows(count: int, numbers: int, channels: int, kind: Any) -> tuple[Array, Array]:
    """Zeros as rows of a texture, and the ``(count, numbers)`` of them that are to be filled."""
    width = ROW * channels
    rows = np.zeros((max(1, -(-count * numbers // width)), width), kind)
    return rows, rows.reshape(-1)[: count * numbers].reshape(count, numbers)
