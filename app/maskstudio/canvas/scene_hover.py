"""What a viewport shows of the pointer: the brush's outline, a lit mark, the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter

from maskstudio.canvas import fan_marks, scene_marks
from maskstudio.canvas.cursor import CursorOutline

if TYPE_CHECKING:
    from maskstudio.canvas.scene_pointer import ScenePointer
    from maskstudio.canvas.scene_view import SceneView

_Shape = Qt.CursorShape


class SceneHover:
    """Knows what lies under the pointer."""

    def __init__(self, view: SceneView, pointer: ScenePointer) -> None:
        self.end: fan_marks.End | None = None
        """The axis in the corner that is lit."""
        self._view = view
        self._pointer = pointer
        self._outline = CursorOutline()

    def end_at(self, at: QPointF) -> fan_marks.End | None:
        """The end of an axis in the corner."""
        return fan_marks.gizmo_end(self._view.eye.orbit, at.x(), at.y())

    def camera_at(self, at: QPointF) -> int | None:
        """The number of a photo's camera."""
        view = self._view
        if not view.cameras_shown or view.photo is not None:
            return None
        return scene_marks.camera_at(view.eye.orbit, view.eye.stage, view.cameras, at)

    def mark_at(self, at: QPointF) -> bool:
        """Something lies there that a click is for."""
        return self.end_at(at) is not None or self.camera_at(at) is not None

    def follow(self, at: QPointF | None) -> None:
        """The pointer is here, or gone."""
        view, pointer = self._view, self._pointer
        held = view.hold.active
        end = None if at is None or held else self.end_at(at)
        on_wipe = at is not None and view.photo is not None and view.photo.catches(at)
        mark = on_wipe or (at is not None and not held and self.mark_at(at))
        moving = held or pointer.turns or (pointer.busy and not pointer.painting)
        diameter = None if moving or mark else view.hand.diameter()
        for dirty in self._outline.follow(at, diameter, view.rect()):
            view.update(dirty)
        if end != self.end:
            self.end = end
            view.update()
        if held:
            view.setCursor(_Shape.SizeAllCursor)
        elif pointer.wiping or on_wipe:
            view.setCursor(_Shape.SplitHCursor)
        elif mark:
            view.setCursor(_Shape.PointingHandCursor)
        elif moving:
            view.setCursor(_Shape.ClosedHandCursor if pointer.busy else _Shape.OpenHandCursor)
        else:
            view.setCursor(_Shape.CrossCursor if diameter is None else _Shape.BlankCursor)

    def paint(self, painter: QPainter) -> None:
        """The outline of the brush."""
        self._outline.paint(painter, self._view.devicePixelRatioF())
