"""What a map is good for: curves, thresholds, the region that suffices and the one that is needed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from closed_form import ClosedForm, linear, needs, share_of
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from maskengines.attribution.curves import both_curves
from maskengines.attribution.regions import Found, necessary, sufficient
from maskengines.attribution.targets import Target
from maskengines.attribution.thresholds import otsu
from maskengines.errors import BadInput

Array = np.ndarray[Any, Any]

CAT = Target(0, "cat")
MAPS = arrays.arrays(
    np.float32, st.tuples(st.integers(1, 20), st.integers(1, 20)), elements=st.floats(-4, 4, width=16)
)


def map_of(network: ClosedForm, first: list[int]) -> Array:
    """A map whose order of regions begins with ``first``."""
    regions = network.regions.max() + 1
    order = [*first, *(region for region in range(regions) if region not in first)]
    values = np.empty(regions, np.float32)
    values[order] = np.arange(regions, 0, -1)
    return values[network.regions]


@pytest.mark.parametrize("by_region", [False, True])
def test_curves_of_a_perfect_and_of_a_perverse_map_have_the_areas_worked_out_by_hand(by_region: bool) -> None:
    network = share_of(5)
    labels = network.regions if by_region else None
    # One of 16 regions decides. Shown or hidden first, the curve is a ramp over 1/16 and flat after.
    deletion, insertion = both_curves(network, CAT, map_of(network, [5]), 16, labels=labels)
    assert deletion.area == pytest.approx(1 / 32, abs=1e-5)
    assert insertion.area == pytest.approx(31 / 32, abs=1e-5)
    np.testing.assert_allclose(deletion.shares, np.linspace(0, 1, 17))
    np.testing.assert_allclose(deletion.chances, [1] + [0] * 16, atol=1e-6)
    deletion, insertion = both_curves(network, CAT, -map_of(network, [5]), 16, labels=labels)
    assert deletion.area == pytest.approx(31 / 32, abs=1e-5)
    assert insertion.area == pytest.approx(1 / 32, abs=1e-5)


def test_curves_by_pixel_go_in_finer_steps_than_regions() -> None:
    network = share_of(5)
    deletion, _ = both_curves(network, CAT, map_of(network, [5]), 64)
    np.testing.assert_allclose(deletion.chances[:6], [1, 0.75, 0.5, 0.25, 0, 0], atol=1e-6)
    coarse, _ = both_curves(network, CAT, map_of(network, [5]), 64, labels=network.regions)
    assert len(coarse.shares) == 17
    few, _ = both_curves(network, CAT, map_of(network, [5]), 4, labels=network.regions)
    np.testing.assert_allclose(few.shares, [0, 0.25, 0.5, 0.75, 1])


def test_a_contrast_has_curves_between_its_two_classes() -> None:
    network = linear(np.eye(16)[5] * 4, names=("a", "b", "c"))
    deletion, _ = both_curves(network, Target(0, "a against b", other=1), map_of(network, [5]), 16)
    np.testing.assert_allclose(deletion.chances[:2], [1 / (1 + np.exp(-4)), 0.5], atol=1e-6)


def test_otsu_divides_two_kinds_of_values() -> None:
    values = np.random.default_rng(0).normal(0, 0.1, (40, 40)).astype(np.float32)
    values[10:20, 10:20] += 2
    expected = np.zeros((40, 40), bool)
    expected[10:20, 10:20] = True
    np.testing.assert_array_equal(otsu(values), expected)


@settings(max_examples=60, deadline=None)
@given(values=MAPS)
def test_otsu_cuts_between_values_and_never_a_flat_map(values: Array) -> None:
    chosen = otsu(values)
    if np.ptp(values) == 0:
        assert chosen is None
        return
    assert chosen is not None
    assert chosen.any()
    assert not chosen.all()
    assert values[chosen].min() > values[~chosen].max()


def check(found: Found, network: ClosedForm, regions: set[int], chance: float) -> None:
    assert set(found.regions) == regions
    np.testing.assert_array_equal(found.mask() == 255, np.isin(network.regions, list(regions)))
    assert found.share == pytest.approx(len(regions) / 16)
    assert found.chance == pytest.approx(chance, abs=1e-6)
    assert found.asked == network.asked


def test_of_two_regions_that_both_must_be_seen_both_suffice_and_either_is_needed() -> None:
    network = needs(lambda seen: seen[:, 2] & seen[:, 5])
    # The map is not perfect: 7 and 1 come before regions that matter.
    values = map_of(network, [7, 2, 1, 5])
    check(sufficient(network, CAT, values, network.regions), network, {2, 5}, 0.9)
    network.asked = 0
    check(necessary(network, CAT, values, network.regions), network, {2}, 0.1)


def test_of_two_regions_of_which_one_must_be_seen_either_suffices_and_both_are_needed() -> None:
    network = needs(lambda seen: seen[:, 2] | seen[:, 5])
    values = map_of(network, [7, 2, 1, 5])
    check(sufficient(network, CAT, values, network.regions), network, {2}, 0.9)
    network.asked = 0
    check(necessary(network, CAT, values, network.regions), network, {2, 5}, 0.1)


def test_a_higher_probability_to_keep_takes_a_larger_region() -> None:
    network = linear(np.array([3.0, 2, 1, *[0] * 13]))
    values = map_of(network, [0, 1, 2])
    for least, regions in ((0.5, {0}), (0.9, {0}), (0.97, {0, 1}), (0.995, {0, 1, 2})):
        assert set(sufficient(network, CAT, values, network.regions, least=least).regions) == regions


def test_nothing_can_be_spared_of_what_suffices_and_nothing_brought_back_of_what_is_needed() -> None:
    rng = np.random.default_rng(8)
    for _ in range(10):
        weights = rng.normal(0, 1, 16)
        network = linear(weights, intercept=-0.4 * np.clip(weights, 0, None).sum())
        if network.logits(np.ones((1, 32, 32), bool))[0, 0] <= 0:
            continue
        values = rng.normal(size=16).astype(np.float32)[network.regions]
        chosen = sufficient(network, CAT, values, network.regions).regions
        for spared in chosen:
            area = np.isin(network.regions, [one for one in chosen if one != spared])
            assert network.logits(area[None])[0, 0] <= 0
        hidden = necessary(network, CAT, values, network.regions).regions
        for shown in hidden:
            area = ~np.isin(network.regions, [one for one in hidden if one != shown])
            assert network.logits(area[None])[0, 0] > 0


def test_regions_that_cannot_be_found_are_refused_with_the_reason() -> None:
    never, always = linear(np.zeros(16), intercept=-1.0), linear(np.zeros(16), intercept=1.0)
    values = map_of(never, [0])
    with pytest.raises(BadInput, match=r"Even with the whole photo .*it is 26\.9%.*Lower"):
        sufficient(never, CAT, values, never.regions)
    with pytest.raises(BadInput, match="does not put cat first"):
        necessary(never, CAT, values, never.regions)
    with pytest.raises(BadInput, match="even with everything hidden"):
        necessary(always, CAT, values, always.regions)
    assert sufficient(always, CAT, values, always.regions).share == 0
