"""Colour tables: 256 premultiplied 0xAARRGGBB words, one for each byte of a plane."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from PySide6.QtGui import QColor

Table = np.ndarray[Any, np.dtype[np.uint32]]


def tint_table(colour: QColor, opacity: float) -> Table:
    """One colour, as opaque as the byte says times ``opacity`` in 0..1."""
    alpha = np.rint(np.arange(256) * min(max(opacity, 0.0), 1.0))
    return _premultiplied(np.array([[colour.red(), colour.green(), colour.blue()]] * 256), alpha)


def heat_table() -> Table:
    """Inferno, perceptually even; low values are see-through, so that the picture stays readable."""
    values = np.arange(256, dtype=np.uint8)
    colours = cv2.applyColorMap(values[:, None], cv2.COLORMAP_INFERNO)[:, 0, ::-1].astype(float)
    return _premultiplied(colours, np.rint(225 * np.clip(values / 96, 0, 1)))


def _premultiplied(colours: np.ndarray[Any, Any], alpha: np.ndarray[Any, Any]) -> Table:
    channels = np.rint(colours * alpha[:, None] / 255).astype(np.uint32)
    return (
        alpha.astype(np.uint32) << 24 | channels[:, 0] << 16 | channels[:, 1] << 8 | channels[:, 2]
    ).astype(np.uint32)
