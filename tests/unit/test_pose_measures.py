"""The measures of hypotheses, against cases whose answer is known; and what a set of hypotheses says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from maskengines.pose import measures
from maskengines.pose.hypotheses import covariances, ellipses, one_body
from maskengines.pose.projection import reprojected
from maskengines.pose.skeleton import COUNT, INDEX, MIRROR, bone_lengths
from scipy.stats import chi2

rng = np.random.default_rng(0)
BODY = rng.normal(0, 300, (COUNT, 3))
BODY[0] = 0


def clouds(bodies: int, count: int, spread: float) -> np.ndarray:
    """Hypotheses (bodies, count, 17, 3) around `BODY`, correlated and of another size along each axis."""
    axes = np.array([[1.0, 0.5, 0], [0, 2.0, 0.3], [0, 0, 0.5]]) * spread
    return BODY + rng.normal(size=(bodies, count, COUNT, 3)) @ axes


def test_the_error_is_the_mean_distance_of_the_joints_that_count() -> None:
    poses = np.repeat(BODY[None, None], 2, 1)
    poses[0, 1, 5] += (30, 0, 40)
    assert measures.mpjpe(poses, BODY[None]).tolist() == [[0, pytest.approx(50 / 17)]]
    which = np.zeros((1, COUNT), bool)
    which[0, [5, 6]] = True
    assert measures.mpjpe(poses, BODY[None], which).tolist() == [[0, pytest.approx(25)]]
    assert np.isnan(measures.mpjpe(poses, BODY[None], ~np.ones((1, COUNT), bool))).all()


def test_turned_scaled_and_moved_bodies_align_but_mirrored_ones_do_not() -> None:
    a = 0.7
    turn = np.array([[math.cos(a), -math.sin(a), 0], [math.sin(a), math.cos(a), 0], [0, 0, 1]])
    moved = 1.3 * BODY @ turn.T + (5, -80, 30)
    assert np.allclose(measures.aligned(moved[None, None], BODY[None]), BODY, atol=1e-6)
    mirrored = BODY * (-1, 1, 1)
    assert np.abs(measures.aligned(mirrored[None, None], BODY[None]) - BODY).max() > 50


@pytest.mark.parametrize("factor", [1.0, 0.5, 2.0])
def test_regions_hold_the_truth_as_often_as_they_say(factor: float) -> None:
    truth = clouds(200, 1, 20.0)[:, 0]
    central = measures.inside(clouds(200, 200, 20.0 * factor), truth)
    assert central.shape == (200, COUNT)
    for share in (0.5, 0.9):
        # Hypotheses that spread too far or not far enough hold it more or less often, by chi squared.
        wanted = chi2.cdf(factor**2 * chi2.ppf(share, 3), 3)
        assert measures.coverage(central, share) == pytest.approx(wanted, abs=0.03)


def test_bones_are_measured_by_length() -> None:
    stretched = BODY.copy()
    arm = stretched[INDEX["LWrist"]] - stretched[INDEX["LElbow"]]
    stretched[INDEX["LWrist"]] += 32 * arm / np.linalg.norm(arm)
    poses = np.stack([BODY, stretched])[None]
    assert measures.bone_error(poses, BODY[None]) == pytest.approx(1.0, rel=1e-4)
    assert measures.bone_unsteadiness(poses) == pytest.approx(1.0, rel=1e-4)


def test_a_body_of_another_size_is_right_at_its_own() -> None:
    poses = np.stack([1.2 * BODY, 0.7 * BODY])[None]
    assert np.allclose(measures.resized(poses, BODY[None]), BODY, atol=1e-3)
    other = BODY.copy()
    other[INDEX["LWrist"]] += (80, 0, 0)
    wrong = measures.resized(other[None, None], BODY[None])
    assert measures.bone_error(wrong, BODY[None]) > 1
    assert bone_lengths(wrong[0, 0]).sum() == pytest.approx(bone_lengths(BODY).sum(), rel=1e-5)


def test_left_and_right_are_compared_within_a_body() -> None:
    even = (BODY + BODY[list(MIRROR)] * (-1, 1, 1)) / 2
    assert measures.asymmetry(even[None, None]) == pytest.approx(0, abs=1e-3)
    longer = even.copy()
    arm = longer[INDEX["LWrist"]] - longer[INDEX["LElbow"]]
    longer[INDEX["LWrist"]] += 50 * arm / np.linalg.norm(arm)
    assert measures.asymmetry(longer[None, None]) == pytest.approx(50 / 6, rel=1e-4)


def test_one_body_has_the_same_bones_throughout_and_on_both_sides() -> None:
    poses = clouds(1, 60, 15.0)[0].astype(np.float32)
    poses[:, 0] = 0
    made = one_body(poses, np.zeros(COUNT, bool))
    lengths = bone_lengths(made)
    shares = lengths / lengths.sum(1, keepdims=True)
    assert np.allclose(shares, shares[0], atol=1e-5)
    assert np.allclose(lengths, lengths[:, list(MIRROR)], rtol=1e-4)
    assert np.allclose(lengths.sum(1), bone_lengths(poses).sum(1), rtol=1e-4)
    assert np.allclose(one_body(poses[:30], np.zeros(COUNT, bool)), made[:30], atol=1e-3)


def test_pinned_joints_and_what_they_hang_on_stay() -> None:
    poses = clouds(1, 30, 15.0)[0].astype(np.float32)
    poses[:, 0] = 0
    pinned = np.zeros(COUNT, bool)
    pinned[INDEX["LElbow"]] = True
    made = one_body(poses, pinned)
    held = [INDEX[name] for name in ("Hip", "Spine", "Thorax", "LShoulder", "LElbow")]
    assert np.array_equal(made[:, held], poses[:, held])
    legs = bone_lengths(made)[:, [INDEX["RKnee"], INDEX["LKnee"]]]
    assert np.allclose(legs[:, 0], legs[:, 1], rtol=1e-4)


def test_ellipses_have_the_axes_of_the_spread() -> None:
    a = 0.6
    turn = np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
    points = rng.normal(size=(4000, COUNT, 2)) * (9, 3) @ turn.T
    long, short, angle = ellipses(covariances(points)).T
    assert long == pytest.approx(9, rel=0.06)
    assert short == pytest.approx(3, rel=0.06)
    assert np.abs(np.tan(angle) - math.tan(a)).max() < 0.06


def test_a_pose_is_found_again_in_its_own_picture() -> None:
    camera = BODY + np.array([0, 0, 3500])
    picture = 900 * camera[:, :2] / camera[:, 2:] + (640, 360)
    other = BODY.copy()
    other[5] += (200, 0, 0)
    seen, residual = reprojected(np.stack([BODY, other]), picture, np.ones(COUNT))
    assert np.abs(seen[0] - picture).max() < 0.1
    assert residual[0] < 0.1
    assert residual[1] > 5
    silent = np.ones(COUNT)
    silent[5] = 0
    assert reprojected(other[None], picture, silent)[1][0] < 0.1
    assert np.isnan(reprojected(other[None], picture, np.eye(COUNT)[0])[0]).all()
