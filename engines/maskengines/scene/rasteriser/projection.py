# ruff: noqa: PLR0917 - compiled functions take their arrays one by one.
"""From 3D Gaussians to 2D splats: EWA projection (Zwicker et al. 2002), colour, and what is in sight."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit, prange

from maskengines.compiling import kernel
from maskengines.scene.rasteriser import layout as at
from maskengines.scene.rasteriser.geometry import (
    CAREFUL,
    HALF,
    ONE,
    TWO,
    ceil_of,
    covariance,
    f4,
    jacobian,
    product,
    rotation,
    screen_rows,
    to_camera,
    unit,
)
from maskengines.scene.rasteriser.harmonics import fill_terms

Array = np.ndarray[Any, Any]

BLOCK = 256
"""Gaussians that one thread takes at a time."""

_LOG2E = f4(math.log2(math.e))
_LARGEST = f4(1e30)


@njit(fastmath=CAREFUL, error_model="numpy", nogil=True)
def _project_range(
    first: Any, end: Any,
    means: Array, scales: Array, rotations: Array, opacities: Array, harmonics: Array, bands: int,
    view: Array, lens: Array, width: int, height: int, splats: Array, tiles: Array,
) -> None:  # fmt: skip
    """`project` from ``first`` to before ``end``; apart, as loops that run in parallel are compiled twice."""
    columns, rows = (width + at.TILE - 1) // at.TILE, (height + at.TILE - 1) // at.TILE
    terms = np.empty((16, 4), np.float32)
    for i in range(first, end):
        tiles[i] = 0
        x, y, z = to_camera(view, means[i, 0], means[i, 1], means[i, 2])
        if not z >= lens[at.NEAR] or not z < _LARGEST:
            continue
        inverse = ONE / z
        u, v = lens[at.FX] * x * inverse + lens[at.CX], lens[at.FY] * y * inverse + lens[at.CY]
        j00, j02, j11, j12, _, _ = jacobian(lens, x, y, inverse)
        t = screen_rows(view, j00, j02, j11, j12)
        qw, qx, qy, qz, _ = unit(rotations[i, 0], rotations[i, 1], rotations[i, 2], rotations[i, 3])
        r = rotation(qw, qx, qy, qz)
        s0, s1, s2 = math.exp(scales[i, 0]), math.exp(scales[i, 1]), math.exp(scales[i, 2])
        a, b, c, sharp = covariance(product(t, r, s0, s1, s2))
        blur = lens[at.BLUR]
        determinant = sharp + blur * (a + c) + blur * blur
        if not determinant > f4(0) or not determinant < _LARGEST:
            continue
        opacity = ONE / (ONE + math.exp(-opacities[i]))
        if lens[at.MIP] > f4(0):
            opacity *= math.sqrt(sharp / determinant)
        if not opacity > f4(1 / 255):
            continue
        peak = math.log(opacity) * _LOG2E
        a += blur
        c += blur
        inverse_determinant = ONE / determinant
        above = (peak - at.FAINTEST) * (TWO / _LOG2E)
        reach_x, reach_y = math.sqrt(above * a), math.sqrt(above * c)
        first_x, last_x = u - reach_x - HALF - at.SLACK, u + reach_x - HALF + at.SLACK
        first_y, last_y = v - reach_y - HALF - at.SLACK, v + reach_y - HALF + at.SLACK
        if not (last_x >= f4(0) and last_y >= f4(0)):
            continue
        if not (first_x <= f4(width - 1) and first_y <= f4(height - 1)):
            continue
        left = ceil_of(max(first_x, f4(0))) // at.TILE
        right = min(int(min(last_x, f4(width - 1))) // at.TILE, columns - 1)
        top = ceil_of(max(first_y, f4(0))) // at.TILE
        bottom = min(int(min(last_y, f4(height - 1))) // at.TILE, rows - 1)
        if right < left or bottom < top:
            continue
        dx, dy, dz = (
            means[i, 0] - lens[at.EYE_X],
            means[i, 1] - lens[at.EYE_Y],
            means[i, 2] - lens[at.EYE_Z],
        )
        away = ONE / math.sqrt(dx * dx + dy * dy + dz * dz)
        fill_terms(terms, bands, dx * away, dy * away, dz * away)
        red, green, blue = HALF, HALF, HALF
        for k in range(bands):
            red += terms[k, 0] * harmonics[i, k, 0]
            green += terms[k, 0] * harmonics[i, k, 1]
            blue += terms[k, 0] * harmonics[i, k, 2]
        if not abs(red) + abs(green) + abs(blue) < _LARGEST:
            continue
        splats[i, at.X], splats[i, at.Y] = u, v
        scale = HALF * _LOG2E * inverse_determinant
        splats[i, at.XX], splats[i, at.XY], splats[i, at.YY] = c * scale, -TWO * b * scale, a * scale
        splats[i, at.PEAK] = peak
        splats[i, at.REACH_X], splats[i, at.REACH_Y] = reach_x + at.SLACK, reach_y + at.SLACK
        splats[i, at.RED], splats[i, at.GREEN], splats[i, at.BLUE] = (
            max(red, f4(0)), max(green, f4(0)), max(blue, f4(0)),
        )  # fmt: skip
        splats[i, at.DEPTH] = z
        splats[i, at.LEFT], splats[i, at.RIGHT], splats[i, at.TOP], splats[i, at.BOTTOM] = (
            left,
            right,
            top,
            bottom,
        )
        tiles[i] = (right - left + 1) * (bottom - top + 1)


@kernel(parallel=True, fastmath=CAREFUL, error_model="numpy")
def project(
    means: Array, scales: Array, rotations: Array, opacities: Array, harmonics: Array, bands: int,
    view: Array, lens: Array, width: int, height: int, splats: Array, tiles: Array,
) -> None:  # fmt: skip
    """Fill a row of ``splats`` (N, `layout.SPLAT`) and an entry of ``tiles`` (N,) per Gaussian.

    A splat is drawn as ``alpha = 2 ** (PEAK - (XX dx dx + XY dx dy + YY dy dy))``, in pixels from its centre
    X, Y, as far as `REACH_X` and `REACH_Y`, where alpha falls to 1/255. `LEFT` to `BOTTOM` are the first and
    last tile of its box; ``tiles`` is how many that are, 0 for what is behind the camera, out of the picture,
    too faint or not finite.
    """
    count = means.shape[0]
    for block in prange((count + BLOCK - 1) // BLOCK):
        first = np.int64(block) * BLOCK
        _project_range(
            first, min(count, first + BLOCK),
            means, scales, rotations, opacities, harmonics, bands,
            view, lens, width, height, splats, tiles,
        )  # fmt: skip
