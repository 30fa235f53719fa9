"""Thin lines over the picture that are seen on black and on white: brush outline and shapes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF, QRegion

_DARK = QColor(0, 0, 0, 170)
_LIGHT = QColor(255, 255, 255, 230)
_ARM = 5.0
_RING_PARTS = 24


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


def ring_region(centre: QPointF, radius: float, visible: QRect) -> QRegion:
    """What must be repainted for a ring: rectangles along it, not the disc, once that saves much."""
    bounds = QRectF(centre.x() - radius - 3, centre.y() - radius - 3, 2 * radius + 6, 2 * radius + 6)
    whole = bounds.toAlignedRect().intersected(visible)
    if radius < 40 or whole.isEmpty():
        return QRegion(whole)
    region = QRegion()
    step = 2 * radius / _RING_PARTS
    for part in range(_RING_PARTS):
        y0 = -radius + part * step
        y1 = y0 + step
        nearest = 0.0 if y0 < 0 < y1 else min(abs(y0), abs(y1))
        outer = (radius * radius - nearest * nearest) ** 0.5 + 3
        farthest = max(abs(y0), abs(y1))
        inner = max(0.0, radius * radius - farthest * farthest) ** 0.5 - 3
        top, tall = centre.y() + y0 - 3, step + 6
        for left, wide in ((-outer, outer - inner), (inner, outer - inner)):
            rect = QRectF(centre.x() + left, top, wide, tall).toAlignedRect().intersected(visible)
            if not rect.isEmpty():
                region += rect
    return region


def cross_region(centre: QPointF) -> QRegion:
    """What must be repainted for a cross."""
    reach = _ARM + 3
    return QRegion(QRectF(centre.x() - reach, centre.y() - reach, 2 * reach, 2 * reach).toAlignedRect())


def shape_region(corners: Sequence[QPointF], visible: QRect) -> QRegion:
    """What must be repainted for a closed shape."""
    if not corners:
        return QRegion()
    bounds = QPolygonF(list(corners)).boundingRect().adjusted(-3, -3, 3, 3)
    return QRegion(bounds.toAlignedRect().intersected(visible))
