# ruff: noqa: PLR0917 - compiled functions take their arrays one by one.
"""A first guess that draws lines first, compiled by numba; arrays as in `kernels`."""

from __future__ import annotations

from typing import Any

import numpy as np

from maskengines.compiling import kernel
from maskengines.inpaint.kernels import CHANNELS, RADIUS, SIZE

Array = np.ndarray[Any, Any]


@kernel(fastmath=True)
def _priority(grey: Array, trust: Array, known: Array, y: int, x: int, radius: int) -> Any:
    """Criminisi 2004 eq. 1: confidence of the patch times the strength of the isophote that hits the
    front, here the strongest given one in the patch."""
    confidence = np.float32(0.0)
    across = down = np.float32(0.0)
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            if known[y + dy, x + dx] > 0:
                confidence += trust[y + dy, x + dx]
                across += np.float32(dx)
                down += np.float32(dy)
    norm = np.sqrt(across * across + down * down) + np.float32(1e-3)
    across, down = across / norm, down / norm
    data = np.float32(0.0)
    for dy in range(1 - radius, radius):
        for dx in range(1 - radius, radius):
            py, px = y + dy, x + dx
            if (
                known[py, px - 1] > 0
                and known[py, px + 1] > 0
                and known[py - 1, px] > 0
                and known[py + 1, px] > 0
            ):
                gx = grey[py, px + 1] - grey[py, px - 1]
                gy = grey[py + 1, px] - grey[py - 1, px]
                data = max(data, abs(gx * down - gy * across))
    return confidence * (data + np.float32(2.0))


@kernel(fastmath=True)
def grow(
    colours: Array,
    texture: Array,
    grey: Array,
    trust: Array,
    bias: Array,
    known: Array,
    hole_rows: Array,
    hole_columns: Array,
    source_rows: Array,
    source_columns: Array,
    radius: int,
) -> None:
    """Criminisi, Perez, Toyama 2004: again and again the front patch of highest priority is completed
    from the source patch that agrees best with what it holds. In place on ``colours, texture, grey
    (H, W), trust (H, W; 1 where given, 0 in the hole)`` and ``known`` (H, W; float32, 0 or 1).
    ``radius`` is `RADIUS`, handed in as constant loops would be unrolled and take longer to compile."""
    height, width = known.shape
    while True:
        best = np.float32(-1.0)
        y = x = 0
        for p in range(hole_rows.shape[0]):
            hy, hx = hole_rows[p], hole_columns[p]
            if known[hy, hx] > 0:
                continue
            cy = min(max(hy, RADIUS), height - RADIUS - 1)
            cx = min(max(hx, RADIUS), width - RADIUS - 1)
            beside = False
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    if 0 <= hy + dy < height and 0 <= hx + dx < width and known[hy + dy, hx + dx] > 0:
                        beside = True
            if beside:
                value = _priority(grey, trust, known, cy, cx, radius)
                if value > best:
                    best, y, x = value, cy, cx
        if best < 0:
            return
        weight = np.float32(0.0)
        mass = np.float32(0.0)
        for dy in range(-radius, radius + 1):
            for dx in range(-radius, radius + 1):
                weight += known[y + dy, x + dx]
                mass += trust[y + dy, x + dx]
        scale = np.float32(SIZE * SIZE) / (weight + np.float32(1e-6))
        least = np.float32(1e30)
        fy, fx = source_rows[0], source_columns[0]
        for s in range(source_rows.shape[0]):
            sy, sx = source_rows[s], source_columns[s]
            total = bias[sy, sx] / scale
            for dy in range(-radius, radius + 1):
                if total >= least:
                    break
                for dx in range(-radius, radius + 1):
                    if known[y + dy, x + dx] > 0:
                        a = ((y + dy) * width + x + dx) * CHANNELS
                        b = ((sy + dy) * width + sx + dx) * CHANNELS
                        for c in range(CHANNELS):
                            d = colours[a + c] - colours[b + c]
                            total += d * d
            if total < least:
                least, fy, fx = total, sy, sx
        for dy in range(-radius, radius + 1):
            for dx in range(-radius, radius + 1):
                ty, tx, ry, rx = y + dy, x + dx, fy + dy, fx + dx
                if known[ty, tx] > 0:
                    continue
                for c in range(CHANNELS):
                    colours[(ty * width + tx) * CHANNELS + c] = colours[(ry * width + rx) * CHANNELS + c]
                texture[ty, tx, 0] = texture[ry, rx, 0]
                texture[ty, tx, 1] = texture[ry, rx, 1]
                grey[ty, tx] = grey[ry, rx]
                trust[ty, tx] = mass / np.float32(SIZE * SIZE)
                known[ty, tx] = 1
