"""Which part of the photo a model is shown, and at what size: the hole with its surroundings, at the
resolution that the model was trained at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from maskengines.contract import Box
from maskengines.inpaint.regions import regions_of

Array = np.ndarray[Any, Any]

_MOST_ENLARGED = 2.0
"""A small hole gets more surroundings rather than pixels that are not there."""
_LONGEST = 2.0
"""Sides of a crop; models have seen nothing much longer."""


@dataclass(frozen=True, eq=False)
class Crop:
    """A part of the photo that is filled by one call of a pipeline.

    Attributes:
        box: where it lies in the photo.
        hole: ``(box.height, box.width)`` uint8, the soft mask of what is filled here; 0 elsewhere.
        size: width and height that the model works at.
    """

    box: Box
    hole: Array
    size: tuple[int, int]

    def shown(self, pixels: Array) -> Array:
        """``pixels`` (H, W, 1|3) of the photo as the model sees them: ``(h, w, 3)`` uint8."""
        part = pixels[self.box.slices]
        if part.dtype == np.uint16:
            part = ((part.astype(np.uint32) + 128) // 257).astype(np.uint8)
        part = resized(part, self.size)
        return np.repeat(part, 3, axis=2) if part.shape[2] == 1 else part

    def strengths(self, cell: int) -> Array:
        """The soft mask ``(h / cell, w / cell)`` in 0..1 by the cells of the model's latents, each as strong
        as its strongest pixel, so that no hair is lost between them."""
        height, width = self.size[1] // cell, self.size[0] // cell
        rows = _cells(self.box.height, height)
        columns = _cells(self.box.width, width)
        strong = np.maximum.reduceat(self.hole[rows[1]], rows[0], axis=0)
        strong = np.maximum.reduceat(strong[:, columns[1]], columns[0], axis=1)
        return strong.astype(np.float32) / 255


def _cells(length: int, count: int) -> tuple[Array, Array]:
    """Which of ``length`` pixels each of ``count`` cells touches: where each cell's list begins, and all
    lists end to end. A pixel on a border belongs to both."""
    edges = np.arange(count + 1) * length / count
    low = np.floor(edges[:-1] + 1e-9).astype(int)
    high = np.maximum(np.ceil(edges[1:] - 1e-9).astype(int), low + 1)
    lists = [np.arange(begin, end) for begin, end in zip(low, high, strict=True)]
    begins = np.concatenate([[0], np.cumsum([len(one) for one in lists])[:-1]])
    return begins, np.concatenate(lists)


def crops_of(mask: Array, context: float, side: int, multiple: int) -> list[Crop]:
    """Crops that together hold all that is masked.

    Args:
        mask: ``(H, W)`` uint8, above 0 is asked for.
        context: margin around a hole in its widths.
        side: a crop has the area of a square of this side while the model works on it.
        multiple: its sides are multiples of this.
    """
    height, width = mask.shape
    crops = []
    for box, holes in _grouped(mask, context, side):
        wide = _shaped(box, side, (width, height))
        size = _size(wide, side, multiple)
        wide = _towards(wide, size, (width, height))
        hole = np.zeros((wide.height, wide.width), np.uint8)
        for region, inside in holes:
            own = region.moved(-wide.x, -wide.y)
            np.copyto(hole[own.slices], mask[region.slices], where=inside)
        crops.append(Crop(wide, hole, size))
    return crops


def resized(pixels: Array, size: tuple[int, int]) -> Array:
    """``pixels`` (H, W, C) at ``size`` (width, height): averaged when smaller, Lanczos when larger."""
    if pixels.shape[1::-1] == size:
        return np.ascontiguousarray(pixels)
    smaller = size[0] * size[1] < pixels.shape[0] * pixels.shape[1]
    method = cv2.INTER_AREA if smaller else cv2.INTER_LANCZOS4
    return cv2.resize(pixels, size, interpolation=method).reshape(size[1], size[0], pixels.shape[2])


def _grouped(mask: Array, context: float, side: int) -> list[tuple[Box, list[tuple[Box, Array]]]]:
    """Holes by crop. Each crop costs the same however small it is, so holes that fit one crop without being
    made smaller share it."""
    groups = [(region.box, [(region.box, region.hole)]) for region in regions_of(mask, context)]
    merged = True
    while merged:
        merged = False
        for first in range(len(groups)):
            for second in range(len(groups) - 1, first, -1):
                both = groups[first][0].union(groups[second][0])
                if max(both.width, both.height) <= side:
                    groups[first] = (both, groups[first][1] + groups[second][1])
                    del groups[second]
                    merged = True
    return groups


def _shaped(box: Box, side: int, photo: tuple[int, int]) -> Box:
    """The box grown where it is too small or too long, as far as the photo goes."""
    least = math.ceil(side / _MOST_ENLARGED)
    longest = max(box.width, box.height)
    width = max(box.width, least, math.ceil(longest / _LONGEST))
    height = max(box.height, least, math.ceil(longest / _LONGEST))
    return _centred(box, width, height, photo)


def _size(box: Box, side: int, multiple: int) -> tuple[int, int]:
    """As large as the area allows: some pipelines shrink what is larger than they were trained at."""
    scale = side / math.sqrt(box.width * box.height)

    def whole(length: int) -> int:
        return max(multiple, math.floor(length * scale / multiple + 1e-6) * multiple)

    return whole(box.width), whole(box.height)


def _towards(box: Box, size: tuple[int, int], photo: tuple[int, int]) -> Box:
    """The box grown to the shape of ``size`` where the photo has room, so that nothing is squeezed."""
    scale = max(box.width / size[0], box.height / size[1])
    return _centred(box, round(size[0] * scale), round(size[1] * scale), photo)


def _centred(box: Box, width: int, height: int, photo: tuple[int, int]) -> Box:
    """A box of at least ``width`` by ``height`` around another, shifted into the photo, smaller where that is
    smaller."""
    width, height = min(max(width, box.width), photo[0]), min(max(height, box.height), photo[1])
    x = min(max(0, box.x - (width - box.width) // 2), photo[0] - width)
    y = min(max(0, box.y - (height - box.height) // 2), photo[1] - height)
    return Box(x, y, width, height)
