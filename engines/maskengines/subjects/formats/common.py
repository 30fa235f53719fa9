"""What the formats share: a file's header, its pixels, and the two ways of not being readable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from maskengines.subjects.carried import NOTHING, Carried

Array = np.ndarray[Any, Any]


class Damaged(Exception):
    """The file is cut short or broken; the message completes "Cannot open 'name': ..."."""


class Unsupported(Exception):
    """The file is sound, but not of a sort that can be edited; the message says what to do."""


CUT_SHORT = "the file is cut short"
UNDECODABLE = "its pixels are damaged and cannot be decoded"


@dataclass(frozen=True)
class Header:
    """What a file says about itself before any pixel is decoded.

    ``orientation`` is the EXIF value 1..8 of the stored pixels; ``exif`` already says 1. ``carried`` is
    said of the stored pixels, too. ``layout`` is for the format's own decoder.
    """

    format: str
    width: int
    height: int
    icc: bytes | None = None
    exif: bytes | None = None
    orientation: int = 1
    layout: str = ""
    carried: Carried = NOTHING


@dataclass(frozen=True)
class Raster:
    """Decoded pixels as stored: ``(H, W, 1 or 3)`` and alpha ``(H, W)``, uint8 or uint16; ``icc``
    describes them (a conversion to sRGB leaves none)."""

    pixels: Array
    alpha: Array | None
    icc: bytes | None


def raster(decoded: Array, icc: bytes | None) -> Raster:
    """Split a decoder's ``(H, W)`` or ``(H, W, 1..4)`` array into colour and alpha."""
    channels = decoded[:, :, None] if decoded.ndim == 2 else decoded
    colours = 3 if channels.shape[2] >= 3 else 1
    alpha = channels[:, :, colours] if channels.shape[2] > colours else None
    return Raster(
        np.ascontiguousarray(channels[:, :, :colours]),
        None if alpha is None else np.ascontiguousarray(alpha),
        icc,
    )


def interleaved(pixels: Array, alpha: Array | None) -> Array:
    """Colour and alpha in one array, as encoders take them: ``(H, W)`` or ``(H, W, 2..4)``."""
    if alpha is not None:
        return np.dstack([pixels, alpha])
    # A copy has the plain strides that encoders insist on, even along sides of one pixel.
    return (pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).copy()
