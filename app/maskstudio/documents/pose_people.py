"""The other people, or frames, of the file of joints that a document began with, as they stand in its
picture."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from maskengines.errors import BadInput
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_files import is_bvh, is_pose_file, load_pose

from maskstudio.documents.pose_opening import moved, reach_of, shift_into_picture

if TYPE_CHECKING:
    from maskstudio.documents.pose_document import PoseDocument


def began_with_joints(document: PoseDocument) -> bool:
    """Whether it began with a file that may hold others; looked at once, as menus ask often."""
    return document.source_path is not None and _holds_joints(document.source_path)


_holds_joints = lru_cache(16)(is_pose_file)


class PosePeople:
    """Attributes:
        count: how many people, or frames of a BVH, the file holds.
        first: the number, from 0, of the one that opens by itself.
        frames: they are the frames of a motion, in their order.

    Raises:
        BadInput: as `load_pose`, or the document began with no file of joints.
    """

    def __init__(self, document: PoseDocument) -> None:
        if document.source_path is None:
            raise BadInput("This pose began with no file of joints. Open one to choose among its people.")
        self.file = document.source_path
        self.size = document.pose.size
        opened = load_pose(self.file)
        self.count, self.first = opened.people, opened.person
        self.frames = is_bvh(self.file)
        # On a photo joints are where the file says. A blank canvas was made for all, who were moved alike.
        self._photo = self.size if document.pose.photo else None
        self._shift = np.zeros(2) if self._photo else shift_into_picture(reach_of(self.file, opened))
        self.pose = lru_cache(64)(self._pose)

    def _pose(self, number: int) -> PoseSubject:
        """One of them in the document's picture.

        Raises:
            BadInput: there is no such one, or the file is no longer what it was.
        """
        told = load_pose(self.file, person=number, size=self._photo).subject
        if told.size not in ((0, 0), self.size):
            raise BadInput(
                f"'{self.file.name}' speaks of a picture of {told.size[0]} x {told.size[1]}, and this one is "
                f"{self.size[0]} x {self.size[1]}. Open the file again."
            )
        return told if told.size == self.size else moved(told, self._shift, self.size)
