"""At which sizes a hole is filled: the whole of it small first, then larger from what was found.

A hole is completed where it and its surroundings fit into a view such as the network has seen, and sharpened
at twice the size, and again, beginning from the smaller fill, until the photo's own size is reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from maskengines.contract import Box

Array = np.ndarray[Any, Any]

COARSE = 1.125
"""Longest side of the first pass, in sides of the views that the network has seen."""

AGAIN = 0.5
"""Where on the path a finer pass begins, 1 being noise."""

MARGIN = 48
"""Pixels that a finer pass sees around the hole."""


@dataclass(frozen=True, eq=False)
class Pass:
    """One size: the picture (h, w, 3) float32 in -1..1 with nothing under the hole, the hole (h, w) bool,
    and where it lies in the region at this size.
    """

    picture: Array
    hole: Array
    box: Box
    size: tuple[int, int]


def passes(picture: Array, hole: Array, unknown: Array, view: int, most: int) -> list[Pass]:
    """The passes for a region, coarse first.

    Args:
        picture: (H, W, 3) float32 in -1..1.
        hole: (H, W) bool, to be filled; `unknown` holds it and whatever else must not be looked at.
        view: side in pixels of the views that the network has seen.
        most: pixels of the largest picture that a finer pass may look at.
    """
    height, width = hole.shape
    scale = min(1.0, COARSE * view / max(height, width))
    found: list[Pass] = []
    while True:
        size = max(8, round(height * scale)), max(8, round(width * scale))
        small, small_unknown = reduced(picture, unknown, size)
        box = Box(0, 0, size[1], size[0])
        if found:
            box = Box.of_mask(small_unknown).grown(MARGIN).clipped(size[1], size[0])
        if found and box.width * box.height > most:
            break
        found.append(Pass(small[box.slices], small_unknown[box.slices], box, size))
        if scale >= 1.0:
            break
        scale = 1.0 if scale > 0.75 else min(1.0, 2 * scale)
    return found


def reduced(picture: Array, unknown: Array, size: tuple[int, int]) -> tuple[Array, Array]:
    """Picture and mask at `size` (h, w): given pixels averaged, a pixel unknown where little of it is
    given.
    """
    if size == unknown.shape:
        return np.where(unknown[..., None], np.float32(0), picture), unknown
    given = (~unknown).astype(np.float32)
    mass = cv2.resize(given, size[::-1], interpolation=cv2.INTER_AREA)
    small = cv2.resize(picture * given[..., None], size[::-1], interpolation=cv2.INTER_AREA)
    hidden = mass < 0.9
    return np.where(hidden[..., None], np.float32(0), small / np.maximum(mass, 0.5)[..., None]), hidden


def framed(array: Array, multiple: int, least: int) -> Array:
    """`array` (h, w, ...) mirrored at its right and lower edge until both sides are multiples and long
    enough.
    """
    more = [max(least, -(-side // multiple) * multiple) - side for side in array.shape[:2]]
    edges = [(0, more[0]), (0, more[1])] + [(0, 0)] * (array.ndim - 2)
    return np.pad(array, edges, mode="symmetric")
