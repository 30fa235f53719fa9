"""Checkerboard, pixel grid and mask outline: all depend on a pixel's own position only."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from maskengines.contract import Box
from PySide6.QtGui import QImage, QPainter

from maskstudio.canvas.sampling import Axis

Array = np.ndarray[Any, Any]
_SQUARE = 16
_LIGHT, _DARK = 0xFF9A9A9A, 0xFF6E6E6E


def checkerboard(samples: Array, at: Box, scale: float) -> Array:
    """Premultiplied BGRA ``samples`` of box ``at`` over squares of about 16 device pixels."""
    square = max(1, round(_SQUARE / scale))
    odd = (np.arange(at.y, at.y + at.height) // square)[:, None] + np.arange(at.x, at.x + at.width) // square
    board = np.where(odd & 1, np.uint32(_DARK), np.uint32(_LIGHT))
    under = QImage(board.data, at.width, at.height, at.width * 4, QImage.Format.Format_RGB32)
    samples = np.ascontiguousarray(samples)
    over = QImage(samples.data, at.width, at.height, at.width * 4, QImage.Format.Format_ARGB32_Premultiplied)
    painter = QPainter(under)
    painter.drawImage(0, 0, over)
    painter.end()
    return board.view(np.uint8).reshape(at.height, at.width, 4)


def draw_grid(target: Array, across: Axis, down: Axis, rect: tuple[int, int, int, int]) -> None:
    """Lines between image pixels: the first device row and column of each is moved towards grey."""
    x0, y0, x1, y1 = rect
    columns, rows = across.begins(x0, x1), down.begins(y0, y1)
    target[:, columns] = _greyed(target[:, columns])
    rest = np.ix_(rows, ~columns)
    target[rest] = _greyed(target[rest])


def draw_outline(target: Array, plane: Array, inner: tuple[int, int], colour: int) -> None:
    """A line one device pixel thin, just inside of where the mask reaches half.

    Args:
        target: ``(h, w)`` uint32 device pixels, changed in place.
        plane: mask at device pixels, with up to one pixel more around; ``inner`` is the column and row
            where ``target`` begins in it.
        colour: 0xAARRGGBB.
    """
    chosen = (plane > 127).astype(np.uint8)
    edge = chosen - cv2.erode(chosen, np.ones((3, 3), np.uint8))
    height, width = target.shape
    target[edge[inner[1] : inner[1] + height, inner[0] : inner[0] + width] > 0] = colour


def _greyed(pixels: Array) -> Array:
    # Three parts of the colour and one of middle grey, in all channels at once.
    quarter = (pixels >> np.uint32(2)) & np.uint32(0x3F3F3F3F)
    return pixels - quarter + np.uint32(0x00202020)
