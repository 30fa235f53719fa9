"""Thin lines over the picture that are seen on black and on white: brush outline and shapes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

Array = np.ndarray[Any, Any]
_DARK = QColor(0, 0, 0, 170)
_LIGHT = QColor(255, 255, 255, 230)
_ARM = 5.0
_WHOLE_RING = 400_000
_PIECE = 160.0


def draw_ring(painter: QPainter, centre: QPointF, radius: float) -> None:
    """A circle: a light line with a dark one around it. Units are logical pixels."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(_DARK, 1))
    painter.drawEllipse(centre, radius + 0.5, radius + 0.5)
    painter.setPen(QPen(_LIGHT, 1))
    inner = max(0.5, radius - 0.5)
    painter.drawEllipse(centre, inner, inner)


def draw_cross(painter: QPainter, centre: QPointF) -> None:
    """A small cross where a ring would be too small, or too large, to show the place."""
    x, y = centre.x(), centre.y()
    lines = [QLineF(x - _ARM, y, x + _ARM, y), QLineF(x, y - _ARM, x, y + _ARM)]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(_DARK, 3))
    painter.drawLines(lines)
    painter.setPen(QPen(_LIGHT, 1))
    painter.drawLines(lines)


def draw_shape(painter: QPainter, corners: Sequence[QPointF]) -> None:
    """A closed polygon, dashed light over dark."""
    polygon = QPolygonF(list(corners))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(_DARK, 1))
    painter.drawPolygon(polygon)
    pen = QPen(_LIGHT, 1)
    pen.setDashPattern([4, 4])
    painter.setPen(pen)
    painter.drawPolygon(polygon)


def ring_bounds(centre: QPointF, radius: float, visible: QRect) -> list[QRect]:
    """What must be repainted for a ring: the square of a small one, boxes along the line of a large one."""
    reach = radius + 2
    square = QRectF(centre.x() - reach, centre.y() - reach, 2 * reach, 2 * reach).toAlignedRect()
    if square.width() * square.height() < _WHOLE_RING:
        return [square.intersected(visible)]
    x, y = math.floor(centre.x()), math.floor(centre.y())
    low, high = _pieces(radius)
    at = np.array([x, y])
    near = np.maximum(low + at, (visible.left(), visible.top()))
    far = np.minimum(high + at, (visible.right() + 1, visible.bottom() + 1))
    seen = (near < far).all(axis=1)
    sizes = (far - near)[seen].tolist()
    return [QRect(*corner, *size) for corner, size in zip(near[seen].tolist(), sizes, strict=True)]


@lru_cache(2)
def _pieces(radius: float) -> tuple[Array, Array]:
    """Corners ``(n, 2)`` of boxes that hold the line of a ring whose middle is within the first pixel."""
    count = math.ceil(2 * math.pi * radius / _PIECE)
    turns = np.arange(count + 1) * (2 * math.pi / count)
    points = radius * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    # An arc leaves its chord by r (1 - cos of half its angle).
    margin = 2 + radius * (1 - math.cos(math.pi / count))
    low = np.floor(np.minimum(points[:-1], points[1:]) - margin).astype(np.int64)
    high = np.ceil(np.maximum(points[:-1], points[1:]) + margin + 1).astype(np.int64)
    return low, high


def cross_bounds(centre: QPointF) -> QRect:
    """What must be repainted for a cross."""
    reach = _ARM + 3
    return QRectF(centre.x() - reach, centre.y() - reach, 2 * reach, 2 * reach).toAlignedRect()


def shape_bounds(corners: Sequence[QPointF], visible: QRect) -> QRect:
    """What must be repainted for a closed shape."""
    if not corners:
        return QRect()
    bounds = QPolygonF(list(corners)).boundingRect().adjusted(-3, -3, 3, 3)
    return bounds.toAlignedRect().intersected(visible)
