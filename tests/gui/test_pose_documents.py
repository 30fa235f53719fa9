"""Painting over a pose, dragging its joints, pinning, keeping a body, and undoing all of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from maskengines.contract import Box
from maskengines.errors import BadInput
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.pose import ASKED, PoseSubject
from maskengines.subjects.pose_skeleton import INDEX
from maskstudio.documents.document import Document
from maskstudio.documents.pose_document import PoseDocument
from pytestqt.qtbot import QtBot

WIDTH, HEIGHT = 400, 300
PLACES = {
    "Hip": (200, 140), "RHip": (188, 140), "RKnee": (187, 182), "RAnkle": (186, 225), "LHip": (212, 140),
    "LKnee": (213, 182), "LAnkle": (214, 225), "Spine": (200, 112), "Thorax": (200, 85), "Nose": (200, 60),
    "Head": (200, 45), "LShoulder": (220, 85), "LElbow": (240, 112), "LWrist": (260, 138),
    "RShoulder": (180, 85), "RElbow": (160, 112), "RWrist": (140, 138),
}  # fmt: skip
WRIST = INDEX["LWrist"]


def standing() -> PoseSubject:
    return PoseSubject(
        np.array([PLACES[name] for name in INDEX], float), np.full(17, 0.9), np.full(17, 6.0),
        np.zeros(17, bool), (100, 30, 200, 210), (WIDTH, HEIGHT),
    )  # fmt: skip


def photo() -> ImageSubject:
    return ImageSubject(np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8))


@pytest.fixture
def document(qtbot: QtBot) -> Iterator[PoseDocument]:
    document = PoseDocument(photo(), standing())
    yield document
    document.close()


def paint(document: Document, x: int, y: int, radius: int = 14) -> bool:
    session = document.begin_mask_edit("Brush stroke")
    box = Box(x - radius, y - radius, 2 * radius, 2 * radius)
    session.touch(box)
    document.mask.data[box.slices] = 255
    session.changed(box)
    return session.commit()


class Heard:
    """How often a document told that its question is another one."""

    def __init__(self, document: PoseDocument) -> None:
        self.count = 0
        document.pose_changed.connect(self._hear)

    def _hear(self) -> None:
        self.count += 1


def test_a_photo_asks_about_pixels_and_a_pose_about_joints(qtbot: QtBot, document: PoseDocument) -> None:
    image = Document(photo())
    subject, masks = image.question()
    assert subject is image.subject
    assert masks["pixels"].shape == (HEIGHT, WIDTH)
    assert not np.shares_memory(masks["pixels"], image.mask.data)
    pose, masks = document.question()
    assert (document.kind, pose.kind) == ("pose", "pose")
    assert masks["joints"].shape == (17,)
    assert not masks["joints"].any()
    image.close()


def test_paint_over_a_joint_asks_for_it_and_undo_takes_that_back(document: PoseDocument) -> None:
    before, mark = document.question()[0].content_hash, document.question_mark()
    assert paint(document, *PLACES["LWrist"])
    pose, masks = document.question()
    assert masks["joints"][WRIST] >= ASKED
    assert pose.painted[WRIST]
    assert document.question_mark() != mark
    assert not document.pose.painted.any()
    document.undo()
    assert document.question()[0].content_hash == before
    assert document.question_mark() == mark


def test_what_paint_says_is_read_once(document: PoseDocument, monkeypatch: pytest.MonkeyPatch) -> None:
    from maskstudio.documents import pose_document

    reads = []
    real = pose_document.evidence_from_paint
    monkeypatch.setattr(
        pose_document, "evidence_from_paint", lambda *given: reads.append(given) or real(*given)
    )
    paint(document, *PLACES["LWrist"])
    assert document.painted()[0] is document.painted()[0]
    document.question()
    assert len(reads) == 1
    document.change_pose(document.pose.with_joint(WRIST, 250, 120), "Move")
    document.question()
    document.question()
    assert len(reads) == 2


def test_a_long_stroke_is_told_of_a_few_times_and_its_end_is_not_missed(
    document: PoseDocument, qtbot: QtBot
) -> None:
    document.question()
    heard = Heard(document)
    session = document.begin_mask_edit("Brush stroke")
    x, y = PLACES["LWrist"]
    for step in range(200):
        box = Box(x - 12, y - 12 + step % 24, 24, 1)
        session.touch(box)
        document.mask.data[box.slices] = 255
        session.changed(box)
    assert document.painted()[1][WRIST] >= ASKED
    session.commit()
    qtbot.waitUntil(lambda: heard.count > 0, timeout=60_000)
    qtbot.wait(120)
    assert heard.count <= 2


def test_paint_that_says_nothing_of_the_pose_is_not_told(document: PoseDocument, qtbot: QtBot) -> None:
    document.question()
    heard = Heard(document)
    paint(document, 20, 280, 6)
    qtbot.wait(120)
    assert heard.count == 0
    paint(document, *PLACES["LWrist"])
    qtbot.waitUntil(lambda: heard.count == 1, timeout=60_000)


def test_a_drag_is_one_undo_step_and_is_followed_on_its_way(document: PoseDocument) -> None:
    start, heard = document.pose, Heard(document)
    edit = document.begin_pose_edit("Move LWrist")
    for step in range(1, 6):
        edit.show(start.with_joint(WRIST, 260 + 4 * step, 138))
        assert document.question()[0].joints[WRIST, 0] == 260 + 4 * step
    assert heard.count == 5
    document.undo()
    assert edit.active
    assert edit.commit()
    assert not edit.active
    assert document.undo_stack.count() == 1
    assert document.undo_stack.undoText() == "Move LWrist"
    assert document.modified
    document.undo()
    assert document.pose is start
    assert not document.modified
    document.redo()
    assert document.pose.joints[WRIST, 0] == 280
    assert heard.count == 7


def test_a_drag_that_is_given_up_or_goes_nowhere_leaves_no_step(document: PoseDocument) -> None:
    start = document.pose
    edit = document.begin_pose_edit("Move")
    edit.show(start.with_joint(WRIST, 5, 5))
    edit.abort()
    assert document.pose is start
    edit = document.begin_pose_edit("Move")
    edit.show(start.with_joint(WRIST, 5, 5))
    edit.show(start)
    assert not edit.commit()
    edit = document.begin_pose_edit("Move")
    edit.show(start.with_joint(WRIST, 5, 5))
    paint(document, 20, 280)
    assert not edit.active
    with pytest.raises(RuntimeError):
        edit.show(start)
    assert document.pose is start
    assert document.undo_stack.count() == 1


def test_pins_and_a_kept_body_are_undoable_steps_of_their_own(document: PoseDocument) -> None:
    body = np.random.default_rng(1).normal(0, 300, (17, 3))
    mark = document.question_mark()
    document.change_pins({"LWrist": (200, -300, 50)}, "Pin LWrist")
    assert document.question_mark() != mark
    document.keep_body(body, "Keep body")
    document.change_pins({"LWrist": (200, -300, 50)}, "Pin LWrist")
    assert document.undo_stack.count() == 2
    assert dict(document.pins) == {"LWrist": (200.0, -300.0, 50.0)}
    assert document.body is not None
    np.testing.assert_allclose(document.body, body, rtol=1e-6)
    document.undo()
    assert document.body is None
    assert "LWrist" in document.pins
    document.undo()
    assert not document.pins
    assert document.question_mark() == mark
    document.redo()
    document.redo()
    assert document.body is not None


@pytest.mark.parametrize(
    "pins", [{"Hip": (0, 0, 0)}, {"Tail": (0, 0, 0)}, {"Nose": (0, float("nan"), 0)}, {"Nose": (0, 0, 9000)}]
)
def test_what_cannot_be_pinned_is_refused_in_words(
    document: PoseDocument, pins: dict[str, tuple[float, float, float]]
) -> None:
    with pytest.raises(BadInput, match="pinned"):
        document.change_pins(pins, "Pin")
    assert document.undo_stack.count() == 0
    assert not document.pins


def test_a_pose_of_another_picture_is_refused(document: PoseDocument) -> None:
    from dataclasses import replace

    other = replace(document.pose, size=(WIDTH + 1, HEIGHT))
    with pytest.raises(ValueError, match="over one of"):
        document.change_pose(other, "Move")
    with pytest.raises(ValueError, match="over one of"):
        document.begin_pose_edit("Move").show(other)
