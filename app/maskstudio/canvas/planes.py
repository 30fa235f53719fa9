"""One byte per pixel, at the level on screen: the mask, and maps shown as heat."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from maskengines.contract import Box

from maskstudio.canvas.levels import TileFlags, level_box, pixel_box, shrink, side

Array = np.ndarray[Any, Any]
_BLOCK = 16
_BOX_COST = 16384


class BytePlane:
    """A ``(H, W)`` uint8 array that others write into, and its mip levels.

    Only the level on screen is kept up to date; the others learn which of their tiles are stale and
    catch up when they are shown. `update` compares with what is shown and tells what really changed,
    so that a large brush that moved a little costs a little.
    """

    def __init__(self, data: Array, filled: Box | None = None) -> None:
        """``filled`` holds all that is above 0; without it that is anywhere."""
        self.data = data
        self._filled = filled or Box(0, 0, data.shape[1], data.shape[0])
        self.height, self.width = data.shape
        self._level = 0
        self._window = Box(0, 0, 0, 0)
        self._shown: Array = np.zeros((0, 0), np.uint8)
        self._levels: dict[int, tuple[Array, TileFlags]] = {}
        self._changes = 0

    def look_at(self, level: int, window: Box) -> None:
        """From now on samples of ``window`` of ``level`` are read."""
        self._level, self._window = level, window
        if level:
            self._built(level, window)
        else:
            self._shown = self.data[window.slices].copy()

    def read(self, box: Box) -> Array:
        """``(h, w)`` samples of a box inside the window."""
        if self._level:
            return self._levels[self._level][0][box.slices]
        moved = Box(box.x - self._window.x, box.y - self._window.y, box.width, box.height)
        return self._shown[moved.slices]

    def seen(self) -> Box:
        """The samples of the window that are above 0, at the level on screen."""
        window = self._window
        found = Box.of_mask(self.read(window)) if not window.empty else window
        return Box(window.x + found.x, window.y + found.y, found.width, found.height)

    def build(self, level: int, box: Box) -> Iterator[None]:
        """Build in small steps what `look_at` would have to; ends early when something is written."""
        changes = self._changes
        samples, flags = self._at(level)
        for tile, strips in flags.missing(box, level):
            for strip in strips:
                samples[strip.slices] = self._shrunk(strip, level)
                yield
                if self._changes != changes:
                    return
            flags.mark(tile)

    def update(self, box: Box) -> list[Box]:
        """Take in that the pixels of ``box`` may have changed.

        Returns:
            boxes of samples inside the window that have other values now.
        """
        box = box.clipped(self.width, self.height)
        if box.empty:
            return []
        self._changes += 1
        self._filled = self._filled.union(box)
        for level, (_, flags) in self._levels.items():
            if level != self._level:
                flags.forget(level_box(box, level))
        if not self._level:
            return self._update_window(box)
        samples, flags = self._levels[self._level]
        target = level_box(box, self._level)
        stale = [target] if flags.complete(target) else flags.boxes(target, valid=True)
        changed: list[Box] = []
        for part in (_meet(tile, target) for tile in stale):
            fresh = self._shrunk(part, self._level)
            changed += changed_boxes(samples[part.slices], fresh, part)
            samples[part.slices] = fresh
        return [seen for seen in (_meet(part, self._window) for part in changed) if not seen.empty]

    def _update_window(self, box: Box) -> list[Box]:
        box = _meet(box, self._window)
        if box.empty:
            return []
        fresh, shown = self.data[box.slices], self.read(box)
        changed = changed_boxes(shown, fresh, box)
        for part in changed:
            self.read(part)[...] = self.data[part.slices]
        return changed

    def _at(self, level: int) -> tuple[Array, TileFlags]:
        if level not in self._levels:
            width, height = side(self.width, level), side(self.height, level)
            self._levels[level] = np.zeros((height, width), np.uint8), TileFlags(width, height)
        return self._levels[level]

    def _built(self, level: int, window: Box) -> None:
        samples, flags = self._at(level)
        filled = level_box(self._filled, level)
        for part in flags.boxes(window, valid=False):
            inside = _meet(part, filled)
            if not inside.empty:
                samples[inside.slices] = self._shrunk(inside, level)
        flags.mark(window)

    def _shrunk(self, part: Box, level: int) -> Array:
        return shrink(self.data[pixel_box(part, level, self.width, self.height).slices], level)


def changed_boxes(old: Array, new: Array, at: Box) -> list[Box]:
    """Few boxes, in the coordinates of ``at``, that hold every difference of two ``(h, w)`` arrays.

    A box costs about as much to repaint as `_BOX_COST` samples, so one is cut in two only where that
    leaves out more.
    """
    height, width = old.shape
    if height * width <= _BOX_COST:
        return [at]
    boxes = []
    for top, left, bottom, right in _cut(_blocks(old, new), 0, 3):
        x, y = left * _BLOCK, top * _BLOCK
        boxes.append(
            Box(at.x + x, at.y + y, min(right * _BLOCK, width) - x, min(bottom * _BLOCK, height) - y)
        )
    return boxes


def _blocks(old: Array, new: Array) -> list[int]:
    """One number per row of blocks; bit ``i`` says whether block ``i`` holds any difference."""
    height, width = old.shape
    rows, columns = -(-height // _BLOCK), -(-width // _BLOCK)
    difference = np.empty((rows * _BLOCK, columns * _BLOCK), np.uint8)
    difference[height:] = 0
    difference[:height, width:] = 0
    cv2.bitwise_xor(old, new, dst=difference[:height, :width])
    # Eight samples in a word, two words across a block.
    words = difference.view(np.uint64).reshape(rows, _BLOCK, 2 * columns)
    strips = np.bitwise_or.reduce(words, axis=1)
    hit = (strips[:, ::2] | strips[:, 1::2]) != 0
    return [int.from_bytes(row, "little") for row in np.packbits(hit, axis=1, bitorder="little")]


def _cut(rows: list[int], top: int, depth: int) -> list[tuple[int, int, int, int]]:
    """Tight rectangles (top, left, bottom, right) around the bits of a small grid.

    ``rows`` begins at row ``top`` of the grid; a row is a number, a column a bit of it.
    """
    filled = [i for i, row in enumerate(rows) if row]
    if not filled:
        return []
    y0, y1 = filled[0], filled[-1] + 1
    rows = rows[y0:y1]
    top += y0
    every = 0
    for row in rows:
        every |= row
    x0, x1 = (every & -every).bit_length() - 1, every.bit_length()
    height, width = len(rows), x1 - x0
    whole = [(top, x0, top + height, x1)]
    least = _BOX_COST // _BLOCK**2
    if not depth or height * width <= 2 * least:
        return whole
    if height >= width:
        middle = height // 2
        parts = _cut(rows[:middle], top, depth - 1) + _cut(rows[middle:], top + middle, depth - 1)
    else:
        low = (1 << (x0 + x1) // 2) - 1
        parts = _cut([row & low for row in rows], top, depth - 1)
        parts += _cut([row & ~low for row in rows], top, depth - 1)
    cost = sum((bottom - up) * (right - left) + least for up, left, bottom, right in parts)
    return parts if cost < height * width + least else whole


def _meet(box: Box, other: Box) -> Box:
    x, y = max(box.x, other.x), max(box.y, other.y)
    right = min(box.x + box.width, other.x + other.width)
    bottom = min(box.y + box.height, other.y + other.height)
    return Box(x, y, max(0, right - x), max(0, bottom - y))
