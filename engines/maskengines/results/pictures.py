"""Maps as pictures: over the photo, so that every colour is the map's."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from maskengines.results.palettes import Scale

Array = np.ndarray[Any, Any]

OPACITY = 0.75

_LUMA = np.array([0.299, 0.587, 0.114])


def over_photo(values: Array, photo: Array, scale: Scale, opacity: float = OPACITY) -> Array:
    """A map over its photo, ``(H, W, 3)`` uint8.

    The photo turns grey. Viridis lies over it evenly; blue and red are as opaque as they are strong, and what
    does not matter shows the photo.

    Args:
        opacity: 0 shows the photo alone, 1 hides it where the map is strong.
    """
    alpha = opacity * scale.strengths(scale.fractions(values))
    grey = np.repeat((photo @ _LUMA)[..., None], 3, axis=2)
    mixed = grey + alpha[..., None] * (scale.coloured(values) - grey)
    return np.rint(mixed).astype(np.uint8)


def png(pixels: Array) -> bytes:
    """``(H, W, 3)`` uint8 as a PNG file."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", optimize=True)
    return stream.getvalue()
