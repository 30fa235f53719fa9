"""Many bodies as one answer: what is refused, and what each kind of file says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from maskengines.contract import Candidate
from maskengines.errors import BadInput
from maskengines.results.files import check_result_target, save_result
from maskengines.results.hypotheses import Hypotheses
from maskengines.results.hypothesis_files import FORMS, form_for, form_of, motion_error, save_form
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_files import load_pose, save_pose
from maskengines.subjects.pose_formats.bvh import read_bvh
from maskengines.subjects.pose_formats.bvh_pose import to_body
from maskengines.subjects.pose_formats.keypoints import FORMATS
from maskengines.subjects.pose_skeleton import INDEX, JOINTS, PARENTS, bone_lengths

Array = np.ndarray[Any, Any]


@pytest.fixture
def subject() -> PoseSubject:
    joints = np.random.default_rng(1).uniform(100, 300, (17, 2))
    return PoseSubject(
        joints, np.ones(17), np.full(17, 6.0), np.zeros(17, bool), (80, 80, 240, 240), (400, 300),
        photo="photos/street.jpg",
    )  # fmt: skip


def fan(subject: PoseSubject, count: int = 5) -> dict[str, Any]:
    """Poses of one body in the camera frame, the fourth the most likely, seen near the subject's joints."""
    generator = np.random.default_rng(2)
    poses = np.zeros((count, 17, 3), np.float32)
    for joint in range(1, 17):
        bones = generator.normal(size=(count, 3))
        bones *= 250 / np.linalg.norm(bones, axis=1, keepdims=True)
        poses[:, joint] = poses[:, PARENTS[joint]] + bones
    weights = np.full(count, 1.0, np.float32)
    weights[3 % count] = 2
    seen = subject.joints + generator.normal(0, 1, (count, 17, 2))
    return {
        "poses": poses, "weights": weights, "joints": list(JOINTS), "joints_2d": seen.astype(np.float32),
        "medoids": [0, 3],
    }  # fmt: skip


def saved(result: dict[str, Any], subject: PoseSubject, path: Path) -> Path:
    save_result(Candidate("hypotheses", result, 7), subject, path)
    return path


def test_hypotheses_arrive_as_they_were_sent(subject: PoseSubject) -> None:
    result = fan(subject)
    read = Hypotheses.read(Hypotheses.read(result).to_plain())
    assert np.array_equal(read.poses, result["poses"])
    assert np.array_equal(read.joints_2d, result["joints_2d"])
    assert read.weights.sum() == pytest.approx(1)
    assert read.best == 3
    assert read.extra == {"medoids": [0, 3]}
    with pytest.raises(ValueError, match="read-only"):
        read.poses[0] = 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"poses": None}, "malformed|instead of"),
        ({"poses": np.zeros((5, 16, 3))}, "\\(5, 16, 3\\)"),
        ({"weights": np.ones(4)}, "\\(4,\\)"),
        ({"weights": np.zeros(5)}, "all are 0"),
        ({"weights": -np.ones(5)}, "below 0"),
        (
            {"weights": np.ones(0), "poses": np.ones((0, 17, 3)), "joints_2d": np.ones((0, 17, 2))},
            "instead of",
        ),
        ({"joints_2d": np.zeros((5, 17, 3))}, "\\(5, 17, 3\\)"),
        ({"poses": np.full((5, 17, 3), np.nan)}, "no finite number"),
        ({"joints": ["Hip"]}, "other joints"),
        ({"poses": [["x"]]}, "malformed"),
    ],
)
def test_what_is_no_set_of_hypotheses_is_refused(
    change: dict[str, Any], told: str, subject: PoseSubject
) -> None:
    with pytest.raises(BadInput, match=told):
        Hypotheses.read({**fan(subject), **change})
    with pytest.raises(BadInput, match="lack one of"):
        Hypotheses.read({"poses": 1})


def test_an_npz_holds_all_of_them(subject: PoseSubject, tmp_path: Path) -> None:
    result = fan(subject)
    with np.load(saved(result, subject, tmp_path / "fan.npz"), allow_pickle=False) as held:
        assert np.array_equal(held["poses"], result["poses"])
        assert held["poses"].dtype == np.float32
        assert np.allclose(held["weights"], result["weights"] / result["weights"].sum())
        assert held["joints"].tolist() == list(JOINTS)
        assert np.array_equal(held["joints_2d"], result["joints_2d"])
    again = saved(result, subject, tmp_path / "again.npz")
    assert again.read_bytes() == (tmp_path / "fan.npz").read_bytes()


def test_a_bvh_holds_them_as_frames_in_centimetres_with_y_up(subject: PoseSubject, tmp_path: Path) -> None:
    result = fan(subject)
    motion = read_bvh(saved(result, subject, tmp_path / "fan.bvh"))
    assert motion.total == 5
    rows = [[joint.name for joint in motion.joints].index(name) for name in JOINTS]
    upright = result["poses"] * [1, -1, -1]
    assert np.abs(motion.positions()[:, rows] * 10 - upright).max() < 0.1
    assert bone_lengths(to_body(motion, "")[0])[1:] == pytest.approx(250, abs=0.1)


def test_a_glb_holds_the_most_likely_in_metres(subject: PoseSubject, tmp_path: Path) -> None:
    result = fan(subject)
    data = saved(result, subject, tmp_path / "fan.glb").read_bytes()
    only = {**result, **{key: result[key][3:4] for key in ("poses", "weights", "joints_2d")}}
    assert saved(only, subject, tmp_path / "one.glb").read_bytes() == data
    nodes = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])["nodes"]
    assert next(node for node in nodes if node["name"] == "RKnee")["translation"] == pytest.approx(
        [0, -0.25, 0]
    )


@pytest.mark.parametrize(
    ("name", "opened", "wanted"),
    [
        ("a.json", None, "openpose-25"), ("a.json", "coco", "coco"), ("a.json", "openpose-18", "openpose-18"),
        ("a.coco.json", "openpose-18", "coco"), ("a.openpose.json", "coco", "openpose-25"),
        ("a.openpose.json", "openpose-18", "openpose-18"), ("a.v2.json", "coco", "coco"),
    ],
)  # fmt: skip
def test_keypoints_are_the_most_likely_as_seen_in_the_photo(
    name: str, opened: str | None, wanted: str, subject: PoseSubject, tmp_path: Path
) -> None:
    if opened is not None:
        save_pose(subject, tmp_path / "in.json", opened)
        subject = load_pose(tmp_path / "in.json").subject
    result = fan(subject)
    held = json.loads(saved(result, subject, tmp_path / name).read_text())
    if wanted == "coco":
        (told,) = held["annotations"]
        values = told["keypoints"]
        assert told["num_keypoints"] == 13
    else:
        values = held["people"][0]["pose_keypoints_2d"]
    rows = np.reshape(values, (-1, 3))
    assert len(rows) == len(FORMATS[wanted])
    wrist = rows[FORMATS[wanted].index("left_wrist")]
    assert np.allclose(wrist[:2], result["joints_2d"][3, INDEX["LWrist"]], atol=1e-3)
    assert not rows[FORMATS[wanted].index("left_ear")].any()
    assert not load_pose(tmp_path / name).subject.missing.any()


def test_a_keypoint_is_as_sure_as_hypotheses_agree(subject: PoseSubject, tmp_path: Path) -> None:
    result = fan(subject)
    result["joints_2d"][[0, 1], INDEX["LWrist"]] += 100
    held = json.loads(saved(result, subject, tmp_path / "a.json").read_text())
    rows = np.reshape(held["people"][0]["pose_keypoints_2d"], (25, 3))
    assert rows[FORMATS["openpose-25"].index("left_wrist"), 2] == pytest.approx(4 / 6, abs=1e-3)
    assert rows[FORMATS["openpose-25"].index("right_wrist"), 2] == 1


def test_poses_that_nobody_can_place_are_written_in_3d_only(subject: PoseSubject, tmp_path: Path) -> None:
    result = {**fan(subject), "joints_2d": np.full((5, 17, 2), np.nan, np.float32)}
    for suffix in ("npz", "bvh", "glb"):
        assert saved(result, subject, tmp_path / f"a.{suffix}").stat().st_size > 1000
    with pytest.raises(BadInput, match="too few joints"):
        saved(result, subject, tmp_path / "a.json")
    assert not (tmp_path / "a.json").exists()


def test_other_suffixes_are_refused_before_any_work(tmp_path: Path, subject: PoseSubject) -> None:
    with pytest.raises(BadInput, match=r"Use one of \.npz, \.bvh, \.glb, \.json"):
        check_result_target(("hypotheses",), tmp_path / "a.fbx")
    with pytest.raises(BadInput, match="no suffix"):
        check_result_target(("hypotheses",), tmp_path / "a")
    with pytest.raises(BadInput, match=r"hypotheses as 'a\.png'"):
        saved(fan(subject), subject, tmp_path / "a.png")


def form_called(title: str) -> Any:
    return next(form for form in FORMS if form.title == title)


def of_many_sizes(subject: PoseSubject) -> dict[str, Any]:
    """Five bodies of a size each, the third half as large again."""
    result = fan(subject)
    result["poses"] = result["poses"] * np.array([0.9, 1, 1.5, 1.05, 0.95], np.float32)[:, None, None]
    return result


@pytest.mark.parametrize("chosen", [0, 2])
def test_a_bvh_of_one_body_has_the_bones_of_that_body(
    chosen: int, subject: PoseSubject, tmp_path: Path
) -> None:
    held = Hypotheses.read(of_many_sizes(subject))
    save_form(held, subject, tmp_path / "one.bvh", form_called("BVH, this body"), chosen)
    (body,) = to_body(read_bvh(tmp_path / "one.bvh"), "one.bvh")
    assert np.abs(body - held.poses[chosen] * [1, -1, -1]).max() < 0.05


def test_a_bvh_of_bodies_of_many_sizes_is_off_by_what_is_told(subject: PoseSubject, tmp_path: Path) -> None:
    held = Hypotheses.read(of_many_sizes(subject))
    save_form(held, subject, tmp_path / "all.bvh", form_of("all.bvh"), 0)
    bodies = to_body(read_bvh(tmp_path / "all.bvh"), "all.bvh")
    off = np.linalg.norm(bodies - held.poses * [1, -1, -1], axis=2)
    mean, most = motion_error(held)
    assert mean == pytest.approx(np.average(off.mean(axis=1), weights=held.weights), abs=0.05)
    assert most == pytest.approx(off.max(), abs=0.05)
    assert most > 100
    # What is left is the size of each: scaled to its own, every body is where it was.
    wanted = held.poses * [1, -1, -1]
    scale = (bodies * wanted).sum((1, 2)) / (bodies * bodies).sum((1, 2))
    assert np.abs(bodies * scale[:, None, None] - wanted).max() < 0.1
    same = motion_error(Hypotheses.read(fan(subject)))
    assert same[1] < 0.01


def test_json_holds_all_of_them_with_null_for_what_is_not_seen(subject: PoseSubject, tmp_path: Path) -> None:
    result = fan(subject)
    result["joints_2d"][1] = np.nan
    told = json.loads(saved(result, subject, tmp_path / "all.poses.json").read_text())
    assert told["joints"] == list(JOINTS)
    assert np.allclose(told["poses"], result["poses"], atol=1e-3)
    assert sum(told["weights"]) == pytest.approx(1, abs=1e-4)
    assert told["joints_2d"][1] == [[None, None]] * 17
    assert np.allclose(told["joints_2d"][0], result["joints_2d"][0], atol=1e-3)


@pytest.mark.parametrize(
    ("title", "came", "wanted"),
    [
        ("COCO JSON, this body", "openpose-18", "coco"),
        ("OpenPose JSON, this body", "openpose-18", "openpose-18"),
        ("OpenPose JSON, this body", "coco", "openpose-25"),
        ("Keypoints as they came, this body", "coco", "coco"),
    ],
)
def test_keypoints_of_the_chosen_body_whatever_the_file_is_called(
    title: str, came: str, wanted: str, subject: PoseSubject, tmp_path: Path
) -> None:
    save_pose(subject, tmp_path / "in.json", came)
    subject = load_pose(tmp_path / "in.json").subject
    held = Hypotheses.read(fan(subject))
    save_form(held, subject, tmp_path / "out.json", form_called(title), 2)
    told = json.loads((tmp_path / "out.json").read_text())
    numbers = (
        told["annotations"][0]["keypoints"] if wanted == "coco" else told["people"][0]["pose_keypoints_2d"]
    )
    rows = np.reshape(numbers, (-1, 3))
    ankle = rows[FORMATS[wanted].index("right_ankle"), :2]
    assert np.allclose(ankle, held.joints_2d[2, INDEX["RAnkle"]], atol=1e-3)


def test_a_glb_of_the_chosen_body(subject: PoseSubject, tmp_path: Path) -> None:
    held = Hypotheses.read(of_many_sizes(subject))
    save_form(held, subject, tmp_path / "a.glb", form_of("a.glb"), 2)
    data = (tmp_path / "a.glb").read_bytes()
    nodes = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])["nodes"]
    knee = next(node for node in nodes if node["name"] == "RKnee")
    assert knee["translation"] == pytest.approx([0, -0.375, 0], abs=1e-6)


def test_spread_is_how_far_joints_are_from_their_mean_place(subject: PoseSubject) -> None:
    poses = np.zeros((4, 17, 3))
    poses[:, 3, 0] = [-30, 30, 30, -30]
    poses[:, 5, 1] = [0, 0, 0, 80]
    seen = np.zeros((4, 17, 2))
    spread = Hypotheses.read({"poses": poses, "weights": [1, 1, 1, 1], "joints_2d": seen}).spread()
    assert spread[3] == pytest.approx(30)
    assert spread[5] == pytest.approx(np.sqrt(3) * 20)
    assert spread[0] == 0
    heavy = Hypotheses.read({"poses": poses, "weights": [0, 0, 0, 1], "joints_2d": seen}).spread()
    assert np.allclose(heavy, 0)


@pytest.mark.parametrize(
    ("name", "wanted", "expected"),
    [
        ("a.bvh", "BVH, this body", "BVH, this body"),
        ("a.glb", "BVH, this body", "glTF, this body"),
        ("a.json", "COCO JSON, this body", "COCO JSON, this body"),
        ("a.json", "JSON, all in 3D", "JSON, all in 3D"),
        ("a.coco.json", "OpenPose JSON, this body", "COCO JSON, this body"),
        ("a.npz", "NumPy, all", "NumPy, all"),
        ("a.bvh", "NumPy, all", "BVH, all as frames"),
    ],
)
def test_a_name_that_says_another_format_wins_over_the_choice(name: str, wanted: str, expected: str) -> None:
    assert form_for(name, form_called(wanted)).title == expected
    with pytest.raises(BadInput, match=r"Use one of \.bvh"):
        form_for("a.fbx", form_called(wanted))
