"""Small line plots, for curves that come with an answer."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from maskengines.results.maps import Curve
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from maskstudio.panels.style import tone

HEIGHT = 132
LEFT, RIGHT, TOP, BOTTOM = 30, 6, 20, 18
ROLES = ("accent", "warning", "good")


class CurvePlot(QWidget):
    """A few lines in one frame, with a legend that names their areas."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curves: Sequence[Curve] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.hide()

    def sizeHint(self) -> QSize:
        return QSize(160, HEIGHT)

    @property
    def empty(self) -> bool:
        """There is nothing to draw."""
        return not self._curves

    def show_curves(self, curves: Sequence[Curve]) -> None:
        """Draw these; none hides the plot."""
        self._curves = [curve for curve in curves if len(curve.x) > 1]
        self.setVisible(bool(self._curves))
        self.setAccessibleDescription("; ".join(_named(curve) for curve in self._curves))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._curves:
            painter = QPainter(self)
            painter.setFont(self.font())
            paint_curves(painter, QSizeF(self.size()), self._curves)


def curve_picture(curves: Sequence[Curve], size: QSize, font: QFont) -> QImage:
    """Curves as a thumbnail of ``size``."""
    picture = QImage(size, QImage.Format.Format_RGB32)
    picture.fill(tone("raised"))
    drawn = [curve for curve in curves if len(curve.x) > 1]
    if drawn:
        painter = QPainter(picture)
        painter.setFont(font)
        scale = max(1.0, size.width() / 140)
        painter.scale(scale, scale)
        paint_curves(painter, QSizeF(size) / scale, drawn)
        painter.end()
    return picture


def paint_curves(painter: QPainter, size: QSizeF, curves: Sequence[Curve]) -> None:
    """Paint curves of two points or more into a frame with a legend; there is at least one."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    font = QFont(painter.font())
    font.setPixelSize(10)
    painter.setFont(font)
    frame = QRectF(LEFT, TOP, size.width() - LEFT - RIGHT, size.height() - TOP - BOTTOM)
    xs = np.concatenate([curve.x for curve in curves])
    ys = np.concatenate([curve.y for curve in curves])
    x0, x1 = float(xs.min()), float(xs.max())
    y0, y1 = min(0.0, float(ys.min())), max(1e-9, float(ys.max()))
    if 0.5 < y1 <= 1:
        y1 = 1.0  # shares are read against the whole
    _paint_axes(painter, frame, (x0, x1), (y0, y1), curves[0].x_title)
    left = float(LEFT)
    for curve, role in zip(curves, itertools.cycle(ROLES)):
        colour = tone(role)
        across = frame.left() + (curve.x - x0) / max(x1 - x0, 1e-9) * frame.width()
        down = frame.bottom() - (curve.y - y0) / (y1 - y0) * frame.height()
        painter.setPen(QPen(colour, 1.6))
        painter.drawPolyline(
            QPolygonF([QPointF(x, y) for x, y in zip(across.tolist(), down.tolist(), strict=True)])
        )
        if named := _named(curve):
            left += _paint_name(painter, left, named, colour)


def _paint_axes(
    painter: QPainter, frame: QRectF, across: tuple[float, float], up: tuple[float, float], title: str
) -> None:
    painter.setPen(QPen(tone("line"), 1))
    for share in (0.0, 0.5, 1.0):
        y = round(frame.bottom() - share * frame.height()) + 0.5
        painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
    painter.setPen(tone("second"))
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    for share in (0.0, 0.5, 1.0):
        y = frame.bottom() - share * frame.height()
        value = up[0] + share * (up[1] - up[0])
        painter.drawText(QRectF(0, y - 7, LEFT - 5, 14), right, f"{value:.2g}")
    below = QRectF(frame.left(), frame.bottom() + 2, frame.width(), BOTTOM - 2)
    painter.drawText(below, Qt.AlignmentFlag.AlignLeft, f"{across[0]:.2g}")
    painter.drawText(below, Qt.AlignmentFlag.AlignRight, f"{across[1]:.2g}")
    painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, title)


def _paint_name(painter: QPainter, left: float, text: str, colour: QColor) -> float:
    painter.setPen(QPen(colour, 2))
    painter.drawLine(QPointF(left, 8), QPointF(left + 10, 8))
    painter.setPen(tone("second"))
    width = painter.fontMetrics().horizontalAdvance(text)
    painter.drawText(QRectF(left + 14, 0, width + 4, 16), Qt.AlignmentFlag.AlignVCenter, text)
    return float(width + 28)


def _named(curve: Curve) -> str:
    return f"{curve.name} {curve.area:.2f}" if curve.area is not None else curve.name
