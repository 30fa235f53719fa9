"""Paint over the joints of a photo says what is asked for and where it could be."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maskengines.errors import BadInput
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_paint import evidence_from_paint
from maskengines.subjects.pose_skeleton import INDEX

Array = np.ndarray[Any, Any]

PLACES = {
    "Hip": (300, 300), "RHip": (270, 300), "RKnee": (265, 420), "RAnkle": (260, 540), "LHip": (330, 300),
    "LKnee": (335, 420), "LAnkle": (340, 540), "Spine": (300, 235), "Thorax": (300, 170), "Nose": (300, 140),
    "Head": (300, 110), "LShoulder": (350, 170), "LElbow": (380, 240), "LWrist": (400, 310),
    "RShoulder": (250, 170), "RElbow": (180, 180), "RWrist": (110, 170),
}  # fmt: skip
SIGMA = 8.0


@pytest.fixture
def subject() -> PoseSubject:
    return PoseSubject(
        np.array([PLACES[name] for name in INDEX], float), np.full(17, 0.8), np.full(17, SIGMA),
        np.zeros(17, bool), (20, 60, 520, 520), (600, 600),
    )  # fmt: skip


def paint(*discs: tuple[float, float, float], value: int = 255) -> Array:
    mask = np.zeros((600, 600), np.uint8)
    for x, y, radius in discs:
        rows, columns = np.mgrid[:600, :600] + 0.5
        mask[(columns - x) ** 2 + (rows - y) ** 2 <= radius**2] = value
    return mask


def over(
    name: str, radius: float = 2 * SIGMA, by: tuple[float, float] = (0, 0)
) -> tuple[float, float, float]:
    return (PLACES[name][0] + by[0], PLACES[name][1] + by[1], radius)


def modes(subject: PoseSubject, mask: Array, name: str) -> Array:
    """The Gaussians that are known of a joint under some paint, ``(K, 4)``."""
    painted, asked = evidence_from_paint(mask, subject)
    rows = painted.evidence(asked)[INDEX[name]]
    return rows[rows[:, 3] > 0]


def asked_for(subject: PoseSubject, mask: Array) -> set[str]:
    asked = evidence_from_paint(mask, subject)[1]
    return {name for name, joint in INDEX.items() if asked[joint] >= 128}


def test_no_paint_asks_for_nothing(subject: PoseSubject) -> None:
    painted, asked = evidence_from_paint(np.zeros((600, 600), np.uint8), subject)
    assert not asked.any()
    assert np.array_equal(painted.evidence(asked), subject.evidence())
    assert painted.content_hash == subject.content_hash


@pytest.mark.parametrize("name", ["LWrist", "RAnkle", "RElbow", "LKnee"])
def test_paint_over_a_joint_asks_for_it_and_leaves_the_others(name: str, subject: PoseSubject) -> None:
    mask = paint(over(name))
    assert asked_for(subject, mask) == {name}
    painted, asked = evidence_from_paint(mask, subject)
    others = np.arange(17) != INDEX[name]
    assert np.array_equal(painted.evidence(asked)[others], subject.evidence()[others])
    ((x, y, sigma, weight),) = modes(subject, mask, name)
    assert (x, y) == pytest.approx(PLACES[name], abs=0.6)
    # A disc of the radius 2 s has the variance s^2 per axis.
    assert sigma == pytest.approx(SIGMA * np.sqrt(5), rel=0.02)
    assert weight < 0.8 / 4


def test_more_paint_and_stronger_paint_make_a_joint_less_certain(subject: PoseSubject) -> None:
    softer = [
        modes(subject, paint(over("LWrist"), value=v), "LWrist")[0, 2] for v in (0, 30, 60, 90, 127, 255)
    ]
    wider = [modes(subject, paint(over("LWrist", radius)), "LWrist")[0, 2] for radius in (16, 20, 30, 45)]
    for spreads in (softer, wider):
        assert (np.diff(spreads) > 0).all()
    assert softer[0] == SIGMA


def test_soft_paint_leaves_a_joint_where_it_is(subject: PoseSubject) -> None:
    mask = paint(over("LWrist", by=(4, 4)), value=100)
    assert asked_for(subject, mask) == set()
    ((x, y, _, weight),) = modes(subject, mask, "LWrist")
    assert (x, y) == PLACES["LWrist"]
    assert weight < 0.8


def test_a_second_blob_makes_the_joint_one_or_the_other(subject: PoseSubject) -> None:
    mask = paint(over("LWrist"), over("LWrist", by=(70, -60)))
    assert asked_for(subject, mask) == {"LWrist"}
    found = modes(subject, mask, "LWrist")
    assert sorted(map(tuple, found[:, :2].round())) == [(400, 310), (470, 250)]
    assert found[0, 3] == pytest.approx(found[1, 3], rel=0.05)
    assert found[:, 2] == pytest.approx(SIGMA * np.sqrt(2), rel=0.05)


def test_a_larger_blob_is_likelier(subject: PoseSubject) -> None:
    found = modes(subject, paint(over("LWrist"), over("LWrist", 24, by=(70, -60))), "LWrist")
    mass = {round(float(x)): weight * sigma**2 for x, _, sigma, weight in found}
    assert mass[470] / mass[400] == pytest.approx((24 / 16) ** 2, rel=0.1)


def test_a_blob_beside_a_joint_says_it_could_be_there_too(subject: PoseSubject) -> None:
    mask = paint(over("RWrist", by=(0, 60)))
    assert asked_for(subject, mask) == {"RWrist"}
    found = modes(subject, mask, "RWrist")
    assert sorted(map(tuple, found[:, :2].round())) == [(110, 170), (110, 230)]


def test_blobs_beside_two_joints_are_theirs(subject: PoseSubject) -> None:
    mask = paint(over("RWrist", by=(0, 60)), over("LAnkle", by=(50, 0)))
    assert asked_for(subject, mask) == {"RWrist", "LAnkle"}
    for name, place in (("RWrist", (110, 230)), ("LAnkle", (390, 540))):
        found = modes(subject, mask, name)
        assert sorted(map(tuple, found[:, :2].round())) == sorted([PLACES[name], place])


def test_a_covered_bone_and_a_blob_say_where_its_far_joint_could_be(subject: PoseSubject) -> None:
    mask = cv2.line(paint(over("RKnee", by=(-80, -20))), PLACES["RHip"], (265, 400), 255, 6)
    assert asked_for(subject, mask) == {"RKnee"}
    ((x, y, _, _),) = modes(subject, mask, "RKnee")
    assert (round(x), round(y)) == (185, 400)


def test_paint_far_from_everybody_and_specks_say_nothing(subject: PoseSubject) -> None:
    assert asked_for(subject, paint((570, 20, 25))) == set()
    assert asked_for(subject, paint(over("RWrist", 2, by=(0, 60)))) == set()


def test_paint_over_two_joints_is_shared_between_them(subject: PoseSubject) -> None:
    mask = cv2.line(paint(), PLACES["RKnee"], PLACES["RAnkle"], 255, 34)
    assert asked_for(subject, mask) == {"RKnee", "RAnkle"}
    ((_, knee, _, _),), ((_, ankle, _, _),) = (modes(subject, mask, name) for name in ("RKnee", "RAnkle"))
    assert knee < 480 < ankle


def test_a_bone_mostly_covered_asks_for_its_far_joint(subject: PoseSubject) -> None:
    (x, y), (u, v) = PLACES["RHip"], PLACES["RKnee"]

    def covered(share: float) -> Array:
        ends = [
            (round(x + t * (u - x)), round(y + t * (v - y))) for t in (0.45 - share / 2, 0.45 + share / 2)
        ]
        return cv2.line(paint(), *ends, 255, 6)

    assert asked_for(subject, covered(0.6)) == {"RKnee"}
    assert len(modes(subject, covered(0.6), "RKnee")) == 0
    assert asked_for(subject, covered(0.3)) == set()


def without(subject: PoseSubject, *names: str) -> PoseSubject:
    missing = np.isin(list(INDEX), names)
    joints = np.where(missing[:, None], 0, subject.joints)
    confidence = np.where(missing, 0, subject.confidence)
    return PoseSubject(joints, confidence, subject.sigma_px, missing, subject.box, subject.size)


def test_missing_joints_stay_missing(subject: PoseSubject) -> None:
    less = without(subject, "LWrist", "RKnee", "Spine")
    painted, asked = evidence_from_paint(paint((0, 0, 40), over("LElbow")), less)
    assert not painted.evidence(asked)[less.missing].any()
    assert asked_for(less, paint((0, 0, 40), over("LElbow"))) == {"LElbow"}


def test_paint_tells_where_a_missing_hand_could_be(subject: PoseSubject) -> None:
    less = without(subject, "LWrist")
    mask = paint(over("LWrist", by=(40, 0)))
    assert asked_for(less, mask) == {"LWrist"}
    ((x, y, sigma, weight),) = modes(less, mask, "LWrist")
    assert (round(x), round(y)) == (440, 310)
    assert sigma == pytest.approx(SIGMA * np.sqrt(2), rel=0.05)
    assert 0 < weight <= 0.5
    assert len(modes(less, paint(over("LWrist"), over("LWrist", by=(60, 0))), "LWrist")) == 2


def test_a_photo_painted_all_over_asks_for_everything(subject: PoseSubject) -> None:
    whole = np.full((600, 600), 255, np.uint8)
    painted, asked = evidence_from_paint(whole, subject)
    assert (asked == 255).all()
    evidence = painted.evidence(asked)
    assert (evidence[:, 0, 2] > 2 * SIGMA).all()


def test_a_mask_of_another_size_is_refused(subject: PoseSubject) -> None:
    with pytest.raises(BadInput, match="300 x 200, but the photo is 600 x 600"):
        evidence_from_paint(np.zeros((200, 300), np.uint8), subject)


def test_a_joint_at_the_edge_of_the_photo_can_be_painted(subject: PoseSubject) -> None:
    for place in ((599.5, 310.0), (-3.0, 310.0), (-60.0, 310.0)):
        at_edge = subject.with_joint(INDEX["LWrist"], *place)
        mask = paint((*place, 16))
        assert ("LWrist" in asked_for(at_edge, mask)) == (place[0] > -8)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_any_paint_gives_evidence_that_an_engine_can_use(seed: int, strokes: int) -> None:
    generator = np.random.default_rng(seed)
    subject = PoseSubject(
        generator.uniform(-40, 340, (17, 2)), generator.uniform(0, 1, 17), generator.uniform(0.5, 30, 17),
        generator.random(17) < 0.2, (0, 0, 300, 300), (300, 300),
    )  # fmt: skip
    mask = np.zeros((300, 300), np.uint8)
    for _ in range(strokes):
        ends = generator.integers(-20, 320, (2, 2)).tolist()
        cv2.line(mask, ends[0], ends[1], int(generator.integers(1, 256)), int(generator.integers(1, 60)))
    painted, asked = evidence_from_paint(mask, subject)
    evidence = painted.evidence(asked)
    assert np.isfinite(evidence).all()
    assert ((evidence[..., 3] >= 0) & (evidence[..., 3] <= 1)).all()
    used = evidence[..., 3] > 0
    assert (evidence[..., 2][used] > 0).all()
    assert not evidence[subject.missing & ~painted.painted].any()
    # Nothing that was painted is known more surely than before.
    for joint in np.flatnonzero((asked > 0) & ~subject.missing):
        assert evidence[joint, :, 3].max() <= subject.confidence[joint] + 1e-6
