"""Mouse and keys over a view of hypotheses: what turns it, what moves a joint, what pins one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from maskstudio.canvas.navigation import from_touchpad
from maskstudio.canvas.orbit import BACK, BELOW, FRONT, OTHER_SIDE, SIDE, TOP

if TYPE_CHECKING:
    from maskstudio.canvas.fan_view import FanView

_Key, _Button = Qt.Key, Qt.MouseButton
_TURN_PER_PIXEL = 0.4
_TURN_PER_KEY = 15.0
_PER_NOTCH = 2**0.25
SIDES = {_Key.Key_1: (FRONT, BACK), _Key.Key_3: (SIDE, OTHER_SIDE), _Key.Key_7: (TOP, BELOW)}
"""The side that a key shows, and the one it shows with Ctrl; as in Blender."""

_ARROWS = {_Key.Key_Left: (-1, 0), _Key.Key_Right: (1, 0), _Key.Key_Up: (0, 1), _Key.Key_Down: (0, -1)}
_ZOOMS = {_Key.Key_Plus: 1, _Key.Key_Equal: 1, _Key.Key_Minus: -1}
_FRAMES = (_Key.Key_F, _Key.Key_Home)


class FanPointer:
    """Left drag turns, or moves the joint under it; middle or Shift+left drag moves what is shown."""

    def __init__(self, view: FanView) -> None:
        self._view = view
        self._button = _Button.NoButton
        self._from = QPointF()
        self._last = QPointF()
        self._joint: int | None = None
        self._held = np.zeros(3)
        self._offset = QPointF()
        self._moved = False
        self._pan = False

    @property
    def busy(self) -> bool:
        """Between a press and its release."""
        return self._button != _Button.NoButton

    def press(self, event: QMouseEvent) -> None:
        button, at = event.button(), event.position()
        if self.busy or button not in (_Button.LeftButton, _Button.MiddleButton):
            return
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._button, self._from, self._last, self._moved = button, at, at, False
        self._pan = button == _Button.MiddleButton or shift
        self._joint = None if self._pan else self._view.joint_at(at)
        if self._joint is not None:
            self._held = self._view.place_of(self._joint)
            self._offset = QPointF(*self._view.orbit.project(self._held).tolist()) - at

    def move(self, event: QMouseEvent) -> None:
        at = event.position()
        if not self.busy:
            self._view.hover(at)
            return
        if not self._moved:
            if (at - self._from).manhattanLength() < QApplication.startDragDistance() / 2:
                return
            self._moved = True
            self._view.hover(None)
        view, step = self._view, at - self._last
        self._last = at
        if self._joint is not None and view.can_pin(self._joint):
            held = at + self._offset
            view.drag_joint(self._joint, view.orbit.unproject(held.x(), held.y(), self._held))
        elif self._pan:
            view.look(view.orbit.panned(step.x(), step.y()))
        else:
            view.look(view.orbit.turned(step.x() * _TURN_PER_PIXEL, step.y() * _TURN_PER_PIXEL))

    def release(self, event: QMouseEvent) -> None:
        if event.button() != self._button:
            return
        self._button = _Button.NoButton
        if self._moved:
            self._view.finish_drag()
        elif event.button() == _Button.LeftButton and not self._pan:
            self._view.click(event.position(), self._joint)
        self._view.hover(event.position())

    def forget(self) -> None:
        """End a drag without its effect."""
        self._button = _Button.NoButton
        self._view.cancel_drag()

    def wheel(self, event: QWheelEvent) -> None:
        """A wheel zooms at the pointer; two fingers on a touchpad turn, with Shift they pan, with Ctrl they
        zoom."""
        turned, keys, at, view = event.angleDelta(), event.modifiers(), event.position(), self._view
        event.accept()
        if from_touchpad(event) and not keys & Qt.KeyboardModifier.ControlModifier:
            pixels = event.pixelDelta() if not event.pixelDelta().isNull() else turned
            if keys & Qt.KeyboardModifier.ShiftModifier:
                view.look(view.orbit.panned(pixels.x(), pixels.y()))
            else:
                view.look(view.orbit.turned(pixels.x() * _TURN_PER_PIXEL, pixels.y() * _TURN_PER_PIXEL))
            return
        notches = (turned.y() or turned.x()) / 120
        view.look(view.orbit.zoomed(_PER_NOTCH**notches, at.x(), at.y()))

    def knows(self, key: int, modifiers: Qt.KeyboardModifier) -> bool:
        """Whether a key means something here, so that no shortcut of the window must take it."""
        if modifiers & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier):
            return False
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            return key in SIDES
        return key in (*SIDES, *_ARROWS, *_ZOOMS, *_FRAMES) or (key == _Key.Key_Escape and self.busy)

    def press_key(self, key: int, modifiers: Qt.KeyboardModifier) -> None:
        """Do what a key means that `knows` knows."""
        view, orbit = self._view, self._view.orbit
        known = _Key(key)
        if known == _Key.Key_Escape:
            self.forget()
        elif known in SIDES:
            side, opposite = SIDES[known]
            view.look(orbit.looking(*(opposite if modifiers & Qt.KeyboardModifier.ControlModifier else side)))
        elif known in _ARROWS:
            across, up = _ARROWS[known]
            view.look(orbit.turned(_TURN_PER_KEY * across, _TURN_PER_KEY * up))
        elif known in _ZOOMS:
            view.look(orbit.zoomed(_PER_NOTCH ** (2 * _ZOOMS[known]), orbit.width / 2, orbit.height / 2))
        else:
            view.frame()
