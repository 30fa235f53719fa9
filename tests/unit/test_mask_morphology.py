"""Growing, shrinking and softening a selection."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from maskengines.masks import morphology

masks = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40))


def disc(radius: int, side: int = 400) -> np.ndarray:
    return cv2.circle(np.zeros((side, side), np.uint8), (side // 2, side // 2), radius, 255, -1)


@pytest.mark.parametrize("radius", [1, 5, 12, 13, 20, 37, 64, 120])
def test_growing_a_dot_gives_a_disc_of_that_radius(radius: int) -> None:
    dot = np.zeros((301, 301), np.uint8)
    dot[150, 150] = 255
    grown = morphology.grow(dot, radius)
    y, x = np.mgrid[-150:151, -150:151]
    distance = np.hypot(x, y)
    slack = max(0.9, 0.025 * radius)
    assert (grown[distance <= radius - slack] == 255).all()
    assert (grown[distance > radius + slack] == 0).all()


@pytest.mark.parametrize("radius", [3, 12, 40])
def test_grow_is_the_largest_value_within_the_radius_also_for_soft_masks(radius: int) -> None:
    rng = np.random.default_rng(radius)
    soft = cv2.resize(rng.integers(0, 256, (9, 11), np.uint8), (110, 90), interpolation=cv2.INTER_CUBIC)
    grown = morphology.grow(soft, radius)
    inner, outer = (np.zeros_like(soft) for _ in range(2))
    reach = radius + max(1, round(0.025 * radius))
    for target, size in ((inner, radius - (reach - radius)), (outer, reach)):
        y, x = np.mgrid[-size : size + 1, -size : size + 1]
        kernel = (np.hypot(x, y) <= size + 0.3).astype(np.uint8)
        cv2.dilate(soft, kernel, target, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    assert (inner <= grown).all()
    assert (grown <= outer).all()


@given(masks, st.integers(-3, 60))
@settings(max_examples=60, deadline=None)
def test_shrink_is_grow_seen_from_the_other_side(mask: np.ndarray, radius: int) -> None:
    grown = morphology.grow(mask, radius)
    assert (grown >= mask).all()
    assert (morphology.shrink(mask, radius) <= mask).all()
    if radius >= 1:
        full = np.full_like(mask, 255)
        assert (morphology.shrink(full, radius) == 255).all()
    np.testing.assert_array_equal(
        morphology.shrink(morphology.invert(mask), radius), morphology.invert(morphology.grow(mask, radius))
    )


def test_growing_and_shrinking_moves_a_soft_edge_and_keeps_its_profile() -> None:
    row = np.interp(np.arange(200), [80, 100], [255, 0]).astype(np.uint8)
    ramp = np.tile(row, (60, 1))
    np.testing.assert_array_equal(morphology.grow(ramp, 30)[:, 30:], ramp[:, :-30])
    np.testing.assert_array_equal(morphology.shrink(ramp, 30)[:, :-30], ramp[:, 30:])


@pytest.mark.parametrize("radius", [2.0, 7.0, 8.0, 30.0, 90.0])
def test_feather_fades_over_the_radius_and_keeps_the_edge_in_place(radius: float) -> None:
    hard = np.zeros((40, 801), np.uint8)
    hard[:, :400] = 255
    row = morphology.feather(hard, radius)[20].astype(float)
    assert (np.diff(row) <= 0).all()
    assert abs((row[399] + row[400]) / 2 - 127.5) <= 1
    assert row[400 - round(radius) - 1] > 255 * 0.95
    assert row[400 + round(radius)] < 255 * 0.05
    sigma = radius / 2
    expected = cv2.GaussianBlur(hard, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)[20]
    assert np.abs(row - expected).max() <= 8


def test_feather_leaves_a_full_and_an_empty_mask_alone() -> None:
    for value in (0, 255):
        flat = np.full((33, 21), value, np.uint8)
        np.testing.assert_array_equal(morphology.feather(flat, 500), flat)


def test_border_is_a_ring_around_the_edge() -> None:
    ring = morphology.border(disc(100), 20) > 0
    y, x = np.mgrid[-200:200, -200:200]
    distance = np.hypot(x, y)
    assert ring[np.abs(distance - 100) < 8].all()
    assert not ring[np.abs(distance - 100) > 12].any()


def test_fill_holes_fills_what_a_soft_line_encloses_and_nothing_else() -> None:
    ring = cv2.GaussianBlur(disc(120) - disc(60), (0, 0), 3)
    filled = morphology.fill_holes(ring)
    assert (filled[150:250, 150:250] == filled[200, 105]).all()
    np.testing.assert_array_equal(filled[:60], ring[:60])
    open_ring = ring.copy()
    open_ring[200:, 195:205] = 0
    assert morphology.fill_holes(open_ring)[200, 200] == 0


def test_fill_holes_takes_the_level_of_the_enclosing_line() -> None:
    box = np.zeros((20, 20), np.uint8)
    box[2:18, 2:18] = 90
    box[4:16, 4:16] = 10
    box[6, 6] = 200
    filled = morphology.fill_holes(box)
    assert filled[10, 10] == 90
    assert filled[6, 6] == 200
    assert filled[0, 0] == 0


@given(masks, st.integers(-5, 300))
@settings(max_examples=40, deadline=None)
def test_threshold_is_hard_and_invert_undoes_itself(mask: np.ndarray, level: int) -> None:
    hard = morphology.threshold(mask, level)
    assert set(np.unique(hard)) <= {0, 255}
    np.testing.assert_array_equal(hard == 255, mask >= min(max(level, 1), 255))
    np.testing.assert_array_equal(morphology.invert(morphology.invert(mask)), mask)


def test_a_selection_of_joints_grows_along_its_one_dimension() -> None:
    joints = np.zeros(9, np.uint8)
    joints[4] = 200
    assert morphology.grow(joints, 2).tolist() == [0, 0, 200, 200, 200, 200, 200, 0, 0]
    assert morphology.fill_holes(np.array([0, 9, 0, 0, 7, 0], np.uint8)).tolist() == [0, 9, 7, 7, 7, 0]


def test_no_function_changes_its_argument_and_none_trips_over_tiny_masks() -> None:
    for shape in ((1, 1), (1, 7), (5, 1), (2, 2)):
        mask = np.full(shape, 130, np.uint8)
        for function in (
            lambda m: morphology.grow(m, 10**9),
            lambda m: morphology.shrink(m, 10**9),
            lambda m: morphology.feather(m, 1e9),
            lambda m: morphology.border(m, 10**9),
            morphology.fill_holes,
            morphology.threshold,
            morphology.invert,
        ):
            assert function(mask).shape == shape
            assert (mask == 130).all()
