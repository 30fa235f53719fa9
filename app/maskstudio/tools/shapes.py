"""Rectangle, ellipse and lasso: drag a closed shape, its inside is added to or taken from the mask.

Adds by default and with Shift; takes away with Alt or the right button.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from maskengines.contract import Box
from PySide6.QtCore import QCoreApplication, QPointF, Qt
from PySide6.QtGui import QImage, QPainter, QPolygonF

from maskstudio.tools.base import Editable, Point, ToolEvent


class ShapeTool:
    """What the shapes have in common; a subclass says which corners a drag makes."""

    name = "shape"
    label = "Shape"

    def __init__(self) -> None:
        self._document: Editable | None = None
        self._subtract = False
        self._shift_at_press = False
        self._corners: list[Point] = []

    @property
    def active(self) -> bool:
        return self._document is not None

    def cursor_diameter(self) -> float | None:
        return None

    def outline(self) -> Sequence[Point]:
        return self._corners if self.active else ()

    def press(self, document: Editable, event: ToolEvent) -> None:
        self._document = document
        self._subtract = event.alt or event.secondary
        self._shift_at_press = event.shift
        self._corners = self._begun(event)

    def move(self, event: ToolEvent) -> None:
        if self.active:
            self._corners = self._dragged(event, even=event.shift and not self._shift_at_press)

    def release(self, event: ToolEvent) -> bool:
        self.move(event)
        document, self._document = self._document, None
        if document is None:
            return False
        corners, self._corners = self._corners, []
        return fill_polygon(document, corners, self._text(), subtract=self._subtract)

    def cancel(self) -> None:
        self._document = None
        self._corners = []

    def _text(self) -> str:
        return QCoreApplication.translate("tools", self.label)

    def _begun(self, event: ToolEvent) -> list[Point]:
        raise NotImplementedError

    def _dragged(self, event: ToolEvent, *, even: bool) -> list[Point]:
        raise NotImplementedError


class RectangleTool(ShapeTool):
    """Whole pixels between two corners; Shift during the drag makes a square."""

    name = "rectangle"
    label = "Rectangle"
    _start: Point = (0.0, 0.0)

    def _begun(self, event: ToolEvent) -> list[Point]:
        self._start = (event.x, event.y)
        return []

    def _dragged(self, event: ToolEvent, *, even: bool) -> list[Point]:
        x0, y0, x1, y1 = (round(v) for v in _span(self._start, event, even=even))
        if x0 == x1 or y0 == y1:
            return []
        return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


class EllipseTool(RectangleTool):
    """The ellipse inside the dragged rectangle; Shift during the drag makes a circle."""

    name = "ellipse"
    label = "Ellipse"

    def _dragged(self, event: ToolEvent, *, even: bool) -> list[Point]:
        x0, y0, x1, y1 = _span(self._start, event, even=even)
        rx, ry = (x1 - x0) / 2, (y1 - y0) / 2
        if rx < 0.5 or ry < 0.5:
            return []
        # Chords stay within a tenth of a pixel of the curve.
        count = max(16, math.ceil(math.pi / math.acos(1 - min(0.1 / max(rx, ry), 1))))
        angles = np.linspace(0, 2 * math.pi, count, endpoint=False)
        return [(x0 + rx + rx * math.cos(a), y0 + ry + ry * math.sin(a)) for a in angles]


class LassoTool(ShapeTool):
    """A freehand outline, closed by a straight line."""

    name = "lasso"
    label = "Lasso"

    def _begun(self, event: ToolEvent) -> list[Point]:
        return [(event.x, event.y)]

    def _dragged(self, event: ToolEvent, *, even: bool) -> list[Point]:
        if (event.x, event.y) != self._corners[-1]:
            self._corners.append((event.x, event.y))
        return self._corners


def _span(start: Point, event: ToolEvent, *, even: bool) -> tuple[float, float, float, float]:
    dx, dy = event.x - start[0], event.y - start[1]
    if even:
        longest = max(abs(dx), abs(dy))
        dx, dy = math.copysign(longest, dx), math.copysign(longest, dy)
    return (
        min(start[0], start[0] + dx), min(start[1], start[1] + dy),
        max(start[0], start[0] + dx), max(start[1], start[1] + dy),
    )  # fmt: skip


def fill_polygon(document: Editable, corners: Sequence[Point], label: str, *, subtract: bool) -> bool:
    """Add or take away the inside of a polygon, anti-aliased, as one undo step; whether it did."""
    if len(corners) < 3:
        return False
    data = document.mask.data
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    left, top = math.floor(min(xs)), math.floor(min(ys))
    box = Box(left, top, math.ceil(max(xs)) - left, math.ceil(max(ys)) - top)
    box = box.clipped(data.shape[1], data.shape[0])
    if box.empty:
        return False
    cover = coverage(corners, box)
    edit = document.begin_mask_edit(label)
    edit.touch(box)
    part = data[box.slices]
    if subtract:
        data[box.slices] = cv2.multiply(part, cv2.bitwise_not(cover), scale=1 / 255)
    else:
        data[box.slices] = cv2.max(part, cover)
    edit.changed(box)
    return bool(edit.commit())


def coverage(corners: Sequence[Point], box: Box) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """How much of each pixel of ``box`` lies inside a polygon (winding rule), ``(h, w)`` 0..255."""
    cover = np.zeros((box.height, box.width), np.uint8)
    image = QImage(cover.data, box.width, box.height, box.width, QImage.Format.Format_Grayscale8)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(Qt.GlobalColor.white)
    painter.translate(-box.x, -box.y)
    painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]), Qt.FillRule.WindingFill)
    painter.end()
    return cover
