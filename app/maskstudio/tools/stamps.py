"""Round brush tips as 8-bit stamps and profiles, cached by size, hardness, opacity and sub-pixel position.

Opacity is part of a stamp: rounding keeps the order, so the maximum of faint stamps is the faint maximum.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

import cv2
import numpy as np

Array = np.ndarray[Any, np.dtype[np.uint8]]
Points = np.ndarray[Any, np.dtype[np.float64]]
Placed = tuple[int, int, Array]
# Up to this rim a tip is anti-aliased rather than soft.
_SHARP = 2.0
# Below this radius a tip paints whole pixels.
_WHOLE = 0.75
# OpenCV addresses at most this many columns when it warps.
_WIDEST = 32000


def rim_width(radius: float, hardness: float) -> float:
    """Width in pixels of the falloff; one pixel, for anti-aliasing, at hardness 1."""
    return max(1.0, radius * (1 - hardness) + 0.5)


def spacing(radius: float, hardness: float) -> float:
    """Distance between the stamps of a stroke.

    The envelope of discs of radius ``q`` a distance ``s`` apart lies up to ``s**2 / 8q`` inside the true
    edge. That is held to an eighth of a pixel for a hard brush; for a soft one, whose coverage changes
    by at most ``1.5 / rim`` per pixel half way down the rim, to 4 % of coverage.
    """
    rim = rim_width(radius, hardness)
    if rim <= _SHARP:
        return max(0.5, min(math.sqrt(radius), radius / 2))
    return max(0.5, math.sqrt(0.107 * rim * (radius - rim / 2)))


class Tip:
    """One size, hardness and opacity.

    Positions are kept to an eighth of a pixel, to a quarter for large tips.
    """

    def __init__(self, radius: float, hardness: float, opacity: float) -> None:
        self.radius, self.hardness, self.opacity = radius, hardness, opacity
        self.phases = 8 if radius < 64 else 4
        self.reach = math.ceil(radius + 1)
        self.side = 2 * self.reach + 1
        self.whole = radius < _WHOLE
        self.spacing = spacing(radius, hardness)
        # Up to this distance from the middle coverage is as high as anywhere.
        self.core = radius + 0.5 - rim_width(radius, hardness)
        self._stamps: dict[tuple[int, int], Array] = {}
        self._profile: tuple[Array, float] | None = None

    @property
    def nbytes(self) -> int:
        return len(self._stamps) * self.side**2

    def stamp(self, phase_x: int, phase_y: int) -> Array:
        """Coverage, ``(side, side)``, centred at ``phase / phases`` in the middle pixel."""
        stamp = self._stamps.get((phase_x, phase_y))
        if stamp is None:
            centre = phase_x / self.phases, phase_y / self.phases
            stamp = make_stamp(self.radius, self.hardness, *centre, opacity=self.opacity)
            self._stamps[phase_x, phase_y] = stamp
        return stamp

    def profile(self) -> tuple[Array, float]:
        """Coverage across a straight stroke, ``(1, n)`` with its middle in the middle sample, and samples
        per pixel."""
        if self._profile is None:
            per_pixel = min(16.0, _WIDEST / (2 * self.reach))
            half = math.ceil(self.reach * per_pixel)
            offsets = np.arange(-half, half + 1, dtype=np.float32) / np.float32(per_pixel)
            cover = coverage(np.abs(offsets)[None], self.radius, self.hardness, self.opacity)
            self._profile = cover, per_pixel
        return self._profile

    def place_one(self, x: float, y: float) -> Placed:
        """Column and row of the corner, and the stamp, for a tip centred at an image point."""
        if self.whole:
            x, y = math.floor(x) + 0.5, math.floor(y) + 0.5
        phases, reach = self.phases, self.reach
        column, phase_x = divmod(round(x * phases), phases)
        row, phase_y = divmod(round(y * phases), phases)
        return column - reach, row - reach, self.stamp(phase_x, phase_y)

    def place(self, xs: Points, ys: Points) -> list[Placed]:
        """`place_one` for many points."""
        points = np.stack([xs, ys])
        if self.whole:
            points = np.floor(points) + 0.5
        steps = np.rint(points * self.phases).astype(np.int64)
        columns, rows = (steps // self.phases - self.reach).tolist()
        phases_x, phases_y = (steps % self.phases).tolist()
        stamps = map(self.stamp, phases_x, phases_y)
        return list(zip(columns, rows, stamps, strict=True))


class TipCache:
    """Least recently used tips are dropped beyond ``budget`` bytes of stamps."""

    def __init__(self, budget: int = 32 << 20) -> None:
        self._budget = budget
        self._tips: OrderedDict[tuple[float, float, float], Tip] = OrderedDict()

    def tip(self, radius: float, hardness: float, opacity: float) -> Tip:
        """The tip of a radius in pixels, a hardness and an opacity in 0..1."""
        key = radius, hardness, opacity
        tip = self._tips.get(key)
        if tip is None:
            while len(self._tips) > 1 and sum(known.nbytes for known in self._tips.values()) > self._budget:
                self._tips.popitem(last=False)
            tip = self._tips[key] = Tip(radius, hardness, opacity)
        else:
            self._tips.move_to_end(key)
        return tip


def make_stamp(radius: float, hardness: float, dx: float, dy: float, *, opacity: float = 1.0) -> Array:
    """Coverage 0..255 of a round tip, ``(2n+1, 2n+1)``, centred at ``(dx, dy)`` in the middle pixel."""
    reach = math.ceil(radius + 1)
    offsets = np.arange(-reach, reach + 1, dtype=np.float32) + np.float32(0.5)
    distance = cv2.sqrt(np.square(offsets - np.float32(dy))[:, None] + np.square(offsets - np.float32(dx)))
    return coverage(distance, radius, hardness, opacity)


def coverage(distance: np.ndarray[Any, Any], radius: float, hardness: float, opacity: float) -> Array:
    """Coverage 0..255 at float32 distances, ``(h, w)`` pixels, from the middle of a tip.

    With ``t`` falling from 1 to 0 over the rim, coverage is ``t`` for a rim of up to two pixels
    (anti-aliasing) and the smoothstep ``t*t*(3 - 2t)`` for a soft one.
    """
    rim = rim_width(radius, hardness)
    t = np.clip((np.float32(radius + 0.5) - distance) * np.float32(1 / rim), 0, 1)
    if rim > _SHARP:
        t = t * t * (3 - 2 * t)
    # A tip thinner than a pixel covers a pixel only in part.
    t *= np.float32(min(1.0, 2 * radius))
    return cv2.convertScaleAbs(t, alpha=255 * opacity)
