"""Nothing outside the mask changes, everything inside does, and the seam between shows no ghost."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maskengines.compose import compose
from maskengines.subjects.image_io import load_image

DEPTHS = [np.uint8, np.uint16]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(DEPTHS),
    st.sampled_from([1, 3]),
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
    st.integers(0, 10**6),
    st.sampled_from([0, 1, 2]),
)
def test_outside_the_mask_stays_and_inside_is_the_result(
    dtype: type, channels: int, size: tuple[int, int], seed: int, softness: int
) -> None:
    height, width = size
    random = np.random.default_rng(seed)
    top = int(np.iinfo(dtype).max) + 1
    original = random.integers(0, top, (height, width, channels)).astype(dtype)
    result = random.integers(0, top, original.shape).astype(dtype)
    mask = random.choice(np.array([0, 255], np.uint8), (height, width))
    if softness:
        mask = (
            cv2.blur(mask, (5, 5)) if softness == 1 else random.integers(0, 256, mask.shape).astype(np.uint8)
        )
    before = original.copy(), result.copy(), mask.copy()
    out = compose(original, result, mask)
    np.testing.assert_array_equal(out[mask == 0], original[mask == 0])
    np.testing.assert_array_equal(out[mask == 255], result[mask == 255])
    for array, kept in zip((original, result, mask), before, strict=True):
        np.testing.assert_array_equal(array, kept)
    np.testing.assert_array_equal(compose(original, original, mask), original)


@pytest.mark.parametrize("dtype", DEPTHS)
def test_an_even_difference_fades_as_the_mask_says(dtype: type) -> None:
    top = int(np.iinfo(dtype).max)
    mask = np.tile(np.arange(256, dtype=np.uint8), (40, 1))
    original = np.full((40, 256, 3), top // 5, dtype)
    result = np.full((40, 256, 3), top // 5 * 4, dtype)
    expected = original + (result - original.astype(float)) * mask[..., None] / 255
    assert np.abs(compose(original, result, mask) - expected).max() <= 0.5


def test_a_stroke_at_40_percent_is_an_even_40_percent_blend() -> None:
    random = np.random.default_rng(3)
    original, result = (random.integers(0, 256, (200, 200, 3)).astype(np.uint8) for _ in range(2))
    mask = np.full((200, 200), 102, np.uint8)
    expected = original + (result - original.astype(float)) * 0.4
    assert np.abs(compose(original, result, mask) - expected).max() <= 1


def test_two_textures_do_not_double_expose_in_the_feather(data_dir: Path) -> None:
    photo = load_image(data_dir / "photos" / "test" / "popos_007.jpg").pixels
    texture = np.random.default_rng(1).integers(60, 196, (240, 240)).astype(np.uint8)
    original = np.repeat(cv2.GaussianBlur(texture, (0, 0), 1.2)[..., None], 3, axis=2)
    result = np.ascontiguousarray(np.rot90(original))
    mask = np.tile(np.clip(np.arange(240) * 8 - 840, 0, 255).astype(np.uint8), (240, 1))
    feather = (mask[0] > 20) & (mask[0] < 235)
    cross_fade = original + (result - original.astype(float)) * mask[..., None] / 255
    ours = compose(original, result, mask)

    def contrast(image: np.ndarray) -> float:
        return float(image[:, feather].std())

    full = contrast(original)
    assert full - contrast(ours) < 0.6 * (full - contrast(cross_fade))
    # The same photo, a little brighter, has no texture to choose between: the fade is smooth.
    darker = np.minimum(photo[:240, :240], 200)
    steps = np.diff(compose(darker, darker + np.uint8(50), mask).astype(int) - darker, axis=1)
    assert np.abs(steps).max() <= 2


def test_large_soft_masks_show_no_joints_between_bands() -> None:
    random = np.random.default_rng(2)
    original, result = (random.integers(0, 256, (1300, 24, 1)).astype(np.uint8) for _ in range(2))
    mask = cv2.GaussianBlur(random.integers(0, 256, (1300, 24)).astype(np.uint8), (0, 0), 3)
    whole = compose(original, result, mask)
    part = compose(original[400:700], result[400:700], mask[400:700])
    np.testing.assert_array_equal(whole[460:640], part[60:240])
