"""Regions cover the photo; samples are the same for the same seed, however many are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from closed_form import noise
from hypothesis import given, settings
from hypothesis import strategies as st
from maskengines.attribution.sampling import RegionSubsets, Sampler, ShiftedGrids, SlidingWindows
from maskengines.attribution.segments import grid, segments
from maskengines.errors import BadInput
from scipy import ndimage

Array = np.ndarray[Any, Any]

SEEDS = st.integers(0, 2**31)


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(2, 40), width=st.integers(2, 40), count=st.integers(1, 60), seed=SEEDS,
    kind=st.sampled_from(["slic", "quickshift", "grid", "painted"]), brush=st.floats(0.05, 0.9),
)  # fmt: skip
def test_regions_cover_the_photo_and_are_numbered_without_gaps(
    *, height: int, width: int, count: int, seed: int, kind: str, brush: float
) -> None:
    rng = np.random.default_rng(seed)
    photo = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
    photo[0, 0], photo[-1, -1] = 0, 255
    painted = (rng.random((height, width)) < brush).astype(np.uint8)
    painted[0, 0], painted[-1] = 255, 0
    labels = segments(photo, kind, count, painted)
    assert labels.shape == (height, width)
    assert labels.dtype == np.int32
    assert np.array_equal(np.unique(labels), np.arange(labels.max() + 1))
    np.testing.assert_array_equal(labels, segments(photo, kind, count, painted))


def test_a_grid_has_16_by_16_equal_cells() -> None:
    labels = grid((224, 224))
    assert labels.max() == 255
    assert set(np.bincount(labels.ravel())) == {14 * 14}
    assert labels[0, 14] == 1
    assert labels[14, 0] == 16


def test_superpixels_follow_edges_and_come_in_the_number_asked_for() -> None:
    photo = np.full((96, 96, 3), 40, np.uint8)
    photo[:, 37:] = 200
    photo += noise(96) // 32
    for kind, tolerance in (("slic", 5), ("quickshift", 20)):
        labels = segments(photo, kind, 40)
        assert abs(labels.max() + 1 - 40) <= tolerance
        assert not set(np.unique(labels[:, :36])) & set(np.unique(labels[:, 38:]))


def test_every_painted_piece_is_a_region_of_its_own() -> None:
    painted = np.zeros((64, 64), np.uint8)
    painted[4:20, 4:20] = 255
    painted[20:24, 20:24] = 255
    painted[30:50, 30:50] = 9
    for count in (2, 30):
        labels = segments(noise(64), "painted", count, painted)
        assert set(labels[4:20, 4:20].ravel()) == set(labels[20:24, 20:24].ravel()) == {0}
        assert set(labels[30:50, 30:50].ravel()) == {1}
        rest = labels[painted == 0]
        assert rest.min() == 2
        assert (labels.max() == 2) == (count == 2)
    assert abs(labels.max() + 1 - 30) <= 4
    for region in range(labels.max() + 1):
        assert ndimage.label(labels == region, np.ones((3, 3)))[1] == 1


@pytest.mark.parametrize(
    ("photo", "kind", "painted", "words"),
    [
        (noise(1), "slic", None, "1 x 1 pixels, too small"),
        (np.full((30, 30, 3), 9, np.uint8), "slic", None, "one flat colour"),
        (noise(), "painted", None, "Nothing is painted. Paint"),
        (noise(), "painted", np.zeros((32, 32), np.uint8), "Nothing is painted. Paint"),
        (noise(), "painted", np.ones((32, 32), np.uint8), "covers the whole photo"),
        (noise(), "painted", np.ones((9, 8), np.uint8), "paint is 8 x 9 and the photo 32 x 32"),
        (noise(), "felzenszwalb", None, "Use slic, quickshift, grid or painted"),
    ],
)
def test_a_photo_or_paint_that_gives_no_regions_is_refused(
    photo: Array, kind: str, painted: Array | None, words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        segments(photo, kind, 20, painted)


def samplers(count: int, seed: int, keep: float) -> list[Sampler]:
    return [
        RegionSubsets(grid((24, 30), 5), count, keep, seed),
        ShiftedGrids((24, 30), count, 5, keep, seed),
    ]


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, keep=st.floats(0.05, 0.95), count=st.integers(1, 40), data=st.data())
def test_a_sample_depends_on_its_number_and_the_seed_alone(
    seed: int, keep: float, count: int, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, count - 1))
    stop = data.draw(st.integers(start + 1, count))
    for few, many in zip(samplers(count, seed, keep), samplers(10 * count, seed, keep), strict=True):
        all_of_few = few.visible(0, count)
        assert all_of_few.shape == (count, 24, 30)
        np.testing.assert_array_equal(all_of_few, many.visible(0, count))
        np.testing.assert_array_equal(all_of_few[start:stop], many.visible(start, stop))


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.8])
def test_regions_and_pixels_are_kept_as_often_as_asked(keep: float) -> None:
    subsets = RegionSubsets(grid((24, 30), 5), 2000, keep, 4).subsets(0, 2000)
    assert np.abs(subsets.mean(axis=0) - keep).max() < 0.06
    assert np.abs(np.corrcoef(subsets.T) - np.eye(25)).max() < 0.12
    masks = ShiftedGrids((56, 56), 2000, 7, keep, 4).visible(0, 2000)
    assert masks.mean() == pytest.approx(keep, abs=0.02)
    assert np.abs(masks.mean(axis=0) - keep).max() < 0.1
    # The grids are shifted: outlines fall on every column alike.
    outlines = (masks[:, :, 1:] != masks[:, :, :-1]).mean(axis=(0, 1))
    assert outlines.max() < 1.5 * outlines.min()


def test_another_seed_gives_other_samples() -> None:
    for one, other in zip(samplers(8, 1, 0.5), samplers(8, 2, 0.5), strict=True):
        assert (one.visible(0, 8) != other.visible(0, 8)).mean() > 0.2


@settings(max_examples=50, deadline=None)
@given(
    height=st.integers(2, 50), width=st.integers(2, 50), side=st.integers(1, 20), count=st.integers(1, 300)
)
def test_windows_cover_the_photo_or_are_refused(height: int, width: int, side: int, count: int) -> None:
    needed = -(-height // min(side, height)) * -(-width // min(side, width))
    if count < needed:
        with pytest.raises(BadInput, match=f"Use at least {needed} samples"):
            SlidingWindows((height, width), count, side, 0)
        return
    windows = SlidingWindows((height, width), count, side, 0)
    hidden = ~windows.visible(0, windows.count)
    assert windows.count <= count
    assert hidden.any(axis=0).all()
    assert set(hidden.sum(axis=(1, 2))) == {min(side, height) * min(side, width)}
    assert len(np.unique(hidden.reshape(windows.count, -1), axis=0)) == windows.count


@pytest.mark.parametrize("keep", [0.0, 1.0, float("nan")])
def test_hiding_nothing_or_everything_every_time_is_refused(keep: float) -> None:
    with pytest.raises(BadInput, match=r"between 0 and 1\. Use 0\.5"):
        RegionSubsets(grid((9, 9), 3), 10, keep, 0)
