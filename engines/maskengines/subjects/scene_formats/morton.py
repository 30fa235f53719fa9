"""An order in which neighbours in space are neighbours in a file."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_BITS = 21
_SPREADING = (
    (32, 0x1F00000000FFFF), (16, 0x1F0000FF0000FF), (8, 0x100F00F00F00F00F),
    (4, 0x10C30C30C30C30C3), (2, 0x1249249249249249),
)  # fmt: skip


def morton_order(points: Array) -> Array:
    """Indices that put ``(N, 3)`` points in the order of a Morton curve through their bounding box.

    Each axis has 21 bits; the box of a scene with outliers is large, and with few bits the middle of it
    would be one cell.
    """
    if not len(points):
        return np.zeros(0, np.intp)
    low, high = points.min(axis=0), points.max(axis=0)
    width = np.where(high > low, high - low, 1).astype(np.float64)
    code = np.zeros(len(points), np.uint64)
    for axis in range(3):
        cells = ((points[:, axis] - low[axis]) / width[axis] * ((1 << _BITS) - 1)).astype(np.uint64)
        for shift, mask in _SPREADING:
            cells = (cells | cells << np.uint64(shift)) & np.uint64(mask)
        code |= cells << np.uint64(axis)
    return np.argsort(code, kind="stable")
