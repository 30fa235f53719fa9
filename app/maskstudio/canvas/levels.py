"""Mip levels, built lazily in tiles: what the screen does not show is never computed.

Level ``l`` has ``ceil(size / 2**l)`` samples a side; each is the mean of a square of four samples of
the level below.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from maskengines.contract import Box

Array = np.ndarray[Any, Any]
TILE = 256
_AT_ONCE = 1 << 18


def side(pixels: int, level: int) -> int:
    """Samples of a level along a side of ``pixels`` pixels."""
    return -(-pixels >> level)


def level_box(box: Box, level: int) -> Box:
    """The samples that depend on the pixels of ``box``."""
    x, y = box.x >> level, box.y >> level
    return Box(x, y, side(box.x + box.width, level) - x, side(box.y + box.height, level) - y)


def pixel_box(box: Box, level: int, width: int, height: int) -> Box:
    """The pixels behind the samples of ``box``, cut at the picture's edge."""
    scaled = Box(box.x << level, box.y << level, box.width << level, box.height << level)
    return scaled.clipped(width, height)


def shrink(block: Array, level: int) -> Array:
    """An ``(h, w[, c])`` uint8 or uint16 block, halved ``level`` times.

    The block begins at a sample's corner; at the picture's end the last row or column is repeated.
    """
    for _ in range(level):
        # Halving again and again is four times faster than one large step.
        height, width = block.shape[:2]
        if height & 1 or width & 1:
            block = cv2.copyMakeBorder(block, 0, height & 1, 0, width & 1, cv2.BORDER_REPLICATE)
        size = (width + 1) // 2, (height + 1) // 2
        block = cv2.resize(block, size, interpolation=cv2.INTER_AREA)
    return block


class TileFlags:
    """Which tiles of a level are built."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.valid = np.zeros((-(-height // TILE), -(-width // TILE)), bool)

    def span(self, box: Box) -> tuple[slice, slice]:
        """Rows and columns of the tiles that ``box`` meets."""
        return (
            slice(box.y // TILE, -(-(box.y + box.height) // TILE)),
            slice(box.x // TILE, -(-(box.x + box.width) // TILE)),
        )

    def forget(self, box: Box) -> None:
        """The tiles that ``box`` meets must be built again."""
        self.valid[self.span(box)] = False

    def complete(self, box: Box) -> bool:
        return bool(self.valid[self.span(box)].all())

    def boxes(self, box: Box, *, valid: bool) -> list[Box]:
        """Boxes of the tiles that ``box`` meets and that are (not) built."""
        rows, columns = self.span(box)
        found = np.argwhere(self.valid[rows, columns] == valid)
        return [
            Box((columns.start + int(c)) * TILE, (rows.start + int(r)) * TILE, TILE, TILE).clipped(
                self.width, self.height
            )
            for r, c in found
        ]

    def mark(self, box: Box) -> None:
        self.valid[self.span(box)] = True

    def missing(self, box: Box, level: int) -> Iterator[tuple[Box, list[Box]]]:
        """Tiles that ``box`` meets and that are not built, from its middle outwards, each with the strips
        that it is built from one step at a time."""
        x, y = box.x + box.width / 2, box.y + box.height / 2
        tiles = self.boxes(box.clipped(self.width, self.height), valid=False)
        tiles.sort(key=lambda tile: math.dist((x, y), (tile.x + tile.width / 2, tile.y + tile.height / 2)))
        for tile in tiles:
            rows = max(1, (_AT_ONCE >> 2 * level) // tile.width)
            bottom = tile.y + tile.height
            yield (
                tile,
                [
                    Box(tile.x, top, tile.width, min(rows, bottom - top))
                    for top in range(tile.y, bottom, rows)
                ],
            )


def next_to(window: Box, level: int) -> list[tuple[int, Box]]:
    """The levels that one step of the wheel may show, each with the box of samples it may need.

    Level 0 is left out: nothing is built for it.
    """
    finer = Box(window.x * 2, window.y * 2, window.width * 2, window.height * 2)
    wide = Box(
        window.x - window.width // 2, window.y - window.height // 2, window.width * 2, window.height * 2
    )
    x, y = max(0, wide.x), max(0, wide.y)
    coarser = level_box(Box(x, y, wide.x + wide.width - x, wide.y + wide.height - y), 1)
    return [(number, box) for number, box in ((level - 1, finer), (level + 1, coarser)) if number > 0]
