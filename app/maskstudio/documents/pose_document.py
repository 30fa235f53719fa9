"""A pose over its photo: joints that can be dragged, paint that says what is uncertain, pins, a kept body."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from maskengines.contract import Box, MaskArray
from maskengines.projects.pose_work import Place, PoseWork
from maskengines.subjects.pose_paint import evidence_from_paint
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from maskstudio.documents.document import Document
from maskstudio.documents.pose_edit import PoseCommand, PoseEdit

if TYPE_CHECKING:
    from maskengines.projects.state import ProjectState
    from maskengines.subjects.image import ImageSubject
    from maskengines.subjects.pose import PoseSubject

Array = np.ndarray[Any, Any]

JOINTS_SPACE = "joints"
INTERVAL_MS = 33
"""Paint is read at most this often while a stroke is made."""
SHARE = 0.25
"""Of the window's time that reading paint may take: on a large photo it is read less often."""


class PoseDocument(Document):
    """One person in a picture. ``subject`` is the photo under the pose, or a blank canvas; the mask is
    painted over it and read as a question about joints.

    Signals:
        pose_changed: the pose, the pins, the body, or what the paint says is another one; also while a
            joint is dragged or a stroke is made.
    """

    kind = "pose"

    pose_changed = Signal()

    def __init__(
        self,
        subject: ImageSubject,
        pose: PoseSubject,
        *,
        pins: Mapping[str, Place] | None = None,
        body: Array | None = None,
        source_path: Path | None = None,
        path: Path | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(subject, source_path=source_path, path=path, parent=parent)
        self._now = PoseWork(self._fitting(pose), pins or {}, body)
        self._strokes = 0
        self._read: tuple[tuple[int, int, PoseSubject], tuple[PoseSubject, Array]] | None = None
        self._told: tuple[str, bytes] | None = None
        self._cost_ms = 0.0
        self._reader = QTimer(self)
        self._reader.setSingleShot(True)
        self._reader.setTimerType(Qt.TimerType.PreciseTimer)
        self._reader.timeout.connect(self._read_paint)
        self.mask_changed.connect(self._paint_changed)

    @classmethod
    def _begun(cls, state: ProjectState, path: Path | None, source_path: Path | None) -> Self:
        if state.pose is None:
            raise ValueError("a project without a pose")
        work = state.pose
        return cls(
            state.original, work.pose, pins=work.pins, body=work.body, path=path, source_path=source_path
        )  # fmt: skip

    def state(self) -> ProjectState:
        return replace(super().state(), pose=self._now)

    # --- what is known --------------------------------------------------------------------------

    @property
    def work(self) -> PoseWork:
        """Pose, pins and body as they are."""
        return self._now

    @property
    def pose(self) -> PoseSubject:
        """The 2D joints as they were given or dragged, without paint."""
        return self._now.pose

    @property
    def pins(self) -> Mapping[str, Place]:
        """Joints by name that are known in 3D: millimetres from the hip, x right in the picture, y down,
        z away from the viewer."""
        return self._now.pins

    @property
    def body(self) -> Array | None:
        """``(17, 3)`` float32 millimetres: the hypothesis that the user kept."""
        return self._now.body

    @property
    def reading(self) -> tuple[int, int, PoseSubject]:
        """What `painted` reads: another one whenever it may say something else. Costs nothing."""
        return self.mask.revision, self._strokes, self._now.pose

    def painted(self) -> tuple[PoseSubject, Array]:
        """The pose with what the paint says, and the mask of its joints, ``(17,)`` uint8; as
        `maskengines.subjects.pose_paint.evidence_from_paint` gives them. Read again only if paint or pose
        have changed."""
        key = self.reading
        if self._read is None or self._read[0] != key:
            began = time.perf_counter()
            self._read = key, evidence_from_paint(self.mask.data, self._now.pose)
            self._cost_ms = 1000 * (time.perf_counter() - began)
        return self._read[1]

    def question(self) -> tuple[PoseSubject, dict[str, MaskArray]]:
        pose, asked = self.painted()
        return pose, {JOINTS_SPACE: asked.copy()}

    def params(self) -> dict[str, Any]:
        return {"pins": {name: list(place) for name, place in self.pins.items()}}

    def question_mark(self) -> Hashable:
        return (*self._asks(), tuple(sorted(self.pins.items())))

    # --- changing it ----------------------------------------------------------------------------

    def begin_pose_edit(self, label: str) -> PoseEdit:
        """Start to move joints; becomes one undo step called ``label``. An edit that was left open is put
        back first."""
        self.drop_open_edit()
        edit = PoseEdit(self, label)
        self._session = edit
        return edit

    def change_pose(self, pose: PoseSubject, label: str) -> None:
        """Take over another pose, as one undo step.

        Raises:
            ValueError: it is a pose in a picture of another size.
        """
        self._change(replace(self._now, pose=self._fitting(pose)), label)

    def change_pins(self, pins: Mapping[str, Place], label: str) -> None:
        """Take over other pins, as one undo step.

        Raises:
            BadInput: a joint cannot be pinned, or lies too far from the hip.
        """
        self._change(replace(self._now, pins=pins), label)

    def mirror(self, label: str) -> None:
        """Exchange left and right of the pose, of pins, body and paint, as one undo step."""
        from maskengines.subjects.pose_template import mirrored, mirrored_body, mirrored_paint, mirrored_pins

        self.drop_open_edit()
        before = self._now
        body = None if before.body is None else mirrored_body(before.body)
        self._now = PoseWork(mirrored(before.pose), mirrored_pins(before.pins), body)
        delta = None
        if self.mask.selected_count:
            delta = self.mask.replace(mirrored_paint(self.mask.data, before.pose.box))
        self._push(PoseCommand(self, label, before, delta))
        self._tell()
        if delta is not None:
            self.mask_changed.emit(delta.box)

    def keep_body(self, body: Array | None, label: str) -> None:
        """Keep a body, ``(17, 3)`` millimetres, or none, as one undo step; `ValueError` if it is no body."""
        self._change(replace(self._now, body=body), label)

    def show_pose(self, pose: PoseSubject) -> None:
        """Show a pose that is no undo step yet; for `PoseEdit`."""
        self._now = replace(self._now, pose=self._fitting(pose))
        self._tell()

    def show_person(self, pose: PoseSubject) -> None:
        """Show somebody else, of whom nothing is pinned and no body kept; for `PoseEdit`."""
        kept = self._now.pose
        pose = replace(pose, photo=kept.photo, photo_hash=kept.photo_hash)
        self._now = PoseWork(self._fitting(pose))
        self._tell()

    def show_pins(self, pins: Mapping[str, Place]) -> None:
        """Show pins that are no undo step yet; for `PoseEdit`."""
        self._now = replace(self._now, pins=pins)
        self._tell()

    def exchange_work(self, work: PoseWork) -> PoseWork:
        """Show another state and return the one shown so far; for undo commands."""
        before, self._now = self._now, work
        self._tell()
        return before

    def push_work(self, before: PoseWork, label: str) -> bool:
        """Make the change from ``before`` to what is shown undoable; ``False`` if there is none."""
        if self._now.equals(before):
            return False
        self._push(PoseCommand(self, label, before))
        return True

    def _change(self, work: PoseWork, label: str) -> None:
        self.drop_open_edit()
        before, self._now = self._now, work
        if self.push_work(before, label):
            self._tell()

    # --- inside ---------------------------------------------------------------------------------

    def _work(self) -> Any:
        return replace(super()._work(), pose=self._now)

    def _fitting(self, pose: PoseSubject) -> PoseSubject:
        size = (self.subject.width, self.subject.height)
        if pose.size != size:
            raise ValueError(f"a pose in a picture of {pose.size} over one of {size}")
        return pose

    def _asks(self) -> tuple[str, bytes]:
        pose, asked = self.painted()
        return pose.content_hash, asked.tobytes()

    def _tell(self) -> None:
        self._told = None
        self.pose_changed.emit()

    def _paint_changed(self, _: Box) -> None:
        if self._told is None and self._read is not None and self._read[0][2] is self.pose:
            pose, asked = self._read[1]
            self._told = pose.content_hash, asked.tobytes()
        self._strokes += 1
        if not self._reader.isActive():
            self._reader.start(max(INTERVAL_MS, round(self._cost_ms / SHARE)))

    def _read_paint(self) -> None:
        asks = self._asks()
        if asks != self._told:
            self._told = asks
            self.pose_changed.emit()
