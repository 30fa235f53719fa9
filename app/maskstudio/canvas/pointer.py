"""Mouse, pen and keys: what pans, what goes to the tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QTabletEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from maskstudio.tools.base import HoverTool

if TYPE_CHECKING:
    from maskstudio.canvas.image_canvas import ImageCanvas

_Button = Qt.MouseButton
_NOTCH = 120


class Pointer:
    """Space with the left button, or the middle button, pans; left and right go to the tool."""

    def __init__(self, canvas: ImageCanvas) -> None:
        self._canvas = canvas
        self.inside: QPointF | None = None
        self._space = False
        self._button = _Button.NoButton
        self._pan_from: QPointF | None = None
        self._hover_shape: Qt.CursorShape | None = None

    @property
    def panning(self) -> bool:
        """Whether the pointer moves the picture, or would if pressed."""
        return self._pan_from is not None or (self._space and not self._canvas.tool_active)

    def cursor_shape(self, *, round_tool: bool) -> Qt.CursorShape:
        """The mouse cursor that goes with what the pointer does."""
        if self._pan_from is not None:
            return Qt.CursorShape.ClosedHandCursor
        if self._canvas.document is None:
            return Qt.CursorShape.ArrowCursor
        if self.panning or self._canvas.tool is None:
            return Qt.CursorShape.OpenHandCursor
        if self._hover_shape is not None:
            return self._hover_shape
        return Qt.CursorShape.BlankCursor if round_tool else Qt.CursorShape.CrossCursor

    def forget(self) -> None:
        """No button counts as pressed any more."""
        self._button = _Button.NoButton
        self._pan_from = None

    # --- mouse and pen --------------------------------------------------------------------------

    def press(
        self, at: QPointF, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float
    ) -> None:
        canvas = self._canvas
        self.inside = at
        if canvas.document is None or self._button != _Button.NoButton:
            return
        hand = self._space or canvas.tool is None
        if button == _Button.MiddleButton or (hand and button == _Button.LeftButton):
            self._button, self._pan_from = button, at
        elif button in (_Button.LeftButton, _Button.RightButton) and canvas.tool is not None:
            self._button = button
            canvas.tool.press(canvas.document, canvas.tool_event(at, button, modifiers, pressure))
            canvas.tool_moved()
        canvas.report_cursor(at)

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier, pressure: float) -> None:
        canvas = self._canvas
        self.inside = at
        if self._pan_from is not None:
            canvas.pan(at - self._pan_from)
            self._pan_from = at
        elif canvas.tool is not None and canvas.tool.active:
            canvas.tool.move(canvas.tool_event(at, self._button, modifiers, pressure))
            canvas.tool_moved()
        else:
            self._hover(at, modifiers)
        canvas.report_cursor(at)

    def release(
        self, at: QPointF, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float
    ) -> None:
        canvas = self._canvas
        if button != self._button:
            return
        self._button = _Button.NoButton
        if self._pan_from is not None:
            self._pan_from = None
        elif canvas.tool is not None and canvas.tool.active:
            changed = canvas.tool.release(canvas.tool_event(at, button, modifiers, pressure))
            canvas.tool_moved()
            if changed:
                canvas.stroke_finished.emit()
            self._hover(at, modifiers)
        canvas.report_cursor(at)

    def wheel(self, event: QWheelEvent) -> bool:
        """Whether the tool takes a turn of the wheel; with Ctrl, and over a pan, it is the view's."""
        canvas, tool = self._canvas, self._canvas.tool
        steps = event.angleDelta().y() / _NOTCH
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if canvas.document is None or self.panning or control or not steps or not isinstance(tool, HoverTool):
            return False
        at = canvas.tool_event(event.position(), _Button.NoButton, event.modifiers(), 1.0)
        taken = tool.wheel(canvas.document, at, steps)
        if taken:
            event.accept()
        return taken

    def end_hover(self) -> None:
        """The tool, or what it is over, is about to be another one."""
        self._hover_shape = None
        if self._canvas.document is not None and isinstance(self._canvas.tool, HoverTool):
            self._canvas.tool.hover(self._canvas.document, None)

    def _hover(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        canvas = self._canvas
        if canvas.document is not None and isinstance(canvas.tool, HoverTool):
            event = canvas.tool_event(at, _Button.NoButton, modifiers, 1.0)
            self._hover_shape = canvas.tool.hover(canvas.document, event)

    def tablet(self, event: QTabletEvent) -> None:
        """A pen: its pressure goes to the tool, its barrel buttons are the mouse's."""
        at, modifiers = event.position(), event.modifiers()
        if event.type() == QEvent.Type.TabletPress:
            self.press(at, event.button(), modifiers, event.pressure())
        elif event.type() == QEvent.Type.TabletRelease:
            # A lifted pen reports no pressure; the stroke ends as thick as it was.
            self.release(at, event.button(), modifiers, self._pressure)
        else:
            self.move(at, modifiers, event.pressure())
        self._pressure = event.pressure()
        event.accept()

    _pressure = 1.0

    def enter(self, at: QPointF) -> None:
        """The pointer comes in: keys come along, unless the user is typing somewhere."""
        self.inside = at
        focus = QApplication.focusWidget()
        typing = focus is not None and focus.testAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)
        if focus is not None and not typing and focus.window() is self._canvas.window():
            self._canvas.setFocus(Qt.FocusReason.MouseFocusReason)
        self._canvas.report_cursor(at)

    def leave(self) -> None:
        self.inside = None
        self.end_hover()
        self._canvas.report_cursor(None)

    # --- keys -----------------------------------------------------------------------------------

    def wants_key(self, event: QKeyEvent) -> bool:
        """Keys that a shortcut of the window must not take from the canvas now."""
        if event.key() == Qt.Key.Key_Escape:
            return self._canvas.tool_active
        if event.key() == Qt.Key.Key_Delete:
            tool = self._canvas.tool
            return isinstance(tool, HoverTool) and tool.deletes()
        return event.key() == Qt.Key.Key_Space and not event.modifiers()

    def key_press(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Escape and self._canvas.tool_active:
            self._canvas.cancel_stroke()
            self._canvas.refresh_cursor()
            return True
        if event.key() == Qt.Key.Key_Delete:
            tool, document = self._canvas.tool, self._canvas.document
            return document is not None and isinstance(tool, HoverTool) and tool.delete(document)
        if event.key() == Qt.Key.Key_Space and not event.modifiers():
            if not event.isAutoRepeat():
                self._space = True
                self._canvas.refresh_cursor()
            return True
        return False

    def key_release(self, event: QKeyEvent) -> bool:
        if event.key() != Qt.Key.Key_Space or not self._space:
            return False
        if not event.isAutoRepeat():
            self.release_space()
        return True

    def release_space(self) -> None:
        """Space is up, or its release went elsewhere."""
        if self._space:
            self._space = False
            self._canvas.refresh_cursor()
