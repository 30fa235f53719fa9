"""Grey dilation by a disc whose cost hardly depends on the radius.

A small disc is one kernel. A large one is the Minkowski sum of a small disc and of line segments in
eight directions, a 16-gon within about two per cent of the circle; each segment is a running maximum
by doubling (periodic lines: R. Jones and P. Soille, "Periodic lines: definition, cascades, and
application to granulometries", Pattern Recognition Letters 17, 1996).
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import product
from typing import Any

import cv2
import numpy as np

MaskArray = np.ndarray[Any, np.dtype[np.uint8]]

_SMALL = 12
_DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1), (1, 2), (2, 1), (2, -1), (1, -2))


def dilate_by_disc(array: MaskArray, radius: int) -> MaskArray:
    """Largest value within ``radius`` elements; ``(H, W)`` uint8 in and out.

    Nothing comes in from outside the array.
    """
    if radius <= 0:
        return array.copy()
    if radius <= _SMALL:
        return _kernel_maximum(array, radius)
    core, axis, diagonal, knight = _plan(radius)
    # Values may travel outside the array on their way, so it is padded by the whole radius.
    work = np.pad(array, radius)
    work = _kernel_maximum(work, core)
    halves = (axis, axis, diagonal, diagonal, knight, knight, knight, knight)
    for (dy, dx), half in zip(_DIRECTIONS, halves, strict=True):
        work = _line_maximum(work, dy, dx, half)
    return np.ascontiguousarray(work[radius:-radius, radius:-radius])


def _kernel_maximum(array: MaskArray, radius: int) -> MaskArray:
    grown = np.empty_like(array)
    cv2.dilate(array, _disc(radius), grown, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return grown


def _disc(radius: int) -> np.ndarray[Any, Any]:
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return (x * x + y * y <= (radius + 0.3) ** 2).astype(np.uint8)


def _line_maximum(array: MaskArray, dy: int, dx: int, half: int) -> MaskArray:
    """Maximum over ``p + k (dy, dx)``, ``k = -half .. half``."""
    if not half:
        return array
    current = array
    covered, wanted = 1, half + 1
    # Both ends grow at once: windows of 2w-1 and a shift s <= w make one of 2(w+s)-1 elements.
    while covered < wanted:
        step = min(covered, wanted - covered)
        following = current.copy()
        _max_into(following, current, step * dy, step * dx)
        _max_into(following, current, -step * dy, -step * dx)
        current, covered = following, covered + step
    return current


def _max_into(target: MaskArray, source: MaskArray, dy: int, dx: int) -> None:
    """``target[p] = max(target[p], source[p - (dy, dx)])`` where both lie inside."""
    height, width = source.shape
    if abs(dy) >= height or abs(dx) >= width:
        return
    to = target[max(0, dy) : height + min(0, dy), max(0, dx) : width + min(0, dx)]
    of = source[max(0, -dy) : height + min(0, -dy), max(0, -dx) : width + min(0, -dx)]
    np.maximum(to, of, out=to)


@lru_cache(maxsize=64)
def _plan(radius: int) -> tuple[int, int, int, int]:
    """Radius of the small disc and half lengths, in steps, of axis, diagonal and knight segments.

    Taken from all near the regular 16-gon so that the support function
    ``h(u) = core + sum(half |v . u|)`` stays closest to ``radius`` over all directions ``u``.
    """
    angles = np.linspace(0, math.pi / 4, 46)
    directions = np.stack([np.sin(angles), np.cos(angles)])
    spans = np.abs(np.array(_DIRECTIONS, float) @ directions)
    axis, diagonal, knight = spans[:2].sum(0), spans[2:4].sum(0), spans[4:].sum(0)
    best, least = (radius, 0, 0, 0), math.inf
    for core in range(6, _SMALL + 1):
        half = (radius - core) * math.tan(math.pi / 16)
        near = [range(max(0, int(half / step) - 1), int(half / step) + 3) for step in (1, 2**0.5, 5**0.5)]
        for halves in product(*near):
            support = core + halves[0] * axis + halves[1] * diagonal + halves[2] * knight
            worst = float(np.abs(support - radius).max())
            if worst < least:
                best, least = (core, halves[0], halves[1], halves[2]), worst
    return best
