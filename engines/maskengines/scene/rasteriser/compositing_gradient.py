# ruff: noqa: PLR0917 - compiled functions take their arrays one by one.
"""Backward pass of compositing, front to back like the forward one, so that no list per pixel is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from maskengines.compiling import kernel
from maskengines.scene.rasteriser import layout as at
from maskengines.scene.rasteriser.compositing import OPAQUE, P1, P2, P3, P4, P5, P6, P7, P8, PIXELS, alpha_of
from maskengines.scene.rasteriser.geometry import HALF, ONE, TWO, f4
from maskengines.scene.rasteriser.sorting import place_of, rows_of, splat_of

Array = np.ndarray[Any, Any]


@kernel(parallel=True, fastmath=True, error_model="numpy")
def composite_gradient(
    splats: Array, starts: Array, members: Array, stops: Array, colour: Array, through: Array,
    colour_gradient: Array, alpha_gradient: Array, absolute: bool, moments: Array,
) -> None:  # fmt: skip
    """Fill ``moments`` (pairs, `layout.MOMENTS`), a row per pair of a splat and a tile, from the gradients of
    the picture (H, W, 3) and of the covered share (H, W).

    What lies behind a splat is the picture minus what has been composited so far; each pair writes a row of
    its own, so that sums do not depend on which thread came first. Without ``absolute`` the sums of absolute
    gradients are left 0, which is faster.
    """
    height, width = through.shape
    columns = (width + at.TILE - 1) // at.TILE
    for tile in prange(stops.shape[0]):
        x0, y0 = tile % columns * at.TILE, tile // columns * at.TILE
        plane = np.zeros(9 * PIXELS, np.float32)
        for i in range(PIXELS):
            x, y = x0 + i % at.TILE, y0 + i // at.TILE
            plane[i], plane[PIXELS + i] = f4(i % at.TILE) + HALF, f4(i // at.TILE) + HALF
            if x < width and y < height:
                red, green, blue = (
                    colour_gradient[y, x, 0],
                    colour_gradient[y, x, 1],
                    colour_gradient[y, x, 2],
                )
                plane[2 * PIXELS + i] = ONE
                plane[3 * PIXELS + i] = (
                    red * colour[y, x, 0] + green * colour[y, x, 1] + blue * colour[y, x, 2]
                    - alpha_gradient[y, x] * through[y, x]
                )  # fmt: skip
                plane[4 * PIXELS + i], plane[5 * PIXELS + i], plane[6 * PIXELS + i] = red, green, blue
        left, top = f4(x0), f4(y0)
        for k in range(starts[tile], stops[tile]):
            j = splat_of(members[k])
            first, last = rows_of(members[k])
            u, v = splats[j, at.X] - left, splats[j, at.Y] - top
            xx, xy, yy, peak = splats[j, at.XX], splats[j, at.XY], splats[j, at.YY], splats[j, at.PEAK]
            red, green, blue = splats[j, at.RED], splats[j, at.GREEN], splats[j, at.BLUE]
            for i in range(first, last):
                dx, dy = plane[i] - u, plane[P1 + i] - v
                left_over = plane[P2 + i]
                alpha = alpha_of(peak - (dx * (xx * dx + xy * dy) + yy * dy * dy), left_over)
                weight = alpha * left_over
                shade = weight * (red * plane[P4 + i] + green * plane[P5 + i] + blue * plane[P6 + i])
                behind = plane[P3 + i] - shade
                plane[P2 + i] = left_over - weight
                plane[P3 + i] = behind
                slope = alpha * behind / (ONE - alpha) - shade
                plane[P7 + i] = weight
                plane[P8 + i] = f4(0) if alpha >= OPAQUE else slope
            one, sx, sy, sxx, sxy, syy = f4(0), f4(0), f4(0), f4(0), f4(0), f4(0)
            for i in range(first, last):
                dx, dy = plane[i] - u, plane[P1 + i] - v
                slope = plane[P8 + i]
                px, py = slope * dx, slope * dy
                one += slope
                sx += px
                sy += py
                sxx += px * dx
                sxy += px * dy
                syy += py * dy
            sred, sgreen, sblue = f4(0), f4(0), f4(0)
            for i in range(first, last):
                weight = plane[P7 + i]
                sred += weight * plane[P4 + i]
                sgreen += weight * plane[P5 + i]
                sblue += weight * plane[P6 + i]
            across, down = f4(0), f4(0)
            if absolute:
                for i in range(first, last):
                    slope = plane[P8 + i]
                    px, py = slope * (plane[i] - u), slope * (plane[P1 + i] - v)
                    across += abs(TWO * xx * px + xy * py)
                    down += abs(TWO * yy * py + xy * px)
            row = place_of(members[k])
            moments[row, 0], moments[row, 1], moments[row, 2] = one, sx, sy
            moments[row, 3], moments[row, 4], moments[row, 5] = sxx, sxy, syy
            moments[row, 6], moments[row, 7], moments[row, 8] = sred, sgreen, sblue
            moments[row, 9], moments[row, 10] = across, down
        for k in range(stops[tile], starts[tile + 1]):
            for n in range(at.MOMENTS):
                moments[place_of(members[k]), n] = f4(0)
