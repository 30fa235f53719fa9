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
from maskstudio.tools.stamps import TipCache, spacing

Array = np.ndarray[Any, np.dtype[np.uint8]]
Dab = tuple[float, float, float]
Placed = tuple[int, int, Array]
_TILE = 256
_MOST_AT_ONCE = 1 << 18
_POOLED = 512


class Workspace:
    """Memory that strokes share. Fresh pages cost more than what is done with them, so it is kept."""

    def __init__(self) -> None:
        self.tips = TipCache()
        self._tiles = [np.zeros((_TILE, _TILE), np.uint8) + np.uint8(1) for _ in range(64)]
        self._scratch = np.zeros(_MOST_AT_ONCE, np.uint8) + np.uint8(1)

    def tile(self) -> Array:
        """A ``(256, 256)`` array of zeros, to be given back."""
        if not self._tiles:
            return np.zeros((_TILE, _TILE), np.uint8)
        tile = self._tiles.pop()
        tile.fill(0)
        return tile

    def give_back(self, tiles: list[Array]) -> None:
        self._tiles += tiles[: max(0, _POOLED - len(self._tiles))]

    def scratch(self, height: int, width: int) -> Array:
        """Zeros that are valid until the next call."""
        if self._scratch.size < height * width:
            self._scratch = np.empty(height * width, np.uint8)
        zeros = self._scratch[: height * width].reshape(height, width)
        zeros.fill(0)
        return zeros


class Stroke:
    """Stamps a round tip along segments into ``mask`` ``(H, W)``, announcing each write to ``edit``."""

    def __init__(
        self, edit: MaskEdit, mask: Array, space: Workspace, *, hardness: float, opacity: float, erase: bool
    ) -> None:
        self.edit = edit
        self.erase = erase
        self._mask = mask
        self._space = space
        self._hardness = hardness
        self._opacity = opacity
        # Per tile: what the opacity acts on (the mask before, inverted for a brush; None where the mask
        # was empty) and the coverage so far.
        self._tiles: dict[tuple[int, int], tuple[Array | None, Array]] = {}
        self._last: Dab | None = None

    def dab(self, x: float, y: float, radius: float) -> Box:
        """Begin at a point; returns the box that was written."""
        self._last = (x, y, radius)
        tip = self._space.tips.tip(radius, self._hardness)
        return self._lay(tip.place(np.array([x]), np.array([y])), tip.side)

    def line_to(self, x: float, y: float, radius: float) -> Box:
        """Go on in a straight line to a point; returns the box that was written."""
        if self._last is None:
            return self.dab(x, y, radius)
        before, self._last = self._last, (x, y, radius)
        written = Box(0, 0, 0, 0)
        for placed, side in self._along(before, self._last):
            written = written.union(self._lay(placed, side))
        return written

    def close(self) -> None:
        """The stroke is over."""
        self._space.give_back([cover for _, cover in self._tiles.values()])
        self._tiles = {}

    def _along(self, start: Dab, end: Dab) -> Iterator[tuple[list[Placed], int]]:
        """The stamps of a segment after its first, in groups whose bounding boxes stay small."""
        dx, dy = end[0] - start[0], end[1] - start[1]
        step = spacing(min(start[2], end[2]), self._hardness)
        count = max(1, math.ceil(math.hypot(dx, dy) / step))
        across = 2 * max(start[2], end[2]) + 5
        limit = max(_MOST_AT_ONCE, 2 * across * across)
        at_once = count
        while (
            at_once > 1
            and (across + abs(dx) * at_once / count) * (across + abs(dy) * at_once / count) > limit
        ):
            at_once = -(-at_once // 2)
        tips = self._space.tips
        for first in range(1, count + 1, at_once):
            t = np.arange(first, min(first + at_once, count + 1)) / count
            xs, ys = start[0] + t * dx, start[1] + t * dy
            if start[2] == end[2]:
                tip = tips.tip(end[2], self._hardness)
                yield tip.place(xs, ys), tip.side
                continue
            placed: list[Placed] = []
            side = 0
            # A pen's pressure changes the size on the way; eighths of a pixel, so that tips are reused.
            for i, radius in enumerate(np.rint((start[2] + t * (end[2] - start[2])) * 8) / 8):
                tip = tips.tip(max(float(radius), 0.5), self._hardness)
                placed += tip.place(xs[i : i + 1], ys[i : i + 1])
                side = max(side, tip.side)
            yield placed, side

    def _lay(self, placed: list[Placed], side: int) -> Box:
        left, top = min(x for x, _, _ in placed), min(y for _, y, _ in placed)
        wide = max(x for x, _, _ in placed) + side - left
        tall = max(y for _, y, _ in placed) + side - top
        height, width = self._mask.shape
        box = Box(left, top, wide, tall).clipped(width, height)
        if box.empty:
            return box
        self.edit.touch(box)
        # Stamps may reach over the picture's edge here; only what lies inside is merged.
        fresh = self._space.scratch(tall, wide)
        largest = cv2.max
        for x, y, stamp in placed:
            size = len(stamp)
            into = fresh[y - top : y - top + size, x - left : x - left + size]
            largest(into, stamp, dst=into)
        fresh = fresh[box.y - top : box.y - top + box.height, box.x - left : box.x - left + box.width]
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
        if given is None:
            if not self.erase:
                shown = total if self._opacity == 1 else cv2.convertScaleAbs(total, alpha=self._opacity)
                self._mask[y0:y1, x0:x1] = shown
            return
        left_over = cv2.convertScaleAbs(total, alpha=-self._opacity, beta=255)
        kept = cv2.multiply(given[inside], left_over, scale=1 / 255)
        self._mask[y0:y1, x0:x1] = kept if self.erase else cv2.bitwise_not(kept)

    def _tile(self, row: int, column: int) -> tuple[Array | None, Array]:
        tile = self._tiles.get((row, column))
        if tile is None:
            before = self._mask[row * _TILE : (row + 1) * _TILE, column * _TILE : (column + 1) * _TILE]
            given: Array | None = None
            if before.any():
                given = before.copy() if self.erase else 255 - before
            tile = self._tiles[row, column] = (given, self._space.tile())
        return tile
