"""What of a photo a model is shown, and how its answer meets the photo again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maskengines.inpaint.pipelines.cropping import crops_of
from maskengines.inpaint.pipelines.toning import toned

Array = np.ndarray[Any, Any]


def blob(shape: tuple[int, int], rows: slice, columns: slice) -> Array:
    mask = np.zeros(shape, np.uint8)
    mask[rows, columns] = 255
    return mask


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 700),
    st.integers(1, 700),
    st.floats(0, 4),
    st.sampled_from([64, 512, 1024]),
    st.sampled_from([8, 16, 64]),
    st.integers(0, 2**31),
)
def test_any_mask_is_covered_by_crops_that_a_model_can_take(  # noqa: PLR0917 - hypothesis fills them in.
    height: int, width: int, context: float, side: int, multiple: int, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(3):
        y, x = generator.integers(0, height), generator.integers(0, width)
        mask[y : y + generator.integers(1, 90), x : x + generator.integers(1, 90)] = generator.integers(
            1, 256
        )
    together = np.zeros_like(mask)
    for crop in crops_of(mask, context, side, multiple):
        assert crop.box.clipped(width, height) == crop.box
        assert crop.size[0] % multiple == 0
        assert crop.size[1] % multiple == 0
        # About the area that was asked for; rounding matters for photos of a few pixels only.
        assert crop.size[0] * crop.size[1] <= 2.3 * side**2 or min(crop.size) == multiple
        assert np.array_equal(np.where(crop.hole > 0, mask[crop.box.slices], 0), crop.hole)
        together[crop.box.slices] = np.maximum(together[crop.box.slices], crop.hole)
    assert np.array_equal(together, mask)


def test_a_crop_is_not_squeezed_where_the_photo_has_room() -> None:
    (crop,) = crops_of(blob((3000, 4000), slice(1400, 1500), slice(1000, 1900)), 0.3, 512, 64)
    squeeze = (crop.size[0] / crop.box.width) / (crop.size[1] / crop.box.height)
    assert squeeze == pytest.approx(1, abs=0.01)
    assert max(crop.size) / min(crop.size) < 2.3


def test_a_small_hole_is_shown_more_surroundings_rather_than_blown_up() -> None:
    (crop,) = crops_of(blob((3000, 4000), slice(1400, 1410), slice(1000, 1010)), 1, 512, 8)
    assert min(crop.box.width, crop.box.height) >= 256


def test_more_context_shows_more() -> None:
    mask = blob((3000, 4000), slice(1200, 1700), slice(1500, 2000))
    little, much = (crops_of(mask, context, 512, 8)[0].box for context in (0.25, 1.5))
    assert much.width > 1.8 * little.width


def test_holes_share_a_crop_only_where_that_costs_no_detail() -> None:
    near = blob((3000, 4000), slice(100, 140), slice(100, 140)) | blob(
        (3000, 4000), slice(100, 140), slice(300, 340)
    )
    far = near | blob((3000, 4000), slice(2500, 2600), slice(3500, 3600))
    assert len(crops_of(near, 0.5, 512, 8)) == 1
    assert len(crops_of(far, 0.5, 512, 8)) == 2


def test_no_hair_is_lost_between_the_cells_of_the_latents() -> None:
    mask = blob((512, 512), slice(200, 201), slice(100, 400))
    (crop,) = crops_of(mask, 1, 512, 8)
    cells = crop.strengths(8)
    assert cells.shape == (crop.size[1] // 8, crop.size[0] // 8)
    row = cells.max(axis=1)
    assert 1 <= int((row > 0).sum()) <= 2
    assert int((cells.max(axis=0) > 0).sum()) * 8 * crop.box.width / crop.size[0] >= 300


def test_a_soft_mask_keeps_its_strength_in_cells() -> None:
    mask = np.zeros((512, 512), np.uint8)
    mask[:, 100:400] = np.linspace(0, 255, 300).astype(np.uint8)
    (crop,) = crops_of(mask, 0, 512, 8)
    row = crop.strengths(8)[30]
    inside = row[row > 0]
    assert (np.diff(inside) >= 0).all()
    assert inside[len(inside) // 2] == pytest.approx(0.5, abs=0.05)


def test_sixteen_bits_and_grey_are_shown_as_eight_bits_of_three_colours() -> None:
    photo = np.full((80, 80, 1), 65535, np.uint16)
    photo[:, :40] = 0
    (crop,) = crops_of(blob((80, 80), slice(20, 60), slice(20, 60)), 4, 64, 8)
    shown = crop.shown(photo)
    assert shown.dtype == np.uint8
    assert shown.shape == (crop.size[1], crop.size[0], 3)
    assert shown[:, 0].max() == 0
    assert shown[:, -1].min() == 255


def ramp(shape: tuple[int, int]) -> Array:
    across = np.linspace(0.3, 0.6, shape[1])[None, :, None]
    down = np.linspace(0, 0.1, shape[0])[:, None, None]
    return np.broadcast_to(across + down, (*shape, 3)).astype(np.float32)


@pytest.mark.parametrize("seam", ["gradient", "colour"])
def test_a_fill_in_another_tone_takes_the_photos(seam: Any) -> None:
    photo = ramp((160, 160))
    hole = np.zeros((160, 160), bool)
    hole[50:110, 50:110] = True
    drawn = photo * 0.9 + np.float32([0.08, -0.05, 0.02])
    before = np.abs(drawn - photo)[hole].max()
    after = np.abs(toned(drawn, photo, hole, seam) - photo)[hole].max()
    assert before > 0.1
    assert after < 0.012


def test_only_the_gradient_follows_a_tone_that_slides() -> None:
    photo = ramp((160, 160))
    hole = np.zeros((160, 160), bool)
    hole[50:110, 50:110] = True
    slide = np.linspace(-0.1, 0.1, 160, dtype=np.float32)[:, None, None]
    drawn = photo + slide
    error = {
        seam: np.abs(toned(drawn, photo, hole, seam) - photo)[hole].mean() for seam in ("gradient", "colour")
    }
    assert error["gradient"] < 0.25 * error["colour"]


def test_detail_inside_the_hole_stays() -> None:
    photo = ramp((160, 160))
    hole = np.zeros((160, 160), bool)
    hole[40:120, 40:120] = True
    drawn = photo.copy()
    drawn[70:90, 70:90] += 0.3
    result = toned(drawn + 0.05, photo, hole, "gradient")
    assert np.abs(result - drawn)[hole].max() < 0.02


def test_another_object_on_the_rim_does_not_bleed_into_the_fill() -> None:
    photo = ramp((160, 160))
    photo[:, 130:] = 0.95
    hole = np.zeros((160, 160), bool)
    hole[40:120, 40:129] = True
    drawn = ramp((160, 160))
    # The model goes on with the plain where the photo has a white wall.
    result = toned(drawn, photo, hole, "gradient")
    assert np.abs(result - drawn)[hole].max() < 0.08


@pytest.mark.parametrize("hole", [np.ones((40, 40), bool), np.zeros((40, 40), bool)])
def test_nothing_to_compare_with_changes_nothing(hole: Array) -> None:
    drawn = ramp((40, 40))
    assert np.array_equal(toned(drawn, drawn * 0, hole, "gradient"), drawn)


def test_no_seam_changes_nothing() -> None:
    hole = np.zeros((80, 80), bool)
    hole[20:60, 20:60] = True
    assert np.array_equal(toned(ramp((80, 80)), ramp((80, 80)) + 0.1, hole, "none"), ramp((80, 80)))
