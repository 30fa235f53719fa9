"""The brush outline that follows the pointer."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect
from PySide6.QtGui import QPainter, QRegion

from maskstudio.canvas.outlines import cross_region, draw_cross, draw_ring, ring_region

_SMALLEST = 4.0


class CursorOutline:
    """Where a round tool's outline is shown, and what to repaint when it moves. Logical pixels."""

    def __init__(self) -> None:
        self._at: QPointF | None = None
        self._diameter = 0.0
        self._cross = False
        self._region = QRegion()

    def follow(self, at: QPointF | None, diameter: float | None, visible: QRect) -> QRegion:
        """Show the outline at a point, or nowhere; returns what must be repainted."""
        if diameter is None:
            at = None
        new = 0.0 if diameter is None else diameter
        if at == self._at and new == self._diameter:
            return QRegion()
        before = self._region
        self._at, self._diameter = (None if at is None else QPointF(at)), new
        self._cross = new < _SMALLEST or new > 0.8 * min(visible.width(), visible.height())
        self._region = QRegion()
        if at is not None:
            if new >= _SMALLEST:
                self._region = ring_region(at, new / 2, visible)
            if self._cross:
                self._region += cross_region(at)
        return before + self._region

    def paint(self, painter: QPainter) -> None:
        """Draw it, if it is anywhere."""
        if self._at is None:
            return
        if self._diameter >= _SMALLEST:
            draw_ring(painter, self._at, self._diameter / 2)
        if self._cross:
            draw_cross(painter, self._at)
