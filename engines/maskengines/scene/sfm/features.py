"""Points of a photo that can be found again in another: SIFT (Lowe 2004) as RootSIFT (Arandjelovic 2012)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

Array = np.ndarray[Any, Any]

MOST = 4096
"""Points of a photo at most; matching costs their square."""

_CONTRAST = 0.02
"""Half of Lowe's threshold: sand, grass and sky have faint detail that still matches."""


@dataclass(frozen=True, eq=False)
class Features:
    """Points of one photo, the coarse ones first.

    Attributes:
        places: ``(N, 4)`` float32: x and y in pixels with (0.5, 0.5) the middle of the top left one, scale in
            pixels, direction in radians.
        signs: ``(N, 128)`` float32 rows of length 1 that tell how it looks around each.
    """

    places: Array
    signs: Array

    def __len__(self) -> int:
        return len(self.places)


def find_features(pixels: Array) -> Features:
    """Features of a photo, ``(h, w, 3)`` uint8 sRGB."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    sift = cv2.SIFT.create(MOST, contrastThreshold=_CONTRAST, enable_precise_upscale=True)
    found, signs = sift.detectAndCompute(grey, None)
    if not found:
        return Features(np.zeros((0, 4), np.float32), np.zeros((0, 128), np.float32))
    places = np.array(
        [(point.pt[0] + 0.5, point.pt[1] + 0.5, point.size / 2, np.radians(point.angle)) for point in found],
        np.float32,
    )
    order = np.argsort(-places[:, 2], kind="stable")[:MOST]
    return Features(np.ascontiguousarray(places[order]), _rooted(signs[order]))


def _rooted(signs: Array) -> Array:
    """Square roots of shares: their scalar product is the Hellinger kernel."""
    total = np.maximum(signs.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    rooted: Array = np.sqrt(signs / total).astype(np.float32)
    return rooted
