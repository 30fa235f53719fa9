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
_STRIP, _STRIP_PIXEL = 25_000.0, 1.2
_STAMP, _STAMP_PIXEL = 5_000.0, 0.06
_PLACING = 30_000.0


@dataclass(frozen=True)
class Strip:
    """A rectangle along ``start .. end`` that is as wide as ``tip``; ``box`` holds it."""

    tip: Tip
    start: Point
    end: Point

    @property
    def box(self) -> Box:
        """Not clipped to any picture."""
        (ax, ay), (bx, by) = self.start, self.end
        length = math.dist(self.start, self.end)
        across = (self.tip.radius + 0.5) / length
        ex, ey = abs(by - ay) * across, abs(bx - ax) * across
        x, y = math.floor(min(ax, bx) - ex), math.floor(min(ay, by) - ey)
        return Box(x, y, math.ceil(max(ax, bx) + ex) - x, math.ceil(max(ay, by) + ey) - y)

    def draw(self, target: Array, at: Box) -> None:
        """Fill ``target``, ``(h, w)``, with the coverage in box ``at``; 0 beside the rectangle."""
        profile, per_pixel = self.tip.profile()
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
        turned[0, 2] = (y * along_x - x * along_y) * per_pixel + profile.shape[1] // 2
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
    """A segment in pieces: a slanted one fills its bounding box badly."""
    (ax, ay), (bx, by) = start, end
    pieces = _pieces(tip, abs(bx - ax), abs(by - ay))
    before = start
    for i in range(1, pieces + 1):
        t = i / pieces
        here = ax + (bx - ax) * t, ay + (by - ay) * t
        yield Strip(tip, before, here)
        before = here


def cheaper_than_stamps(tip: Tip, start: Point, end: Point, count: int) -> bool:
    """Whether strips take less time than ``count`` stamps."""
    dx, dy = abs(end[0] - start[0]), abs(end[1] - start[1])
    pieces = _pieces(tip, dx, dy)
    ex, ey = _slant(tip, dx, dy)
    pixels = pieces * (dx / pieces + ex) * (dy / pieces + ey)
    stamps = _PLACING + (count - 1) * (_STAMP + tip.side**2 * _STAMP_PIXEL)
    return pieces * _STRIP + pixels * _STRIP_PIXEL < stamps


def _pieces(tip: Tip, dx: float, dy: float) -> int:
    # The minimum over n of n * call + pixel * n * (dx / n + ex) * (dy / n + ey).
    ex, ey = _slant(tip, dx, dy)
    return max(1, round(math.sqrt(dx * dy / (_STRIP / _STRIP_PIXEL + ex * ey))))


def _slant(tip: Tip, dx: float, dy: float) -> tuple[float, float]:
    length = math.hypot(dx, dy)
    return tip.side * dy / length, tip.side * dx / length
