"""Changes of a pose: one that is being made, and those that can be undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from maskstudio.documents.undo import StudioCommand

if TYPE_CHECKING:
    from maskengines.masks.bag import Bag
    from maskengines.masks.mask import MaskDelta
    from maskengines.projects.pose_work import Place, PoseWork
    from maskengines.subjects.pose import PoseSubject

    from maskstudio.documents.pose_document import PoseDocument


class PoseCommand(StudioCommand):
    """Joints were moved, pins set, a body kept: all that is known of the pose is exchanged, and paint with
    it where it went along."""

    def __init__(
        self, document: PoseDocument, label: str, before: PoseWork, paint: MaskDelta | None = None
    ) -> None:
        super().__init__(document, label)
        self._pose_document = document
        self._other = before
        self._paint = paint

    @property
    def bags(self) -> tuple[Bag, ...]:
        return () if self._paint is None else (self._paint.bag,)

    def swap(self, undoing: bool) -> None:
        document = self._pose_document
        box = self._paint.swap(document.mask) if self._paint is not None else None
        self._other = document.exchange_work(self._other)
        if box is not None:
            document.mask_changed.emit(box)


class PoseEdit:
    """`show` a pose, or pins, as often as they move; then ``commit`` or ``abort``.

    `active` turns false when the edit ends, also when the document ends it; a tool looks at it before
    it goes on.
    """

    def __init__(self, document: PoseDocument, label: str) -> None:
        self.label = label
        self._document = document
        self._before = document.work
        self._active = True

    @property
    def active(self) -> bool:
        return self._active

    def show(self, pose: PoseSubject) -> None:
        """The pose is this one now.

        Raises:
            RuntimeError: the edit has ended.
            ValueError: it is a pose in a picture of another size.
        """
        if not self._active:
            raise RuntimeError("this edit has ended")
        self._document.show_pose(pose)

    def show_person(self, pose: PoseSubject) -> None:
        """It is somebody else now, or somebody at another time: pins and the kept body go.

        Raises:
            RuntimeError: the edit has ended.
            ValueError: it is a pose in a picture of another size.
        """
        if not self._active:
            raise RuntimeError("this edit has ended")
        self._document.show_person(pose)

    def show_pins(self, pins: Mapping[str, Place]) -> None:
        """The pins are these now.

        Raises:
            RuntimeError: the edit has ended.
            BadInput: a joint cannot be pinned, or lies too far from the hip.
        """
        if not self._active:
            raise RuntimeError("this edit has ended")
        self._document.show_pins(pins)

    def commit(self) -> bool:
        """End the edit as one undoable step; ``False`` if the pose is what it was."""
        if not self._active:
            raise RuntimeError("this edit has ended")
        self._active = False
        return self._document.push_work(self._before, self.label)

    def abort(self) -> None:
        """End the edit and put the pose back."""
        if self._active:
            self._active = False
            self._document.exchange_work(self._before)
