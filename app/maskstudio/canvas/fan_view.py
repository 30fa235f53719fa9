"""The 3D view of a pose: many hypotheses at once, the chosen body, and its joints to pin and drag."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from maskengines.results.hypotheses import Hypotheses
from maskengines.results.medoids import Medoid
from maskengines.subjects.pose_skeleton import COUNT, INDEX, JOINTS
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)  # fmt: skip
from PySide6.QtWidgets import QToolTip, QWidget

from maskstudio.canvas import fan_body, fan_marks
from maskstudio.canvas.fade import Fade
from maskstudio.canvas.fan_picture import Crowd, FanPicture
from maskstudio.canvas.fan_pointer import FanPointer
from maskstudio.canvas.fan_scene import Spread, joint_title, nearest_joint, spread_of
from maskstudio.canvas.fan_still import FanStill
from maskstudio.canvas.orbit import FRONT, SIDE, TOP, Orbit
from maskstudio.window import theme

Array = np.ndarray[Any, Any]
Place = tuple[float, float, float]

_FIRST_LOOK = (32.0, 12.0)
_REACH = 14.0
_SMOOTH_MS = 8.0
_SETTLED_MS = 140
_NOBODY = np.full((COUNT, 3), (0, 750, 0), np.float32)


class FanView(QWidget):
    """Places are millimetres from the hip in the camera frame: x right in the picture, y down, z away.

    Signals:
    pin_wanted: a joint's name and the place to pin it at, or ``None`` to let it go.
    joint_dragged: a joint's name and the place where the pointer holds it now.
    drag_finished: the same, once, where it was let go.
    drag_cancelled: a joint's name; Escape was pressed, or the window went away, amid a drag.
    joint_selected: the name of a joint that was clicked.
    """

    pin_wanted = Signal(str, object)
    joint_dragged = Signal(str, object)
    drag_finished = Signal(str, object)
    drag_cancelled = Signal(str)
    joint_selected = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("3D view of the pose"))
        self.setAccessibleDescription(
            self.tr("Arrow keys turn the view, 1, 3 and 7 show front, side and top, F shows all of the body.")
        )
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 120)
        self.orbit = Orbit().looking(*_FIRST_LOOK)
        self._hypotheses: Hypotheses | None = None
        self._spread: Spread | None = None
        self._medoids: tuple[Medoid, ...] = ()
        self._chosen: int | None = None
        self._pins: dict[int, Place] = {}
        self._body: Array | None = None
        self._drag: tuple[int, Place] | None = None
        self._joint: int | None = None
        self._end: fan_marks.End | None = None
        self._framed = False
        self._crowds: tuple[Crowd, Crowd] | None = None
        self._picture = FanPicture(self._paint_photographer)
        self._still, self._signs = FanStill(), FanStill()
        self._clear = QImage()
        self._cost = 0.0
        self._fade = Fade(self)
        self._pointer = FanPointer(self)
        self._settled = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._settled.timeout.connect(self.update)
        theme.changes.switched.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(640, 640)

    # --- what is shown --------------------------------------------------------------------------

    @property
    def strong(self) -> Array | None:
        """``(17, 3)``: the body that is shown solid: the chosen hypothesis, else the kept body."""
        if self._hypotheses is not None and self._chosen is not None:
            body: Array = self._hypotheses.poses[self._chosen]
            return body
        return self._body

    @property
    def spread(self) -> Spread | None:
        """How far the joints of all hypotheses stray; ``None`` without any."""
        return self._spread

    def set_hypotheses(self, hypotheses: Hypotheses | None) -> None:
        """Show a fan, or none; medoids and the choice of the one before are forgotten."""
        if hypotheses is self._hypotheses:
            return
        if self._framed and self._drag is None and self.isVisible() and self._fade.duration():
            self._fade.start(self.grab().toImage(), self.rect())
        self._hypotheses, self._medoids, self._chosen = hypotheses, (), None
        self._spread = None if hypotheses is None else spread_of(hypotheses.poses, hypotheses.weights)
        self._gather()
        self._first_look()

    def follow(self, hypotheses: Hypotheses | None, chosen: int | None) -> None:
        """Show a fan that moves, and one of it solid: at once, as the next one is on its way."""
        self._fade.stop()
        self._hypotheses, self._medoids = hypotheses, ()
        self._spread = None if hypotheses is None else spread_of(hypotheses.poses, hypotheses.weights)
        self._gather()
        self.choose(chosen)
        self._first_look()

    def set_medoids(self, medoids: Sequence[Medoid]) -> None:
        """Show these of the hypotheses stronger, by their weight."""
        self._medoids = tuple(medoids)
        self._gather()
        self.update()

    def choose(self, index: int | None) -> None:
        """Show a hypothesis solid, by its number; ``None`` shows the kept body again."""
        count = 0 if self._hypotheses is None else len(self._hypotheses.poses)
        self._chosen = index if index is not None and 0 <= index < count else None
        self.update()

    def set_pins(self, pins: Mapping[str, Place]) -> None:
        """Mark these joints as pinned."""
        before = self._pins_room()
        self._pins = {INDEX[name]: place for name, place in pins.items()}
        self._update_pins(before)

    def set_body(self, body: Array | None) -> None:
        """The ``(17, 3)`` body that the user keeps."""
        if body is None or self._body is None or not np.array_equal(body, self._body):
            self._body = None if body is None else np.array(body, np.float32)
        self._first_look()

    # --- where it is seen from ------------------------------------------------------------------

    def look(self, orbit: Orbit) -> None:
        """See it with another camera."""
        self._fade.stop()
        self.hover(None)
        self.orbit = orbit
        self._settled.start()
        self.update()

    def view_front(self) -> None:
        """From where the photo was taken."""
        self.look(self.orbit.looking(*FRONT))

    def view_side(self) -> None:
        """From the right of the picture."""
        self.look(self.orbit.looking(*SIDE))

    def view_top(self) -> None:
        """From above."""
        self.look(self.orbit.looking(*TOP))

    def frame(self) -> None:
        """Show the whole fan and the body, as large as they fit."""
        shown = [body[None] for body in (self.strong, self._body) if body is not None]
        shown += [] if self._hypotheses is None else [self._hypotheses.poses]
        if shown:
            self.look(self.orbit.framing(np.concatenate(shown)))

    # --- for the pointer ------------------------------------------------------------------------

    def joint_at(self, at: QPointF) -> int | None:
        """The joint of the solid body under a point; without one, the joint whose mean is there."""
        body = self.strong
        if body is None and self._spread is not None:
            body = self._spread.means
        if body is None:
            return None
        seen = self.orbit.seen(np.asarray(body, np.float64))
        return nearest_joint(self.orbit.screen(seen), seen[:, 2], (at.x(), at.y()), _REACH)

    def place_of(self, joint: int) -> Array:
        """``(3,)`` float64: where a joint is shown."""
        if joint in self._pins:
            return np.array(self._pins[joint], np.float64)
        body = self.strong
        if body is None:
            assert self._spread is not None
            body = self._spread.means
        return np.array(body[joint] - body[0], np.float64)

    def can_pin(self, joint: int) -> bool:
        """Any but the hip, from which all is measured, of a body that is shown solid."""
        return self.strong is not None and joint != INDEX["Hip"]

    def hover(self, at: QPointF | None) -> None:
        """Light what is under the pointer."""
        joint = None if at is None else self.joint_at(at)
        end = None if at is None else fan_marks.gizmo_end(self.orbit, at.x(), at.y())
        if (joint, end) != (self._joint, self._end):
            self._joint, self._end = joint, end
            hand = end is not None or (joint is not None and self.can_pin(joint))
            self.setCursor(Qt.CursorShape.PointingHandCursor if hand else Qt.CursorShape.ArrowCursor)
            self.update()

    def click(self, at: QPointF, joint: int | None) -> None:
        """A press and release at one place: an axis in the corner, or a joint to pin or let go."""
        end = fan_marks.gizmo_end(self.orbit, at.x(), at.y())
        if end is not None:
            self.look(self.orbit.looking(*end.side))
        elif joint is not None:
            self.joint_selected.emit(JOINTS[joint])
            if self.can_pin(joint):
                place = None if joint in self._pins else _triple(self.place_of(joint))
                self.pin_wanted.emit(JOINTS[joint], place)

    def drag_joint(self, joint: int, place: Array) -> None:
        """The pointer holds a joint at a place."""
        self._fade.stop()
        before = self._pins_room()
        self._drag = joint, _triple(place)
        self.setCursor(Qt.CursorShape.ClosedHandCursor)
        self._update_pins(before)
        self.joint_dragged.emit(JOINTS[joint], self._drag[1])

    def finish_drag(self) -> None:
        """The pointer lets a joint go, if it holds one."""
        if self._drag is not None:
            (joint, place), self._drag = self._drag, None
            self.unsetCursor()
            self.update()
            self.drag_finished.emit(JOINTS[joint], place)

    def cancel_drag(self) -> None:
        """The joint that the pointer holds, if any, goes back."""
        if self._drag is not None:
            (joint, _), self._drag = self._drag, None
            self.unsetCursor()
            self.update()
            self.drag_cancelled.emit(JOINTS[joint])

    # --- painting -------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        above = self.strong if self.strong is not None or self._spread is None else self._spread.means
        backdrop = self._backdrop(above)
        if above is None:
            painter.drawImage(0, 0, backdrop)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_empty(painter)
            return
        # Medoids, spread and how many bodies there are come with the backdrop.
        things, values = (self._hypotheses, self._body), (self._chosen, self._joint, self._end)
        painter.drawImage(0, 0, self._still.picture(backdrop, things, values, self.font(), self._paint_still))
        painter.drawImage(0, 0, self._sign_picture())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fan_body.paint_pins(painter, self.orbit, self._shown_pins, self.strong)
        self._paint_label(painter)
        self._fade.paint(painter, event.rect())

    def _paint_still(self, painter: QPainter) -> None:
        body, orbit = self.strong, self.orbit
        if self._spread is not None and self._joint is not None:
            fan_body.paint_ellipse(painter, orbit, self._spread, self._joint)
        if body is not None:
            if self._body is not None and body is not self._body:
                fan_body.paint_thin(painter, orbit, self._body[None], [0.9], 2.4)
            fan_body.paint_body(painter, orbit, body, self._joint)

    def _sign_picture(self) -> QImage:
        """Words and axes in the corners, above all bodies, on nothing."""
        ratio = self.devicePixelRatioF()
        if self._clear.size() != self.size() * ratio:
            self._clear = QImage(self.size() * ratio, QImage.Format.Format_ARGB32_Premultiplied)
            self._clear.fill(Qt.GlobalColor.transparent)
            self._clear.setDevicePixelRatio(ratio)
        count = None if self._hypotheses is None else len(self._hypotheses.poses)
        values = self.orbit, self._end, count, theme.current().name
        return self._signs.picture(self._clear, (), values, self.font(), self._paint_signs)

    def _paint_signs(self, painter: QPainter) -> None:
        self._paint_words(painter)
        fan_marks.paint_gizmo(painter, self.orbit, self._end)

    def _paint_photographer(self, painter: QPainter, orbit: Orbit) -> None:
        fan_marks.paint_photographer(painter, orbit, self.tr("photo taken from here"))

    def _backdrop(self, above: Array | None) -> QImage:
        """The floor and the mist; half of it while the camera moves, where all of it takes too long."""
        crowd, full = None, True
        if self._crowds is not None:
            full = not (self._settled.isActive() and self._cost > _SMOOTH_MS)
            crowd = self._crowds[0 if full else 1]
        start = time.perf_counter()
        font = None if above is None else self.font()
        picture = self._picture.picture(
            self.orbit, crowd, _NOBODY if above is None else above, self.devicePixelRatioF(), font
        )
        cost = 1000 * (time.perf_counter() - start)
        if full and cost > 1:
            self._cost = cost
        return picture

    def _paint_words(self, painter: QPainter) -> None:
        orbit, colours = self.orbit, theme.current()
        names = {FRONT: self.tr("Front"), SIDE: self.tr("Side"), TOP: self.tr("Top")}
        title = names.get((round(orbit.yaw), round(orbit.pitch)), self.tr("3D"))
        painter.setPen(colours.colour("text"))
        painter.drawText(QPointF(16, 26), title)
        if self._hypotheses is not None:
            painter.setPen(colours.colour("second"))
            count = self.tr("%n bodies", "", len(self._hypotheses.poses))
            painter.drawText(QPointF(16, 44), count)
        fan_marks.paint_sides(painter, QPointF(16, self.height() - 16), self.tr("left"), self.tr("right"))

    def _paint_label(self, painter: QPainter) -> None:
        if self._joint is not None and not self._pointer.busy:
            at = QPointF(*self.orbit.project(self.place_of(self._joint)).tolist())
            words = joint_title(self._joint), self._told(self._joint)
            fan_marks.paint_label(painter, at, words, QRectF(self.rect()))

    def _told(self, joint: int) -> str:
        if joint in self._pins:
            return self.tr("pinned; click to let go")
        if joint == INDEX["Hip"]:
            return self.tr("all is measured from here")
        strays = "" if self._spread is None else f"± {self._spread.millimetres[joint]:.0f} mm"
        pin = self.tr("click to pin, drag to move") if self.strong is not None else ""
        return " · ".join(part for part in (strays, pin) if part)

    def _paint_empty(self, painter: QPainter) -> None:
        fan_marks.paint_words(
            painter,
            QRectF(self.rect()),
            self.tr("No bodies yet"),
            self.tr(
                "Paint over the joints that you want to ask about, then press Run. "
                "All the bodies that fit will appear here."
            ),
        )

    # --- events ---------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if self._pointer.knows(event.key(), event.modifiers()):
                event.accept()
                return True
        elif kind == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            end = fan_marks.gizmo_end(self.orbit, event.pos().x(), event.pos().y())
            QToolTip.showText(event.globalPos(), end.name if end else "", self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pointer.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pointer.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.joint_at(event.position()) is None:
            self.frame()
        else:
            self._pointer.press(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._pointer.wheel(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._pointer.knows(event.key(), event.modifiers()):
            self._pointer.press_key(event.key(), event.modifiers())
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._pointer.forget()
        super().focusOutEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.hover(None)
        super().leaveEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fade.stop()
        self.orbit = self.orbit.resized(self.width(), self.height())
        super().resizeEvent(event)

    # --- inside ---------------------------------------------------------------------------------

    @property
    def _shown_pins(self) -> dict[int, Place]:
        return self._pins if self._drag is None else {**self._pins, self._drag[0]: self._drag[1]}

    def _pins_room(self) -> QRectF:
        return fan_body.pins_room(self.orbit, self._shown_pins, self.strong)

    def _update_pins(self, before: QRectF) -> None:
        """Pins moved from ``before``; all else stays, unless a joint under the pointer is told of."""
        if self._joint is not None:
            self.update()
        else:
            self.update((before | self._pins_room()).toAlignedRect())

    def _gather(self) -> None:
        """All bodies for the picture, and half of them for one that moves."""
        self._crowds = None
        if self._hypotheses is not None and self._spread is not None:
            poses, weights = self._hypotheses.poses, np.array([medoid.weight for medoid in self._medoids])
            medoids = poses[[medoid.index for medoid in self._medoids]]
            strengths = 0.3 + 0.45 * weights / max(weights.max(initial=0), 1e-9)
            whole = Crowd(poses, self._spread, medoids, strengths)
            self._crowds = whole, replace(whole, poses=poses[::2])

    def _first_look(self) -> None:
        """The first body that there is fills the view; later ones leave the camera alone."""
        something = self._hypotheses is not None or self._body is not None
        if something and not self._framed:
            self.frame()
        self._framed = something
        self.update()


def _triple(values: Array) -> Place:
    x, y, z = (float(value) for value in values)
    return x, y, z
