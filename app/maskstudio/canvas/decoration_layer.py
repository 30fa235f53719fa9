"""What lies over the picture and is drawn by hand: a picture of marks, kept, and repaired where they change.

A brush stroke under it costs a copy of the stroke's rectangle; no mark is drawn again for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter

from maskstudio.canvas.dirty import DirtyRects

ToWidget = Callable[[float, float], QPointF]


class Mark(Protocol):
    """Something to draw, in logical pixels. Equal marks give equal pixels; marks are hashable."""

    def bounds(self) -> QRectF:
        """All that `paint` may touch."""

    def paint(self, painter: QPainter) -> None: ...


class Decoration(Protocol):
    """Knows what lies over the picture. ``changed`` is a Qt signal: the marks may be others."""

    changed: Any

    def marks(self, to_widget: ToWidget, scale: float) -> Sequence[Mark]:
        """What to draw, from the bottom up.

        Args:
            to_widget: the widget's point that shows image coordinates.
            scale: logical pixels per image pixel.
        """


class DecorationLayer:
    """Marks as a picture of the widget, in device pixels."""

    def __init__(self) -> None:
        self._image = QImage()
        self._marks: list[Mark] = []

    def show(self, marks: Sequence[Mark], size: QSize, ratio: float) -> list[QRect]:
        """Draw what is new among the marks; returns the logical rectangles to repaint."""
        device = QSize(-int(-size.width() * ratio // 1), -int(-size.height() * ratio // 1))
        if not marks and self._image.isNull():
            return []
        whole = QRect(0, 0, device.width(), device.height())
        before, self._marks = self._marks, list(marks)
        if self._image.size() != device or self._image.devicePixelRatio() != ratio:
            self._image = QImage(device, QImage.Format.Format_ARGB32_Premultiplied)
            self._image.setDevicePixelRatio(ratio)
            self._image.fill(Qt.GlobalColor.transparent)
            changed = [*before, *marks]
        else:
            kept = set(before) & set(marks)
            changed = [mark for mark in (*before, *marks) if mark not in kept]
        joined = DirtyRects()
        rects = [_device_rect(mark.bounds(), ratio) & whole for mark in changed]
        joined.add(rects)
        for rect in joined.rects():
            self._repair(rect, ratio)
        if not marks:
            self._image = QImage()
        return [_logical_rect(rect, ratio) for rect in joined.rects()]

    def paint(self, painter: QPainter, part: QRect) -> None:
        """Lay a logical part of the picture over what is there."""
        if self._image.isNull():
            return
        ratio = self._image.devicePixelRatio()
        source = _device_rect(part.toRectF(), ratio) & QRect(0, 0, self._image.width(), self._image.height())
        target = QRectF(
            source.x() / ratio, source.y() / ratio, source.width() / ratio, source.height() / ratio
        )
        painter.drawImage(target, self._image, source.toRectF())

    def _repair(self, rect: QRect, ratio: float) -> None:
        painter = QPainter(self._image)
        # In device pixels, so that the clip is sharp at any scaling of the desktop.
        painter.scale(1 / ratio, 1 / ratio)
        painter.setClipRect(rect)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        painter.fillRect(rect, Qt.GlobalColor.transparent)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        painter.scale(ratio, ratio)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for mark in self._marks:
            if _device_rect(mark.bounds(), ratio).intersects(rect):
                mark.paint(painter)
        painter.end()


def _device_rect(rect: QRectF, ratio: float) -> QRect:
    return QRectF(rect.topLeft() * ratio, rect.size() * ratio).toAlignedRect()


def _logical_rect(rect: QRect, ratio: float) -> QRect:
    exact = rect.toRectF()
    return QRectF(exact.topLeft() / ratio, exact.size() / ratio).toAlignedRect()
