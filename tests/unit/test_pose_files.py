"""Keypoints of other programs: read with tolerance, refused with a sentence, written back without loss."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maskengines.errors import BadInput
from maskengines.pose import skeleton
from maskengines.runtime.link import subject_class
from maskengines.runtime.plain import pack, views
from maskengines.subjects import pose_skeleton
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_files import load_pose, pose_json, save_pose
from maskengines.subjects.pose_formats.keypoints import FORMATS, from_body, to_body
from maskengines.subjects.pose_skeleton import INDEX, JOINTS

Array = np.ndarray[Any, Any]

# A person of 170 px who stands and looks at the camera, as COCO has it.
PERSON = {
    "nose": (200, 60), "left_eye": (205, 55), "right_eye": (195, 55), "left_ear": (211, 58),
    "right_ear": (189, 58), "left_shoulder": (220, 85), "right_shoulder": (180, 85),
    "left_elbow": (228, 112), "right_elbow": (172, 112), "left_wrist": (230, 138),
    "right_wrist": (170, 138), "left_hip": (212, 140), "right_hip": (188, 140), "left_knee": (213, 182),
    "right_knee": (187, 182), "left_ankle": (214, 225), "right_ankle": (186, 225),
    "neck": (200, 85), "mid_hip": (200, 140), "left_big_toe": (219, 232), "left_small_toe": (222, 231),
    "left_heel": (212, 230), "right_big_toe": (181, 232), "right_small_toe": (178, 231),
    "right_heel": (188, 230),
}  # fmt: skip


def keypoints(fmt: str, third: float = 0.9, **changed: tuple[float, float, float]) -> list[float]:
    rows = [changed.get(name, (*PERSON[name], third)) for name in FORMATS[fmt]]
    return [float(value) for row in rows for value in row]


def openpose(*people: dict[str, Any]) -> dict[str, Any]:
    return {"version": 1.3, "people": list(people)}


def person(fmt: str = "openpose-25", third: float = 0.9, **more: Any) -> dict[str, Any]:
    return {"pose_keypoints_2d": keypoints(fmt, third), "face_keypoints_2d": [1.5, 2.5, 0.5], **more}


def annotation(third: float = 2, **more: Any) -> dict[str, Any]:
    return {
        "id": 7, "image_id": 42, "category_id": 1, "keypoints": keypoints("coco", third),
        "bbox": [160, 40, 80, 200], **more,
    }  # fmt: skip


def coco(*annotations: dict[str, Any]) -> dict[str, Any]:
    image = {"id": 42, "file_name": "street.jpg", "width": 640, "height": 480}
    return {"images": [{"id": 41}, image], "annotations": list(annotations), "categories": []}


def written(folder: Path, held: Any, name: str = "joints.json") -> Path:
    path = folder / name
    path.write_text(held if isinstance(held, str) else json.dumps(held))
    return path


def test_the_pose_family_and_the_subject_speak_of_the_same_joints() -> None:
    assert skeleton.JOINTS == pose_skeleton.JOINTS
    assert skeleton.PARENTS == pose_skeleton.PARENTS
    poses = np.arange(51.0).reshape(17, 3)
    assert np.array_equal(pose_skeleton.upright_from_camera(poses), poses * skeleton.UPRIGHT_TO_CAMERA)


SHAPES = {
    "openpose 25": openpose(person()),
    "openpose 18": openpose(person("openpose-18")),
    "openpose, old name": {"people": [{"pose_keypoints": keypoints("openpose-18")}]},
    "one openpose person": person(),
    "coco": coco(annotation()),
    "coco results": [{"image_id": 42, "category_id": 1, "score": 0.8, "keypoints": keypoints("coco", 0.9)}],
    "one coco person": {"keypoints": keypoints("coco", 2)},
    "coco in rows": {"keypoints": np.reshape(keypoints("coco", 2), (17, 3)).tolist()},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_file_gives_the_same_body(shape: str, tmp_path: Path) -> None:
    opened = load_pose(written(tmp_path, SHAPES[shape]))
    subject = opened.subject
    assert opened.warnings == ()
    assert not subject.missing.any()
    for joint, point in {"RKnee": "right_knee", "LWrist": "left_wrist", "LHip": "left_hip"}.items():
        assert tuple(subject.joints[INDEX[joint]]) == PERSON[point]
    assert np.allclose(subject.joints[INDEX["Hip"]], (200, 140))
    assert np.allclose(subject.joints[INDEX["Thorax"]], (200, 85))
    assert np.allclose(subject.joints[INDEX["Spine"]], (200, 112.5))
    assert np.allclose(subject.joints[INDEX["Nose"]], (200, 72.5))
    assert np.allclose(subject.joints[INDEX["Head"]], (200, 85 + 0.9 * (58 - 85)))
    assert (subject.sigma_px > 0).all()
    assert subject.spaces == {"joints": (17,)}


def test_a_byte_order_mark_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "joints.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(openpose(person())).encode())
    assert not load_pose(path).subject.missing.any()


def test_the_picture_and_the_box_of_a_coco_file_are_used(tmp_path: Path) -> None:
    subject = load_pose(written(tmp_path, coco(annotation()))).subject
    assert subject.size == (640, 480)
    assert subject.box == (160, 40, 80, 200)


def test_a_box_and_spreads_of_its_own_come_first(tmp_path: Path) -> None:
    sigma = [float(4 + k) for k in range(17)]
    sigma[FORMATS["coco"].index("left_knee")] = None  # type: ignore[call-overload]
    told = annotation(box=[100, 20, 200, 240], sigma_px=sigma)
    subject = load_pose(written(tmp_path, coco(told))).subject
    assert subject.box == (100, 20, 200, 240)
    assert subject.sigma_px[INDEX["RWrist"]] == 4 + FORMATS["coco"].index("right_wrist")
    assert subject.sigma_px[INDEX["LKnee"]] == 240 / 32
    # The middle of two points of the spreads a and b has the spread sqrt(a^2 + b^2) / 2.
    hips = [4 + FORMATS["coco"].index(f"{side}_hip") for side in ("left", "right")]
    assert subject.sigma_px[INDEX["Hip"]] == pytest.approx(np.hypot(*hips) / 2)
    assert load_pose(written(tmp_path, {**annotation(), "sigma_px": 6})).subject.sigma_px[2] == 6


def test_a_missing_keypoint_is_a_missing_joint_and_so_is_what_needs_it(tmp_path: Path) -> None:
    held = {"keypoints": keypoints("coco", 2, left_shoulder=(0, 0, 0), right_ankle=(0, 0, 0))}
    subject = load_pose(written(tmp_path, held)).subject
    gone = {JOINTS[joint] for joint in np.flatnonzero(subject.missing)}
    assert gone == {"LShoulder", "RAnkle", "Thorax", "Spine", "Nose", "Head"}
    assert not subject.evidence()[subject.missing].any()
    assert (subject.confidence[subject.missing] == 0).all()


def test_a_head_without_ears_is_found_less_surely(tmp_path: Path) -> None:
    none = (0.0, 0.0, 0.0)
    whole = load_pose(written(tmp_path, {"keypoints": keypoints("coco", 2)})).subject
    ears = {"left_ear": none, "right_ear": none}
    blind = load_pose(written(tmp_path, {"keypoints": keypoints("coco", 2, **ears)})).subject
    eyes = {"left_eye": none, "right_eye": none}
    only = load_pose(written(tmp_path, {"keypoints": keypoints("coco", 2, **ears, **eyes)})).subject
    head = INDEX["Head"]
    assert not only.missing[head]
    assert whole.sigma_px[head] < blind.sigma_px[head] < only.sigma_px[head]


def test_an_occluded_coco_keypoint_counts_half_and_scores_count_as_they_are(tmp_path: Path) -> None:
    held = {"keypoints": keypoints("coco", 2, left_knee=(213, 182, 1))}
    subject = load_pose(written(tmp_path, held)).subject
    assert (subject.confidence[INDEX["LKnee"]], subject.confidence[INDEX["RKnee"]]) == (0.5, 1)
    scored = load_pose(written(tmp_path, {"keypoints": keypoints("coco", 0.75)})).subject
    assert scored.confidence[INDEX["LKnee"]] == 0.75


def test_of_several_people_the_most_confident_is_taken_unless_another_is_named(tmp_path: Path) -> None:
    empty = {"pose_keypoints_2d": []}
    held = openpose(person(third=0.4), empty, person(third=0.8), person(third=0.6))
    path = written(tmp_path, held)
    opened = load_pose(path)
    (warning,) = opened.warnings
    assert "3 people" in warning
    assert "number 2" in warning
    assert opened.subject.confidence.max() == pytest.approx(0.8)
    assert load_pose(path, person=2).subject.confidence.max() == pytest.approx(0.6)
    assert load_pose(path, person=0).warnings == ()
    with pytest.raises(BadInput, match="no person 4; it holds 3"):
        load_pose(path, person=3)


def broken(**changed: Any) -> dict[str, Any]:
    return {"keypoints": keypoints("coco", 2, **changed)}


BAD: dict[str, tuple[Any, str]] = {
    "empty": ("", "empty"),
    "blank": (" \n ", "empty"),
    "truncated": (json.dumps(openpose(person()))[:-40], "ends too early"),
    "no JSON": ("joints: 17", "no valid JSON"),
    "too deep": ("[" * 200_000, "too deep"),
    "a number": ("17", "no keypoints are in it"),
    "no people": (openpose(), "holds nobody"),
    "nobody seen": (openpose({"pose_keypoints_2d": [0] * 75}), "holds nobody"),
    "a person that is none": ({"people": ["Anna"]}, "no JSON object"),
    "another body": ({"people": [{"pose_keypoints_2d": [1] * 45}]}, "45 numbers"),
    "no multiple of three": ({"people": [{"pose_keypoints_2d": [1] * 74}]}, "74 numbers"),
    "x and y only": ({"keypoints": [5] * 34}, "34 numbers"),
    "words": ({"keypoints": ["a"] * 51}, "not a list of numbers"),
    "an object": ({"keypoints": {"nose": [1, 2]}}, "not a list of numbers"),
    "NaN": (broken(nose=(float("nan"), 3, 2)), "nose in 'joints.json' is not a finite number"),
    "infinite": (broken(left_hip=(3, float("inf"), 2)), "left hip"),
    "a thousand digits": ('{"keypoints": [1' + "0" * 999 + ", 1, 2" + ", 5, 5, 2" * 16 + "]}", "nose"),
    "less than nothing": (broken(nose=(3, 3, -1)), "cannot be"),
    "far away": (broken(nose=(3e8, 3, 2)), "cannot be"),
    "shares": ({"keypoints": [v / 640 for v in keypoints("coco", 640)]}, "no pixels"),
    "outside": (coco({**annotation(), "keypoints": [v + 2000 for v in keypoints("coco", -1998)]}), "outside"),
    "one place": ({"keypoints": [5, 5, 2] + [0] * 48}, "how large"),
    "one joint place": (broken(**dict.fromkeys(PERSON, (9, 9, 2))), "how large"),
    "a face": ({**broken(**dict.fromkeys(FORMATS["coco"][5:], (0, 0, 0)))}, "face"),
    "box of three": (annotation(box=[1, 2, 3]), "no x, y, width and height"),
    "flat box": (annotation(box=[1, 2, 0, 40]), "no x, y, width and height"),
    "box elsewhere": (annotation(box=[900, 900, 40, 40]), "none of its keypoints"),
    "too few spreads": (annotation(sigma_px=[3.0] * 16), "each of its 17"),
    "a spread of nothing": (annotation(sigma_px=[3.0] * 16 + [0]), "above 0"),
    "a spread in words": (annotation(sigma_px="wide"), "above 0"),
    "a spread that is none": (annotation(sigma_px=[float("nan")] * 17), "above 0"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_is_told_in_a_sentence(case: str, tmp_path: Path) -> None:
    held, told = BAD[case]
    path = written(tmp_path, held)
    with pytest.raises(BadInput) as refused:
        load_pose(path)
    assert told in refused.value.message
    assert "joints.json" in refused.value.message
    assert refused.value.message.rstrip().endswith(".")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for name, told in (("none.json", "no such file"), (".", "directory")):
        with pytest.raises(BadInput, match=f"(?i){told}"):
            load_pose(tmp_path / name)
    (tmp_path / "photo.json").write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)))
    with pytest.raises(BadInput, match="no text"):
        load_pose(tmp_path / "photo.json")
    with (tmp_path / "huge.json").open("wb") as huge:
        huge.truncate(65 << 20)
    with pytest.raises(BadInput, match="65 MB"):
        load_pose(tmp_path / "huge.json")


def test_a_broken_person_among_many_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, openpose(person(), {"pose_keypoints_2d": [1] * 10}))
    with pytest.raises(BadInput, match=r"Person 2 of 'joints\.json'"):
        load_pose(path)


numbers = st.floats(0, 1000).map(lambda v: round(v, 3))


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(sorted(FORMATS)), st.lists(numbers, min_size=51, max_size=51), st.integers(0, 2**17 - 1)
)
def test_joints_become_keypoints_and_joints_again(fmt: str, values: list[float], gone: int) -> None:
    body = np.reshape(values, (17, 3))[:, :2].copy()
    body[INDEX["Spine"]] = (body[INDEX["Hip"]] + body[INDEX["Thorax"]]) / 2
    if fmt != "openpose-25":  # no mid-hip
        body[INDEX["Hip"]] = (body[INDEX["RHip"]] + body[INDEX["LHip"]]) / 2
    if fmt == "coco":  # no neck
        body[INDEX["Thorax"]] = (body[INDEX["RShoulder"]] + body[INDEX["LShoulder"]]) / 2
    known = np.array([not gone >> bit & 1 for bit in range(17)])
    xy, likelihood = from_body(fmt, body, known.astype(float))
    back, found, _ = to_body(fmt, xy, likelihood, np.ones(len(xy)))
    there = found > 0
    derived = [INDEX[name] for name in ("Hip", "Spine", "Thorax", "Nose", "Head")]
    limbs = np.setdiff1d(np.arange(17), derived)
    assert np.array_equal(there[limbs], known[limbs])
    kept = there & known
    kept[[INDEX["Spine"], INDEX["Head"]]] = False
    assert np.allclose(back[kept], body[kept], atol=1e-9)
    eyes_and_feet = [
        row for row, name in enumerate(FORMATS[fmt]) if name.split("_")[-1] in ("eye", "ear", "toe")
    ]
    assert not xy[eyes_and_feet].any()


@pytest.mark.parametrize("shape", ["openpose 25", "openpose 18", "openpose, old name", "coco"])
def test_a_pose_nobody_touched_is_written_back_as_it_was(shape: str, tmp_path: Path) -> None:
    source = written(tmp_path, SHAPES[shape])
    save_pose(load_pose(source).subject, tmp_path / "again.json")
    before, after = (json.loads((tmp_path / name).read_text()) for name in ("joints.json", "again.json"))
    if shape == "coco":
        assert after["annotations"][0] == {**after["annotations"][0], **before["annotations"][0]}
        assert after["images"] == [before["images"][1]]
        assert after["categories"][0]["keypoints"] == list(FORMATS["coco"])
    else:
        assert after["people"][0] == {"person_id": [-1], **before["people"][0]}


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0, 600), min_size=75, max_size=75))
def test_any_numbers_are_written_back_to_the_last_digit(tmp_path_factory: Any, values: list[float]) -> None:
    folder = tmp_path_factory.mktemp("digits")
    values[2::3] = [0.1 + value / 1000 for value in values[2::3]]
    values[:2], values[3:5] = [5.0, 5.0], [600.0, 600.0]
    subject = load_pose(written(folder, openpose({"pose_keypoints_2d": values}))).subject
    assert json.loads(pose_json(subject))["people"][0]["pose_keypoints_2d"] == values


def test_only_what_was_moved_changes_in_the_file(tmp_path: Path) -> None:
    subject = load_pose(written(tmp_path, openpose(person()))).subject
    moved = subject.with_joint(INDEX["LWrist"], 250.5, 99.25)
    assert moved.content_hash != subject.content_hash
    before, after = (
        np.reshape(json.loads(pose_json(one))["people"][0]["pose_keypoints_2d"], (25, 3))
        for one in (subject, moved)
    )
    row = FORMATS["openpose-25"].index("left_wrist")
    assert after[row].tolist() == [250.5, 99.25, 1]
    assert np.array_equal(np.delete(after, row, 0), np.delete(before, row, 0))
    assert json.loads(pose_json(moved))["people"][0]["face_keypoints_2d"] == [1.5, 2.5, 0.5]


def test_a_pose_can_be_written_in_another_format(tmp_path: Path) -> None:
    subject = load_pose(written(tmp_path, openpose(person()))).subject
    save_pose(subject, tmp_path / "coco.json", "coco")
    again = load_pose(tmp_path / "coco.json").subject
    assert again.source is not None
    assert again.source.format == "coco"
    limbs = [INDEX[name] for name in JOINTS if name[0] in "LR"]
    assert np.allclose(again.joints[limbs], subject.joints[limbs])


def test_a_pose_crosses_to_a_worker_whole(tmp_path: Path) -> None:
    path = written(tmp_path, coco(annotation(**{"keypoints": keypoints("coco", 2, nose=(0, 0, 0))})))
    subject = load_pose(path).subject
    painted = np.zeros(17, bool)
    painted[3] = True
    subject = subject.with_paint(painted, np.ones((17, 2, 4), np.float32))
    meta, arrays = subject.to_arrays()
    packed = pack(list(arrays.values()))
    sent = dict(zip(arrays, views(packed.layout, packed.to_bytes()), strict=True))
    came = subject_class("pose").from_arrays(json.loads(json.dumps(meta)), sent)
    assert isinstance(came, PoseSubject)
    assert came.content_hash == subject.content_hash
    assert np.array_equal(came.evidence(), subject.evidence())
    assert pose_json(came) == pose_json(subject)


def test_what_an_engine_can_see_is_in_the_hash(tmp_path: Path) -> None:
    subject = load_pose(written(tmp_path, coco(annotation()))).subject
    others = [
        subject.with_joint(3, 1, 2),
        subject.with_joint(3, *subject.joints[3], sigma_px=9),
        subject.with_paint(np.ones(17, bool), np.ones((17, 1, 4), np.float32)),
        load_pose(written(tmp_path, coco(annotation(box=[100, 20, 200, 240])))).subject,
    ]
    assert len({one.content_hash for one in (subject, *others)}) == 5
    assert load_pose(written(tmp_path, coco(annotation()))).subject.content_hash == subject.content_hash
    with pytest.raises(ValueError, match="read-only"):
        subject.joints[0] = 3
