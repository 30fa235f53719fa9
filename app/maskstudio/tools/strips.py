"""The straight part of a stroke, drawn at once: a tip's profile, turned along the segment.

Where many stamps would be laid this costs less, and its edge is straight rather than a row of arcs.
The ends are left to the stamps there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from maskengines.contract import Box

from maskstudio.tools.stamps import Tip

Array = np.ndarray[Any, np.dtype[np.uint8]]
Point = tuple[float, float]
# Nanoseconds: of a call each, and of a pixel each; of placing any number of stamps.
_STRIP, _STRIP_PIXEL = 16_000.0, 1.5
_STAMP, _STAMP_PIXEL = 4_000.0, 0.07
_PLACING = 20_000.0


@dataclass(frozen=True)
class Strip:
    """A rectangle along ``start .. end``; across, it reaches from ``low`` to ``high`` pixels beside the
    middle of the stroke. ``box`` holds it."""

    tip: Tip
    start: Point
    end: Point
    low: float
    high: float

    @property
    def box(self) -> Box:
        """Not clipped to any picture."""
        (ax, ay), (bx, by) = self.start, self.end
        length = math.dist(self.start, self.end)
        across_x, across_y = (ay - by) / length, (bx - ax) / length
        left, right = sorted((self.low * across_x, self.high * across_x))
        top, bottom = sorted((self.low * across_y, self.high * across_y))
        x, y = math.floor(min(ax, bx) + left), math.floor(min(ay, by) + top)
        return Box(x, y, math.ceil(max(ax, bx) + right) - x, math.ceil(max(ay, by) + bottom) - y)

    def draw(self, target: Array, at: Box) -> None:
        """Fill ``target``, ``(h, w)``, with the coverage in box ``at``; 0 beside the rectangle."""
        profile, per_pixel = self.tip.profile()
        middle = profile.shape[1] // 2
        first = max(0, math.floor(middle + self.low * per_pixel))
        profile = profile[:, first : math.ceil(middle + self.high * per_pixel) + 1]
        (ax, ay), (bx, by) = self.start, self.end
        length = math.dist(self.start, self.end)
        along_x, along_y = (bx - ax) / length, (by - ay) / length
        x, y = at.x + 0.5 - ax, at.y + 0.5 - ay
        # Rows: across the strip in samples of the profile, and along it in its length.
        turned = np.array(
            [
                [-along_y * per_pixel, along_x * per_pixel, 0],
                [along_x / length, along_y / length, (x * along_x + y * along_y) / length - 0.5],
            ]
        )
        turned[0, 2] = (y * along_x - x * along_y) * per_pixel + middle - first
        cv2.warpAffine(
            profile,
            turned,
            (at.width, at.height),
            dst=target,
            flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=0,
        )


def strips(tip: Tip, start: Point, end: Point) -> Iterator[Strip]:
    """What the stamps at both ends of a segment leave to be drawn, in pieces: a slanted one fills its
    bounding box badly."""
    (ax, ay), (bx, by) = start, end
    for low, high in _bands(tip, math.dist(start, end)):
        pieces = _pieces(high - low, bx - ax, by - ay)
        before = start
        for i in range(1, pieces + 1):
            t = i / pieces
            here = ax + (bx - ax) * t, ay + (by - ay) * t
            yield Strip(tip, before, here, low, high)
            before = here


def cheaper_than_stamps(tip: Tip, start: Point, end: Point, count: int) -> bool:
    """Whether strips take less time than ``count`` stamps."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    cost = 0.0
    for low, high in _bands(tip, math.hypot(dx, dy)):
        pieces = _pieces(high - low, dx, dy)
        ex, ey = _slant(high - low, dx, dy)
        cost += pieces * (_STRIP + (abs(dx) / pieces + ex) * (abs(dy) / pieces + ey) * _STRIP_PIXEL)
    area = tip.side**2 * _STAMP_PIXEL
    stamps = _PLACING + area + (count - 1) * (_STAMP + area)
    return cost < stamps


def _bands(tip: Tip, length: float) -> list[tuple[float, float]]:
    """Where, across a segment, it must be drawn: the full cores of the stamps at both ends may meet in
    the middle, which leaves a band at either side."""
    reach = tip.radius + 0.5
    core = tip.core
    if core <= length / 2:
        return [(-reach, reach)]
    # Stamps stand where they are rounded to; a pixel and a half more is safe.
    inner = math.sqrt(core**2 - (length / 2) ** 2) - 1.5
    # A slanted strip's box is about twice its area.
    spared = 4 * inner * length * _STRIP_PIXEL
    return [(-reach, -inner), (inner, reach)] if spared > _STRIP else [(-reach, reach)]


def _pieces(across: float, dx: float, dy: float) -> int:
    # The minimum over n of n * call + pixel * n * (dx / n + ex) * (dy / n + ey).
    ex, ey = _slant(across, dx, dy)
    return max(1, round(math.sqrt(abs(dx * dy) / (_STRIP / _STRIP_PIXEL + ex * ey))))


def _slant(across: float, dx: float, dy: float) -> tuple[float, float]:
    length = math.hypot(dx, dy)
    return across * abs(dy) / length, across * abs(dx) / length
