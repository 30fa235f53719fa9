"""The viewport of a scene: shows frames that a worker draws, moves the eye, and lets tools paint over it."""

from __future__ import annotations

import numpy as np
from maskengines.results.frames import SceneFrame
from maskengines.subjects.cameras import Camera
from maskengines.subjects.scene import SceneSubject
from PySide6.QtCore import QPointF, QRect, QSize, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from maskstudio.canvas.scene_drawing import paint_view
from maskstudio.canvas.scene_eye import SceneEye
from maskstudio.canvas.scene_frames import SceneFrames
from maskstudio.canvas.scene_hand import SceneHand
from maskstudio.canvas.scene_hold import SceneHold
from maskstudio.canvas.scene_hover import SceneHover
from maskstudio.canvas.scene_photo import PhotoGround
from maskstudio.canvas.scene_pointer import ScenePointer
from maskstudio.canvas.scene_surface import SceneSurface
from maskstudio.tools.base import Tool
from maskstudio.window import theme


class SceneView(SceneSurface):
    """Signals:
    wanted: a `Camera` to draw a frame for; tell `expect` the number of the frame.
    painted: paint of a stroke, ``(h, w)`` uint8 over what `camera` gives for that size, and whether it takes
        away.
    delete_wanted: the Delete key.
    grab_wanted: G, R or S: what is selected is to be moved, turned or scaled, see `scene_grab`.
    camera_clicked: the number of the photo's camera that was clicked.
    photo_left: no photo lies over the render any more.
    rested: the frame at rest of what is looked at, an opaque `QImage`, is on screen.
    """

    wanted = Signal(object)
    painted = Signal(object, bool)
    delete_wanted = Signal()
    grab_wanted = Signal(str)
    camera_clicked = Signal(int)
    photo_left = Signal()
    rested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Scene"))
        self.setAccessibleDescription(
            self.tr(
                "Arrow keys turn the view, 1, 3 and 7 show front, side and top, F shows all of the scene. "
                "G, R and S move, turn and scale what is selected. "
                "Page Down and Page Up show photos to paint on."
            )
        )
        self.eye = SceneEye(self)
        self.eye.wanted.connect(self.wanted)
        self.eye.moved.connect(self.update)
        self.eye.left.connect(self.leave_photo)
        self.frames = SceneFrames(self.eye.orbit)
        self.photo: PhotoGround | None = None
        """The photo that lies over the render."""
        self.hand = SceneHand(self._hand_changed, self.painted.emit)
        self.message: tuple[str, str] | None = None
        """A short sentence and a longer one in place of a scene that there is not."""
        self.cameras: tuple[Camera, ...] = ()
        self.chosen_camera: int | None = None
        self.cameras_shown = True
        self.points = (np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8))
        """Sparse ones, and their colours."""
        self.hint = ""
        """A line over the lower edge: what paint does now, where that is not plain."""
        self.hold = SceneHold(self)
        self.pointer = ScenePointer(self)
        self.hover_marks = SceneHover(self, self.pointer)
        theme.changes.switched.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(960, 640)

    # --- what is shown --------------------------------------------------------------------------

    def set_scene(self, scene: SceneSubject) -> None:
        """Stand before another scene."""
        self.cameras = scene.cameras
        self.chosen_camera = None
        self.frames.clear()
        self._compare()
        self.points = scene.points, scene.colours
        self.eye.set_scene(scene)

    def expect(self, number: int) -> None:
        """The frame of the camera wanted last will bear this number."""
        self.frames.expect(number, self.eye.orbit, rested=not self.eye.moving)

    def show_frame(self, frame: SceneFrame) -> None:
        """A frame came."""
        rested = self.frames.take(frame, self.eye.orbit)
        self._compare()
        self.update()
        if rested:
            self.rested.emit(self.frames.image)

    def show_message(self, title: str, words: str) -> None:
        """Say this where no frame is; empty for nothing."""
        self.message = (title, words) if title else None
        self.update()

    def show_hint(self, words: str) -> None:
        """A line over the lower edge; empty for none."""
        if words != self.hint:
            self.hint = words
            self.update()

    def clear_frame(self) -> None:
        """There is nothing to see any more."""
        self.frames.clear()
        self._compare()
        self.update()

    def set_tool(self, tool: Tool | None, *, takes_away: bool = False) -> None:
        """Left drags go to this tool, and take away from the selection or add to it; without one they turn
        the view."""
        self.hand.take(tool, takes_away=takes_away)
        self.hover(None)

    def _hand_changed(self, part: QRect | None) -> None:
        self.update() if part is None else self.update(part)

    def reach_to(self, at: QPointF) -> None:
        """Take what lies under a point as the distance that moves are measured by; the eye stays."""
        self.eye.reach_to(self.frames.depth_at(at, self.size()))

    # --- a photo over it ------------------------------------------------------------------------

    def show_photo(self, ground: PhotoGround) -> None:
        """Lay a photo over the render, which is seen from the photo's camera from now on, and paint on it."""
        self.photo = None
        camera = ground.photo.camera
        numbers = [number for number, each in enumerate(self.cameras) if each is camera]
        self.chosen_camera = numbers[0] if numbers else None
        if camera is not None:
            self.eye.look_from(camera)
        ground.resize(self.size(), self.devicePixelRatioF())
        self.photo = ground
        self._compare()
        self.hand.stand_on(ground)
        self.hover(None)

    def _compare(self) -> None:
        """A photo that lies over a render is compared with it."""
        if self.photo is not None:
            self.photo.compared = self.frames.image is not None and not self.photo.alone

    def leave_photo(self) -> None:
        """The scene alone, seen from where it is."""
        if self.photo is not None:
            self.photo = self.chosen_camera = None
            self.hand.stand_on(None)
            self.eye.let_go()
            self.photo_left.emit()

    def drag_wipe(self, x: float) -> None:
        """The line between photo and render stands there."""
        if self.photo is not None:
            self.photo.drag(x)
            self.update()

    # --- for the pointer ------------------------------------------------------------------------

    def mark_at(self, at: QPointF) -> bool:
        """Something lies under a point that a click is for: an axis in the corner, a photo's camera."""
        return self.hover_marks.mark_at(at)

    def click(self, at: QPointF) -> None:
        """A press and release at one place."""
        end, number = self.hover_marks.end_at(at), self.hover_marks.camera_at(at)
        if end is not None:
            self.eye.look(self.eye.orbit.looking(*end.side))
        elif number is not None:
            self.camera_clicked.emit(number)

    def hover(self, at: QPointF | None) -> None:
        """Follow the pointer with the brush, and light what is under it."""
        self.hover_marks.follow(at)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_view(self, painter, event.rect())
        painter.end()

    # --- for the surface ------------------------------------------------------------------------

    def lose_hold(self) -> None:
        self.hand.cancel()

    def fit_eye(self) -> None:
        self.hand.resize(self.width(), self.height())
        if self.photo is not None:
            self.photo.resize(self.size(), self.devicePixelRatioF())
        self.eye.resize(self.width(), self.height(), self.devicePixelRatioF())
