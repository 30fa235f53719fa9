"""Mouse and keys over a scene: what moves the eye, and what goes to the tool in hand."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from maskstudio.canvas.fan_pointer import SIDES
from maskstudio.canvas.navigation import from_touchpad
from maskstudio.canvas.scene_hold import GRABS

if TYPE_CHECKING:
    from maskstudio.canvas.scene_view import SceneView

_Key, _Button, _Modifier = Qt.Key, Qt.MouseButton, Qt.KeyboardModifier

_TURN_PER_PIXEL = 0.35
_LOOK_PER_PIXEL = 0.18
_TURN_PER_KEY = 15.0
_PER_NOTCH = 2**0.3
_TICK_MS = 16
_SPEED, _HURRY = 900.0, 3.0
"""Stage units a second in flight, and times that with Shift."""

_FLIGHT = {
    _Key.Key_W: (0, 0, 1), _Key.Key_S: (0, 0, -1), _Key.Key_A: (-1, 0, 0), _Key.Key_D: (1, 0, 0),
    _Key.Key_Q: (0, 1, 0), _Key.Key_E: (0, -1, 0),
}  # fmt: skip
_ARROWS = {_Key.Key_Left: (-1, 0), _Key.Key_Right: (1, 0), _Key.Key_Up: (0, 1), _Key.Key_Down: (0, -1)}
_ZOOMS = {_Key.Key_Plus: 1, _Key.Key_Equal: 1, _Key.Key_Minus: -1}
_FRAMES = (_Key.Key_F, _Key.Key_Home)


class ScenePointer(QObject):
    """Without a tool, or with the space bar held, a left drag turns and Shift+left moves. The middle button
    moves, the right one looks around, and with it W, A, S, D, Q and E fly. While something is held, all goes
    to it."""

    def __init__(self, view: SceneView) -> None:
        super().__init__(view)
        self._view = view
        self._button = _Button.NoButton
        self._doing = ""
        self._from = QPointF()
        self._last = QPointF()
        self._moved = False
        self._space = False
        self._held: set[Qt.Key] = set()
        self._ticked = 0.0
        self._flight = QTimer(self, interval=_TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._flight.timeout.connect(self._fly)

    @property
    def turns(self) -> bool:
        """A left drag would turn the view."""
        return self._space or self._view.hand.tool is None

    @property
    def busy(self) -> bool:
        return self._button != _Button.NoButton

    @property
    def wiping(self) -> bool:
        """The line between photo and render is being dragged."""
        return self._doing == "wipe"

    @property
    def painting(self) -> bool:
        return self._doing == "paint"

    # --- the mouse ------------------------------------------------------------------------------

    def press(self, event: QMouseEvent) -> None:
        if self._view.hold.active:
            self._view.hold.press(event)
            return
        if self.busy:
            return
        self._doing = self._meaning(event)
        if not self._doing:
            return
        self._button, self._moved = event.button(), False
        self._from = self._last = event.position()
        if self._doing == "paint":
            self._view.hand.press(event.position(), event.button(), event.modifiers())
        elif self._doing == "pan":
            self._view.reach_to(event.position())

    def _meaning(self, event: QMouseEvent) -> str:
        shift = bool(event.modifiers() & _Modifier.ShiftModifier)
        photo = self._view.photo
        if photo is not None and event.button() == _Button.LeftButton and photo.catches(event.position()):
            return "wipe"
        if event.button() == _Button.RightButton:
            # On a photo it takes paint away, as over any picture.
            return "look" if photo is None or self.turns else "paint"
        if event.button() == _Button.MiddleButton:
            return "turn" if shift else "pan"
        if event.button() != _Button.LeftButton:
            return ""
        if self._view.mark_at(event.position()) or self.turns:
            return "pan" if shift else "turn"
        return "paint"

    def move(self, event: QMouseEvent) -> None:
        at, view = event.position(), self._view
        if view.hold.active:
            view.hold.move(event)
            return
        view.hold.follow(at)
        view.hover(at)
        if not self.busy:
            return
        if self._doing == "paint":
            view.hand.move(at, self._button, event.modifiers())
            return
        if self._doing == "wipe":
            view.drag_wipe(at.x())
            return
        if not self._moved and (at - self._from).manhattanLength() < QApplication.startDragDistance() / 2:
            return
        self._moved = True
        step, self._last = at - self._last, at
        orbit = view.eye.orbit
        if self._doing == "pan":
            view.eye.look(orbit.panned(step.x(), step.y()))
        elif self._doing == "turn":
            view.eye.look(orbit.turned(step.x() * _TURN_PER_PIXEL, step.y() * _TURN_PER_PIXEL))
        else:
            view.eye.look(orbit.looked_about(step.x() * _LOOK_PER_PIXEL, step.y() * _LOOK_PER_PIXEL))

    def release(self, event: QMouseEvent) -> None:
        if event.button() != self._button:
            return
        doing, self._doing, self._button = self._doing, "", _Button.NoButton
        if doing == "look":
            self._land()
        if doing == "paint":
            self._view.hand.release(event.position(), event.button(), event.modifiers())
        elif doing != "wipe" and not self._moved and event.button() == _Button.LeftButton:
            self._view.click(event.position())
        self._view.hover(event.position())

    def forget(self) -> None:
        """The keyboard or the mouse went elsewhere: end all without effect."""
        self._button, self._doing, self._space = _Button.NoButton, "", False
        self._view.hold.cancel()
        self._land()

    def wheel(self, event: QWheelEvent) -> None:
        """A wheel zooms at what lies under the pointer; two fingers on a touchpad turn, with Shift they move,
        with Ctrl they zoom."""
        turned, keys, at, view = event.angleDelta(), event.modifiers(), event.position(), self._view
        event.accept()
        if view.hold.active:
            return
        if from_touchpad(event) and not keys & _Modifier.ControlModifier:
            pixels = event.pixelDelta() if not event.pixelDelta().isNull() else turned
            if keys & _Modifier.ShiftModifier:
                view.eye.look(view.eye.orbit.panned(pixels.x(), pixels.y()))
            else:
                view.eye.look(
                    view.eye.orbit.turned(pixels.x() * _TURN_PER_PIXEL, pixels.y() * _TURN_PER_PIXEL)
                )
            return
        view.reach_to(at)
        notches = (turned.y() or turned.x()) / 120
        view.eye.look(view.eye.orbit.zoomed(_PER_NOTCH**notches, at.x(), at.y()))

    # --- the keyboard ---------------------------------------------------------------------------

    def knows(self, key: int, modifiers: Qt.KeyboardModifier) -> bool:
        """Whether a key means something here, so that no shortcut of the window must take it."""
        if self._view.hold.active:
            return not modifiers & (_Modifier.ControlModifier | _Modifier.MetaModifier)
        if modifiers & (_Modifier.AltModifier | _Modifier.MetaModifier):
            return False
        if self._doing == "look" and key in _FLIGHT:
            return True
        if modifiers & _Modifier.ControlModifier:
            return key in SIDES
        if key in (*SIDES, *_ARROWS, *_ZOOMS, *_FRAMES, _Key.Key_Space):
            return True
        if key in (_Key.Key_Delete, _Key.Key_Backspace):
            return True
        if key in GRABS and not modifiers & _Modifier.ShiftModifier:
            return self._view.photo is None
        return key == _Key.Key_Escape and (self.painting or self._view.photo is not None)

    def press_key(self, event: QKeyEvent) -> None:
        """Do what a key means that `knows` knows."""
        view, orbit, key = self._view, self._view.eye.orbit, _Key(event.key())
        if view.hold.active:
            view.hold.press_key(event)
            return
        if self._doing == "look" and key in _FLIGHT:
            self._take_off(key)
        elif key == _Key.Key_Space:
            self._space = True
            view.hover(None)
        elif key == _Key.Key_Escape:
            painting, self._button, self._doing = self.painting, _Button.NoButton, ""
            view.hand.cancel()
            if not painting:
                view.leave_photo()
        elif key in (_Key.Key_Delete, _Key.Key_Backspace):
            view.delete_wanted.emit()
        elif key in GRABS:
            view.grab_wanted.emit(GRABS[key])
        elif key in SIDES:
            side, opposite = SIDES[key]
            view.eye.look(
                orbit.looking(*(opposite if event.modifiers() & _Modifier.ControlModifier else side))
            )
        elif key in _ARROWS:
            across, up = _ARROWS[key]
            view.eye.look(orbit.turned(_TURN_PER_KEY * across, _TURN_PER_KEY * up))
        elif key in _ZOOMS:
            view.eye.look(orbit.zoomed(_PER_NOTCH ** (2 * _ZOOMS[key]), orbit.width / 2, orbit.height / 2))
        else:
            view.eye.frame()

    def release_key(self, event: QKeyEvent) -> None:
        """A key that may have been held is up."""
        if event.isAutoRepeat():
            return
        self._held.discard(_Key(event.key()))
        if event.key() == _Key.Key_Space:
            self._space = False
        if not self._held:
            self._flight.stop()

    def _take_off(self, key: Qt.Key) -> None:
        self._held.add(key)
        if not self._flight.isActive():
            self._ticked = time.monotonic()
            self._flight.start()

    def _fly(self) -> None:
        now = time.monotonic()
        # A pause, while the window did something else, is no leap.
        spent, self._ticked = min(now - self._ticked, 0.1), now
        hurry = _HURRY if QApplication.keyboardModifiers() & _Modifier.ShiftModifier else 1.0
        right, down, ahead = (
            sum(_FLIGHT[key][axis] for key in self._held) * _SPEED * hurry * spent for axis in range(3)
        )
        if right or down or ahead:
            self._view.eye.look(self._view.eye.orbit.flown(right, down, ahead))

    def _land(self) -> None:
        self._held.clear()
        self._flight.stop()
