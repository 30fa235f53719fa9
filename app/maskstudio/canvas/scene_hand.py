"""The tool in hand over a viewport, and what it paints on: the render, or a photo that lies over it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from maskengines.contract import Box, MaskArray
from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QPainter

from maskstudio.canvas.outlines import draw_shape
from maskstudio.canvas.scene_paint import ViewPaint
from maskstudio.tools.base import Editable, Tool, ToolEvent

_ALT = Qt.KeyboardModifier.AltModifier


class Ground(Protocol):
    """Something with a mask of its own that lies over the viewport."""

    sheet: Editable

    @property
    def scale(self) -> float:
        """Logical pixels of the viewport to an element of the mask."""

    def onto(self, at: QPointF) -> QPointF:
        """A point of the viewport, in elements."""

    def back(self, x: float, y: float) -> QPointF:
        """A place in elements, on the viewport."""


class SceneHand:
    """Args:
    changed: a part of the viewport must be painted again; None for all of it.
    painted: a stroke on the render ended: what it painted, and whether that takes away.
    """

    def __init__(
        self, changed: Callable[[QRect | None], None], painted: Callable[[MaskArray, bool], None]
    ) -> None:
        self.tool: Tool | None = None
        self.ground: Ground | None = None
        self._changed = changed
        self._painted = painted
        self._takes_away = self._alt = False
        self._paint = ViewPaint(self._written, self._stroke_ended)

    # --- what is in hand ------------------------------------------------------------------------

    def take(self, tool: Tool | None, *, takes_away: bool = False) -> None:
        """Left drags go to this tool; on the render its paint is added to the selection or takes away."""
        self.cancel()
        self.tool, self._takes_away = tool, takes_away

    def stand_on(self, ground: Ground | None) -> None:
        """Paint on this from now on; None for the render."""
        self.cancel()
        self.ground = ground

    def resize(self, width: int, height: int) -> None:
        """The viewport has another size."""
        self._paint.resize(width, height)

    def set_overlay(self, colour: QColor, opacity: float) -> None:
        """Colour of paint, and its opacity in 0..1."""
        self._paint.set_tint(colour, opacity)

    def diameter(self) -> float | None:
        """Of the outline to show, in logical pixels; None for none."""
        size = None if self.tool is None else self.tool.cursor_diameter()
        return size if size is None or self.ground is None else size * self.ground.scale

    # --- a stroke -------------------------------------------------------------------------------

    @property
    def active(self) -> bool:
        """Between a press and its release."""
        return self.tool is not None and self.tool.active

    def press(self, at: QPointF, button: Qt.MouseButton, keys: Qt.KeyboardModifier) -> None:
        if self.tool is None:
            return
        self._alt = bool(keys & _ALT)
        self._paint.answered()
        sheet = self._paint if self.ground is None else self.ground.sheet
        self.tool.press(sheet, self._event(at, button, keys))
        self._changed(None)

    def move(self, at: QPointF, button: Qt.MouseButton, keys: Qt.KeyboardModifier) -> None:
        if self.tool is not None and self.tool.active:
            self.tool.move(self._event(at, button, keys))
            if self.tool.outline():
                self._changed(None)

    def release(self, at: QPointF, button: Qt.MouseButton, keys: Qt.KeyboardModifier) -> None:
        if self.tool is not None and self.tool.active:
            self.tool.release(self._event(at, button, keys))
            self._changed(None)

    def cancel(self) -> None:
        """End a stroke without effect."""
        if self.tool is not None and self.tool.active:
            self.tool.cancel()
        self._paint.drop()
        self._changed(None)

    def answered(self) -> None:
        """The paint of the last stroke became a selection."""
        self._paint.answered()
        self._changed(None)

    def _event(self, at: QPointF, button: Qt.MouseButton, keys: Qt.KeyboardModifier) -> ToolEvent:
        if self.ground is not None:
            at = self.ground.onto(at)
            return ToolEvent(at.x(), at.y(), button, keys, pixel=1 / self.ground.scale)
        # Alt takes away from the selection, as tools do with a mask; their paint here begins empty.
        return ToolEvent(at.x(), at.y(), Qt.MouseButton.LeftButton, keys & ~_ALT)

    def _stroke_ended(self, painted: MaskArray) -> None:
        self._painted(painted, self._takes_away or self._alt)

    def _written(self, box: Box) -> None:
        self._changed(QRect(box.x, box.y, box.width, box.height))

    # --- painting -------------------------------------------------------------------------------

    def paint(self, painter: QPainter, part: QRect) -> None:
        """The stroke on the render that is made or waits for its answer."""
        self._paint.paint(painter, part)

    def paint_outline(self, painter: QPainter) -> None:
        """The shape that is being drawn."""
        if self.tool is None or not self.tool.active or not self.tool.outline():
            return
        back = QPointF if self.ground is None else self.ground.back
        draw_shape(painter, [back(x, y) for x, y in self.tool.outline()])
