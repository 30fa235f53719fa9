"""Joints that a detector found, as a user sees them beside the photo."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from maskengines.contract import Candidate
from maskengines.results.joints import Joints
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_skeleton import INDEX
from maskstudio.canvas.pose_colours import joint_colour
from maskstudio.documents.document import Document
from maskstudio.panels.candidates_panel import CandidatesPanel
from maskstudio.panels.gallery_model import GalleryModel
from maskstudio.panels.result_views import view_for
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QImage

Array = np.ndarray[Any, Any]
PLACES = np.array(
    [(50, 40), (46, 40), (45, 52), (45, 64), (54, 40), (55, 52), (55, 64), (50, 31), (50, 22), (50, 18),
     (50, 13), (56, 22), (61, 31), (64, 40), (44, 22), (39, 31), (36, 40)], np.float64
)  # fmt: skip


def found(document: Document, **changes: Any) -> Candidate:
    given: dict[str, Any] = {
        "joints": PLACES, "confidence": np.full(17, 0.9), "sigma_px": np.full(17, 3.0),
        "missing": np.zeros(17, bool), "box": (30, 8, 62, 62),
        "size": (document.subject.width, document.subject.height),
    }  # fmt: skip
    pose = PoseSubject(**(given | changes))
    return Candidate("joints", Joints(pose).to_plain(), 0, label="17 of 17 joints")


def picture(candidate: Candidate, document: Document) -> QImage:
    view = view_for("joints")
    assert view is not None
    (part,) = view.parts(candidate)
    return view.thumbnail(candidate, part, document, QSize(264, 198))


def count(image: QImage, wanted: QColor) -> int:
    """Pixels of about that colour."""
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    pixels = rows[:, : 3 * image.width()].reshape(-1, 3).astype(int)
    near = np.abs(pixels - [wanted.red(), wanted.green(), wanted.blue()]).max(axis=1) < 12
    return int(near.sum())


def test_the_skeleton_lies_on_the_photo_left_and_right_told_apart(document: Document) -> None:
    image = picture(found(document), document)
    assert (image.width(), image.height()) == (264, 198)
    left, right = joint_colour(INDEX["LWrist"]), joint_colour(INDEX["RWrist"])
    assert count(image, left) > 200
    assert count(image, right) > 200
    gone = np.zeros(17, bool)
    gone[[INDEX["LElbow"], INDEX["LWrist"]]] = True
    assert count(picture(found(document, missing=gone), document), left) < count(image, left)


def test_a_wrist_in_two_places_is_drawn_in_two(document: Document) -> None:
    modes = np.zeros((17, 2, 4), np.float32)
    modes[INDEX["LWrist"]] = (64, 40, 3, 0.6), (80, 20, 3, 0.5)
    alone, several = (picture(found(document, **more), document) for more in ({}, {"modes": modes}))
    columns = sorted(
        x
        for x in range(alone.width())
        if any(alone.pixel(x, y) != several.pixel(x, y) for y in range(0, alone.height(), 2))
    )
    assert len(columns) > 20  # a ring where it could be as well, and nothing else is changed
    assert columns[0] > alone.width() / 2
    assert max(after - before for before, after in pairwise(columns)) < 6


def test_what_is_no_pose_of_this_photo_has_no_picture(document: Document) -> None:
    assert picture(found(document, box=(5000, 5000, 10, 10)), document).isNull()
    assert picture(Candidate("joints", {}, 0), document).isNull()


def test_joints_stand_in_the_gallery_under_their_name(
    candidates: CandidatesPanel, document: Document
) -> None:
    document.add_candidate(found(document))
    model: GalleryModel = candidates.gallery.gallery
    assert model.candidate(0) is document.candidates[0]
    thumbnail = model.thumbnail(0)
    assert thumbnail is not None
    assert not thumbnail.isNull()
