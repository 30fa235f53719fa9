"""The marks of a pose over a photo. Places and sizes are logical pixels, colours 0xAARRGGBB.

Each sits on a halo of the theme, so that it is seen on black and on white alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QPainter, QPen

Place = tuple[float, float]

LEAST_RADIUS = 5.0
"""Of an ellipse of two standard deviations; a smaller one is hidden by the joint."""


def argb(name: str, opacity: float = 1.0) -> int:
    """A colour by its name, and how opaque, as marks have it."""
    colour = QColor(name)
    colour.setAlphaF(opacity)
    return int(colour.rgba())


def _colour(argb: int) -> QColor:
    return QColor.fromRgba(argb)


@dataclass(frozen=True)
class Line:
    """A bone: a line on a halo, dashed where one of its ends is a guess."""

    start: Place
    end: Place
    colour: int
    halo: int
    width: float = 3.0
    dashed: bool = False

    def bounds(self) -> QRectF:
        margin = self.width / 2 + 3
        return _around(self.start, self.end).adjusted(-margin, -margin, margin, margin)

    def paint(self, painter: QPainter) -> None:
        line = QLineF(*self.start, *self.end)
        if not self.dashed and self.halo >> 24:
            painter.setPen(
                QPen(_colour(self.halo), self.width + 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
            )
            painter.drawLine(line)
        pen = QPen(_colour(self.colour), self.width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
        if self.dashed:
            pen.setDashPattern([1.0, 2.5])
        painter.setPen(pen)
        painter.drawLine(line)


@dataclass(frozen=True)
class Ellipse:
    """One and two standard deviations of a Gaussian: half axes of one, and the angle of the first from x
    towards y, in radians. ``strength`` in 0..1 is how opaque it is."""

    centre: Place
    axes: tuple[float, float]
    angle: float
    colour: int
    halo: int
    strength: float = 1.0
    filled: bool = True

    def bounds(self) -> QRectF:
        across, along = math.cos(self.angle), math.sin(self.angle)
        a, b = (2 * axis for axis in self.axes)
        width = math.hypot(a * across, b * along) + 2
        height = math.hypot(a * along, b * across) + 2
        return QRectF(self.centre[0] - width, self.centre[1] - height, 2 * width, 2 * height)

    def paint(self, painter: QPainter) -> None:
        painter.save()
        painter.translate(*self.centre)
        painter.rotate(math.degrees(self.angle))
        tint, halo = _colour(self.colour), _colour(self.halo)
        middle = QPointF(0, 0)
        halo.setAlphaF(halo.alphaF() * 0.5 * self.strength)
        painter.setPen(QPen(halo, 2.5))
        tint.setAlphaF(0.12 * self.strength if self.filled else 0.0)
        painter.setBrush(QBrush(tint))
        painter.drawEllipse(middle, *self.axes)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for sigmas, line in ((2, 0.4), (1, 0.9)):
            tint.setAlphaF(line * self.strength)
            painter.setPen(QPen(tint, 1))
            painter.drawEllipse(middle, sigmas * self.axes[0], sigmas * self.axes[1])
        painter.restore()


@dataclass(frozen=True)
class Dot:
    """A joint that is known."""

    centre: Place
    colour: int
    halo: int
    radius: float = 4.0

    def bounds(self) -> QRectF:
        return _square(self.centre, self.radius + 3)

    def paint(self, painter: QPainter) -> None:
        painter.setPen(QPen(_colour(self.halo), 1.5))
        painter.setBrush(_colour(self.colour))
        painter.drawEllipse(QPointF(*self.centre), self.radius, self.radius)


@dataclass(frozen=True)
class AskedDot:
    """A joint that is asked for: a question mark on the mask's colour, ringed by the joint's hue."""

    centre: Place
    fill: int
    ring: int
    halo: int
    radius: float = 8.0

    def bounds(self) -> QRectF:
        return _square(self.centre, self.radius + 4)

    def paint(self, painter: QPainter) -> None:
        centre = QPointF(*self.centre)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(_colour(self.halo), 4))
        painter.drawEllipse(centre, self.radius, self.radius)
        painter.setPen(QPen(_colour(self.ring), 2))
        painter.setBrush(_colour(self.fill))
        painter.drawEllipse(centre, self.radius, self.radius)
        font = QFont(painter.font())
        font.setPixelSize(12)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(Qt.GlobalColor.white)
        painter.drawText(_square(self.centre, self.radius), Qt.AlignmentFlag.AlignCenter, "?")


@dataclass(frozen=True)
class HollowDot:
    """A joint of which nothing is known, where it might be."""

    centre: Place
    colour: int
    halo: int
    radius: float = 6.0

    def bounds(self) -> QRectF:
        return _square(self.centre, self.radius + 3)

    def paint(self, painter: QPainter) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(_colour(self.halo), 3))
        painter.drawEllipse(QPointF(*self.centre), self.radius, self.radius)
        pen = QPen(_colour(self.colour), 1.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap)
        pen.setDashPattern([2.0, 2.0])
        painter.setPen(pen)
        painter.drawEllipse(QPointF(*self.centre), self.radius, self.radius)


@dataclass(frozen=True)
class Grip:
    """A ring around what the pointer would take."""

    centre: Place
    colour: int
    halo: int
    radius: float = 10.0

    def bounds(self) -> QRectF:
        return _square(self.centre, self.radius + 4)

    def paint(self, painter: QPainter) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((self.halo, 4), (self.colour, 2)):
            painter.setPen(QPen(_colour(colour), width))
            painter.drawEllipse(QPointF(*self.centre), self.radius, self.radius)


@dataclass(frozen=True)
class Side:
    """A side of the person's box, thin and dashed; each is a mark of its own, so that what lies inside the
    box is not drawn again when it changes."""

    start: Place
    end: Place
    colour: int
    halo: int

    def bounds(self) -> QRectF:
        return _around(self.start, self.end).adjusted(-2, -2, 2, 2)

    def paint(self, painter: QPainter) -> None:
        line = QLineF(*self.start, *self.end)
        painter.setPen(QPen(_colour(self.halo), 1))
        painter.drawLine(line)
        pen = QPen(_colour(self.colour), 1)
        pen.setDashPattern([5.0, 4.0])
        painter.setPen(pen)
        painter.drawLine(line)


@dataclass(frozen=True)
class Corner:
    """A handle at a corner of the box."""

    centre: Place
    colour: int
    halo: int

    def bounds(self) -> QRectF:
        return _square(self.centre, 6)

    def paint(self, painter: QPainter) -> None:
        painter.setPen(QPen(_colour(self.halo), 1))
        painter.setBrush(_colour(self.colour))
        painter.drawRect(_square(self.centre, 3.5))


def _square(centre: Place, half: float) -> QRectF:
    return QRectF(centre[0] - half, centre[1] - half, 2 * half, 2 * half)


def _around(start: Place, end: Place) -> QRectF:
    return QRectF(QPointF(*start), QPointF(*end)).normalized()
