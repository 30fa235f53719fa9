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
from maskstudio.tools.stamps import Placed, Tip, TipCache
from maskstudio.tools.strips import cheaper_than_stamps, strips

Array = np.ndarray[Any, np.dtype[np.uint8]]
Dab = tuple[float, float, float]
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
        """Memory, with anything in it, that is valid until the next call."""
        if self._scratch.size < height * width:
            self._scratch = np.empty(height * width, np.uint8)
        return self._scratch[: height * width].reshape(height, width)


class Stroke:
    """Lays a round tip along segments into ``mask`` ``(H, W)``, announcing each write to ``edit``."""

    def __init__(
        self, edit: MaskEdit, mask: Array, space: Workspace, *, hardness: float, opacity: float, erase: bool
    ) -> None:
        self.edit = edit
        self.erase = erase
        self._mask = mask
        self._space = space
        self._hardness = hardness
        self._opacity = opacity
        # Per tile: what is left to cover (the mask before, inverted for a brush) and the coverage so
        # far; None where the mask was empty and is therefore itself the coverage.
        self._tiles: dict[tuple[int, int], tuple[Array, Array] | None] = {}
        self._last: Dab | None = None

    def dab(self, x: float, y: float, radius: float) -> Box:
        """Begin at a point; returns the box that was written."""
        self._last = (x, y, radius)
        return self._stamp(*self._tip(radius).place_one(x, y))

    def line_to(self, x: float, y: float, radius: float) -> Box:
        """Go on in a straight line to a point; returns the box that was written."""
        if self._last is None:
            return self.dab(x, y, radius)
        before, self._last = self._last, (x, y, radius)
        tip = self._tip(radius)
        if before[2] != radius:
            return self._lay_all(self._tapered(before, self._last))
        start, end = before[:2], (x, y)
        count = max(1, math.ceil(math.dist(start, end) / tip.spacing))
        if count == 1:
            return self._stamp(*tip.place_one(x, y))
        if tip.whole or not cheaper_than_stamps(tip, start, end, count):
            return self._lay_all(self._dotted(tip, start, end, count))
        height, width = self._mask.shape
        written = self._stamp(*tip.place_one(x, y))
        for strip in strips(tip, start, end):
            box = strip.box.clipped(width, height)
            if not box.empty:
                fresh = self._space.scratch(box.height, box.width)
                strip.draw(fresh, box)
                self._merge(box, fresh)
                written = written.union(box)
        return written

    def close(self) -> None:
        """The stroke is over."""
        self._space.give_back([tile[1] for tile in self._tiles.values() if tile is not None])
        self._tiles = {}

    def _tip(self, radius: float) -> Tip:
        return self._space.tips.tip(radius, self._hardness, self._opacity)

    def _dotted(
        self, tip: Tip, start: tuple[float, float], end: tuple[float, float], count: int
    ) -> Iterator[list[Placed]]:
        """The stamps of a segment after its first, in groups whose bounding boxes stay small."""
        dx, dy = end[0] - start[0], end[1] - start[1]
        at_once = _at_once(dx, dy, tip.side, count)
        for first in range(1, count + 1, at_once):
            t = np.arange(first, min(first + at_once, count + 1)) / count
            yield tip.place(start[0] + t * dx, start[1] + t * dy)

    def _tapered(self, start: Dab, end: Dab) -> Iterator[list[Placed]]:
        """Like `_dotted`, for a pen whose pressure changes the size on the way."""
        dx, dy, change = (b - a for a, b in zip(start, end, strict=True))
        step = self._tip(min(start[2], end[2])).spacing
        count = max(1, math.ceil(math.hypot(dx, dy) / step))
        at_once = _at_once(dx, dy, math.ceil(2 * max(start[2], end[2])) + 5, count)
        for first in range(1, count + 1, at_once):
            group = []
            for i in range(first, min(first + at_once, count + 1)):
                t = i / count
                # Eighths of a pixel, so that tips are reused.
                tip = self._tip(max(round((start[2] + t * change) * 8) / 8, 0.5))
                group.append(tip.place_one(start[0] + t * dx, start[1] + t * dy))
            yield group

    def _lay_all(self, groups: Iterator[list[Placed]]) -> Box:
        written = Box(0, 0, 0, 0)
        for placed in groups:
            written = written.union(self._lay(placed))
        return written

    def _stamp(self, column: int, row: int, stamp: Array) -> Box:
        height, width = self._mask.shape
        box = Box(column, row, stamp.shape[1], stamp.shape[0]).clipped(width, height)
        if not box.empty:
            self._merge(box, stamp[Box(box.x - column, box.y - row, box.width, box.height).slices])
        return box

    def _lay(self, placed: list[Placed]) -> Box:
        if len(placed) == 1:
            return self._stamp(*placed[0])
        left, top = min(x for x, _, _ in placed), min(y for _, y, _ in placed)
        wide = max(x + len(stamp) for x, _, stamp in placed) - left
        tall = max(y + len(stamp) for _, y, stamp in placed) - top
        height, width = self._mask.shape
        box = Box(left, top, wide, tall).clipped(width, height)
        if box.empty:
            return box
        # Stamps may reach over the picture's edge here; only what lies inside is merged.
        fresh = self._space.scratch(tall, wide)
        fresh.fill(0)
        largest = cv2.max
        for x, y, stamp in placed:
            size = len(stamp)
            into = fresh[y - top : y - top + size, x - left : x - left + size]
            largest(into, stamp, dst=into)
        self._merge(box, fresh[Box(box.x - left, box.y - top, box.width, box.height).slices])
        return box

    def _merge(self, box: Box, fresh: Array) -> None:
        """Let the coverage of ``box``, inside the mask, grow to at least ``fresh``."""
        rows = range(box.y // _TILE, (box.y + box.height - 1) // _TILE + 1)
        columns = range(box.x // _TILE, (box.x + box.width - 1) // _TILE + 1)
        keys = [(row, column) for row in rows for column in columns]
        tiles = self._tiles
        empty = True
        for key in keys:
            if key not in tiles:
                tiles[key] = self._visit(*key)
            empty = empty and tiles[key] is None
        if not empty:
            for key in keys:
                self._merge_tile(key, box, fresh)
        elif not self.erase:
            shown = self._mask[box.slices]
            cv2.max(shown, fresh, dst=shown)

    def _merge_tile(self, key: tuple[int, int], box: Box, fresh: Array) -> None:
        top, left = key[0] * _TILE, key[1] * _TILE
        x0, y0 = max(left, box.x), max(top, box.y)
        x1 = min(left + _TILE, box.x + box.width)
        y1 = min(top + _TILE, box.y + box.height)
        fresh = fresh[y0 - box.y : y1 - box.y, x0 - box.x : x1 - box.x]
        shown = self._mask[y0:y1, x0:x1]
        tile = self._tiles[key]
        if tile is None:
            if not self.erase:
                cv2.max(shown, fresh, dst=shown)
            return
        inside = slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)
        left_over, cover = tile[0][inside], tile[1][inside]
        cv2.max(cover, fresh, dst=cover)
        cv2.multiply(left_over, cv2.bitwise_not(cover), dst=shown, scale=1 / 255)
        if not self.erase:
            cv2.bitwise_not(shown, dst=shown)

    def _visit(self, row: int, column: int) -> tuple[Array, Array] | None:
        height, width = self._mask.shape
        box = Box(column * _TILE, row * _TILE, _TILE, _TILE).clipped(width, height)
        self.edit.touch(box)
        before = self._mask[box.slices]
        if not cv2.countNonZero(before):
            return None
        left_over: Array = before.copy() if self.erase else 255 - before
        return left_over, self._space.tile()


def _at_once(dx: float, dy: float, across: int, count: int) -> int:
    """How many of ``count`` stamps along a segment share one piece of scratch memory."""
    limit = max(_MOST_AT_ONCE, 2 * across * across)
    at_once = count
    while at_once > 1 and (across + abs(dx) * at_once / count) * (across + abs(dy) * at_once / count) > limit:
        at_once = -(-at_once // 2)
    return at_once
