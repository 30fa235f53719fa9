"""Random masks: how much they cover, what their spectra are, and what they need to run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maskengines.errors import BadInput
from maskengines.masks.samplers import SAMPLERS, disjoint, sampler
from maskengines.masks.samplers.noise import blue_noise, green_noise, purple_noise, red_noise, white_noise
from maskengines.masks.samplers.selection import strongest

EXACT = sorted(set(SAMPLERS) - {"box"})
COLOURS = ("white", "red", "green", "blue", "purple")
NOISES = {
    "white": white_noise,
    "red": red_noise,
    "green": green_noise,
    "blue": blue_noise,
    "purple": purple_noise,
}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def radial_power(field: np.ndarray, bins: int = 16) -> np.ndarray:
    """Mean power in ``bins`` rings of equal width from 0 to 0.5 cycles per element; the mean is taken off."""
    power = np.abs(np.fft.fft2(field - field.mean())) ** 2 / field.size
    frequency = np.hypot(*np.meshgrid(*(np.fft.fftfreq(n) for n in field.shape), indexing="ij"))
    ring = np.minimum((frequency * 2 * bins).astype(int), bins)
    return np.array([power[(ring == i) & (frequency > 0)].mean() for i in range(bins)])


@pytest.mark.parametrize("ratio", [0.0, 0.003, 0.1, 0.333, 0.5, 0.75, 0.98, 1.0])
@pytest.mark.parametrize("name", EXACT)
def test_the_share_is_met_to_the_element(name: str, ratio: float) -> None:
    for height, width in ((1, 1), (1, 9), (7, 2), (40, 57), (96, 64)):
        mask = SAMPLERS[name](height, width, ratio, rng(height))
        assert mask.shape == (height, width)
        assert mask.dtype == np.bool_
        assert np.count_nonzero(mask) == round(ratio * height * width)


@given(st.integers(1, 80), st.integers(1, 80), st.floats(0, 1), st.integers(0, 99))
@settings(max_examples=200, deadline=None)
def test_a_box_is_a_box_and_misses_the_share_by_half_its_shorter_side(
    height: int, width: int, ratio: float, seed: int
) -> None:
    mask = SAMPLERS["box"](height, width, ratio, rng(seed))
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    assert np.count_nonzero(mask) == len(rows) * len(columns)
    assert (np.diff(rows) == 1).all()
    assert (np.diff(columns) == 1).all()
    shorter = min(len(rows), len(columns))
    assert abs(np.count_nonzero(mask) - round(ratio * height * width)) <= 0.5 * shorter


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_seed_is_a_mask_and_another_seed_another(name: str) -> None:
    first, again, other = (SAMPLERS[name](48, 64, 0.3, rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("ratio", [-0.1, 1.01, float("nan"), float("inf")])
def test_a_share_outside_0_to_1_is_refused_with_a_sentence(name: str, ratio: float) -> None:
    with pytest.raises(BadInput, match="between 0 and 1") as refusal:
        SAMPLERS[name](8, 8, ratio, rng())
    assert refusal.value.message.endswith(".")


@pytest.mark.parametrize("name", SAMPLERS)
def test_an_image_without_elements_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="nothing to mask"):
        SAMPLERS[name](0, 8, 0.5, rng())


def test_a_sampler_is_found_by_name_or_the_names_are_told() -> None:
    assert sampler("half-plane") is SAMPLERS["half-plane"]
    with pytest.raises(BadInput, match="brush, blob, box"):
        sampler("pink")


@pytest.mark.parametrize("of_mask", [False, True], ids=["noise", "mask"])
def test_each_colour_has_its_spectrum(of_mask: bool) -> None:
    def spectrum(name: str) -> np.ndarray:
        fields = (
            SAMPLERS[name](128, 128, 0.5, rng(seed)) if of_mask else NOISES[name](128, 128, rng(seed))
            for seed in range(8)
        )
        return np.mean([radial_power(np.asarray(field, np.float64)) for field in fields], 0)

    white, red, green, blue, purple = (spectrum(name) for name in COLOURS)
    assert white.max() < 1.3 * white.min()
    low, middle, high = slice(0, 2), slice(4, 9), slice(13, 16)
    assert red[low].mean() > 10 * red[high].mean()
    assert (np.diff(red[:6]) < 0).all()
    assert blue[high].mean() > 2 * blue[low].mean()
    assert (np.diff(blue[1:6]) > 0).all()
    assert 4 <= green.argmax() <= 8
    assert green[middle].mean() > 2 * max(green[low].mean(), green[high].mean())
    assert 4 <= purple.argmin() <= 8
    assert purple[middle].mean() < 0.6 * min(purple[low].mean(), purple[high].mean())


@pytest.mark.parametrize("name", COLOURS)
def test_cells_are_masked_whole_but_for_one(name: str) -> None:
    mask = SAMPLERS[name](60, 80, 0.37, rng(), cell=4)  # type: ignore[call-arg]
    assert np.count_nonzero(mask) == round(0.37 * 60 * 80)
    shares = mask.reshape(15, 4, 20, 4).mean((1, 3))
    assert np.count_nonzero((shares > 0) & (shares < 1)) <= 1
    odd = SAMPLERS[name](7, 10, 0.5, rng(), cell=3)  # type: ignore[call-arg]
    assert np.count_nonzero(odd) == 35
    with pytest.raises(BadInput, match="at least 1"):
        SAMPLERS[name](8, 8, 0.5, rng(), cell=0)  # type: ignore[call-arg]


@given(st.integers(1, 7), st.integers(1, 20), st.integers(1, 20), st.floats(0, 1), st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_views_share_an_image_without_overlap_until_all_of_it_was_masked(
    views: int, height: int, width: int, ratio: float, seed: int
) -> None:
    masks = disjoint(views, height, width, ratio, rng(seed))
    count = round(ratio * height * width)
    assert masks.shape == (views, height, width)
    assert (masks.sum((1, 2)) == count).all()
    for so_far in range(1, views + 1):
        times = masks[:so_far].sum(0)
        assert np.count_nonzero(times) == min(so_far * count, height * width)
        assert np.ptp(times) <= 1


def test_views_take_the_colour_asked_for() -> None:
    clustered = np.mean([radial_power(mask) for mask in disjoint(3, 64, 64, 0.3, rng(), colour=red_noise)], 0)
    assert clustered[:2].mean() > 5 * clustered[13:].mean()
    with pytest.raises(BadInput, match="at least one view"):
        disjoint(0, 8, 8, 0.5, rng())


def test_a_stroke_is_connected_and_a_blob_is_round() -> None:
    from scipy import ndimage

    grain = ndimage.label(SAMPLERS["white"](128, 128, 0.2, rng()))[1]
    for seed in range(4):
        assert ndimage.label(SAMPLERS["brush"](128, 128, 0.2, rng(seed)))[1] < 0.05 * grain
        assert ndimage.label(SAMPLERS["blob"](128, 128, 0.2, rng(seed)))[1] <= 6
        assert ndimage.label(SAMPLERS["half-plane"](128, 128, 0.2, rng(seed)))[1] == 1


def test_text_is_made_of_thin_strokes() -> None:
    from scipy import ndimage

    for seed in range(4):
        mask = SAMPLERS["text"](256, 256, 0.1, rng(seed))
        half_widths = ndimage.distance_transform_edt(mask)
        assert half_widths.max() < 10
        assert ndimage.label(mask)[1] >= 3


def test_equal_scores_are_taken_in_reading_order() -> None:
    scores = np.array([[1, 3, 2], [2, 2, 0]])
    np.testing.assert_array_equal(strongest(scores, 3), [[False, True, True], [True, False, False]])


def test_training_can_import_the_samplers_on_a_bare_machine() -> None:
    blocked = ("pydantic", "torch", "scipy", "numba", "skimage", "cv2")
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({blocked}));"
        "import numpy; from maskengines.masks.samplers import SAMPLERS;"
        "[s(16, 16, 0.5, numpy.random.default_rng(0)) for s in SAMPLERS.values()]"
    )
    engines = Path(__file__).parents[2] / "engines"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(engines)}, timeout=120)
