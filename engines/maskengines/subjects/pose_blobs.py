"""The blobs of paint in a mask. What they cost follows the paint: most of the mask of a large photo is only
looked at to see that it is empty.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from maskengines.contract import Box
from maskengines.subjects.pose import ASKED

Array = np.ndarray[Any, Any]

_TILE = 64
_SAMPLES = 20_000


@dataclass(frozen=True, eq=False)
class Blob:
    """Connected paint of more than half alpha: pixel centres ``(n, 2)`` and the paint of each, ``(n,)``:
    alpha, times the pixels that it stands for."""

    places: Array
    alpha: Array

    @cached_property
    def mass(self) -> float:
        return float(self.alpha.sum())

    @cached_property
    def centre(self) -> Array:
        middle: Array = self.alpha @ self.places / self.mass
        return middle

    @cached_property
    def variance(self) -> float:
        """Per axis, the mean of both."""
        return float(self.alpha @ self.squares_from(self.centre) / self.mass / 2)

    def squares_from(self, place: Array) -> Array:
        """Squared distance of each pixel from a place, ``(n,)``."""
        # By columns: sums over pairs take ten times as long.
        squares: Array = (self.places[:, 0] - place[0]) ** 2 + (self.places[:, 1] - place[1]) ** 2
        return squares


@dataclass(frozen=True, eq=False)
class Blobs:
    """Which blob each pixel of a mask belongs to, told only where there is paint.

    Attributes:
        mask: ``(H, W)`` uint8.
        extent: all paint, also what is too faint for a blob.
        parts: rectangles with the number of the blob of each pixel, ``(h, w)`` int32, 0 for none. Rectangles
            may overlap; a blob is in one of them.
    """

    mask: Array
    extent: Box
    parts: tuple[tuple[Box, Array], ...]

    @classmethod
    def of(cls, mask: Array) -> Blobs:
        """Those of an ``(H, W)`` uint8 mask, numbered from 1."""
        import cv2

        tiles = _most_of_tiles(mask)
        painted = tiles > 0
        if not painted.any():
            return cls(mask, Box(0, 0, 0, 0), ())
        height, width = mask.shape
        near = _pixels(Box.of_mask(painted.view(np.uint8)), width, height)
        inside = Box.of_mask(mask[near.slices])
        extent = Box(near.x + inside.x, near.y + inside.y, inside.width, inside.height)
        # Neighbours of a pixel are in its tile or in one that touches it: no blob is in two groups of tiles.
        count, groups, stats, _ = cv2.connectedComponentsWithStats((tiles >= ASKED).view(np.uint8))
        parts, before = [], 0
        for group in range(1, count):
            x, y, across, down = stats[group, :4].tolist()
            of_tiles = Box(x, y, across, down)
            box = _pixels(of_tiles, width, height)
            hard = (mask[box.slices] >= ASKED).view(np.uint8)
            mine = groups[of_tiles.slices] == group
            if not mine.all():
                hard &= np.kron(mine, np.ones((_TILE, _TILE), np.uint8))[: box.height, : box.width]
            found, labels = cv2.connectedComponents(hard, connectivity=8)
            labels[labels > 0] += before
            before += found - 1
            parts.append((box, labels))
        return cls(mask, extent, tuple(parts))

    def over(self, box: Box) -> Array:
        """Numbers over a rectangle within the mask, ``(h, w)`` int32."""
        found = np.zeros((box.height, box.width), np.int32)
        for where, labels in self.parts:
            part = _common(box, where)
            if not part.empty:
                mine = labels[_within(part, where).slices]
                np.maximum(found[_within(part, box).slices], mine, out=found[_within(part, box).slices])
        return found

    def at(self, columns: Array, rows: Array) -> Array:
        """Numbers at pixels ``(n,)``; 0 beyond the mask."""
        found = np.zeros(len(columns), np.int32)
        for where, labels in self.parts:
            x, y = columns - where.x, rows - where.y
            inside = (x >= 0) & (y >= 0) & (x < where.width) & (y < where.height)
            found[inside] = np.maximum(found[inside], labels[y[inside], x[inside]])
        return found

    def __iter__(self) -> Iterator[tuple[int, Blob]]:
        """All of them with their numbers. Where much is painted, twenty thousand pixels tell as much as
        all: every so many columns and rows are taken."""
        for where, labels in self.parts:
            step = max(1, math.ceil(math.sqrt(np.count_nonzero(labels) / _SAMPLES)))
            sampled = np.ascontiguousarray(labels[step // 2 :: step, step // 2 :: step])
            places = np.flatnonzero(sampled)
            numbers = sampled.ravel()[places]
            rows, columns = np.divmod(places, sampled.shape[1])
            order = np.argsort(numbers, kind="stable")
            columns, rows = columns * step + step // 2 + where.x, rows * step + step // 2 + where.y
            centres = np.column_stack([columns + 0.5, rows + 0.5])[order]
            alpha = (self.mask[rows, columns][order] / 255) * step**2
            found, starts = np.unique(numbers[order], return_index=True)
            pieces = zip(np.split(centres, starts[1:]), np.split(alpha, starts[1:]), strict=True)
            for number, (each, paint) in zip(found.tolist(), pieces, strict=False):
                yield number, Blob(each, paint)


def _most_of_tiles(mask: Array) -> Array:
    """The largest value in each square of `_TILE` pixels, ``(rows, columns)`` uint8."""
    height, width = mask.shape
    bands = np.zeros((-(-height // _TILE), -(-width // _TILE) * _TILE), np.uint8)
    for band in np.unique(np.flatnonzero(mask.any(axis=1)) // _TILE).tolist():
        bands[band, :width] = mask[band * _TILE : (band + 1) * _TILE].max(axis=0)
    most: Array = bands.reshape(len(bands), -1, _TILE).max(axis=2)
    return most


def _pixels(tiles: Box, width: int, height: int) -> Box:
    """The pixels of a rectangle of tiles."""
    return Box(tiles.x * _TILE, tiles.y * _TILE, tiles.width * _TILE, tiles.height * _TILE).clipped(
        width, height
    )


def _common(one: Box, other: Box) -> Box:
    x, y = max(one.x, other.x), max(one.y, other.y)
    right = min(one.x + one.width, other.x + other.width)
    bottom = min(one.y + one.height, other.y + other.height)
    return Box(x, y, max(0, right - x), max(0, bottom - y))


def _within(part: Box, whole: Box) -> Box:
    return part.moved(-whole.x, -whole.y)
