"""The brush outline that follows the pointer."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from maskstudio.canvas.outlines import cross_bounds, draw_cross, draw_ring, ring_bounds

_SMALLEST = 4.0
_LARGEST_SPRITE = 800
_LARGE_MIDDLE = 160


class CursorOutline:
    """Where a round tool's outline is shown, and what to repaint when it moves. Logical pixels."""

    def __init__(self) -> None:
        self._at: QPointF | None = None
        self._diameter = 0.0
        self._cross = False
        self._sprite = QImage()
        self._sprite_key = (0.0, 0.0)
        self._parts: list[QRectF] = []
        self._bounds: list[QRect] = []

    def follow(self, at: QPointF | None, diameter: float | None, visible: QRect) -> list[QRect]:
        """Show the outline at a point, or nowhere; returns what must be repainted."""
        if diameter is None:
            at = None
        new = 0.0 if diameter is None else diameter
        if at == self._at and new == self._diameter:
            return []
        before = self._bounds
        self._at, self._diameter = (None if at is None else QPointF(at)), new
        self._cross = new < _SMALLEST or new > 0.8 * min(visible.width(), visible.height())
        self._bounds = []
        if at is not None:
            if new >= _SMALLEST:
                self._bounds += ring_bounds(at, new / 2, visible)
            if self._cross:
                self._bounds.append(cross_bounds(at))
        return before + self._bounds

    def copied(self, ratio: float) -> bool:
        """Whether it is a small picture, cheap to draw once for each part of the widget."""
        return _SMALLEST <= self._diameter * ratio <= _LARGEST_SPRITE

    def paint(self, painter: QPainter, ratio: float) -> None:
        """Draw it, if it is anywhere, as far as the painter's clip lets it."""
        if self._at is None:
            return
        if self.copied(ratio):
            # Copying a small picture of the ring is several times faster than drawing it.
            sprite = self._sprite_for(ratio)
            half = sprite.width() / ratio / 2
            corner = (self._at - QPointF(half, half)) * ratio
            corner = QPointF(round(corner.x()), round(corner.y()))
            for part in self._parts:
                painter.drawImage((corner + part.topLeft()) / ratio, sprite, part)
        elif self._diameter >= _SMALLEST:
            draw_ring(painter, self._at, self._diameter / 2)
        if self._cross:
            draw_cross(painter, self._at)

    def _sprite_for(self, ratio: float) -> QImage:
        key = self._diameter, ratio
        if key != self._sprite_key:
            side = 2 * math.ceil((self._diameter / 2 + 2) * ratio)
            self._sprite = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
            self._sprite.setDevicePixelRatio(ratio)
            self._sprite.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._sprite)
            draw_ring(painter, QPointF(side, side) / (2 * ratio), self._diameter / 2)
            painter.end()
            self._sprite_key = key
            self._parts = _without_middle(side, self._diameter * ratio)
        return self._sprite


def _without_middle(side: int, diameter: float) -> list[QRectF]:
    """Parts of a square picture of a ring that leave out what is empty in a large one: the square inside."""
    inner = math.floor(diameter / math.sqrt(2)) - 6
    if inner < _LARGE_MIDDLE:
        return [QRectF(0, 0, side, side)]
    low = (side - inner) // 2
    high = side - low
    return [
        QRectF(0, 0, side, low),
        QRectF(0, low, low, high - low),
        QRectF(high, low, low, high - low),
        QRectF(0, high, side, low),
    ]
