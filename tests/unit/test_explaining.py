"""What someone gets who asks why a network says what it says, stops it, and asks again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from closed_form import LABELS, ClosedForm, linear, noise
from maskengines.attribution import explaining
from maskengines.attribution.explaining import explain
from maskengines.contract import BadInput, Cancelled, Candidate, EngineFault
from maskengines.runtime.plain import pack, unpack

Array = np.ndarray[Any, Any]

WEIGHTS = np.random.default_rng(5).normal(0, 1, 16)
METHODS = ("lime", "occlusion", "rise")


class FakeContext:
    """Records what is told; raises `Cancelled` at the checkpoint after ``stop_after``."""

    device = "cpu"
    log = logging.getLogger("test")

    def __init__(self, stop_after: int = 10**9) -> None:
        self.previews: list[Array] = []
        self.done: list[float] = []
        self._left = stop_after

    def progress(self, done: float, total: float, text: str = "") -> None:
        self.done.append(done / total)

    def preview(self, result: Array) -> None:
        self.previews.append(result)

    def checkpoint(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Cancelled


def network(**values: Any) -> ClosedForm:
    return linear(WEIGHTS, names=LABELS, **values)


def wanted(**values: Any) -> Any:
    default = {
        "method": "lime", "target": "cat", "contrast": "", "segments": "slic", "regions": 16, "samples": 200,
        "keep_probability": 0.5, "batch": 16,
    }  # fmt: skip
    return SimpleNamespace(**{**default, **values})


def answer(scorer: ClosedForm, context: FakeContext | None = None, seed: int = 0, **values: Any) -> Candidate:
    extra = {key: values.pop(key) for key in ("painted", "state", "stopped") if key in values}
    (candidate,) = explain(scorer, wanted(**values), context or FakeContext(), seed, **extra)  # type: ignore[arg-type]
    return candidate


def same(one: Candidate, other: Candidate) -> bool:
    return all(np.array_equal(one.result[key], other.result[key]) for key in ("values", "band", "labels"))


@pytest.mark.parametrize("method", METHODS)
def test_an_answer_is_a_map_with_all_that_is_known_of_it_and_crosses_to_the_studio(method: str) -> None:
    scorer, context = network(), FakeContext()
    candidate = answer(scorer, context, seed=7, method=method)
    assert candidate.kind == "map"
    assert candidate.seed == 7
    assert candidate.label == "cat, house cat"
    packed = pack(candidate.result)
    result = unpack(packed.tree, packed.arrays)
    for key in ("values", "band"):
        assert result[key].shape == (32, 32)
        assert result[key].dtype == np.float32
        assert np.isfinite(result[key]).all()
    assert result["band"].min() >= 0
    regions = result["labels"].max() + 1
    assert result["coefficients"].shape == result["errors"].shape == (regions,)
    assert result["target"]["index"] == 0
    assert [one["p"] for one in result["top"]] == sorted((one["p"] for one in result["top"]), reverse=True)
    np.testing.assert_array_equal(result["photo"], scorer.photo)
    areas = [result["curves"][kind]["area"] for kind in ("deletion", "insertion")]
    assert candidate.score == pytest.approx(areas[1] - areas[0])
    assert {"target", "p", "stability", "deletion", "insertion", "samples", "seconds"} <= set(
        candidate.metrics
    )
    assert ("r2" in candidate.metrics) == (method == "lime")
    assert context.done[-1] == 1
    assert np.array_equal(context.previews[0], context.previews[0].astype(np.float32))
    assert context.previews[0].shape == (32, 32)


@pytest.mark.parametrize("method", METHODS)
def test_the_map_ranks_what_counts_above_what_does_not(method: str) -> None:
    scorer = network()
    found = answer(scorer, method=method, segments="grid", samples=600, regions=16).result["values"]
    means = [found[scorer.regions == region].mean() for region in range(16)]
    assert np.corrcoef(means, WEIGHTS)[0, 1] > 0.75
    assert np.argmax(means) in np.argsort(WEIGHTS)[-2:]


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_map_and_another_seed_another(method: str) -> None:
    # All windows of an occlusion give the same map in any order, so it is stopped on its way.
    first, again, other = (
        answer(network(), method=method, seed=seed, stopped=lambda: True) for seed in (3, 3, 4)
    )
    assert same(first, again)
    assert not np.array_equal(first.result["values"], other.result["values"])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("batches", [1, 5])
def test_a_map_stopped_early_goes_on_where_it_was_and_comes_out_the_same(method: str, batches: int) -> None:
    whole = answer(network(), method=method)
    calls = iter(range(1000))
    part = answer(network(), method=method, stopped=lambda: next(calls) == batches - 1)
    assert part.metrics["samples"] == 16 * batches
    assert part.score is not None
    scorer = network()
    rest = answer(scorer, method=method, state=part.result["state"])
    assert same(rest, whole)
    asked_by_curves = sum(len(one["shares"]) for one in rest.result["curves"].values())
    # The photo once, once more with a sample to see that it is the same network, and what was missing.
    assert scorer.asked == whole.metrics["samples"] - 16 * batches + 2 + asked_by_curves


@pytest.mark.parametrize("method", ["lime", "rise"])
def test_more_samples_or_another_class_ask_only_what_is_new(method: str) -> None:
    few = answer(network(), method=method, samples=64)
    scorer = network()
    more = answer(scorer, method=method, samples=96, target="dog", contrast="cat", state=few.result["state"])
    assert same(more, answer(network(), method=method, samples=96, target="dog", contrast="cat"))
    curves = sum(len(one["shares"]) for one in more.result["curves"].values())
    assert scorer.asked == 32 + 2 + curves


@pytest.mark.parametrize("change", ["network", "seed", "regions", "probability"])
def test_what_another_question_left_behind_is_not_used(change: str) -> None:
    state = answer(network()).result["state"]
    scorer = network() if change != "network" else linear(WEIGHTS[::-1], names=LABELS)
    values = {"regions": {"regions": 9}, "probability": {"keep_probability": 0.51}}.get(change, {})
    seed = 1 if change == "seed" else 0
    fresh = linear(WEIGHTS[::-1], names=LABELS) if change == "network" else network()
    assert same(answer(scorer, state=state, seed=seed, **values), answer(fresh, seed=seed, **values))
    assert scorer.asked >= 200


@pytest.mark.parametrize("method", METHODS)
def test_a_cancelled_job_hands_out_what_it_has_before_it_ends(method: str) -> None:
    answers = explain(network(), wanted(method=method), FakeContext(stop_after=4), 0)  # type: ignore[arg-type]
    candidate = next(answers)
    assert candidate.metrics["samples"] == 48
    assert candidate.score is None
    assert np.isfinite(candidate.result["band"]).all()
    with pytest.raises(Cancelled):
        next(answers)


def test_a_job_cancelled_before_the_first_sample_has_nothing_to_hand_out() -> None:
    with pytest.raises(Cancelled):
        list(explain(network(), wanted(), FakeContext(stop_after=1), 0))  # type: ignore[arg-type]


def test_previews_come_four_times_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def later() -> float:
        now[0] += 0.005
        return now[0]

    monkeypatch.setattr(explaining.time, "monotonic", later)
    context = FakeContext()
    answer(network(), context, samples=2000)
    assert 3 <= len(context.previews) <= 1 + now[0] * 4


def test_the_painted_regions_are_what_the_map_speaks_of() -> None:
    scorer = network()
    painted = np.isin(scorer.regions, [int(np.argmax(WEIGHTS)), int(np.argmin(WEIGHTS))]).astype(np.uint8)
    values = answer(scorer, segments="painted", regions=2, painted=painted, measure="logit").result["values"]
    assert values[scorer.regions == np.argmax(WEIGHTS)].mean() == pytest.approx(WEIGHTS.max(), abs=0.1)
    assert values[scorer.regions == np.argmin(WEIGHTS)].mean() == pytest.approx(WEIGHTS.min(), abs=0.1)
    assert len(np.unique(values)) == 3


def test_a_class_is_found_by_any_of_its_names_or_by_number() -> None:
    for target in ("cat, house cat", "House Cat", " cat ", "0"):
        assert answer(network(), target=target).result["target"]["index"] == 0
    top = answer(network(), target="").result
    assert top["target"]["index"] == top["top"][0]["index"]
    contrast = answer(network(), contrast="dog")
    assert contrast.label == "cat, house cat against dog"
    assert contrast.result["target"]["measure"] == "log-odds"


def painter(side: int) -> Callable[[], ClosedForm]:
    def make() -> ClosedForm:
        scorer = network()
        scorer.photo = noise(side)
        return scorer

    return make


def flat() -> ClosedForm:
    scorer = network()
    scorer.photo = np.full((32, 32, 3), 90, np.uint8)
    return scorer


@pytest.mark.parametrize(
    ("values", "make", "words"),
    [
        ({"target": "catt"}, network, r"knows no class 'catt'\. Near it are 'cat, house cat'\.$"),
        ({"target": "house"}, network, "Near it are 'cat, house cat'"),
        ({"target": "xyzzy"}, network, r"Give one of its labels or a class number\.$"),
        ({"target": "17"}, network, "numbers its classes 0 to 3"),
        ({"target": "crane"}, network, r"Several classes are called 'crane': 2 \(crane\), 3 \(crane\)"),
        ({"contrast": "house cat"}, network, "cannot be told from itself"),
        ({"samples": 15}, network, r"15 samples cannot tell 16 regions apart\. Use at least 16"),
        ({"samples": 15, "method": "occlusion"}, network, "cannot cover the photo with windows of 8 x 8"),
        ({"segments": "painted"}, network, r"Nothing is painted\. Paint"),
        ({"method": "shap"}, network, "Use lime, occlusion or rise"),
        ({"keep_probability": 1}, network, "must lie between 0 and 1"),
        ({}, flat, "one flat colour"),
        ({}, painter(1), "too small"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_a_sentence(
    values: dict[str, Any], make: Callable[[], ClosedForm], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        answer(make(), **values)


def test_a_network_that_gives_no_numbers_is_named_so() -> None:
    broken = ClosedForm(lambda shares: np.full((len(shares), 2), np.nan))
    with pytest.raises(EngineFault, match="not numbers"):
        answer(broken)
