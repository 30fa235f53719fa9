"""Joints in the gallery: the skeleton that a detector found, on its part of the photo."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from maskengines.contract import Box, Candidate, ImagePatch
from maskengines.errors import BadInput
from maskengines.results.joints import pose_from_candidate
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage, QPainter

from maskstudio.canvas.pose_overlay import body_marks
from maskstudio.panels.parts import WHOLE, Part
from maskstudio.panels.thumbs import framing, image_thumbnail

if TYPE_CHECKING:
    from maskstudio.canvas.pose_marks import Place
    from maskstudio.documents.document import Document

_DRAWN_FOR = 264
"""Side in pixels of a picture in which marks have the size that they have over the photo."""


class JointsView:
    """One person's joints."""

    kind = "joints"
    columns = 2
    aspect = 4 / 3

    def parts(self, candidate: Candidate) -> Sequence[Part]:
        return (WHOLE,)

    def thumbnail(self, candidate: Candidate, part: Part, document: Document, size: QSize) -> QImage:
        try:
            pose = pose_from_candidate(candidate)
        except BadInput:
            return QImage()
        subject = document.subject
        x, y, width, height = pose.box
        box = Box(math.floor(x), math.floor(y), math.ceil(width) + 1, math.ceil(height) + 1)
        around = box.clipped(subject.width, subject.height)
        if around.empty:
            return QImage()
        frame = framing(around, subject.width, subject.height, size.width() / max(1, size.height()))
        nothing = ImagePatch(0, 0, np.empty((0, 0, subject.pixels.shape[2]), subject.pixels.dtype))
        picture = image_thumbnail(subject.pixels, nothing, frame, max(size.width(), size.height()))
        larger = max(size.width(), size.height()) / _DRAWN_FOR
        scale = picture.width() / frame.width / larger

        def at(place: Place) -> Place:
            return (place[0] - frame.x) * scale, (place[1] - frame.y) * scale

        marks = body_marks(pose, at, scale)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(larger, larger)
        for mark in marks:
            mark.paint(painter)
        painter.end()
        return picture

    def patch(self, candidate: Candidate) -> ImagePatch | None:
        return None
