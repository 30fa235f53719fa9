"""LIME, occlusion and RISE find what a network whose weights are known really uses."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from closed_form import ClosedForm, linear
from maskengines.attribution.estimates import stability
from maskengines.attribution.lime import RIDGE, Lime, kernel
from maskengines.attribution.occlusion import Occlusion
from maskengines.attribution.rise import Rise
from maskengines.attribution.sampling import RegionSubsets, ShiftedGrids, SlidingWindows
from maskengines.attribution.targets import Target

Array = np.ndarray[Any, Any]

LOGIT = Target(0, "cat", "logit")
PROBABILITY = Target(0, "cat")
WEIGHTS = np.random.default_rng(5).normal(0, 1, 16)


def fitted(network: ClosedForm, target: Target, count: int, seed: int = 0, keep: float = 0.5) -> Lime:
    sampler = RegionSubsets(network.regions, count, keep, seed)
    whole = float(target.values(network.logits(np.ones((1, *network.shape), bool)))[0])
    lime = Lime(sampler, whole)
    for start in range(0, count, 16):
        stop = min(count, start + 16)
        lime.add(start, target.values(network.logits(sampler.visible(start, stop))))
    return lime


def population(answer: Any, regions: int) -> Array:
    """Coefficients of the weighted linear fit to all subsets there are, by plain least squares."""
    subsets = np.array(list(itertools.product([0, 1], repeat=regions)), float)
    root = np.sqrt(kernel(subsets))[:, None]
    design = np.column_stack([subsets, np.ones(len(subsets))])
    return np.linalg.lstsq(design * root, answer(subsets) * root[:, 0], rcond=None)[0][:-1]


@pytest.mark.parametrize("keep", [0.5, 0.7])
def test_lime_recovers_the_weights_of_a_linear_network_within_its_band(keep: float) -> None:
    network = linear(WEIGHTS, intercept=0.3)
    found = fitted(network, LOGIT, 512, keep=keep).explanation()
    assert np.all(np.abs(found.coefficients - WEIGHTS) <= 1.96 * found.errors + 1e-5)
    assert np.abs(found.coefficients - WEIGHTS).max() < 0.1
    assert found.errors.max() < 0.1
    assert found.fit > 0.99
    assert found.stability > 0.99
    np.testing.assert_array_equal(found.values, found.coefficients.astype(np.float32)[network.regions])


def test_lime_is_the_weighted_ridge_of_its_definition() -> None:
    rng = np.random.default_rng(1)
    network = linear(WEIGHTS)
    sampler = RegionSubsets(network.regions, 60, 0.5, 9)
    scores = rng.normal(size=60)
    lime = Lime(sampler, 0.25)
    lime.add(0, scores[:7])
    lime.add(7, scores[7:])
    # The penalty as extra rows that ask each coefficient to be 0: independent of the normal equations.
    design = np.column_stack([np.vstack([np.ones(16), sampler.subsets(0, 60)]), np.ones(61)])
    root = np.exp(-((1 - np.sqrt(design[:, :-1].sum(1) / 16)) ** 2) / 0.125 / 2)[:, None]
    penalty = np.sqrt(RIDGE) * np.eye(16, 17)
    rows = np.vstack([design * root, penalty])
    wanted = np.concatenate([np.append(0.25, scores) * root[:, 0], np.zeros(16)])
    expected = np.linalg.lstsq(rows, wanted, rcond=None)[0][:-1]
    np.testing.assert_allclose(lime.explanation().coefficients, expected, atol=1e-9)


def test_the_band_of_lime_holds_the_truth_about_95_times_in_100() -> None:
    weights = np.array([3.0, -2, 1.5, 0, 0.5, -1, 2.5, 0, 0])

    def answer(subsets: Array) -> Array:
        return 1 / (1 + np.exp(1.0 - subsets @ weights - 2 * subsets[:, 0] * subsets[:, 4]))

    network = ClosedForm(
        lambda shares: np.stack([np.log(answer(shares)), np.log1p(-answer(shares))], axis=1), side=12, rows=3
    )
    truth = population(answer, 9)
    inside, sure = [], []
    for seed in range(40):
        found = fitted(network, PROBABILITY, 300, seed).explanation()
        inside.append(np.abs(found.coefficients - truth) <= 1.96 * found.errors)
        sure.append(found.errors.mean())
    assert 0.92 <= np.mean(inside) <= 0.985
    wide = fitted(network, PROBABILITY, 75).explanation().errors.mean()
    assert wide / np.mean(sure) == pytest.approx(2, rel=0.3)


def test_two_regions_that_only_work_together_share_what_they_do() -> None:
    network = ClosedForm(lambda s: np.stack([s[:, 2] * s[:, 7], np.zeros(len(s))], axis=1), side=12, rows=3)
    truth = population(lambda subsets: subsets[:, 2] * subsets[:, 7], 9)
    found = fitted(network, LOGIT, 800).explanation()
    assert set(np.argsort(-found.coefficients)[:2]) == {2, 7}
    assert truth[2] == pytest.approx(truth[7])
    np.testing.assert_allclose(found.coefficients[[2, 7]], truth[[2, 7]], atol=0.06)
    assert np.all(np.abs(np.delete(found.coefficients, [2, 7])) < 0.08)
    assert found.fit < 0.9


def test_a_contrast_is_the_difference_of_two_logits() -> None:
    other = np.roll(WEIGHTS, 3)
    network = ClosedForm(
        lambda s: np.stack([s @ WEIGHTS, s @ other, 9 * s[:, 0]], axis=1), names=("a", "b", "c")
    )
    found = fitted(network, Target(0, "a against b", other=1), 512).explanation()
    np.testing.assert_allclose(found.coefficients, WEIGHTS - other, atol=0.15)


def test_occlusion_is_the_mean_fall_over_the_windows_on_a_pixel() -> None:
    network = linear(WEIGHTS)
    sampler = SlidingWindows(network.shape, 100, 8, seed=2)
    whole = float(WEIGHTS.sum())
    occlusion = Occlusion(sampler, network.regions, whole)
    for start in range(0, sampler.count, 16):
        stop = min(sampler.count, start + 16)
        occlusion.add(start, LOGIT.values(network.logits(sampler.visible(start, stop))))
    hidden = ~sampler.visible(0, sampler.count)
    falls = whole - LOGIT.values(network.logits(~hidden))
    expected = (hidden * falls[:, None, None]).sum(0) / hidden.sum(0)
    found = occlusion.explanation()
    np.testing.assert_allclose(found.values, expected, atol=1e-5)
    assert np.argmax(found.coefficients) == np.argmax(WEIGHTS)
    assert np.argmin(found.coefficients) == np.argmin(WEIGHTS)
    assert found.stability > 0.8
    for y, x in [(0, 0), (5, 30), (16, 16)]:
        over = falls[hidden[:, y, x]]
        spread = over if len(over) > 1 else falls
        assert found.band[y, x] == pytest.approx(1.96 * spread.std(ddof=1) / np.sqrt(len(over)), rel=1e-3)


def test_rise_is_the_mean_score_of_the_masks_that_give_a_pixel() -> None:
    network = linear(WEIGHTS)
    sampler = ShiftedGrids(network.shape, 600, 4, 0.5, seed=2)
    rise = Rise(sampler, network.regions, float(WEIGHTS.sum()))
    scores = []
    for start in range(0, 600, 50):
        scores.append(LOGIT.values(network.logits(sampler.visible(start, start + 50))))
        rise.add(start, scores[-1])
    seen, flat = sampler.visible(0, 600), np.concatenate(scores)
    found = rise.explanation()
    for y, x in [(0, 0), (5, 30), (16, 16), (31, 31)]:
        given, hidden = flat[seen[:, y, x]], flat[~seen[:, y, x]]
        q = len(given) / 600
        error = (1 - q) * np.sqrt(given.var(ddof=1) / len(given) + hidden.var(ddof=1) / len(hidden))
        assert found.values[y, x] == pytest.approx(given.mean() - flat.mean(), abs=1e-5)
        assert found.band[y, x] == pytest.approx(1.96 * error, rel=1e-3)
    assert np.argmax(found.coefficients) == np.argmax(WEIGHTS)
    assert np.corrcoef(found.coefficients, WEIGHTS)[0, 1] > 0.8


def test_stability_tells_noise_from_a_map_that_comes_out_again() -> None:
    rng = np.random.default_rng(0)
    true, a, b = rng.normal(size=(3, 2000))
    assert stability(a, b) < 0.15
    # Halves that are half noise correlate at 1/2; all samples together would at 2/3.
    assert stability(true + a, true + b) == pytest.approx(2 / 3, abs=0.05)
    assert stability(true, true) == 1
    assert stability(true, -true) == 0
    assert stability(np.zeros(9), np.zeros(9)) == 0
