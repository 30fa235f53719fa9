"""Which number has which colour: perceptually even palettes, and the scale that runs through one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

STEPS = 256


@cache
def viridis() -> Array:
    """``(256, 3)`` uint8 RGB: for what runs from low to high."""
    import cv2

    ramp = np.arange(STEPS, dtype=np.uint8)[:, None]
    return _fixed(cv2.applyColorMap(ramp, cv2.COLORMAP_VIRIDIS)[:, 0, ::-1])


@cache
def diverging() -> Array:
    """``(256, 3)`` uint8 RGB: blue below zero, near-white at it, red above.

    Both arms are straight lines in CIELAB, so that equal steps look equal, and both ends are equally
    dark (Moreland 2009, "Diverging color maps for scientific visualization").
    """
    import cv2

    ends = np.array([[40.0, 0.0, -46.0], [96.0, 0.0, 0.0], [40.0, 58.0, 34.0]], np.float32)
    places = np.linspace(-1, 1, STEPS)
    lab = np.stack([np.interp(places, [-1, 0, 1], ends[:, axis]) for axis in range(3)], axis=1)
    rgb = cv2.cvtColor(lab[None].astype(np.float32), cv2.COLOR_Lab2RGB)[0]
    return _fixed(np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8))


@dataclass(frozen=True)
class Scale:
    """Which value has which colour.

    Attributes:
        low, high: values at the ends.
        signed: blue, white at 0, red; else viridis.
    """

    low: float
    high: float
    signed: bool

    @classmethod
    def of(cls, values: Array, signed: bool) -> Scale:
        """That of a map: for a signed one 0 lies in the middle. A flat map gets ends apart all the same."""
        if signed:
            most = float(np.abs(values).max()) or 1.0
            return cls(-most, most, True)
        low, high = float(values.min()), float(values.max())
        return cls(low, high if high > low else low + 1.0, False)

    def fractions(self, values: Array) -> Array:
        """Place between the ends, cut to 0..1, float32."""
        return np.clip((values - self.low) / np.float32(self.high - self.low), 0, 1).astype(np.float32)

    def strengths(self, fractions: Array) -> Array:
        """How opaque a map is at these places, 0..1: around zero a signed one hides nothing."""
        if not self.signed:
            return np.ones_like(fractions)
        return np.minimum(1.0, np.abs(2 * fractions - 1) / CLEAR_TO)

    def table(self) -> Array:
        """Colours from the low end to the high: ``(256, 3)`` uint8."""
        return diverging() if self.signed else viridis()

    def coloured(self, values: Array) -> Array:
        """A map alone, ``(H, W, 3)`` uint8."""
        return np.asarray(self.table()[np.rint(self.fractions(values) * (STEPS - 1)).astype(np.uint8)])

    def ticks(self) -> list[tuple[float, str]]:
        """Places in 0..1 and what stands there: both ends, and the middle."""
        places = (0.0, 0.5, 1.0)
        return [(place, number(self.low + place * (self.high - self.low))) for place in places]


CLEAR_TO = 0.4
"""Share of the way from zero to the ends of a signed map at which it shows in full strength."""


def number(value: float) -> str:
    """Three digits, and no minus before a zero."""
    return f"{0.0 if value == 0 else value:.3g}"


def _fixed(table: Array) -> Array:
    table = np.ascontiguousarray(table)
    table.flags.writeable = False
    return table
