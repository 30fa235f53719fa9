"""Holds what is grabbed in a viewport: mouse and keys go to it until it is let go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent

from maskstudio.canvas.scene_grab import MOVE, SCALE, TURN, Grab

if TYPE_CHECKING:
    from maskstudio.canvas.scene_view import SceneView

_Key, _Button = Qt.Key, Qt.MouseButton

GRABS = {_Key.Key_G: MOVE, _Key.Key_R: TURN, _Key.Key_S: SCALE}
_DONE = (_Key.Key_Return, _Key.Key_Enter)


class SceneHold(QObject):
    """Signals:
    changed: a `Similarity` that is to be seen.
    ended: the `Similarity` that it came to, or None where it was given up.
    """

    changed = Signal(object)
    ended = Signal(object)

    def __init__(self, view: SceneView) -> None:
        super().__init__(view)
        self._view = view
        self.grab: Grab | None = None
        """What is held."""
        self._last: QPointF | None = None
        self._pointer = QPointF()

    @property
    def active(self) -> bool:
        return self.grab is not None

    @property
    def words(self) -> str:
        """What is going on, for the screen; empty while nothing is."""
        grab = self.grab
        if grab is None:
            return ""
        names = {MOVE: self.tr("Move"), TURN: self.tr("Turn"), SCALE: self.tr("Scale")}
        axes = "" if grab.kind == SCALE else self.tr("X, Y, Z: axis   ")
        typed = f" [{grab.typed}]" if grab.typed else ""
        return self.tr("{0}  {1}{2}     {3}Enter or click: done   Esc: back").format(
            names[grab.kind], grab.words, typed, axes
        )

    def begin(self, kind: str, pivot: tuple[float, float, float]) -> None:
        """Grab what lies about a point of the scene; what is held already is given up."""
        self.cancel()
        eye, at = self._view.eye, self._pointer
        self._last = None
        self.grab = Grab(kind, eye.orbit, eye.stage, pivot, at, at)
        self._view.hover(None)
        self._view.update()

    def cancel(self) -> None:
        """Give up what is held."""
        self._end(keep=False)

    # --- mouse and keys -------------------------------------------------------------------------

    def follow(self, at: QPointF) -> None:
        """Where the pointer is while nothing is held, which is where a grab begins."""
        self._pointer = QPointF(at)

    def press(self, event: QMouseEvent) -> None:
        """A click ends it: left is done, right gives it up."""
        if event.button() in (_Button.LeftButton, _Button.RightButton):
            self._end(keep=event.button() == _Button.LeftButton)

    def move(self, event: QMouseEvent) -> None:
        at = event.position()
        self.follow(at)
        # The first move says where the pointer is: it may have come from anywhere.
        step, self._last = at - (self._last or at), QPointF(at)
        fine = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if self.grab is not None and not step.isNull():
            self._hold(self.grab.dragged(step, fine))

    def press_key(self, event: QKeyEvent) -> None:
        if event.key() == _Key.Key_Escape or event.key() in _DONE:
            self._end(keep=event.key() in _DONE)
            return
        after = self.grab.pressed(event.key(), event.text()) if self.grab is not None else None
        if after is not None:
            self._hold(after)

    def _hold(self, grab: Grab) -> None:
        self.grab = grab
        self.changed.emit(grab.edit)
        self._view.update()

    def _end(self, *, keep: bool) -> None:
        grab, self.grab = self.grab, None
        if grab is not None:
            self._view.update()
            self.ended.emit(grab.edit if keep else None)
