"""The viewport of a scene: shows frames that a worker draws, moves the eye, and lets tools paint over it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
from maskengines.contract import Box, MaskArray
from maskengines.results.frames import DEPTH_STEP, SceneFrame
from maskengines.subjects.cameras import Camera
from maskengines.subjects.scene import SceneSubject
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QFocusEvent,
    QHideEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)  # fmt: skip
from PySide6.QtWidgets import QWidget

from maskstudio.canvas import fan_marks, scene_marks
from maskstudio.canvas.cursor import CursorOutline
from maskstudio.canvas.drops import dropped_files
from maskstudio.canvas.orbit import FARTHEST, FRONT, NEAREST, SIDE, TOP, Orbit
from maskstudio.canvas.outlines import draw_shape
from maskstudio.canvas.scene_paint import ViewPaint
from maskstudio.canvas.scene_pointer import ScenePointer
from maskstudio.canvas.scene_stage import OPENING, RADIUS, SceneOrbit, Stage
from maskstudio.tools.base import Tool, ToolEvent
from maskstudio.window import theme

MOST_PIXELS = 2_000_000
"""Of a frame at rest; on a larger viewport it is drawn smaller and enlarged."""

_MOVING = 0.5
_STEP = 2**0.5
_RESTED_MS, _ASK_MS = 160, 12
_FIRST_LOOK = (25.0, 18.0)
_FIRST_DISTANCE = 2.6 * RADIUS


class SceneView(QWidget):
    """Signals:
    wanted: a `Camera` to draw a frame for; tell `expect` the number of the frame.
    painted: paint of a stroke, ``(h, w)`` uint8 over what `camera` gives for that size, and whether it takes
        away.
    delete_wanted: the Delete key.
    camera_clicked: the number of the photo's camera that was clicked.
    files_dropped: list of `pathlib.Path`.
    awake_changed: the viewport came to be seen, or went.
    rested: the frame at rest of what is looked at, an opaque `QImage`, is on screen.
    """

    wanted = Signal(object)
    painted = Signal(object, bool)
    delete_wanted = Signal()
    camera_clicked = Signal(int)
    files_dropped = Signal(list)
    awake_changed = Signal(bool)
    rested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Scene"))
        self.setAccessibleDescription(
            self.tr(
                "Arrow keys turn the view, 1, 3 and 7 show front, side and top, F shows all of the scene."
            )
        )
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setMinimumSize(160, 120)
        self.orbit: SceneOrbit = SceneOrbit(distance=_FIRST_DISTANCE).looking(*_FIRST_LOOK)
        self.stage = Stage.of(SceneSubject())
        self.tool: Tool | None = None
        self.message: tuple[str, str] | None = None
        """A short sentence and a longer one in place of a scene that there is not."""
        self.cameras: tuple[Camera, ...] = ()
        self.chosen_camera: int | None = None
        self.cameras_shown = True
        self.frames = 0
        """Frames shown so far."""
        self._points = (np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8))
        self._takes_away = self._alt = False
        self._exact: Camera | None = None
        self._frame: SceneFrame | None = None
        self._image: QImage | None = None
        self._seen_from: Orbit = self.orbit
        self._coming: dict[int, tuple[Orbit, bool]] = {}
        self._moving = False
        self._end: fan_marks.End | None = None
        self._outline = CursorOutline()
        self._paint = ViewPaint(self._painted_box, self._stroke_ended)
        self._pointer = ScenePointer(self)
        self._ask = QTimer(self, singleShot=True, interval=_ASK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._ask.timeout.connect(self._want)
        self._settle = QTimer(self, singleShot=True, interval=_RESTED_MS)
        self._settle.timeout.connect(self._rest)
        theme.changes.switched.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(960, 640)

    # --- what is shown --------------------------------------------------------------------------

    def set_scene(self, scene: SceneSubject) -> None:
        """Stand before another scene, where its first photo was taken, or before the middle of it."""
        self.stage = Stage.of(scene)
        self.cameras = scene.cameras
        self.chosen_camera = None
        self._image = self._frame = None
        self._points = scene.points, scene.colours
        if self.cameras:
            first = self.stage.orbit(self.cameras[0], max(1, self.width()), max(1, self.height()))
            self.look(replace(first, distance=_STEP * first.distance, opening=OPENING))
        else:
            self.frame()

    def expect(self, number: int) -> None:
        """The frame of the camera wanted last will bear this number."""
        self._coming[number] = self.orbit, not self._moving
        for old in sorted(self._coming)[:-32]:
            del self._coming[old]

    def show_frame(self, frame: SceneFrame) -> None:
        """A frame came."""
        height, width = frame.pixels.shape[:2]
        self._frame = frame
        self._image = QImage(
            frame.pixels.data, width, height, 4 * width, QImage.Format.Format_RGBA8888_Premultiplied
        )
        self._seen_from, rested = self._coming.get(frame.number, (self.orbit, False))
        self.frames += 1
        self.update()
        if rested and self._seen_from == self.orbit:
            self.rested.emit(self._image)

    def refresh(self) -> None:
        """Want a frame of what is looked at, at full size."""
        self._moving = False
        self._ask.start()

    def show_message(self, title: str, words: str) -> None:
        """Say this where no frame is; empty for nothing."""
        self.message = (title, words) if title else None
        self.update()

    def clear_frame(self) -> None:
        """There is nothing to see any more."""
        self._image = self._frame = None
        self.update()

    def answered(self) -> None:
        """The paint of the last stroke became a selection."""
        self._paint.answered()
        self.update()

    def set_overlay(self, colour: QColor, opacity: float) -> None:
        """Colour of paint, and its opacity in 0..1."""
        self._paint.set_tint(colour, opacity)

    # --- where it is seen from ------------------------------------------------------------------

    def look(self, orbit: Orbit) -> None:
        """See it with another camera: coarsely at first, finely once it rests."""
        if orbit == self.orbit and self._exact is None:
            return
        assert isinstance(orbit, SceneOrbit)
        self.orbit, self._exact = orbit, None
        self.chosen_camera = None
        self._moving = True
        self._settle.start()
        if not self._ask.isActive():
            self._ask.start()
        self.update()

    def look_from(self, camera: Camera) -> None:
        """See it exactly as a photo does, as large as it fits, until the eye moves."""
        width, height = max(1, self.width()), max(1, self.height())
        orbit = self.stage.orbit(camera, width, height)
        focal = camera.fx * min(width / camera.width, height / camera.height)
        opening = math.degrees(2 * math.atan(min(width, height) / 2 / focal))
        self.orbit, self._exact = replace(orbit, opening=opening), camera
        self.refresh()
        self.update()

    def view_front(self) -> None:
        """As the first photo looks, upright."""
        self.look(self.orbit.looking(*FRONT))

    def view_side(self) -> None:
        """From the right of the front."""
        self.look(self.orbit.looking(*SIDE))

    def view_top(self) -> None:
        """From above."""
        self.look(self.orbit.looking(*TOP))

    def frame(self) -> None:
        """All of the scene, from this side."""
        self.look(replace(self.orbit, target=(0.0, 0.0, 0.0), distance=_FIRST_DISTANCE))

    def nearer(self) -> None:
        """One step closer."""
        self.look(self.orbit.zoomed(_STEP, self.width() / 2, self.height() / 2))

    def farther(self) -> None:
        """One step back."""
        self.look(self.orbit.zoomed(1 / _STEP, self.width() / 2, self.height() / 2))

    def reach_to(self, at: QPointF) -> None:
        """Take what lies under a point as the distance that moves are measured by; the eye stays."""
        depth = self._depth_at(at)
        if depth is not None:
            distance = min(max(depth, NEAREST), FARTHEST)
            eye, ahead = self.orbit.eye, self.orbit.axes[2]
            x, y, z = (float(value) for value in eye + distance * ahead)
            self.orbit = replace(self.orbit, target=(x, y, z), distance=distance)

    def camera(self, width: int, height: int) -> Camera:
        """What is looked at, as a camera of the scene with a picture of that size."""
        exact = self._exact
        if exact is None:
            return self.stage.camera(self.orbit, width, height)
        scale = min(width / exact.width, height / exact.height)
        return replace(
            exact, width=width, height=height, fx=exact.fx * scale, fy=exact.fy * scale,
            cx=exact.cx * scale + (width - exact.width * scale) / 2,
            cy=exact.cy * scale + (height - exact.height * scale) / 2,
        )  # fmt: skip

    def _depth_at(self, at: QPointF) -> float | None:
        if self._frame is None:
            return None
        height, width = self._frame.pixels.shape[:2]
        column = int(at.x() / max(1, self.width()) * width / DEPTH_STEP)
        row = int(at.y() / max(1, self.height()) * height / DEPTH_STEP)
        rows, columns = self._frame.depth.shape
        if not (0 <= row < rows and 0 <= column < columns):
            return None
        depth = float(self._frame.depth[row, column])
        return depth * self.stage.scale if depth > 0 else None

    def _want(self) -> None:
        width, height = self.width(), self.height()
        ratio = self.devicePixelRatioF() * (_MOVING if self._moving else 1.0)
        ratio = min(ratio, math.sqrt(MOST_PIXELS / max(1, width * height)))
        self.wanted.emit(self.camera(max(1, round(width * ratio)), max(1, round(height * ratio))))

    def _rest(self) -> None:
        if self._moving:
            self.refresh()

    # --- the tool -------------------------------------------------------------------------------

    def set_tool(self, tool: Tool | None, *, takes_away: bool = False) -> None:
        """Left drags go to this tool, and take away from the selection or add to it; without one they turn
        the view."""
        self.cancel_tool()
        self.tool, self._takes_away = tool, takes_away
        self.hover(None)

    def press_tool(self, at: QPointF, keys: Qt.KeyboardModifier) -> None:
        if self.tool is not None:
            self._alt = bool(keys & Qt.KeyboardModifier.AltModifier)
            self._paint.answered()
            self.tool.press(self._paint, self._tool_event(at, keys))
            self.update()

    def move_tool(self, at: QPointF, keys: Qt.KeyboardModifier) -> None:
        if self.tool is not None and self.tool.active:
            self.tool.move(self._tool_event(at, keys))
            if self.tool.outline():
                self.update()

    def release_tool(self, at: QPointF, keys: Qt.KeyboardModifier) -> None:
        if self.tool is not None and self.tool.active:
            self.tool.release(self._tool_event(at, keys))
            self.update()

    def cancel_tool(self) -> None:
        """End a stroke without effect."""
        if self.tool is not None and self.tool.active:
            self.tool.cancel()
        self._paint.drop()
        self.update()

    def _tool_event(self, at: QPointF, keys: Qt.KeyboardModifier) -> ToolEvent:
        # Alt takes away from the selection, as tools do with a mask; their paint here begins empty.
        keys &= ~Qt.KeyboardModifier.AltModifier
        return ToolEvent(at.x(), at.y(), Qt.MouseButton.LeftButton, keys)

    def _stroke_ended(self, painted: MaskArray) -> None:
        self.painted.emit(painted, self._takes_away or self._alt)

    def _painted_box(self, box: Box) -> None:
        self.update(QRect(box.x, box.y, box.width, box.height))

    # --- for the pointer ------------------------------------------------------------------------

    def mark_at(self, at: QPointF) -> bool:
        """Something lies under a point that a click is for: an axis in the corner, a photo's camera."""
        return fan_marks.gizmo_end(self.orbit, at.x(), at.y()) is not None or self._camera_at(at) is not None

    def _camera_at(self, at: QPointF) -> int | None:
        if not self.cameras_shown or self._exact is not None:
            return None
        return scene_marks.camera_at(self.orbit, self.stage, self.cameras, at)

    def click(self, at: QPointF) -> None:
        """A press and release at one place."""
        end = fan_marks.gizmo_end(self.orbit, at.x(), at.y())
        number = self._camera_at(at)
        if end is not None:
            self.look(self.orbit.looking(*end.side))
        elif number is not None:
            self.camera_clicked.emit(number)

    def hover(self, at: QPointF | None) -> None:
        """Follow the pointer with the brush, and light what is under it."""
        end = None if at is None else fan_marks.gizmo_end(self.orbit, at.x(), at.y())
        mark = at is not None and self.mark_at(at)
        moving = self._pointer.turns or (self._pointer.busy and not self._pointer.painting)
        diameter = None if self.tool is None or moving or mark else self.tool.cursor_diameter()
        for dirty in self._outline.follow(at, diameter, self.rect()):
            self.update(dirty)
        if end != self._end:
            self._end = end
            self.update()
        shapes = Qt.CursorShape
        if mark:
            self.setCursor(shapes.PointingHandCursor)
        elif moving:
            self.setCursor(shapes.ClosedHandCursor if self._pointer.busy else shapes.OpenHandCursor)
        else:
            self.setCursor(shapes.CrossCursor if diameter is None else shapes.BlankCursor)

    # --- painting -------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(event.rect(), theme.current().colour("canvas"))
        seen = self._seen_from.resized(self.width(), self.height()) if self._image else self.orbit
        scene_marks.paint_ground(painter, seen, self.stage)
        if self._image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(QRectF(self.rect()), self._image)
        else:
            scene_marks.paint_points(painter, seen, self.stage, *self._points)
        if self.cameras_shown and self._exact is None:
            scene_marks.paint_cameras(painter, seen, self.stage, self.cameras, self.chosen_camera)
        self._paint.paint(painter, event.rect())
        if self._image is None and self.message is not None:
            # Below the points, where there are some.
            room = QRectF(self.rect()).adjusted(0, self.height() * 0.6 if len(self._points[0]) else 0, 0, 0)
            fan_marks.paint_words(painter, room, *self.message)
        fan_marks.paint_gizmo(painter, self.orbit, self._end)
        if self.tool is not None and self.tool.active and self.tool.outline():
            draw_shape(painter, [QPointF(x, y) for x, y in self.tool.outline()])
        self._outline.paint(painter, self.devicePixelRatioF())
        painter.end()

    # --- events ---------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if self._pointer.knows(event.key(), event.modifiers()):
                event.accept()
                return True
        elif event.type() == QEvent.Type.DevicePixelRatioChange:
            self.refresh()
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pointer.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pointer.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._pointer.press(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._pointer.wheel(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._pointer.knows(event.key(), event.modifiers()):
            self._pointer.press_key(event)
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        self._pointer.release_key(event)
        super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._pointer.forget()
        self.cancel_tool()
        super().focusOutEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.hover(None)
        super().leaveEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.awake_changed.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.awake_changed.emit(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._paint.resize(self.width(), self.height())
        self.orbit = self.orbit.resized(self.width(), self.height())
        if self._exact is not None:
            self.look_from(self._exact)
        else:
            self._moving = True
            self._settle.start()
            self._ask.start()
        super().resizeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files: list[Path] = dropped_files(event.mimeData())
        if files:
            event.acceptProposedAction()
            self.files_dropped.emit(files)
