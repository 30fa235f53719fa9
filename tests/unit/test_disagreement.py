"""The heat map shows where the answers differ, and nothing where they do not."""

from __future__ import annotations

import numpy as np
import pytest
from maskengines.contract import Candidate, ImagePatch
from maskengines.disagreement import disagreement


def answer(x: int, y: int, pixels: np.ndarray) -> Candidate:
    return Candidate("image", ImagePatch(x, y, pixels), seed=0)


def flat(value: int, height: int = 20, width: int = 20) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def test_fewer_than_two_answers_disagree_nowhere() -> None:
    assert not disagreement([], (30, 40)).any()
    assert not disagreement([answer(2, 2, flat(9))], (30, 40)).any()
    assert not disagreement([answer(2, 2, flat(9)), Candidate("table", [1], 0)], (30, 40)).any()


@pytest.mark.parametrize("count", [2, 5])
def test_equal_answers_disagree_nowhere(count: int) -> None:
    noise = np.random.default_rng(0).integers(0, 65536, (20, 20, 3)).astype(np.uint16)
    assert not disagreement([answer(3, 3, noise.copy()) for _ in range(count)], (30, 40)).any()


def test_the_map_is_high_where_answers_differ_and_zero_elsewhere() -> None:
    first, second, third = flat(100), flat(100), flat(100)
    second[5:10, 5:10] = 220
    third[5:10, 5:10] = 10
    heat = disagreement([answer(8, 4, p) for p in (first, second, third)], (30, 40))
    inside = np.zeros((30, 40), bool)
    inside[9:14, 13:18] = True
    assert heat.dtype == np.float32
    assert heat[inside].min() > 0.5
    assert not heat[~inside].any()
    assert heat.max() <= 1


def test_only_pixels_that_two_answers_cover_are_compared() -> None:
    heat = disagreement([answer(0, 0, flat(0)), answer(10, 0, flat(255))], (20, 40))
    assert heat[:, 10:20].min() > 0.5
    assert not heat[:, :10].any()
    assert not heat[:, 20:].any()


def test_a_larger_difference_is_hotter_and_grey_works() -> None:
    maps = [
        disagreement([answer(0, 0, flat(100)[..., :1]), answer(0, 0, flat(other)[..., :1])], (20, 20))
        for other in (105, 120, 200)
    ]
    assert maps[0][10, 10] < maps[1][10, 10] < maps[2][10, 10]


def test_the_smallest_visible_difference_reads_about_a_tenth() -> None:
    heat = disagreement([answer(0, 0, flat(119)), answer(0, 0, flat(125))], (20, 20))
    assert 0.07 < heat[10, 10] < 0.15
