# ruff: noqa: PLR0917 - compiled functions take their arrays one by one.
"""Front-to-back compositing of splats, tile by tile (Kerbl et al. 2023, eq. 3)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numba.core import types
from numba.extending import intrinsic

from maskengines.compiling import kernel
from maskengines.scene.rasteriser import layout as at
from maskengines.scene.rasteriser.geometry import HALF, ONE, f4
from maskengines.scene.rasteriser.sorting import rows_of, splat_of

Array = np.ndarray[Any, Any]

PIXELS = at.TILE * at.TILE
P1, P2, P3, P4, P5, P6, P7, P8 = (np.uintp(plane * PIXELS) for plane in range(1, 9))
"""Where planes begin; unsigned, as the check for negative indices would keep loops from vectorising."""

OPAQUE = f4(0.99)
"""Greatest alpha of one splat, so that what lies behind keeps a gradient."""

SPENT = f4(1e-4)
"""A pixel that lets less light through than this takes no more splats."""

_BATCH = 16
"""Splats that are drawn before a tile is looked at, whether it is opaque."""


@intrinsic
def _float_of_bits(context: Any, bits: Any) -> Any:
    def build(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        from llvmlite import ir

        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), build


@njit(inline="always")
def power_of_two(x: Any) -> Any:
    """``2 ** x`` for x in -126 .. 0, to 1e-7 relative; a form that vectorises."""
    whole = np.int32(x)
    part = x - f4(whole)
    square = part * part
    # Estrin's scheme: the chain of dependent steps is what the loop waits for.
    low, middle = ONE + f4(0.69314372) * part, f4(0.24018014) + f4(0.05529736) * part
    series = low + square * (middle + square * (f4(0.0092057969) + f4(0.00094490317) * part))
    return series * _float_of_bits((whole + np.int32(127)) << np.int32(23))  # type: ignore[call-arg]


@njit(inline="always")
def alpha_of(power: Any, through: Any) -> Any:
    """Alpha of a splat whose logarithm to base 2 is ``power``, where ``through`` of the light is left."""
    alpha = min(OPAQUE, power_of_two(max(power, at.FAINTEST - ONE)))
    return f4(0) if power < at.FAINTEST or through < SPENT else alpha


@kernel(parallel=True, fastmath=True, error_model="numpy")
def composite(
    splats: Array, starts: Array, members: Array, background: Array, colour: Array, through: Array,
    depth: Array, stops: Array,
) -> None:  # fmt: skip
    """Draw.

    Fills ``colour`` (H, W, 3), ``through`` (H, W), the share of light from behind all splats, and ``depth``
    (H, W), the mean of z weighted as the colour is, 0 where there is nothing. ``stops`` (tiles,) is where in
    its list each tile was opaque.
    """
    height, width = through.shape
    columns = (width + at.TILE - 1) // at.TILE
    for tile in prange(stops.shape[0]):
        x0, y0 = tile % columns * at.TILE, tile // columns * at.TILE
        # One array for all planes: the compiler can prove that they do not overlap.
        plane = np.zeros(8 * PIXELS, np.float32)
        for i in range(PIXELS):
            plane[i], plane[PIXELS + i] = f4(i % at.TILE) + HALF, f4(i // at.TILE) + HALF
            if x0 + i % at.TILE < width and y0 + i // at.TILE < height:
                plane[2 * PIXELS + i] = ONE
        left, top = f4(x0), f4(y0)
        k, end = starts[tile], starts[tile + 1]
        clearest = ONE
        while k < end and clearest >= SPENT:
            batch = min(end, k + _BATCH)
            while k < batch:
                j = splat_of(members[k])
                first, last = rows_of(members[k])
                k += 1
                u, v = splats[j, at.X] - left, splats[j, at.Y] - top
                xx, xy, yy, peak = splats[j, at.XX], splats[j, at.XY], splats[j, at.YY], splats[j, at.PEAK]
                red, green, blue, z = (
                    splats[j, at.RED],
                    splats[j, at.GREEN],
                    splats[j, at.BLUE],
                    splats[j, at.DEPTH],
                )
                for i in range(first, last):
                    dx, dy = plane[i] - u, plane[P1 + i] - v
                    left_over = plane[P2 + i]
                    alpha = alpha_of(peak - (dx * (xx * dx + xy * dy) + yy * dy * dy), left_over)
                    weight = alpha * left_over
                    plane[P2 + i] = left_over - weight
                    plane[P3 + i] += weight * red
                    plane[P4 + i] += weight * green
                    plane[P5 + i] += weight * blue
                    plane[P6 + i] += weight * z
                    plane[P7 + i] += weight
            clearest = f4(0)
            for i in range(P1):
                clearest = max(clearest, plane[P2 + i])
        stops[tile] = k
        for i in range(PIXELS):
            x, y = x0 + i % at.TILE, y0 + i // at.TILE
            if x < width and y < height:
                rest = plane[2 * PIXELS + i]
                through[y, x] = rest
                colour[y, x, 0] = plane[3 * PIXELS + i] + rest * background[0]
                colour[y, x, 1] = plane[4 * PIXELS + i] + rest * background[1]
                colour[y, x, 2] = plane[5 * PIXELS + i] + rest * background[2]
                # Not by 1 - rest, of whose digits a faint splat leaves few.
                depth[y, x] = plane[6 * PIXELS + i] / max(plane[7 * PIXELS + i], f4(1e-6))
