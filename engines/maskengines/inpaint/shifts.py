"""A first guess that keeps structure: shift the photo onto its hole in a few large pieces.

He, Sun 2012, "Statistics of patch offsets for image completion": in a photo the shifts between
similar patches pile up at a few values. Every hole pixel takes one of them, so that seams are
cheapest; lines, courses of bricks and rims then go on through the hole. Solved here by belief
propagation on the coarsest level, where the hole is small.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from maskengines.inpaint import shift_kernels
from maskengines.inpaint.pyramid import Level

Array = np.ndarray[Any, Any]
LABELS = 48
CHOICE = 64
ASKED = 500
MOST_SOURCES = 2500
MOST_PIXELS = 2000


def shift_map(level: Level, bias: Array, generator: np.random.Generator) -> bool:
    """Fill ``level``'s hole in place by the best shift map; ``False`` if the hole is too large for
    one or the photo shows too little.

    ``bias`` (H, W) is added to the cost of copying from a pixel.
    """
    if len(level.hole_rows) > MOST_PIXELS:
        return False
    shifts = _frequent_shifts(level, generator)
    if len(shifts) < 2:
        return False
    count, labels = len(level.hole_rows), len(shifts)
    given = given_part(level)
    number = np.full(level.shape, -1, np.int32)
    number[level.hole_rows, level.hole_columns] = np.arange(count, dtype=np.int32)
    unary = np.zeros((count, labels), np.float32)
    across = np.zeros((count, 2, labels, labels), np.float32)
    shift_kernels.shift_costs(
        level.colours.reshape(-1),
        given,
        level.hole_rows,
        level.hole_columns,
        shifts,
        number,
        unary,
        across,
        shift_kernels.RADIUS,
    )
    if (unary.min(axis=1) >= shift_kernels.FAR).any():
        return False
    from_rows = np.clip(level.hole_rows[:, None] + shifts[:, 0], 0, level.shape[0] - 1)
    from_columns = np.clip(level.hole_columns[:, None] + shifts[:, 1], 0, level.shape[1] - 1)
    unary += bias[from_rows, from_columns] / 49.0
    messages = np.zeros((count, 4, labels), np.float32)
    shift_kernels.pass_messages(level.hole_rows, level.hole_columns, number, unary, across, messages, 6)
    chosen = (unary + messages.sum(axis=1)).argmin(axis=1)
    picked = np.arange(count)
    rows, columns = from_rows[picked, chosen], from_columns[picked, chosen]
    level.colours[level.hole_rows, level.hole_columns] = level.colours[rows, columns]
    level.texture[level.hole_rows, level.hole_columns] = level.texture[rows, columns]
    return True


def given_part(level: Level) -> Array:
    """``(H, W)`` uint8: pixels that belong to some whole patch of what is given."""
    window = np.ones((shift_kernels.SIZE, shift_kernels.SIZE), np.uint8)
    return cv2.dilate(level.usable, window)


def _frequent_shifts(level: Level, generator: np.random.Generator) -> Array:
    """``(K, 2)`` int32: `LABELS` of the `CHOICE` most frequent shifts between similar patches."""
    rows, columns = (part.astype(np.int32) for part in np.nonzero(level.usable))
    if len(rows) > MOST_SOURCES:
        kept = np.sort(generator.choice(len(rows), MOST_SOURCES, replace=False))
        rows, columns = rows[kept], columns[kept]
    asked = generator.choice(len(rows), min(ASKED, len(rows)), replace=False)
    found = np.full(len(asked), -1, np.int64)
    apart = max(2, min(level.shape) // 15)
    shift_kernels.match_afar(level.colours.reshape(-1), level.shape[1], rows, columns, apart, asked, found)
    asked, found = asked[found >= 0], found[found >= 0]
    height, width = level.shape
    counts = np.zeros((2 * height + 1, 2 * width + 1), np.float32)
    dy, dx = rows[found] - rows[asked], columns[found] - columns[asked]
    np.add.at(counts, (dy + height, dx + width), 1)
    np.add.at(counts, (height - dy, width - dx), 1)
    counts = np.asarray(cv2.GaussianBlur(counts, (0, 0), 0.8), np.float32)
    peak = (counts == cv2.dilate(counts, np.ones((3, 3), np.uint8))) & (counts > 0)
    peaks = np.argwhere(peak)
    order = np.argsort(-counts[peak], kind="stable")[:CHOICE]
    peaks = peaks[order] - (height, width)
    if len(peaks) > LABELS:
        peaks = peaks[np.sort(generator.choice(len(peaks), LABELS, replace=False))]
    return np.ascontiguousarray(peaks, np.int32)
