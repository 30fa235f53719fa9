"""Poses that somebody drops on a picture, and what is done to all joints at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from maskengines.errors import BadInput
from maskengines.pose import presets as drawn
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_paint import evidence_from_paint
from maskengines.subjects.pose_skeleton import COUNT, INDEX, bone_lengths
from maskengines.subjects.pose_template import (
    fitted,
    guessed,
    limb,
    mirrored,
    mirrored_body,
    mirrored_paint,
    mirrored_pins,
    preset_body,
    preset_names,
    preset_pose,
    template_pose,
    with_evidence,
    without,
)

SIZE, BOX = (640, 480), (100.0, 40.0, 160.0, 400.0)


def standing() -> PoseSubject:
    return template_pose(SIZE, BOX)


def same(one: PoseSubject, other: PoseSubject) -> bool:
    return (
        np.allclose(one.joints, other.joints)
        and np.allclose(one.sigma_px, other.sigma_px)
        and np.array_equal(one.missing, other.missing)
        and np.allclose(one.box, other.box)
    )


def extent(pose: PoseSubject) -> np.ndarray:
    return np.ptp(pose.joints[~pose.missing], axis=0)


def test_a_dropped_person_stands_in_the_box_and_fills_it() -> None:
    pose = standing()
    low, high = pose.joints.min(0), pose.joints.max(0)
    assert (low >= BOX[:2]).all()
    assert (high <= np.add(BOX[:2], BOX[2:])).all()
    assert extent(pose)[1] > 0.9 * BOX[3]
    assert not pose.missing.any()
    ys = pose.joints[:, 1]
    assert (
        ys[INDEX["Head"]]
        < ys[INDEX["LShoulder"]]
        < ys[INDEX["Hip"]]
        < ys[INDEX["LKnee"]]
        < ys[INDEX["LAnkle"]]
    )
    # Who looks at the viewer has the left hand on the picture's right.
    assert pose.joints[INDEX["LWrist"], 0] > pose.joints[INDEX["RWrist"], 0]


def test_a_wide_box_does_not_make_a_wide_person() -> None:
    wide = template_pose(SIZE, (0, 0, 640, 400))
    narrow = template_pose(SIZE, (0, 0, 160, 400))
    assert np.allclose(extent(wide), extent(narrow))
    assert wide.joints[:, 0].mean() == pytest.approx(320)


def test_spreads_grow_with_the_box() -> None:
    large = template_pose(SIZE, (0, 0, 2 * BOX[2], 2 * BOX[3]))
    assert np.allclose(large.sigma_px, 2 * standing().sigma_px)


@pytest.mark.parametrize("box", [(0, 0, 0, 10), (0, 0, 10, -1), (0, 0, float("nan"), 10)])
def test_a_box_without_area_is_refused(box: tuple[float, float, float, float]) -> None:
    for make in (lambda: template_pose(SIZE, box), lambda: fitted(standing(), box)):
        with pytest.raises(BadInput, match="no area"):
            make()


def test_fitting_moves_all_joints_with_the_box_and_back() -> None:
    pose = without(standing(), INDEX["LWrist"])
    there = fitted(pose, (10, 20, 320, 200))
    assert there.box == (10, 20, 320, 200)
    share = (pose.joints - BOX[:2]) / BOX[2:]
    expected = share * (320, 200) + (10, 20)
    assert np.allclose(there.joints[~pose.missing], expected[~pose.missing])
    assert (there.joints[pose.missing] == 0).all()
    assert np.allclose(there.sigma_px, pose.sigma_px * np.sqrt(2 * 0.5))
    assert same(fitted(there, BOX), pose)


def test_mirroring_exchanges_the_sides_and_twice_is_nothing() -> None:
    pose = without(preset_pose("walking", SIZE, BOX), INDEX["RElbow"])
    turned = mirrored(pose)
    assert turned.missing[INDEX["LElbow"]]
    assert (turned.joints[INDEX["LElbow"]] == 0).all()
    assert not turned.missing[INDEX["RElbow"]]
    left, right = pose.joints[INDEX["LKnee"]], turned.joints[INDEX["RKnee"]]
    assert right == pytest.approx((2 * (BOX[0] + BOX[2] / 2) - left[0], left[1]))
    assert not same(turned, pose)
    assert same(mirrored(turned), pose)


def test_body_pins_and_paint_are_mirrored_as_the_joints_are() -> None:
    rng = np.random.default_rng(0)
    body = rng.normal(0, 300, (COUNT, 3)).astype(np.float32)
    turned = mirrored_body(body)
    assert turned.dtype == np.float32
    assert turned[INDEX["RWrist"]] == pytest.approx(body[INDEX["LWrist"]] * (-1, 1, 1))
    assert turned[INDEX["Nose"]] == pytest.approx(body[INDEX["Nose"]] * (-1, 1, 1))
    assert mirrored_pins({"LWrist": (10, 20, 30), "Head": (1, 2, 3)}) == {
        "RWrist": (-10, 20, 30),
        "Head": (-1, 2, 3),
    }
    pose = preset_pose("walking", SIZE, BOX)
    mask = np.zeros(SIZE[::-1], np.uint8)
    x, y = pose.joints[INDEX["LWrist"]].astype(int)
    mask[y - 20 : y + 21, x - 20 : x + 21] = 255
    mask[:, 600:] = 255
    before = evidence_from_paint(mask, pose)[1]
    flipped = mirrored_paint(mask, BOX)
    asked = evidence_from_paint(flipped, mirrored(pose))[1]
    assert before[INDEX["LWrist"]] == 255
    assert asked[INDEX["RWrist"]] == 255
    assert asked[INDEX["LWrist"]] == before[INDEX["RWrist"]]
    assert flipped.sum() == 41 * 41 * 255, "what is beyond the picture goes"


def test_a_joint_is_marked_unknown_and_known_again_near_its_limb() -> None:
    pose, knee = standing(), INDEX["LAnkle"]
    gone = without(pose, knee)
    assert gone.missing[knee]
    assert gone.evidence()[knee, :, 3].max() == 0
    back = with_evidence(gone, knee)
    assert not back.missing[knee]
    assert back.evidence()[knee, 0, 3] == 1
    assert np.linalg.norm(back.joints[knee] - pose.joints[knee]) < 0.05 * BOX[3]
    assert with_evidence(pose, knee) is pose


def test_guesses_stay_in_the_picture_whatever_is_known() -> None:
    pose = template_pose(SIZE, (300, 250, 200, 400))
    for joint in range(1, COUNT):
        pose = without(pose, joint)
        places = guessed(pose)
        assert np.isfinite(places).all()
        assert (places[pose.missing] >= 0).all()
        assert (places[pose.missing] <= SIZE).all()
    assert np.array_equal(guessed(pose)[0], pose.joints[0])
    assert np.isfinite(guessed(without(pose, 0))).all()


def test_a_limb_ends_at_its_tip() -> None:
    assert limb(INDEX["LElbow"]) == (INDEX["LElbow"], INDEX["LWrist"])
    assert set(limb(0)) == set(range(COUNT))


def test_presets_are_what_their_names_say() -> None:
    assert {"standing", "walking", "running", "sitting", "crouching", "arms raised"} <= set(preset_names())
    heights = {name: preset_body(name)[:, 1] for name in preset_names()}
    down = {name: ys[[INDEX["LAnkle"], INDEX["RAnkle"]]].max() for name, ys in heights.items()}
    assert down["crouching"] < 0.85 * down["standing"]
    assert down["sitting"] < 0.75 * down["standing"]
    raised = heights["arms raised"]
    assert max(raised[INDEX["LWrist"]], raised[INDEX["RWrist"]]) < raised[INDEX["LShoulder"]]
    knees = heights["knee raised"]
    assert abs(knees[INDEX["LKnee"]] - knees[INDEX["RKnee"]]) > 150
    for name in preset_names():
        lengths = bone_lengths(preset_body(name))
        assert lengths[INDEX["LKnee"]] == pytest.approx(lengths[INDEX["RKnee"]], rel=0.01)


def test_every_preset_fills_its_box() -> None:
    for name in preset_names():
        pose = preset_pose(name, SIZE, BOX)
        assert (pose.joints >= BOX[:2]).all()
        assert (pose.joints <= np.add(BOX[:2], BOX[2:])).all()
        assert (extent(pose) / BOX[2:]).max() > 0.9


def test_an_unknown_preset_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match="standing, walking"):
        preset_pose("flying", SIZE, BOX)


def test_the_presets_that_ship_are_of_their_regions() -> None:
    shipped = np.stack([preset_body(name) for name in preset_names()])
    assert preset_names() == tuple(preset.name for preset in drawn.PRESETS)
    for preset, body in zip(drawn.PRESETS, shipped, strict=True):
        assert len(drawn.region(drawn.straightened(body[None]), preset)) > 0, preset.name


def test_a_name_that_the_prior_does_not_give_is_told(tmp_path: Path) -> None:
    few = np.repeat(drawn.straightened(preset_body("standing")[None]), 8, axis=0)
    with pytest.raises(ValueError, match="walking"):
        drawn.write(tmp_path, few)
    assert list(tmp_path.iterdir()) == []
