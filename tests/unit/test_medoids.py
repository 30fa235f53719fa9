"""A few bodies that stand for many."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maskengines.results.hypotheses import Hypotheses
from maskengines.results.medoids import COMPARED, NEAR, medoids

Array = np.ndarray[Any, Any]


def held(poses: Array, weights: Array | None = None) -> Hypotheses:
    count = len(poses)
    seen = np.zeros((count, 17, 2), np.float32)
    given_weights = np.ones(count) if weights is None else weights
    return Hypotheses.read({"poses": poses, "weights": given_weights, "joints_2d": seen})


def cloud(count: int, spread: float, seed: int, around: Array | float = 0.0) -> Array:
    """Bodies whose joints lie ``spread`` millimetres around those of one body, per axis."""
    poses = around + np.random.default_rng(seed).normal(0, spread, (count, 17, 3))
    poses[:, 0] = 0
    return poses


def elsewhere(millimetres: float) -> Array:
    """A body whose joints are all this far from those of one at 0."""
    body = np.zeros((17, 3))
    body[1:, 0] = millimetres
    return body


def mean_distance(poses: Array, weights: Array, chosen: Any) -> float:
    apart = np.linalg.norm(poses[:, None] - poses[list(chosen)][None], axis=-1).mean(axis=2).min(axis=1)
    return float(np.average(apart, weights=weights))


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 30), st.floats(0, 300), st.integers(0, 2**32 - 1), st.integers(0, 4),
    st.tuples(st.integers(1, 5), st.integers(5, 8)),
)  # fmt: skip
def test_medoids_share_all_hypotheses_out(
    count: int, spread: float, seed: int, impossible: int, numbers: tuple[int, int]
) -> None:
    generator = np.random.default_rng(seed)
    weights = generator.uniform(0.1, 1, count)
    weights[:impossible] = 0
    weights[-1] = 1
    hypotheses = held(cloud(count, spread, seed), weights)
    found = medoids(hypotheses, most=numbers[1], least=numbers[0])
    assert 1 <= len(found) <= min(numbers[1], int(np.count_nonzero(weights)))
    assert sum(medoid.weight for medoid in found) == pytest.approx(1)
    assert sorted(np.concatenate([medoid.members for medoid in found])) == list(range(count))
    for medoid in found:
        assert medoid.index in medoid.members
        assert weights[medoid.index] > 0
        assert medoid.weight == pytest.approx(hypotheses.weights[medoid.members].sum(), abs=1e-6)
        for member in medoid.members:
            apart = [
                np.linalg.norm(hypotheses.poses[member] - hypotheses.poses[each.index], axis=1).mean()
                for each in found
            ]
            own = np.linalg.norm(hypotheses.poses[member] - hypotheses.poses[medoid.index], axis=1).mean()
            assert own <= min(apart) + 1e-3
    shares = [medoid.weight for medoid in found]
    assert shares == sorted(shares, reverse=True)


def test_the_same_hypotheses_have_the_same_medoids() -> None:
    poses, weights = cloud(COMPARED + 100, 60, 3), np.random.default_rng(4).uniform(0, 1, COMPARED + 100)
    first, again = medoids(held(poses, weights)), medoids(held(poses.copy(), weights.copy()))
    assert [each.index for each in first] == [each.index for each in again]
    assert [each.weight for each in first] == [each.weight for each in again]


def test_two_tight_groups_have_a_medoid_each_with_their_weight() -> None:
    poses = np.concatenate([cloud(70, 4, 1), cloud(30, 4, 2, elsewhere(250))])[
        np.random.default_rng(3).permutation(100)
    ]
    right = poses[:, 5, 0] > 125
    weights = np.where(right, 2.0, 1.0)
    first, second = medoids(held(poses, weights))
    assert not right[first.members].any()
    assert right[second.members].all()
    assert (first.weight, second.weight) == (pytest.approx(70 / 130), pytest.approx(60 / 130))


def test_wide_groups_are_all_stood_for() -> None:
    poses = np.concatenate([cloud(150, 40, 1), cloud(30, 40, 2, elsewhere(400))])
    found = medoids(held(poses))
    assert 5 <= len(found) <= 8
    assert sum(each.weight for each in found if each.index >= 150) == pytest.approx(30 / 180)
    for each in found:
        assert (each.members < 150).all() or (each.members >= 150).all()


def test_a_group_of_a_twentieth_is_not_lost() -> None:
    poses = np.concatenate([cloud(190, 3, 1), cloud(10, 3, 2, elsewhere(300))])
    assert [round(each.weight, 3) for each in medoids(held(poses))] == [0.95, 0.05]


@pytest.mark.parametrize(("groups", "expected"), [(1, 1), (3, 3), (6, 6), (8, 8), (11, 8)])
def test_there_are_as_many_as_there_are_groups(groups: int, expected: int) -> None:
    poses = np.concatenate([cloud(20, 3, seed, elsewhere(300 * seed)) for seed in range(groups)])
    assert len(medoids(held(poses))) == expected


def test_an_even_cloud_has_the_least_number_and_uneven_ones_have_more() -> None:
    assert len(medoids(held(cloud(200, 60, 0)))) == 5
    groups = [cloud(40, 30, seed, elsewhere(300 * seed)) for seed in range(7)]
    assert len(medoids(held(np.concatenate(groups)))) == 7


def test_hypotheses_that_agree_are_one() -> None:
    poses = cloud(50, 4, 0)
    (only,) = medoids(held(poses))
    assert only.weight == 1
    assert np.linalg.norm(poses - poses[only.index], axis=2).mean(axis=1).max() < NEAR
    assert len(medoids(held(np.repeat(poses[:1], 9, axis=0)))) == 1


@pytest.mark.parametrize("seed", range(4))
def test_they_are_about_as_near_as_any_choice_could_be(seed: int) -> None:
    generator = np.random.default_rng(seed)
    poses, weights = cloud(16, 80, seed), generator.uniform(0.2, 1, 16)
    found = medoids(held(poses, weights), most=3, least=3)
    ours = mean_distance(poses, weights, [each.index for each in found])
    best = min(mean_distance(poses, weights, chosen) for chosen in combinations(range(16), 3))
    assert ours <= best * 1.02


def test_where_the_hip_is_does_not_matter() -> None:
    poses = cloud(40, 60, 5)
    moved = poses + np.random.default_rng(6).uniform(-500, 500, (40, 1, 3))
    assert [each.index for each in medoids(held(poses))] == [each.index for each in medoids(held(moved))]
