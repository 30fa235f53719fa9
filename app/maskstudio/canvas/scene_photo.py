"""A photo over the render that is seen from its camera: paint on it, what was learned of it, and a line that
wipes from one to the other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from maskengines.contract import Box, MaskArray
from maskengines.subjects.scene import ScenePhoto
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, qRgba

from maskstudio.tools.base import Editable

Array = np.ndarray[Any, Any]

_REACH = 7.0
"""Logical pixels to either side of the line that it can be caught by."""
_KNOB = 9.0
_DARK, _LIGHT = QColor(0, 0, 0, 150), QColor(255, 255, 255, 240)


class PhotoGround:
    """One photo, as large as it fits into the viewport, where a camera of the eye puts it too.

    Args:
        sheet: the photo's mask.

    Attributes:
        wipe: 0..1 of the photo's width: left of it the photo shows, right of it the render.
        compared: there is a render; without one the photo shows whole, and no line.
        learned: ``(h, w)`` uint8 of any size, 255 where the training takes the photo for clutter, or None.
    """

    def __init__(self, photo: ScenePhoto, sheet: Editable, wipe: float) -> None:
        self.photo = photo
        self.sheet = sheet
        self.wipe = wipe
        self.compared = False
        self.learned: Array | None = None
        self._image: QImage | None = None
        self._shown: QImage | None = None
        self._size = QSize(photo.width, photo.height)
        self._ratio = 1.0
        self._paint = _table(QColor("red"), 0.5)
        self._found = _table(QColor("cyan"), 0.5)

    @property
    def alone(self) -> bool:
        """Where the photo was taken is not known, so there is nothing to compare it with."""
        return self.photo.camera is None

    def resize(self, size: QSize, ratio: float) -> None:
        """The viewport has this size in logical pixels, with ``ratio`` pixels of the screen to each."""
        self._size, self._ratio = size, ratio
        self._shown = None

    def set_pixels(self, pixels: Array) -> None:
        """The photo was read: ``(h, w, 3)`` uint8 sRGB."""
        height, width = pixels.shape[:2]
        rows = np.ascontiguousarray(pixels)
        self._image = QImage(rows.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        self._shown = None

    def set_overlay(self, colour: QColor, opacity: float) -> None:
        """Colour of paint, and its opacity in 0..1; what was learned has the colour across the wheel."""
        self._paint = _table(colour, opacity)
        self._found = _table(across(colour), opacity)

    # --- where it lies --------------------------------------------------------------------------

    @property
    def scale(self) -> float:
        return min(self._size.width() / self.photo.width, self._size.height() / self.photo.height)

    @property
    def rect(self) -> QRectF:
        """Where the photo lies in the viewport."""
        size = QSizeF(self.photo.width, self.photo.height) * self.scale
        return QRectF(
            QPointF(self._size.width() - size.width(), self._size.height() - size.height()) / 2, size
        )

    def onto(self, at: QPointF) -> QPointF:
        return (at - self.rect.topLeft()) / self.scale

    def back(self, x: float, y: float) -> QPointF:
        return self.rect.topLeft() + QPointF(x, y) * self.scale

    def box(self, box: Box) -> QRect:
        """What must be painted again for a box of the mask."""
        corner, far = self.back(box.x, box.y), self.back(box.x + box.width, box.y + box.height)
        return QRectF(corner, far).toAlignedRect().adjusted(-1, -1, 1, 1)

    # --- the line -------------------------------------------------------------------------------

    @property
    def line(self) -> float:
        """How far the photo shows, in logical pixels from the left of the viewport."""
        return self.rect.left() + (self.wipe if self.compared else 1.0) * self.rect.width()

    def catches(self, at: QPointF) -> bool:
        """Whether the line can be caught at a point: at the knob, and beyond the photo's upper and lower
        eighth, where it is not in the way of painting."""
        rect = self.rect
        if (
            not self.compared
            or abs(at.x() - self.line) > _REACH + _KNOB
            or not rect.top() <= at.y() <= rect.bottom()
        ):
            return False
        knob = QLineF(at, QPointF(self.line, rect.center().y())).length() <= _KNOB + 4
        edge = min(at.y() - rect.top(), rect.bottom() - at.y()) < rect.height() / 8
        return knob or (edge and abs(at.x() - self.line) <= _REACH)

    def drag(self, x: float) -> None:
        """Let the line stand there."""
        rect = self.rect
        self.wipe = min(max((x - rect.left()) / max(1.0, rect.width()), 0.0), 1.0)

    # --- painting -------------------------------------------------------------------------------

    def paint(self, painter: QPainter, part: QRect) -> None:
        """Draw the photo left of the line, what was learned of it, the paint, and the line."""
        rect = self.rect
        painter.save()
        painter.setClipRect(QRectF(part) & QRectF(rect.topLeft(), QPointF(self.line, rect.bottom())))
        if self._image is not None:
            painter.drawImage(rect, self._fitted(self._image))
        if self.learned is not None:
            self._lay(painter, part, self.learned, self._found)
        painter.setClipRect(QRectF(part) & rect)
        self._lay(painter, part, self.sheet.mask.data, self._paint)
        painter.restore()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.compared:
            self._paint_line(painter)

    def _fitted(self, image: QImage) -> QImage:
        if self._shown is None:
            size = (self.rect.size() * self._ratio).toSize()
            enlarged = size.width() > image.width()
            # Enlarged, pixels stay what they are; made smaller once, every repaint is a copy.
            self._shown = image if enlarged else image.scaled(
                size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
            )  # fmt: skip
        return self._shown

    def _lay(self, painter: QPainter, part: QRect, mask: MaskArray, table: list[int]) -> None:
        """Draw the part of a mask over the photo that lies under ``part``."""
        height, width = mask.shape
        rect = self.rect
        across, down = rect.width() / width, rect.height() / height
        seen = QRectF(part) & rect
        left, top = (max(0, math.floor(each)) for each in (
            (seen.left() - rect.left()) / across - 1, (seen.top() - rect.top()) / down - 1
        ))  # fmt: skip
        right = min(width, math.ceil((seen.right() - rect.left()) / across) + 1)
        bottom = min(height, math.ceil((seen.bottom() - rect.top()) / down) + 1)
        if right <= left or bottom <= top:
            return
        piece = np.ascontiguousarray(mask[top:bottom, left:right])
        if not piece.any():
            return
        image = QImage(piece.data, right - left, bottom - top, right - left, QImage.Format.Format_Indexed8)
        image.setColorTable(table)
        target = QRectF(
            rect.left() + left * across, rect.top() + top * down, (right - left) * across,
            (bottom - top) * down,
        )  # fmt: skip
        painter.drawImage(target, image)

    def _paint_line(self, painter: QPainter) -> None:
        rect, x = self.rect, self.line
        line = QLineF(x, rect.top(), x, rect.bottom())
        for colour, width in ((_DARK, 3.0), (_LIGHT, 1.4)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(line)
        middle = QPointF(x, rect.center().y())
        painter.setPen(QPen(_DARK, 1))
        painter.setBrush(_LIGHT)
        painter.drawEllipse(middle, _KNOB, _KNOB)
        painter.setPen(QPen(_DARK.darker(), 1.6))
        for side in (-1, 1):
            tip = middle + QPointF(side * 6, 0)
            painter.drawLine(tip, tip + QPointF(-side * 3, -3))
            painter.drawLine(tip, tip + QPointF(-side * 3, 3))


def across(colour: QColor) -> QColor:
    """A colour that is told apart from ``colour``: as bright, and from the other side of the wheel; for greys
    a cyan."""
    hue, saturation, value = colour.hsvHue(), colour.hsvSaturation(), colour.value()
    if hue < 0 or saturation < 60:
        return QColor(0, 190, 255)
    return QColor.fromHsv((hue + 180) % 360, max(saturation, 160), max(value, 180))


def _table(colour: QColor, opacity: float) -> list[int]:
    red, green, blue = colour.red(), colour.green(), colour.blue()
    return [qRgba(red, green, blue, round(opacity * value)) for value in range(256)]
