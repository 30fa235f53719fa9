"""From what the rasteriser draws to pixels that a window shows without another pass over them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from maskengines.compiling import kernel
from maskengines.results.frames import DEPTH_STEP
from maskengines.scene.kernels import kernels
from maskengines.scene.rasteriser.passes import Drawing

Array = np.ndarray[Any, Any]

_THERE = 0.5
"""Share of the light that is let through, from which on a depth says nothing."""


def premultiplied(drawing: Drawing) -> Array:
    """``(h, w, 4)`` uint8: colour in front of black, and alpha; no channel is above alpha."""
    pixels = np.empty((*drawing.through.shape, 4), np.uint8)
    with kernels():
        _pack(drawing.colour, drawing.through, pixels)
    return pixels


def coarse_depth(drawing: Drawing) -> Array:
    """Every eighth depth of every eighth row, float32; 0 where more than half of the light goes through."""
    step = slice(None, None, DEPTH_STEP)
    depth = np.where(drawing.through[step, step] < _THERE, drawing.depth[step, step], np.float32(0))
    return np.ascontiguousarray(depth, np.float32)


@kernel(parallel=True, fastmath=True)
def _pack(colour: Array, through: Array, pixels: Array) -> None:
    height, width = through.shape
    for y in prange(height):
        for x in range(width):
            alpha = np.float32(255) * (np.float32(1) - through[y, x])
            pixels[y, x, 3] = np.uint8(alpha + np.float32(0.5))
            for channel in range(3):
                value = min(max(np.float32(255) * colour[y, x, channel], np.float32(0)), alpha)
                pixels[y, x, channel] = np.uint8(value + np.float32(0.5))
