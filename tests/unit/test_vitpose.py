"""A detector's heatmaps become a pose that doubts what the detector doubts, or a sentence says why not."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import cv2
import numpy as np
import pytest
import torch
from maskengines.contract import Candidate, Request, RunContext
from maskengines.errors import BadInput
from maskengines.pose.crop import painted_box
from maskengines.pose.detected import detected_pose
from maskengines.pose.detector import ViTPoseEngine, seen_in
from maskengines.pose.info import DetectorParams
from maskengines.pose.peaks import MOST, peaks
from maskengines.pose.question import pose_question
from maskengines.pose.vitpose import FLIP_PAIRS, Detector, load_detector
from maskengines.projects.records import candidate_from_record, candidate_to_record
from maskengines.results.files import save_result
from maskengines.results.joints import Joints, pose_from_candidate
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_files import load_pose, pose_json
from maskengines.subjects.pose_formats.keypoints import FORMATS, to_body
from maskengines.subjects.pose_paint import evidence_from_paint
from maskengines.subjects.pose_skeleton import COUNT, INDEX
from tiny_vitpose import write_vitpose

Array = np.ndarray[Any, Any]
COCO = FORMATS["coco"]
BOX = (20.0, 30.0, 80.0, 120.0)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_vitpose(tmp_path_factory.mktemp("networks") / "tiny")


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "tiny"))


@pytest.fixture(scope="module")
def detector(written: Path) -> Detector:
    return load_detector(str(written))


def photo(width: int = 160, height: int = 200, seed: int = 0) -> Array:
    """Flat squares of random colours: the tiny network tells one part of it from another."""
    tiles = np.random.default_rng(seed).integers(0, 256, (height // 20, width // 20, 3), np.uint8)
    return np.ascontiguousarray(np.kron(tiles, np.ones((20, 20, 1), np.uint8)))


class Context:
    device = "cpu"

    def progress(self, done: float, total: float, text: str = "") -> None:
        """Nobody watches."""

    def checkpoint(self) -> None:
        """Nobody stops it."""


def ask(subject: Any, masks: dict[str, Array], **params: Any) -> Candidate:
    request = Request(subject, masks, DetectorParams(**params), seed=3)
    (answer,) = ViTPoseEngine().sample(request, cast(RunContext, Context()))
    return answer


def bump(x: float, y: float, sigma: float, height: float, shape: tuple[int, int] = (64, 48)) -> Array:
    rows, columns = np.indices(shape)
    return height * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))


def standing() -> list[Array]:
    """One place for each of COCO's keypoints of somebody who stands: x, y, sigma, height."""
    places = {
        "nose": (100, 40), "left_eye": (104, 36), "right_eye": (96, 36), "left_ear": (109, 38),
        "right_ear": (91, 38), "left_shoulder": (120, 65), "right_shoulder": (80, 65),
        "left_elbow": (130, 95), "right_elbow": (70, 95), "left_wrist": (134, 125),
        "right_wrist": (66, 125), "left_hip": (112, 125), "right_hip": (88, 125), "left_knee": (113, 165),
        "right_knee": (87, 165), "left_ankle": (114, 205), "right_ankle": (86, 205),
    }  # fmt: skip
    return [np.array([[*places[name], 3.0, 0.9]]) for name in COCO]


# Heatmaps


@pytest.mark.parametrize("sigma", [1.0, 2.0, 4.0])
def test_a_round_peak_keeps_its_place_height_and_spread(sigma: float) -> None:
    (peak,) = peaks(bump(20.3, 30.7, sigma, 0.8))
    assert (peak.x, peak.y) == pytest.approx((20.3, 30.7), abs=0.01)
    assert peak.height == pytest.approx(0.8, rel=0.1)
    assert peak.sigma == pytest.approx(sigma, rel=0.05)


@pytest.mark.parametrize("apart", [6.0, 10.0, 20.0])
def test_two_peaks_stay_two_each_with_its_own_spread(apart: float) -> None:
    first, second = peaks(np.maximum(bump(15, 30, 2, 0.9), bump(15 + apart, 32, 2, 0.5)))
    assert (first.x, second.x) == pytest.approx((15, 15 + apart), abs=0.2)
    assert (first.height, second.height) == pytest.approx((0.9, 0.5), abs=0.02)
    assert (first.sigma, second.sigma) == pytest.approx((2, 2), rel=0.1)


def test_ripples_are_no_peaks_and_many_peaks_are_cut() -> None:
    noise = np.random.default_rng(0).normal(0, 0.03, (64, 48))
    assert len(peaks(bump(20, 30, 2, 0.9) + noise)) == 1
    many = sum(bump(8 + 10 * k, 20 + 8 * k, 2, 0.9 - 0.1 * k) for k in range(4))
    found = peaks(cast(Array, many))
    assert len(found) == MOST
    assert [peak.height for peak in found] == sorted((peak.height for peak in found), reverse=True)


def test_below_the_least_height_nothing_is_seen() -> None:
    assert peaks(np.zeros((64, 48))) == []
    assert peaks(bump(20, 30, 2, 0.09), least=0.1) == []
    assert len(peaks(np.maximum(bump(10, 30, 2, 0.9), bump(30, 30, 2, 0.24)), least=0.3)) == 1


def test_the_first_peak_is_where_transformers_own_decoding_puts_the_joint(detector: Detector) -> None:
    heatmaps = detector.heatmaps(photo(), BOX, flip=True)
    drawn = np.stack([bump(10 + k, 50.4 - 2 * k, 1.5 + 0.1 * k, 0.2 + 0.04 * k) for k in range(17)])
    for maps in (heatmaps, drawn.astype(np.float32)):
        outputs = SimpleNamespace(heatmaps=torch.from_numpy(maps)[None])
        ((told,),) = detector.processor.post_process_pose_estimation(outputs, boxes=[[list(BOX)]])
        ours = np.array([modes[0] for modes in seen_in(maps, detector.crop(BOX), 0)])
        assert np.allclose(ours[:, :2], told["keypoints"].numpy(), atol=1e-3)
        assert np.allclose(ours[:, 3], np.minimum(told["scores"].numpy(), 1), atol=1e-6)


def test_the_network_is_shown_what_lies_in_the_crop(detector: Detector) -> None:
    picture = np.zeros((200, 160, 3), np.uint8)
    cv2.circle(picture, (52, 97), 6, (255, 255, 255), -1)
    shown: list[Array] = []
    handle = detector.module.register_forward_pre_hook(lambda module, given: shown.append(given[0].numpy()))
    try:
        detector.heatmaps(picture, BOX, flip=True)
    finally:
        handle.remove()
    straight, mirrored = (one[0].mean(axis=0) - one[0].mean(axis=0).min() for one in shown)
    assert np.array_equal(mirrored, straight[:, ::-1])
    rows, columns = np.indices(straight.shape)
    centre = np.array([(columns * straight).sum(), (rows * straight).sum()]) / straight.sum()
    assert detector.crop(BOX).in_photo(centre, straight.shape) == pytest.approx((52, 97), abs=0.5)


def test_looking_twice_is_the_mean_with_the_mirrored_photo(detector: Detector) -> None:
    picture = photo()
    order = np.arange(17)
    for left, right in FLIP_PAIRS:
        order[[left, right]] = right, left
    box = (30.0, 40.0, 100.0, 120.0)
    in_the_mirror = (29.0, 40.0, 100.0, 120.0)  # around 79, as the last of the columns is the 159th
    straight = detector.heatmaps(picture, box, flip=False)
    turned = np.ascontiguousarray(picture[:, ::-1])
    mirrored = detector.heatmaps(turned, in_the_mirror, flip=False)[order][..., ::-1]
    assert np.abs(straight - mirrored).mean() > 0.05
    both = detector.heatmaps(picture, box, flip=True)
    assert np.allclose(both, (straight + mirrored) / 2, atol=0.02)


# From keypoints to a pose


def test_a_joint_in_one_place_is_what_a_file_of_keypoints_says() -> None:
    pose = detected_pose(standing(), (50, 20, 100, 200), (200, 240))
    rows = np.concatenate(standing())
    joints, confidence, sigma = to_body("coco", rows[:, :2], rows[:, 3], rows[:, 2])
    assert np.allclose(pose.joints, joints)
    assert np.allclose(pose.confidence, confidence)
    assert np.allclose(pose.sigma_px, sigma)
    assert not pose.in_several_places.any()
    assert pose.evidence().shape == (COUNT, 1, 4)


def test_a_wrist_in_two_places_stays_in_two_and_moves_nothing_else() -> None:
    seen = standing()
    seen[COCO.index("left_wrist")] = np.array([[134, 125, 3, 0.6], [160, 70, 5, 0.4]])
    pose = detected_pose(seen, (50, 20, 100, 200), (200, 240))
    assert np.flatnonzero(pose.in_several_places).tolist() == [INDEX["LWrist"]]
    assert np.allclose(pose.evidence()[INDEX["LWrist"]], [[134, 125, 3, 0.6], [160, 70, 5, 0.4]])
    assert tuple(pose.joints[INDEX["LWrist"]]) == (134, 125)
    # A person's two blobs are dealt evenly; a detector's doubts are weighed by the model.
    assert not pose_question(pose, None, {}).either.any()


def test_a_shoulder_in_two_places_puts_the_trunk_in_two() -> None:
    seen = standing()
    seen[COCO.index("left_shoulder")] = np.array([[120, 65, 3, 0.6], [120, 105, 3, 0.5]])
    pose = detected_pose(seen, (50, 20, 100, 200), (200, 240))
    places = pose.evidence()[INDEX["Thorax"]]
    assert np.allclose(places[places[:, 3] > 0][:, :2], [[100, 65], [100, 85]])
    assert np.allclose(places[places[:, 3] > 0][:, 3], [0.6, 0.5])
    assert pose.in_several_places[INDEX["Spine"]]
    assert not pose.in_several_places[INDEX["Hip"]]


def test_what_is_not_seen_is_missing_and_nothing_seen_is_said() -> None:
    seen = standing()
    seen[COCO.index("left_knee")] = np.zeros((0, 4))
    pose = detected_pose(seen, (50, 20, 100, 200), (200, 240))
    assert np.flatnonzero(pose.missing).tolist() == [INDEX["LKnee"]]
    with pytest.raises(BadInput, match="No joint can be made out in the box of 100 x 200"):
        detected_pose([np.zeros((0, 4))] * 17, (50, 20, 100, 200), (200, 240))


def two_wrists() -> PoseSubject:
    seen = standing()
    seen[COCO.index("left_wrist")] = np.array([[134, 125, 3, 0.6], [160, 70, 5, 0.4]])
    return detected_pose(seen, (50, 20, 100, 200), (200, 240))


def test_a_file_keeps_both_places_until_somebody_moves_the_joint(tmp_path: Path) -> None:
    pose, wrist = two_wrists(), INDEX["LWrist"]
    path = tmp_path / "pose.json"
    path.write_bytes(pose_json(pose))
    again = load_pose(path).subject
    assert np.allclose(again.evidence(), pose.evidence(), atol=1e-3)
    assert again.box == pytest.approx(pose.box)
    held = json.loads(path.read_text())
    held["annotations"][0]["keypoints"][3 * COCO.index("left_wrist")] += 20
    path.write_text(json.dumps(held))
    assert not load_pose(path).subject.in_several_places.any()
    dragged = again.with_joint(wrist, 150, 100)
    assert not dragged.in_several_places.any()
    assert "modes_px" not in json.loads(pose_json(dragged))["annotations"][0]


@pytest.mark.parametrize(
    "told",
    [{"LHand": [[1, 2, 3, 0.5]]}, {"LWrist": [[1, 2, 0, 0.5]]}, {"LWrist": [[1, 2, 3, float("nan")]]},
     {"LWrist": [[1, 2, 3]]}, {"LWrist": []}, [1]],
)  # fmt: skip
def test_odd_places_in_a_file_are_told_of(told: Any, tmp_path: Path) -> None:
    path = tmp_path / "pose.json"
    held = json.loads(pose_json(two_wrists()))
    held["annotations"][0]["modes_px"] = told
    path.write_text(json.dumps(held))
    with pytest.raises(BadInput, match="x, y, sigma and likelihood by name of a joint"):
        load_pose(path)


def test_paint_replaces_a_detectors_doubt_where_it_is_and_nowhere_else() -> None:
    pose = two_wrists()
    mask = np.zeros((240, 200), np.uint8)
    cv2.circle(mask, (66, 125), 9, 255, -1)  # the other wrist
    painted, asked = evidence_from_paint(mask, pose)
    assert painted.in_several_places[INDEX["LWrist"]]
    assert asked[INDEX["RWrist"]] == 255
    cv2.circle(mask, (134, 125), 9, 255, -1)
    painted, asked = evidence_from_paint(mask, pose)
    assert not painted.in_several_places.any()
    assert (painted.evidence(asked)[INDEX["LWrist"], :, 3] > 0).sum() == 1
    cleaned, _ = evidence_from_paint(np.zeros_like(mask), painted)
    assert not cleaned.painted.any()
    soft = np.zeros(COUNT, np.uint8)
    soft[INDEX["LWrist"]] = 64
    wider = pose.evidence(soft)[INDEX["LWrist"]]
    assert (wider[:, 2] > 1.4 * pose.evidence()[INDEX["LWrist"], :, 2]).all()


def test_a_joint_that_is_moved_or_taken_away_is_in_one_place_or_none() -> None:
    pose, wrist = two_wrists(), INDEX["LWrist"]
    places = pose.joints.copy()
    places[INDEX["RWrist"]] += 10
    assert replace(pose, joints=places).in_several_places[wrist]
    places[wrist] += 10
    moved = replace(pose, joints=places)
    assert not moved.in_several_places.any()
    assert tuple(moved.evidence()[wrist, 0, :2]) == (144, 135)
    gone = pose.missing.copy()
    gone[wrist] = True
    assert not replace(pose, missing=gone).evidence()[wrist].any()


def test_a_wider_spread_widens_every_place() -> None:
    pose, wrist = two_wrists(), INDEX["LWrist"]
    sigma = pose.sigma_px.copy()
    sigma[wrist] *= 2
    assert np.allclose(replace(pose, sigma_px=sigma).evidence()[wrist, :, 2], [6, 10])


# The engine


def test_only_the_person_in_the_painted_box_is_looked_at(written: Path) -> None:
    picture = photo()
    mask = np.zeros((200, 160), np.uint8)
    mask[30:150, 20:100] = 200
    subject = ImageSubject(picture)
    before = ask(subject, {"pixels": mask}, model=str(written))
    beside = picture.copy()
    beside[:, 130:] = 255 - beside[:, 130:]  # beyond the box and its margin
    assert np.array_equal(
        pose_from_candidate(ask(ImageSubject(beside), {"pixels": mask}, model=str(written))).joints,
        pose_from_candidate(before).joints,
    )
    everything = pose_from_candidate(ask(subject, {}, model=str(written)))
    assert not np.array_equal(everything.joints, pose_from_candidate(before).joints)
    mask[:] = 0
    nothing = pose_from_candidate(ask(subject, {"pixels": mask}, model=str(written)))
    assert np.array_equal(nothing.joints, everything.joints)


def test_grey_16_bit_and_transparent_photos_are_looked_at(written: Path) -> None:
    grey = photo()[..., :1]
    alpha = np.zeros(grey.shape[:2], np.uint16)
    plain = pose_from_candidate(ask(ImageSubject(grey.repeat(3, 2)), {}, model=str(written)))
    deep = pose_from_candidate(ask(ImageSubject(grey.astype(np.uint16) * 257, alpha), {}, model=str(written)))
    assert np.allclose(deep.joints, plain.joints, atol=0.5)


def test_an_answer_survives_the_project_and_the_file(written: Path, tmp_path: Path) -> None:
    subject = ImageSubject(photo())
    answer = ask(subject, {}, model=str(written))
    blobs: dict[str, bytes] = {}

    def store(suffix: str, data: bytes) -> str:
        blobs[f"{len(blobs)}{suffix}"] = data
        return f"{len(blobs) - 1}{suffix}"

    record = json.loads(json.dumps(candidate_to_record(answer, store)))
    again = candidate_from_record(record, blobs.__getitem__)
    pose, kept = pose_from_candidate(answer), pose_from_candidate(again)
    assert kept.content_hash == pose.content_hash
    assert (kept.size, kept.photo_hash) == ((160, 200), subject.content_hash)
    save_result(again, subject, tmp_path / "a.json")
    assert np.allclose(load_pose(tmp_path / "a.json").subject.evidence(), pose.evidence(), atol=2e-3)
    save_result(again, subject, tmp_path / "a.openpose.json")
    openpose = load_pose(tmp_path / "a.openpose.json").subject
    assert np.allclose(openpose.joints, pose.joints, atol=1e-3)
    assert np.allclose(openpose.sigma_px, pose.sigma_px, atol=2e-3)
    with pytest.raises(BadInput, match=r"Use one of \.json"):
        save_result(again, subject, tmp_path / "a.png")


def test_damaged_joints_are_told_of(written: Path) -> None:
    result = ask(ImageSubject(photo()), {}, model=str(written)).result
    for broken, said in (
        ({}, "lack their pose"),
        ({"pose": result["pose"]}, "lack their arrays"),
        ({**result, "arrays": {**result["arrays"], "joints": np.zeros((16, 2))}}, "malformed"),
        ({**result, "pose": {**result["pose"], "names": ["Hip"]}}, "other joints"),
        ({**result, "arrays": {"joints": np.zeros((17, 2))}}, "is missing"),
    ):
        with pytest.raises(BadInput, match=said):
            Joints.read(broken)
    with pytest.raises(BadInput, match="holds no joints"):
        pose_from_candidate(Candidate("table", {}, 0))


def test_of_a_pose_the_joints_that_are_asked_for_are_found_anew(written: Path, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), photo()[..., ::-1])
    found = pose_from_candidate(ask(ImageSubject(photo()), {}, model=str(written), least=0))
    pose = PoseSubject(
        found.joints + 7, found.confidence, found.sigma_px, found.missing, (0, 0, 160, 200), (160, 200),
        str(path), "hash",
    )  # fmt: skip
    anew = pose_from_candidate(ask(pose, {"joints": np.zeros(17, np.uint8)}, model=str(written), least=0))
    assert np.allclose(anew.joints, found.joints)
    assert (anew.photo, anew.photo_hash) == (str(path), "hash")
    asked = np.zeros(17, np.uint8)
    asked[INDEX["LWrist"]] = 255
    one = pose_from_candidate(ask(pose, {"joints": asked}, model=str(written), least=0))
    assert np.allclose(one.joints[INDEX["LWrist"]], found.joints[INDEX["LWrist"]])
    others = np.arange(17) != INDEX["LWrist"]
    assert np.array_equal(one.joints[others], pose.joints[others])
    with pytest.raises(BadInput, match="which photo it belongs to"):
        ask(found, {}, model=str(written))
    cv2.imwrite(str(path), photo(80, 100))
    with pytest.raises(BadInput, match="is 80 x 100 now"):
        ask(pose, {}, model=str(written))


def test_a_box_too_small_for_a_person_is_told_of() -> None:
    mask = np.zeros((200, 160), np.uint8)
    mask[50:53, 60:90] = 255
    with pytest.raises(BadInput, match="30 x 3 pixels"):
        painted_box(mask, (160, 200))
    assert painted_box(None, (160, 200)) == (0, 0, 160, 200)
