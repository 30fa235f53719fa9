"""Round brush tips as 8-bit stamps, cached by size, hardness and sub-pixel position."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

import cv2
import numpy as np

Array = np.ndarray[Any, np.dtype[np.uint8]]


def rim_width(radius: float, hardness: float) -> float:
    """Width in pixels of the falloff; one pixel, for anti-aliasing, at hardness 1."""
    return max(1.0, radius * (1 - hardness) + 0.5)


def spacing(radius: float, hardness: float) -> float:
    """Distance between stamps of a stroke.

    The envelope of discs a distance ``s`` apart lies up to ``s**2 / 8r`` inside the true edge; this
    spacing holds that below a sixteenth of a pixel for a hard brush, below a fiftieth of the falloff
    for a soft one.
    """
    return max(0.5, math.sqrt(radius * max(rim_width(radius, hardness) / 6, 0.5)))


class StampCache:
    """Least recently used stamps are dropped beyond ``budget`` bytes."""

    def __init__(self, budget: int = 32 << 20) -> None:
        self._budget = budget
        self._held = 0
        self._stamps: OrderedDict[tuple[float, float, int, int], Array] = OrderedDict()

    def place(self, x: float, y: float, radius: float, hardness: float) -> tuple[int, int, Array]:
        """The stamp of a tip centred at image point ``(x, y)`` and the column and row of its corner.

        The position is kept to an eighth of a pixel (a quarter for large tips).
        """
        phases = 8 if radius < 64 else 4
        column, row = math.floor(x), math.floor(y)
        phase_x, phase_y = round((x - column) * phases), round((y - row) * phases)
        column, phase_x = (column + 1, 0) if phase_x == phases else (column, phase_x)
        row, phase_y = (row + 1, 0) if phase_y == phases else (row, phase_y)
        key = radius, hardness, phase_x, phase_y
        stamp = self._stamps.get(key)
        if stamp is None:
            stamp = make_stamp(radius, hardness, phase_x / phases, phase_y / phases)
            self._stamps[key] = stamp
            self._held += stamp.nbytes
            while self._held > self._budget and len(self._stamps) > 1:
                self._held -= self._stamps.popitem(last=False)[1].nbytes
        else:
            self._stamps.move_to_end(key)
        reach = stamp.shape[0] // 2
        return column - reach, row - reach, stamp


def make_stamp(radius: float, hardness: float, dx: float, dy: float) -> Array:
    """Coverage 0..255 of a round tip, ``(2n+1, 2n+1)``, centred at ``(dx, dy)`` in the middle pixel.

    With ``t`` falling from 1 to 0 over the rim, coverage is ``t`` for a rim of up to two pixels
    (anti-aliasing) and the smoothstep ``t*t*(3 - 2t)`` for a soft one.
    """
    rim = rim_width(radius, hardness)
    reach = math.ceil(radius + 1)
    offsets = np.arange(-reach, reach + 1, dtype=np.float32) + np.float32(0.5)
    distance = cv2.sqrt(np.square(offsets - np.float32(dy))[:, None] + np.square(offsets - np.float32(dx)))
    t = np.clip((radius + 0.5 - distance) * np.float32(1 / rim), 0, 1)
    if rim > 2:
        t = t * t * (3 - 2 * t)
    # A tip thinner than a pixel covers a pixel only in part.
    t *= min(1.0, 2 * radius)
    return cv2.convertScaleAbs(t, alpha=255)
