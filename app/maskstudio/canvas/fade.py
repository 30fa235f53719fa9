"""One picture gives way to another: what was shown before is laid over, fainter and fainter."""

from __future__ import annotations

from PySide6.QtCore import QEasingCurve, QRect, QVariantAnimation
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QStyle, QWidget

DURATION_MS = 120


class Fade:
    """Asks for repaints of its rectangle until it is over; costs nothing otherwise."""

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self._before = QImage()
        self._rect = QRect()
        self._strength = QVariantAnimation(widget)
        self._strength.setStartValue(1.0)
        self._strength.setEndValue(0.0)
        self._strength.setEasingCurve(QEasingCurve.Type.OutQuad)
        self._strength.valueChanged.connect(self._tick)
        self._strength.finished.connect(self.stop)

    @property
    def running(self) -> bool:
        return not self._before.isNull()

    def duration(self) -> int:
        """Milliseconds; 0 where the desktop asks for no motion."""
        style = self._widget.style()
        if not style.styleHint(QStyle.StyleHint.SH_Widget_Animate, None, self._widget):
            return 0
        allowed = style.styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration, None, self._widget)
        return min(DURATION_MS, allowed)

    def start(self, before: QImage, rect: QRect) -> None:
        """Fade from ``before``, device pixels of the whole widget, inside the logical ``rect``."""
        self.stop()
        duration = self.duration()
        if duration and not before.isNull() and not rect.isEmpty():
            self._before, self._rect = before, rect
            self._before.setDevicePixelRatio(self._widget.devicePixelRatioF())
            self._strength.setDuration(duration)
            self._strength.start()

    def stop(self) -> None:
        """Show at once what is there now."""
        if self.running:
            self._before = QImage()
            self._strength.stop()
            self._widget.update(self._rect)

    def paint(self, painter: QPainter, part: QRect) -> None:
        """Lay what was there over a logical part of the widget."""
        here = part & self._rect
        if self.running and not here.isEmpty():
            ratio = self._before.devicePixelRatio()
            source = QRect(here.topLeft() * ratio, here.size() * ratio)
            painter.setOpacity(self._strength.currentValue())
            painter.drawImage(here, self._before, source)
            painter.setOpacity(1.0)

    def _tick(self) -> None:
        if self.running:
            self._widget.update(self._rect)
