"""Several people in a file of joints, or several frames: another one is chosen in the window."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from maskengines.errors import BadInput
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.image_io import save_image
from maskengines.subjects.pose_files import load_pose
from maskengines.subjects.pose_formats.bvh_writing import encode_bvh
from maskengines.subjects.pose_skeleton import INDEX
from maskstudio.documents.opening import open_document
from maskstudio.documents.pose_document import PoseDocument
from maskstudio.documents.pose_people import PosePeople
from maskstudio.window.main_window import MainWindow
from maskstudio.window.person_dialog import FrameChooser, PeopleChooser, PersonDialog
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from somebody import coco_keypoints

WAIT = 60_000
SHIFTS = ((0, 0), (90, 20), (-80, 40))


def people_file(path: Path, **more: Any) -> Path:
    """Three people; the second is the surest."""
    sure = (0.5, 0.9, 0.6)
    held = [{"keypoints": coco_keypoints(s, by), **more} for s, by in zip(sure, SHIFTS, strict=True)]
    path.write_text(json.dumps(held))
    return path


def motion_file(path: Path) -> Path:
    rng = np.random.default_rng(0)
    bodies = rng.normal(0, 200, (7, 17, 3)) + np.array([[0, -100 * joint, 0] for joint in range(17)])
    path.write_bytes(encode_bvh(bodies, np.full(7, 0.2)))
    return path


@pytest.fixture
def opened(window: MainWindow, qtbot: QtBot) -> Callable[[Path], PoseDocument]:
    def open_file(file: Path) -> PoseDocument:
        window.opening.open_paths([file])
        qtbot.waitUntil(lambda: isinstance(window.document, PoseDocument), timeout=WAIT)
        assert isinstance(window.document, PoseDocument)
        return window.document

    return open_file


def choose(window: MainWindow, act: Callable[[PersonDialog], None]) -> None:
    """Run the command, and ``act`` on its dialog once that is open."""

    def when_open() -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, PersonDialog):
            later.start()
            return
        try:
            act(dialog)
        finally:
            if dialog.isVisible():
                dialog.reject()

    later = QTimer(singleShot=True, interval=10)
    later.timeout.connect(when_open)
    later.start()
    window.registry.run("pose.person")
    assert not later.isActive()


def test_another_person_shows_at_once_and_is_one_step(
    window: MainWindow, opened: Callable[[Path], PoseDocument], tmp_path: Path
) -> None:
    document = opened(people_file(tmp_path / "three.json"))
    first = document.pose
    document.change_pins({"LWrist": (1, 2, 3)}, "Pin")
    seen: list[Any] = []

    def act(dialog: PersonDialog) -> None:
        assert isinstance(dialog.chooser, PeopleChooser)
        model = dialog.chooser.model()
        assert model.rowCount() == 3
        assert dialog.chooser.currentIndex().row() == 1, "the surest is marked"
        dialog.chooser.setCurrentIndex(model.index(0, 0))
        seen.append((document.pose, dict(document.pins), document.undo_stack.count()))
        dialog.chooser.setCurrentIndex(model.index(2, 0))
        dialog.accept()

    choose(window, act)
    (shown, pins, steps) = seen[0]
    for pose, person in ((shown, 0), (document.pose, 2)):
        away = pose.joints - first.joints
        assert np.allclose(away, np.subtract(SHIFTS[person], SHIFTS[1]))
    assert pins == {}
    assert steps == 1
    assert document.undo_stack.undoText() == "Choose person 3"
    document.undo()
    assert document.pose.content_hash == first.content_hash
    assert set(document.pins) == {"LWrist"}
    document.redo()
    choose(window, lambda dialog: seen.append(dialog.chooser.currentIndex().row()))
    assert seen[-1] == 2, "the one chosen last is marked"


def test_cancel_brings_back_who_was_there(
    window: MainWindow, opened: Callable[[Path], PoseDocument], tmp_path: Path
) -> None:
    document = opened(people_file(tmp_path / "three.json"))
    before = document.pose
    choose(window, lambda dialog: dialog.choose(0))
    assert document.pose is before
    assert document.undo_stack.count() == 0
    choose(window, lambda dialog: dialog.accept())
    assert document.undo_stack.count() == 0


def test_a_frame_of_a_motion_is_what_the_command_line_takes(
    window: MainWindow, opened: Callable[[Path], PoseDocument], qtbot: QtBot, tmp_path: Path
) -> None:
    file = motion_file(tmp_path / "walk.txt")
    document = opened(file)
    shown: list[np.ndarray] = []

    def act(dialog: PersonDialog) -> None:
        assert isinstance(dialog.chooser, FrameChooser)
        assert dialog.chooser.number.text() == "1 of 7"
        dialog.chooser.slider.setValue(3)
        qtbot.waitUntil(lambda: dialog.number == 2, timeout=WAIT)
        shown.append(document.pose.joints)
        dialog.chooser.number.setValue(6)
        qtbot.waitUntil(lambda: dialog.number == 5, timeout=WAIT)
        dialog.accept()

    choose(window, act)
    assert np.array_equal(shown[0], load_pose(file, person=2).subject.joints)
    assert np.array_equal(document.pose.joints, load_pose(file, person=5).subject.joints)
    assert document.undo_stack.undoText() == "Choose frame 6"


def test_everybody_has_a_thumbnail_of_their_own(
    opened: Callable[[Path], PoseDocument], qtbot: QtBot, tmp_path: Path
) -> None:
    document = opened(people_file(tmp_path / "three.json"))
    chooser = PeopleChooser(document, PosePeople(document))
    qtbot.addWidget(chooser)
    pictures: list[QImage] = []
    for row in range(3):
        index = chooser.model().index(row, 0)
        assert index.data() == f"Person {row + 1}"
        pictures.append(index.data(Qt.ItemDataRole.DecorationRole).pixmap(132, 99).toImage())
    bytes_of = [bytes(picture.constBits()) for picture in pictures]
    assert all(picture.width() > 60 for picture in pictures)
    assert all(len(set(data)) > 20 for data in bytes_of), "somebody is drawn on it"


def test_nobody_is_out_of_the_picture_where_the_file_does_not_say_how_large_it_is(tmp_path: Path) -> None:
    document = open_document(people_file(tmp_path / "three.json"))
    assert isinstance(document, PoseDocument)
    people = PosePeople(document)
    for number in range(people.count):
        pose = people.pose(number)
        assert ((pose.joints >= 0) & (pose.joints <= pose.size)).all()
        assert pose.size == document.pose.size
    assert np.array_equal(people.pose(people.first).joints, document.pose.joints)
    document.close()


def test_on_a_photo_everybody_stands_where_the_file_says(tmp_path: Path) -> None:
    save_image(ImageSubject(np.zeros((300, 400, 3), np.uint8)), tmp_path / "three.png")
    file = people_file(tmp_path / "three.json")
    document = open_document(file)
    assert isinstance(document, PoseDocument)
    assert document.pose.photo
    people = PosePeople(document)
    wrists = [people.pose(number).joints[INDEX["LWrist"]] for number in range(3)]
    assert np.allclose(wrists, np.add((260, 138), SHIFTS))
    file.unlink()
    with pytest.raises(BadInput, match="three"):
        PosePeople(document)
    document.close()


def test_where_there_is_nobody_else_the_window_says_so(
    window: MainWindow,
    opened: Callable[[Path], PoseDocument],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert window.registry["pose.person"].reason is not None
    (tmp_path / "one.json").write_text(json.dumps({"keypoints": coco_keypoints()}))
    opened(tmp_path / "one.json")
    assert window.registry["pose.person"].reason is None
    told: list[str] = []
    monkeypatch.setattr(window.banner, "tell", lambda text, **_: told.append(text))
    window.registry.run("pose.person")
    assert told == ["'one.json' holds one person."]
    window.registry.run("pose.blank")
    assert "no file of joints" in (window.registry["pose.person"].reason or "")
