"""Maps as pictures: numbers to colours, alone or over the photo, and the legend that turns them back."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

OPACITY = 0.75

_LUMA = np.array([0.299, 0.587, 0.114])
_BLUE_WHITE_RED = (
    (0.00, (8, 48, 107)),
    (0.25, (66, 133, 190)),
    (0.50, (247, 247, 247)),
    (0.75, (216, 84, 66)),
    (1.00, (110, 0, 26)),
)
_STEPS = 256


@dataclass(frozen=True)
class Scale:
    """Which value has which colour.

    Attributes:
        low, high: values at the ends.
        diverging: blue, white at 0, red; else viridis.
    """

    low: float
    high: float
    diverging: bool

    @classmethod
    def of(cls, values: Array, signed: bool) -> Scale:
        """That of a map: for a signed one 0 lies in the middle. A flat map gets ends apart all the same."""
        if signed:
            most = float(np.abs(values).max()) or 1.0
            return cls(-most, most, True)
        low, high = float(values.min()), float(values.max())
        return cls(low, high if high > low else low + 1.0, False)

    def fractions(self, values: Array) -> Array:
        """Place between the ends, cut to 0..1."""
        return np.clip((values.astype(np.float64) - self.low) / (self.high - self.low), 0, 1)

    def table(self) -> Array:
        """Colours from the low end to the high: ``(256, 3)`` uint8."""
        if not self.diverging:
            import cv2

            steps = np.arange(_STEPS, dtype=np.uint8)[:, None]
            return np.ascontiguousarray(cv2.applyColorMap(steps, cv2.COLORMAP_VIRIDIS)[:, 0, ::-1])
        places = np.linspace(0, 1, _STEPS)
        stops = [place for place, _ in _BLUE_WHITE_RED]
        channels = zip(*(colour for _, colour in _BLUE_WHITE_RED), strict=True)
        return np.rint(np.stack([np.interp(places, stops, one) for one in channels], axis=1)).astype(np.uint8)

    def ticks(self) -> list[tuple[float, str]]:
        """Places in 0..1 and what stands there: both ends, and the middle."""
        places = (0.0, 0.5, 1.0)
        return [(place, number(self.low + place * (self.high - self.low))) for place in places]


def number(value: float) -> str:
    """Three digits, and no minus before a zero."""
    return f"{0.0 if value == 0 else value:.3g}"


def coloured(values: Array, scale: Scale) -> Array:
    """A map alone: ``(H, W, 3)`` uint8."""
    return np.asarray(scale.table()[np.rint(scale.fractions(values) * (_STEPS - 1)).astype(np.uint8)])


def over_photo(values: Array, photo: Array, scale: Scale, opacity: float = OPACITY) -> Array:
    """A map over its photo, ``(H, W, 3)`` uint8.

    The photo turns grey, so that every colour is the map's. Viridis lies over it evenly. Blue and red are as
    opaque as they are strong, and what does not matter shows the photo.

    Args:
        opacity: 0 shows the photo alone, 1 hides it where the map is strong.
    """
    alpha = np.full(values.shape, opacity)
    if scale.diverging:
        alpha *= np.minimum(1.0, 2 * np.abs(2 * scale.fractions(values) - 1))
    grey = np.repeat((photo @ _LUMA)[..., None], 3, axis=2)
    mixed = grey + alpha[..., None] * (coloured(values, scale) - grey)
    return np.rint(mixed).astype(np.uint8)


def png(pixels: Array) -> bytes:
    """``(H, W, 3)`` uint8 as a PNG file."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", optimize=True)
    return stream.getvalue()
