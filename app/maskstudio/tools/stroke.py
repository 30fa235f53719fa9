"""A stroke while it is drawn: its own coverage, laid over the mask as it was before.

Coverage only grows by maximum, and opacity is applied to it as a whole, so a stroke never darkens
itself. With given mask ``m``, coverage ``c`` and opacity ``o``, all in 0..1, the mask shown and the
mask committed are the same: ``1 - (1 - m)(1 - oc)`` for a brush, ``m (1 - oc)`` for an eraser.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from maskengines.contract import Box

from maskstudio.tools.base import MaskEdit
from maskstudio.tools.stamps import StampCache, spacing

Array = np.ndarray[Any, np.dtype[np.uint8]]
Dab = tuple[float, float, float]
_TILE = 256
_MOST_AT_ONCE = 1 << 20


class Stroke:
    """Stamps a round tip along segments into ``mask`` ``(H, W)``, announcing each write to ``edit``."""

    def __init__(
        self, edit: MaskEdit, mask: Array, stamps: StampCache, *, hardness: float, opacity: float, erase: bool
    ) -> None:
        self.edit = edit
        self.erase = erase
        self._mask = mask
        self._stamps = stamps
        self._hardness = hardness
        self._keep = 255 - np.rint(np.arange(256) * opacity).astype(np.uint8)
        self._tiles: dict[tuple[int, int], tuple[Array, Array]] = {}
        self._last: Dab | None = None

    def dab(self, x: float, y: float, radius: float) -> Box:
        """Begin at a point; returns the box that was written."""
        self._last = (x, y, radius)
        return self._lay([self._last])

    def line_to(self, x: float, y: float, radius: float) -> Box:
        """Go on in a straight line to a point; returns the box that was written."""
        if self._last is None:
            return self.dab(x, y, radius)
        before, self._last = self._last, (x, y, radius)
        written = Box(0, 0, 0, 0)
        for group in _groups(before, self._last, self._hardness):
            written = written.union(self._lay(group))
        return written

    def _lay(self, dabs: list[Dab]) -> Box:
        placed = [self._stamps.place(x, y, radius, self._hardness) for x, y, radius in dabs]
        bounds = Box(0, 0, 0, 0)
        for x, y, stamp in placed:
            bounds = bounds.union(Box(x, y, stamp.shape[1], stamp.shape[0]))
        height, width = self._mask.shape
        box = bounds.clipped(width, height)
        if box.empty:
            return box
        self.edit.touch(box)
        fresh = np.zeros((box.height, box.width), np.uint8)
        for x, y, stamp in placed:
            part = Box(x, y, stamp.shape[1], stamp.shape[0]).clipped(width, height)
            if not part.empty:
                into = fresh[Box(part.x - box.x, part.y - box.y, part.width, part.height).slices]
                cv2.max(into, stamp[Box(part.x - x, part.y - y, part.width, part.height).slices], dst=into)
        for row in range(box.y // _TILE, (box.y + box.height - 1) // _TILE + 1):
            for column in range(box.x // _TILE, (box.x + box.width - 1) // _TILE + 1):
                self._merge(row, column, box, fresh)
        return box

    def _merge(self, row: int, column: int, box: Box, fresh: Array) -> None:
        left, top = column * _TILE, row * _TILE
        x0, y0 = max(left, box.x), max(top, box.y)
        x1 = min(left + _TILE, box.x + box.width)
        y1 = min(top + _TILE, box.y + box.height)
        given, cover = self._tile(row, column)
        inside = slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)
        total = cover[inside]
        cv2.max(total, fresh[y0 - box.y : y1 - box.y, x0 - box.x : x1 - box.x], dst=total)
        kept = cv2.multiply(given[inside], cv2.LUT(total, self._keep), scale=1 / 255)
        self._mask[y0:y1, x0:x1] = kept if self.erase else cv2.bitwise_not(kept)

    def _tile(self, row: int, column: int) -> tuple[Array, Array]:
        """What the opacity acts on (the mask before, inverted for a brush) and the coverage so far."""
        tile = self._tiles.get((row, column))
        if tile is None:
            before = self._mask[row * _TILE : (row + 1) * _TILE, column * _TILE : (column + 1) * _TILE]
            given: Array = before.copy() if self.erase else 255 - before
            tile = self._tiles[row, column] = (given, np.zeros_like(given))
        return tile


def _groups(start: Dab, end: Dab, hardness: float) -> Iterator[list[Dab]]:
    """The dabs of a segment after its first, in groups whose bounding boxes stay small."""
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    count = max(1, math.ceil(length / spacing(min(start[2], end[2]), hardness)))
    across = 2 * max(start[2], end[2]) + 3
    slope = [abs(end[i] - start[i]) / count for i in (0, 1)]
    group: list[Dab] = []
    for step in range(1, count + 1):
        t = step / count
        group.append(
            (start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1]),
             start[2] + t * (end[2] - start[2]))
        )  # fmt: skip
        n = len(group)
        if (across + n * slope[0]) * (across + n * slope[1]) > max(_MOST_AT_ONCE, 2 * across * across):
            yield group
            group = []
    if group:
        yield group
