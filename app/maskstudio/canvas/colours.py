"""Colour tables: a premultiplied 0xAARRGGBB word for each byte of a plane.

Two neighbouring bytes are looked up at once, which takes half as long: a table has 65536 entries of two
words, 512 KiB of which a smooth plane touches a little.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from PySide6.QtGui import QColor

Array = np.ndarray[Any, Any]
Table = np.ndarray[Any, np.dtype[np.uint64]]


def tint_table(colour: QColor, opacity: float) -> Table:
    """One colour, as opaque as the byte says times ``opacity`` in 0..1."""
    alpha = np.rint(np.arange(256) * min(max(opacity, 0.0), 1.0))
    return _premultiplied(np.array([[colour.red(), colour.green(), colour.blue()]] * 256), alpha)


def heat_table() -> Table:
    """Inferno, perceptually even; low values are see-through, so that the picture stays readable."""
    values = np.arange(256, dtype=np.uint8)
    colours = cv2.applyColorMap(values[:, None], cv2.COLORMAP_INFERNO)[:, 0, ::-1].astype(float)
    return _premultiplied(colours, np.rint(225 * np.clip(values / 96, 0, 1)))


def palette_table(palette: Array, opacity: Array) -> Table:
    """``(256, 3)`` uint8 RGB with ``(256,)`` opacities in 0..1, for bytes 1..255; 0 is see-through."""
    alpha = np.rint(255 * np.clip(opacity, 0, 1))
    alpha[0] = 0
    return _premultiplied(palette.astype(float), alpha)


def coloured(plane: Array, table: Table) -> Array:
    """The words of a ``(h, w)`` uint8 plane, ``(h, w)`` uint32 or one column wider to be even."""
    height, width = plane.shape
    pairs = np.empty((height, width + (width & 1)), np.uint8)
    pairs[:, :width] = plane
    if width & 1:
        pairs[:, width] = 0
    return table.take(pairs.view(np.uint16), mode="clip").view(np.uint32)


def _premultiplied(colours: Array, alpha: Array) -> Table:
    channels = np.rint(colours * alpha[:, None] / 255).astype(np.uint64)
    words = alpha.astype(np.uint64) << 24 | channels[:, 0] << 16 | channels[:, 1] << 8 | channels[:, 2]
    first, second = np.arange(65536, dtype=np.uint16).view(np.uint8).reshape(-1, 2).T
    both = np.stack([words[first], words[second]], axis=1).astype(np.uint32)
    table: Table = both.view(np.uint64)[:, 0]
    return table
