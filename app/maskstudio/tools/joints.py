"""The joints of a pose by hand: where they are, how sure that is, whether anything is known of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_skeleton import JOINTS
from maskengines.subjects.pose_template import with_evidence, without
from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer, Signal

from maskstudio.tools.base import Point, ToolEvent
from maskstudio.tools.pose_grips import (
    BodyGrip,
    CornerGrip,
    JointGrip,
    PoseGrip,
    grip_at,
    moved,
    place_of,
    scaled,
    scaled_evenly,
    with_joint_moved,
    with_limb_moved,
)

PER_NOTCH = 2**0.25
"""A notch of the wheel makes a spread so many times as wide."""

NARROWEST, WIDEST = 0.002, 0.5
"""Of a spread, in sides of the person's box."""

SETTLE_MS = 500
"""Turns of the wheel over one joint that follow each other this fast are one undo step."""

_Shape = Qt.CursorShape


def reason_against(document: Any) -> str:
    """Why joints cannot be moved in a document, as a sentence; empty where they can."""
    if getattr(document, "kind", "") == "pose":
        return ""
    return QCoreApplication.translate("tools", "This document has no joints. Open or drop a pose first.")


class JointTool(QObject):
    """Drags joints; with Shift what hangs on them comes along. The wheel changes the spread of the joint
    under the pointer; the right button or Delete takes away what is known of it and gives it back. A corner
    of the box scales the pose, with Shift in its shape; inside the box the whole pose is dragged.

    Signals:
        grip_moved: what is under the pointer now, as an image point to ring, or ``None``.
    """

    grip_moved = Signal(object)

    name = "joints"

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._edit: Any = None
        self._before: PoseSubject | None = None
        self._grip: PoseGrip | None = None
        self._from: Point = (0.0, 0.0)
        self._under: JointGrip | None = None
        self._wheel: Any = None
        self._wheeled = -1
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self.settle)

    @property
    def active(self) -> bool:
        return self._before is not None

    def cursor_diameter(self) -> float | None:
        return None

    def outline(self) -> Sequence[Point]:
        return ()

    # --- dragging -------------------------------------------------------------------------------

    def press(self, document: Any, event: ToolEvent) -> None:
        self.settle()
        if reason_against(document):
            return
        grip = grip_at(document.pose, event.x, event.y, event.pixel)
        if event.secondary:
            if isinstance(grip, JointGrip):
                self._toggle(document, grip.joint)
            return
        if grip is None:
            return
        self._grip, self._from, self._before = grip, (event.x, event.y), document.pose
        self._edit = document.begin_pose_edit(_drag_label(grip))

    def move(self, event: ToolEvent) -> None:
        if self._before is None or self._edit is None or not self._edit.active or self._grip is None:
            return
        by = event.x - self._from[0], event.y - self._from[1]
        pose = _dragged(self._before, self._grip, by, event.shift) if any(by) else self._before
        self._edit.show(pose)
        self.grip_moved.emit(place_of(pose, self._grip))

    def release(self, event: ToolEvent) -> bool:
        """End the drag as one undo step; ``False``, as the mask has not changed."""
        self.move(event)
        edit = self._ended()
        if edit is not None and edit.active:
            edit.commit()
        return False

    def cancel(self) -> None:
        edit = self._ended()
        if edit is not None:
            edit.abort()

    def _ended(self) -> Any:
        edit, self._edit, self._before, self._grip = self._edit, None, None, None
        return edit

    # --- without a button -----------------------------------------------------------------------

    def hover(self, document: Any, event: ToolEvent | None) -> Qt.CursorShape | None:
        if event is None or reason_against(document):
            self.settle()
            self._under = None
            self.grip_moved.emit(None)
            return None if event is None else _Shape.ForbiddenCursor
        grip = grip_at(document.pose, event.x, event.y, event.pixel)
        self._under = grip if isinstance(grip, JointGrip) else None
        if self._under is None or self._under.joint != self._wheeled:
            self.settle()
        self.grip_moved.emit(place_of(document.pose, grip))
        return _cursor(grip)

    def wheel(self, document: Any, event: ToolEvent, steps: float) -> bool:
        if self.active or reason_against(document):
            return False
        pose = document.pose
        grip = grip_at(pose, event.x, event.y, event.pixel)
        if not isinstance(grip, JointGrip) or pose.missing[grip.joint]:
            return False
        if self._wheel is None or not self._wheel.active or self._wheeled != grip.joint:
            self.settle()
            label = QCoreApplication.translate("tools", "Spread of {0}").format(JOINTS[grip.joint])
            self._wheel, self._wheeled = document.begin_pose_edit(label), grip.joint
        self._wheel.show(with_spread(pose, grip.joint, PER_NOTCH**steps))
        self._settle.start()
        return True

    def deletes(self) -> bool:
        return self._under is not None and not self.active

    def delete(self, document: Any) -> bool:
        if self._under is None or self.active or reason_against(document):
            return False
        self.settle()
        self._toggle(document, self._under.joint)
        return True

    def settle(self) -> None:
        """Make turns of the wheel so far an undo step."""
        self._settle.stop()
        edit, self._wheel, self._wheeled = self._wheel, None, -1
        if edit is not None and edit.active:
            edit.commit()

    def _toggle(self, document: Any, joint: int) -> None:
        pose = document.pose
        if pose.missing[joint]:
            label = QCoreApplication.translate("tools", "Evidence for {0}")
            document.change_pose(with_evidence(pose, joint), label.format(JOINTS[joint]))
        else:
            label = QCoreApplication.translate("tools", "No evidence for {0}")
            document.change_pose(without(pose, joint), label.format(JOINTS[joint]))
        self.grip_moved.emit(place_of(document.pose, JointGrip(joint)))


def with_spread(pose: PoseSubject, joint: int, factor: float) -> PoseSubject:
    """A copy with a joint's spread so many times as wide, within sensible bounds."""
    side = max(pose.box[2:])
    spread = pose.sigma_px.copy()
    spread[joint] = min(max(float(spread[joint]) * factor, NARROWEST * side), WIDEST * side)
    return replace(pose, sigma_px=spread)


def _dragged(pose: PoseSubject, grip: PoseGrip, by: Point, shift: bool) -> PoseSubject:
    if isinstance(grip, JointGrip):
        change = with_limb_moved if shift else with_joint_moved
        return change(pose, grip.joint, by)
    if isinstance(grip, CornerGrip):
        stretch: Callable[[PoseSubject, CornerGrip, Point], PoseSubject] = scaled_evenly if shift else scaled
        return stretch(pose, grip, by)
    return moved(pose, by)


def _drag_label(grip: PoseGrip) -> str:
    if isinstance(grip, JointGrip):
        return QCoreApplication.translate("tools", "Move {0}").format(JOINTS[grip.joint])
    if isinstance(grip, CornerGrip):
        return QCoreApplication.translate("tools", "Scale pose")
    return QCoreApplication.translate("tools", "Move pose")


def _cursor(grip: PoseGrip | None) -> Qt.CursorShape:
    if isinstance(grip, JointGrip):
        return _Shape.PointingHandCursor
    if isinstance(grip, CornerGrip):
        return _Shape.SizeFDiagCursor if grip.across == grip.down else _Shape.SizeBDiagCursor
    return _Shape.SizeAllCursor if isinstance(grip, BodyGrip) else _Shape.ArrowCursor
