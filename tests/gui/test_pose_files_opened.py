"""Opening files of joints in the window, saving what was made of them, and what a crash leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from maskengines.contract import Candidate, Provenance
from maskengines.errors import BadInput
from maskengines.results.hypotheses import Hypotheses
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.image_io import save_image
from maskengines.subjects.pose_formats.bvh_writing import encode_bvh
from maskengines.subjects.pose_skeleton import INDEX
from maskstudio.documents import saving
from maskstudio.documents.opening import open_document, read_document
from maskstudio.documents.pose_document import PoseDocument
from maskstudio.documents.recovery import journal_folder, recoverable
from maskstudio.window.main_window import MainWindow
from pytestqt.qtbot import QtBot
from somebody import PLACES, coco_keypoints


def coco(file_name: str | None = None, size: tuple[int, int] = (400, 300), **more: Any) -> dict[str, Any]:
    picture = {"id": 1, "width": size[0], "height": size[1]} | ({"file_name": file_name} if file_name else {})
    return {"images": [picture], "annotations": [{"image_id": 1, "keypoints": coco_keypoints(**more)}]}


def write(path: Path, held: Any) -> Path:
    path.write_text(json.dumps(held))
    return path


def picture(width: int = 400, height: int = 300) -> ImageSubject:
    return ImageSubject(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


def opened(path: Path) -> PoseDocument:
    document = open_document(path)
    assert isinstance(document, PoseDocument)
    return document


def answer(count: int = 3) -> Candidate:
    rng = np.random.default_rng(count)
    held = Hypotheses(
        rng.normal(0, 300, (count, 17, 3)).astype(np.float32),
        np.full(count, 1 / count, np.float32),
        rng.uniform(0, 300, (count, 17, 2)).astype(np.float32),
        {"spread": 1.5},
        {"medoids": {"indices": np.arange(2, dtype=np.int32), "weights": np.array([0.6, 0.4])}},
    )
    made = Provenance("diffpose", "1", {"steps": 25, "pins": {"LWrist": [1.0, 2.0, 3.0]}}, 7)
    return Candidate("hypotheses", held.to_plain(), 7, f"{count} poses", provenance=made)


def test_joints_stand_on_the_photo_that_their_file_names(qtbot: QtBot, tmp_path: Path) -> None:
    save_image(picture(), tmp_path / "shot 1.png")
    document = opened(write(tmp_path / "joints.json", coco("somewhere/else/shot 1.png")))
    assert document.subject.content_hash == picture().content_hash
    assert document.pose.size == (400, 300)
    assert document.pose.photo_hash == picture().content_hash
    assert tuple(document.pose.joints[INDEX["LWrist"]]) == PLACES["left_wrist"]
    assert (document.title, document.modified) == ("joints.json", False)
    document.close()


def test_joints_as_openpose_writes_them_find_the_photo_of_their_name(qtbot: QtBot, tmp_path: Path) -> None:
    save_image(picture(), tmp_path / "walk_000.png")
    flat = np.zeros((25, 3))
    flat[[0, 1, 2, 5, 8, 9, 12]] = [(200, 60, 1), (200, 85, 1), (180, 85, 1), (220, 85, 1), (200, 140, 1),
                                    (188, 140, 1), (212, 140, 1)]  # fmt: skip
    held = {"people": [{"pose_keypoints_2d": flat.ravel().tolist()}]}
    document = opened(write(tmp_path / "walk_000_keypoints.json", held))
    assert document.subject.content_hash == picture().content_hash
    document.close()


def test_without_a_photo_the_pose_stands_on_a_blank_canvas_of_its_size(qtbot: QtBot, tmp_path: Path) -> None:
    document = opened(write(tmp_path / "joints.json", coco("gone.png", (640, 480))))
    assert (document.subject.width, document.subject.height) == (640, 480)
    assert len(np.unique(document.subject.pixels)) == 1
    document.close()
    nobody_knows = write(tmp_path / "bare.json", {"keypoints": coco_keypoints()})
    document = opened(nobody_knows)
    x, y, width, height = document.pose.box
    assert document.subject.width >= x + width
    assert document.subject.height >= y + height
    assert tuple(document.pose.joints[INDEX["LWrist"]]) == PLACES["left_wrist"]
    document.close()


def test_a_person_left_of_the_picture_is_moved_into_it(qtbot: QtBot, tmp_path: Path) -> None:
    document = opened(write(tmp_path / "bare.json", {"keypoints": coco_keypoints(by=(-500, -90))}))
    size = (document.subject.width, document.subject.height)
    assert (document.pose.joints > 0).all()
    assert (document.pose.joints < size).all()
    assert document.pose.joints[INDEX["LWrist"], 0] - document.pose.joints[INDEX["RWrist"], 0] == 120
    document.close()


@pytest.mark.parametrize(
    ("held", "photo", "told"),
    [
        (coco("p.png", (800, 600)), (400, 300), "It is 400 x 300, and 'joints.json' was made for one of 800"),
        ({"keypoints": coco_keypoints(by=(900, 900))}, (400, 300), "outside the picture"),
    ],
)
def test_a_photo_that_does_not_fit_is_left_out_and_that_is_said(
    tmp_path: Path, held: Any, photo: tuple[int, int], told: str
) -> None:
    for name in ("p.png", "joints.png"):
        save_image(picture(*photo), tmp_path / name)
    loaded = read_document(write(tmp_path / "joints.json", held))
    assert told in " ".join(loaded.notes)
    assert len(np.unique(loaded.state.original.pixels)) == 1


def test_of_several_people_the_surest_is_shown_and_of_a_motion_the_first_frame(tmp_path: Path) -> None:
    people = [{"keypoints": coco_keypoints(third)} for third in (0.4, 0.9)]
    (note,) = read_document(write(tmp_path / "two.json", people)).notes
    assert note.startswith(
        "'two.json' holds 2 people; number 2, the most confident, is shown. Choose another"
    )
    rng = np.random.default_rng(0)
    motion = rng.normal(0, 200, (5, 17, 3)) + np.array([[0, -100 * joint, 0] for joint in range(17)])
    (tmp_path / "walk.txt").write_bytes(encode_bvh(motion, np.full(5, 0.2)))
    loaded = read_document(tmp_path / "walk.txt")
    (note,) = loaded.notes
    assert note.startswith("'walk.txt' holds 5 frames; the first is shown. Choose another")
    assert loaded.state.original.width == 1000


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (coco(size=(200_000, 200_000)), "too large to paint on"),
        ({"some": "json"}, "no keypoints are in it"),
        ([], "holds nobody"),
    ],
)
def test_a_file_without_a_usable_pose_is_refused_in_one_sentence(
    tmp_path: Path, held: Any, told: str
) -> None:
    with pytest.raises(BadInput, match=told):
        read_document(write(tmp_path / "joints.json", held))


def test_a_pose_project_opens_as_it_was_saved(qtbot: QtBot, tmp_path: Path) -> None:
    save_image(picture(), tmp_path / "joints.png")
    document = opened(write(tmp_path / "joints.json", coco()))
    document.change_pose(document.pose.with_joint(INDEX["LWrist"], 270.125, 111.3, sigma_px=9.7), "Move")
    document.change_pins({"Head": (10.5, -700.25, 33.1)}, "Pin Head")
    document.keep_body(np.random.default_rng(0).normal(0, 300, (17, 3)), "Keep")
    mask = np.zeros((300, 400), np.uint8)
    mask[100:130, 255:290] = 180
    document.replace_mask(mask, "Paint")
    document.add_candidate(answer())
    with qtbot.waitSignal(saving.save_project(document, tmp_path / "a.ora").done, timeout=60_000):
        pass
    assert not document.modified
    again = opened(tmp_path / "a.ora")
    assert again.path == tmp_path / "a.ora"
    assert again.source_path == tmp_path / "joints.json"
    assert again.pose.content_hash == document.pose.content_hash
    assert again.pose.source is not None
    assert again.pose.source.record == document.pose.source.record  # type: ignore[union-attr]
    assert dict(again.pins) == dict(document.pins)
    assert again.body is not None
    assert document.body is not None
    np.testing.assert_array_equal(again.body, document.body)
    np.testing.assert_array_equal(again.mask.data, mask)
    assert again.subject.content_hash == document.subject.content_hash
    assert again.question_mark() == document.question_mark()
    (one,), (other,) = again.candidates, document.candidates
    assert (one.kind, one.seed, one.label) == (other.kind, other.seed, other.label)
    for name in ("poses", "weights", "joints_2d"):
        np.testing.assert_array_equal(one.result[name], other.result[name])
    np.testing.assert_array_equal(one.result["medoids"]["weights"], other.result["medoids"]["weights"])
    assert one.provenance == other.provenance
    document.close()
    again.close()


def test_after_a_crash_joints_pins_body_and_photo_come_back(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path / "home"))
    save_image(picture(), tmp_path / "joints.png")
    document = opened(write(tmp_path / "joints.json", coco()))
    assert document.autosave is not None
    document.change_pose(document.pose.with_joint(INDEX["LWrist"], 270, 111), "Move")
    document.autosave.flush()
    document.change_pins({"Head": (10, -700, 33)}, "Pin Head")
    document.keep_body(np.ones((17, 3)), "Keep")
    document.add_candidate(answer())
    expected = document.pose.content_hash
    document.autosave.abandon()
    for name in ("joints.png", "joints.json"):
        (tmp_path / name).unlink()
    assert journal_folder().is_dir()
    (left,) = recoverable()
    again = left.recover()
    assert isinstance(again, PoseDocument)
    assert again.pose.content_hash == expected
    assert dict(again.pins) == {"Head": (10.0, -700.0, 33.0)}
    assert again.body is not None
    np.testing.assert_array_equal(again.body, np.ones((17, 3), np.float32))
    assert again.subject.content_hash == picture().content_hash
    assert [each.kind for each in again.candidates] == ["hypotheses"]
    assert again.modified
    again.close()
    document.autosave = None
    document.close()


def test_the_window_opens_joints_and_says_how_many_people_there_were(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    people = [{"keypoints": coco_keypoints(third)} for third in (0.4, 0.9)]
    path = write(tmp_path / "two.json", people)
    window.opening.open_paths([path])
    qtbot.waitUntil(lambda: window.document is not None, timeout=60_000)
    assert window.document is not None
    assert window.document.kind == "pose"
    assert "2 people" in window.banner.text
    assert window.settings.recent_files()[0] == path
