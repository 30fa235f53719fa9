"""Thin lines over the picture that are seen on black and on white: brush outline and shapes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

_DARK = QColor(0, 0, 0, 170)
_LIGHT = QColor(255, 255, 255, 230)
_ARM = 5.0


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


def ring_bounds(centre: QPointF, radius: float, visible: QRect) -> QRect:
    """What must be repainted for a ring. Copying its whole square costs less than many small parts."""
    reach = radius + 2
    bounds = QRectF(centre.x() - reach, centre.y() - reach, 2 * reach, 2 * reach)
    return bounds.toAlignedRect().intersected(visible)


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
