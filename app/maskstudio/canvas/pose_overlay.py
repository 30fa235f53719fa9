"""A pose over its photo: bones, joints and how sure they are, and what is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from maskengines.subjects.pose import ASKED, PoseSubject
from maskengines.subjects.pose_skeleton import COUNT, PARENTS
from maskengines.subjects.pose_template import guessed
from PySide6.QtCore import QObject, Signal

from maskstudio.canvas.decoration_layer import Mark, ToWidget
from maskstudio.canvas.pose_colours import joint_colour, pose_hues
from maskstudio.canvas.pose_marks import (
    LEAST_RADIUS,
    AskedDot,
    Corner,
    Dot,
    Ellipse,
    Grip,
    HollowDot,
    Line,
    Place,
    Side,
    argb,
)  # fmt: skip
from maskstudio.window import theme

if TYPE_CHECKING:
    from maskstudio.documents.pose_document import PoseDocument

Array = np.ndarray[Any, Any]

_CLEAR = 0x00000000


class PoseOverlay(QObject):
    """Decoration of an `ImageCanvas` that shows a pose document.

    Signals:
        changed: what it draws may be something else.
    """

    changed = Signal()

    def __init__(self, document: PoseDocument, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._grip: Place | None = None
        self._reading: object = None
        document.pose_changed.connect(self._pose_changed)
        theme.changes.switched.connect(self.changed)

    def _pose_changed(self) -> None:
        # Pins and the kept body are not shown here, and while one is dragged they change all the time.
        reading = self._document.reading
        if reading != self._reading:
            self._reading = reading
            self.changed.emit()

    def set_grip(self, at: Place | None) -> None:
        """Ring the image point that a tool would take, or none."""
        if at != self._grip:
            self._grip = at
            self.changed.emit()

    def marks(self, to_widget: ToWidget, scale: float) -> Sequence[Mark]:
        """See `maskstudio.canvas.decoration_layer.Decoration`."""
        pose, asked = self._document.painted()
        places = guessed(pose)

        def at(place: Array | Place) -> Place:
            point = to_widget(float(place[0]), float(place[1]))
            return point.x(), point.y()

        ends = [at(place) for place in places]
        sure = ~pose.missing
        halo = argb(pose_hues().halo, 0.7)
        return [
            *self._box(at, halo),
            *_spreads(pose, asked, at, scale, halo),
            *_bones(ends, sure, halo),
            *_joints(ends, sure, asked, halo),
            *([Grip(at(self._grip), argb(theme.current().accent), halo)] if self._grip else []),
        ]

    def _box(self, at: Any, halo: int) -> Iterator[Mark]:
        x, y, width, height = self._document.pose.box
        corners = [at((x, y)), at((x + width, y)), at((x + width, y + height)), at((x, y + height))]
        colour, hollow = argb(theme.current().second), argb(pose_hues().halo, 0.4)
        for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
            yield Side(start, end, colour, hollow)
        for corner in corners:
            yield Corner(corner, argb(pose_hues().middle), halo)


def _spreads(pose: PoseSubject, asked: Array, at: Any, scale: float, halo: int) -> Iterator[Mark]:
    for joint, rows in enumerate(pose.evidence(asked).tolist()):
        most = max(row[3] for row in rows)
        for x, y, sigma, weight in rows:
            if weight > 0 and 2 * sigma * scale > LEAST_RADIUS:
                strength = 0.5 + 0.5 * weight / most
                radius = sigma * scale
                yield Ellipse(at((x, y)), (radius, radius), 0.0, joint_colour(joint).rgba(), halo, strength)


def _bones(ends: list[Place], sure: Array, halo: int) -> Iterator[Mark]:
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            known = bool(sure[joint] and sure[parent])
            colour = joint_colour(joint).rgba()
            yield Line(ends[parent], ends[joint], colour, halo if known else _CLEAR, dashed=not known)


def _joints(ends: list[Place], sure: Array, asked: Array, halo: int) -> Iterator[Mark]:
    overlay = argb(theme.current().overlay)
    for joint, end in enumerate(ends):
        colour = joint_colour(joint).rgba()
        if asked[joint] >= ASKED:
            yield AskedDot(end, overlay, colour, halo)
        elif sure[joint]:
            yield Dot(end, colour, halo)
        else:
            yield HollowDot(end, colour, halo)


def body_marks(pose: PoseSubject, at: Callable[[Place], Place], scale: float) -> list[Mark]:
    """A pose of which nothing is asked: spreads, bones and joints, in the order they are drawn.

    Args:
        at: from pixels of the photo to where it is drawn.
        scale: logical pixels per pixel of the photo.
    """
    ends, sure = [at((x, y)) for x, y in guessed(pose).tolist()], ~pose.missing
    asked, halo = np.zeros(COUNT, np.uint8), argb(pose_hues().halo, 0.7)
    return [
        *_spreads(pose, asked, at, scale, halo),
        *_bones(ends, sure, halo),
        *_joints(ends, sure, asked, halo),
    ]
