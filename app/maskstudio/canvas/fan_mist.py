"""Hundreds of translucent skeletons as one picture.

Drawing 3200 smooth translucent lines one over the other takes a `QPainter` 60 ms. Here they are drawn opaque,
with OpenCV, in a few sheets for each hue; how many sheets have a line at a pixel says how opaque it is there. So
a single body far from the rest is seen, and where all agree it does not become a solid block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from maskstudio.canvas.orbit import NEAR

Array = np.ndarray[Any, Any]
Corner = tuple[int, int]

SHEETS = 6
_SHIFT = 4
_BANDS = ((0.0, 150), (0.35, 200), (0.65, 255))


@dataclass(frozen=True, eq=False)
class Sheet:
    """How densely lines cover part of the screen.

    Attributes:
        plane: ``(h, w)`` uint8, w a multiple of four, as Qt wants rows; 255 where all sheets have a line.
        x, y: of its corner, pixels of the screen.
    """

    plane: Array
    x: int
    y: int


def mist(
    starts: Array, ends: Array, bones: Sequence[int], depths: Array, size: tuple[int, int]
) -> Sheet | None:
    """Density of some bones of all bodies.

    Args:
        starts, ends: ``(N, B, 2)`` float pixels of all bones of the bodies.
        bones: the columns to draw.
        depths: ``(N, B)`` millimetres before the eye; what is farther is drawn fainter.
        size: width and height of the screen in pixels.

    Returns:
        ``None`` where nothing is on the screen.
    """
    chosen = list(bones)
    lines = np.stack([starts[:, chosen], ends[:, chosen]], axis=2)
    low = np.maximum(np.floor(lines.min(axis=(0, 1, 2))) - 2, 0).astype(int)
    high = np.minimum(np.ceil(lines.max(axis=(0, 1, 2))) + 3, size).astype(int)
    if (low >= high).any():
        return None
    width, height = (high - low).tolist()
    # Far beyond the screen, fixed point would overflow.
    points = np.rint((np.clip(lines, -4000, 12000) - low) * (1 << _SHIFT)).astype(np.int32)
    bands = _bands(depths[:, chosen])
    total = np.zeros((height, -(-width // 4) * 4), np.uint8)
    sheet = np.empty_like(total)
    sheets = min(SHEETS, len(points))
    for number in range(sheets):
        sheet.fill(0)
        mine, band = points[number::sheets].reshape(-1, 2, 2), bands[number::sheets].ravel()
        for strength, value in enumerate(value for _, value in _BANDS):
            pieces = mine[band == strength]
            if len(pieces):
                cv2.polylines(sheet, list(pieces), False, value // sheets, 1, cv2.LINE_AA, _SHIFT)
        cv2.add(total, sheet, dst=total)
    return Sheet(total, int(low[0]), int(low[1]))


def lines_plane(starts: Array, ends: Array, strengths: Array, size: tuple[int, int]) -> Array:
    """``(h, w)`` uint8: ``(N, 2)`` lines, each as strong as its strength in 0..1, in 16 steps."""
    plane = np.zeros((size[1], size[0]), np.uint8)
    points = np.rint(np.clip(np.stack([starts, ends], axis=1), -9000, 18000) * (1 << _SHIFT)).astype(np.int32)
    steps = np.rint(strengths * 15).astype(int)
    for step in range(1, 16):
        pieces = points[steps == step]
        if len(pieces):
            cv2.polylines(plane, list(pieces), False, step * 17, 1, cv2.LINE_AA, _SHIFT)
    return plane


def _bands(depths: Array) -> Array:
    """0 for the farthest lines, 2 for the nearest; -1 for what is behind the eye."""
    near, far = float(depths.min()), float(depths.max())
    share = (far - depths) / max(far - near, 1.0)
    bands = np.searchsorted([start for start, _ in _BANDS], share, side="right") - 1
    bands[depths <= NEAR] = -1
    return bands
