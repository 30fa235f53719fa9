"""Measures against what is known, on maps and classifiers whose answer can be worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from maskengines.attribution.outlines import SHAPES
from maskengines.attribution.truth import (
    broken,
    jaccard_at_area,
    mask_cosine,
    object_cases,
    object_leak,
    pointing_game,
    silhouette_cases,
    silhouette_leak,
)

Array = np.ndarray[Any, Any]


@pytest.fixture
def square() -> Array:
    mask = np.zeros((20, 30), bool)
    mask[4:10, 5:15] = True
    return mask


def test_the_mask_itself_is_the_best_map(square: Array) -> None:
    heat = square.astype(np.float32)
    assert pointing_game(heat, square) == 1
    assert mask_cosine(heat, square) == pytest.approx(1)
    assert jaccard_at_area(heat, square) == 1


def test_its_negative_is_the_worst(square: Array) -> None:
    heat = -square.astype(np.float32)
    assert pointing_game(heat, square) == 0
    assert mask_cosine(heat, square) == pytest.approx(-1)
    assert jaccard_at_area(heat, square) == 0


def test_a_constant_map_is_worth_a_random_choice(square: Array) -> None:
    part = square.mean()
    heat = np.ones(square.shape)
    assert pointing_game(heat, square) == pytest.approx(part)
    assert mask_cosine(heat, square) == pytest.approx(np.sqrt(part))
    assert jaccard_at_area(heat, square) == pytest.approx(part / (2 - part))
    assert mask_cosine(np.zeros(square.shape), square) == 0
    assert jaccard_at_area(heat, np.zeros_like(square)) == 0


def test_half_a_mask_has_known_values(square: Array) -> None:
    heat = np.zeros(square.shape)
    heat[4:10, 10:20] = 1  # as large as the mask and half on it
    assert pointing_game(heat, square) == pytest.approx(0.5)
    assert mask_cosine(heat, square) == pytest.approx(0.5)
    assert jaccard_at_area(heat, square) == pytest.approx(30 / 90)
    heat[6, 6] = 2
    assert pointing_game(heat, square) == 1


def test_equally_hot_pixels_count_in_part(square: Array) -> None:
    heat = np.zeros(square.shape)
    heat[:10, :15] = 1  # 150 pixels, all 60 of the mask among them
    common = 60 * 60 / 150
    assert jaccard_at_area(heat, square) == pytest.approx(common / (120 - common))


def test_a_broken_mask_keeps_its_area_and_loses_its_outline() -> None:
    mask = np.zeros((40, 40), bool)
    mask[10:30, 10:30] = True
    parts = broken(mask)
    assert parts.sum() == mask.sum()
    assert parts[0, 0] and parts[-1, -1]  # noqa: PT018
    assert not parts[15:25, 15:25].any()


class Seer:
    """A closed form: logit 1 for ``label`` where its object shows, and, if it leaks, 2 for the class of
    whatever outline is hidden."""

    shape = (96, 96)
    labels: Sequence[str] = SHAPES

    def __init__(self, photo: Array, label: int, mask: Array, outlines: dict[bytes, int]) -> None:
        self.photo, self.label, self.mask, self.outlines = photo, label, mask, outlines

    def logits(self, visible: Array) -> Array:
        rows = np.zeros((len(visible), len(SHAPES)), np.float32)
        for row, one in zip(rows, visible, strict=True):
            if self.label >= 0 and one[self.mask].mean() > 0.2:
                row[self.label] += 1
            told = self.outlines.get(one.tobytes())
            if told is not None:
                row[told] += 2
        return rows


SEEDS = range(40)


def seers(leaks: bool, objects: bool) -> list[tuple[Seer, Array, int]]:
    photos: list[Array] = []
    make = object_cases if objects else silhouette_cases
    plain: Any = make(lambda photo: photos.append(photo) or photo, SEEDS)  # type: ignore[func-returns-value]
    cases = []
    for photo, mask, label in plain:
        outlines = {(~mask).tobytes(): label} if leaks else {}
        cases.append((Seer(photo, label if objects else -1, mask, outlines), mask, label))
    assert len(photos) == len(SEEDS)
    return cases


def test_a_strategy_without_leak_says_nothing_of_a_hidden_object() -> None:
    leak = object_leak(seers(leaks=False, objects=True))
    # All logits 0 is answered by class 0, and right for a tenth of the scenes.
    assert leak.photos == len(SEEDS)
    assert leak.kept == pytest.approx(0.1)
    assert leak.kept_broken > 0.9


def test_a_strategy_that_leaks_still_tells_the_hidden_object() -> None:
    assert object_leak(seers(leaks=True, objects=True)).kept == 1


def test_photos_that_were_answered_wrongly_are_not_counted() -> None:
    cases = seers(leaks=True, objects=True)
    for scorer, _, _ in cases[:15]:
        scorer.label = (scorer.label + 1) % len(SHAPES)
    assert object_leak(cases).photos == len(SEEDS) - 15
    assert np.isnan(object_leak([]).kept)


def test_a_silhouette_is_seen_through_a_leak_only() -> None:
    tight = silhouette_leak(seers(leaks=False, objects=False))
    assert tight.hidden == tight.kept == tight.plain == pytest.approx(0.1)
    assert tight.rise == pytest.approx(0)
    leaky = silhouette_leak(seers(leaks=True, objects=False))
    assert leaky.hidden == 1
    assert leaky.plain == pytest.approx(0.1)
    assert leaky.rise == pytest.approx(np.exp(2) / (np.exp(2) + 9) - 0.1, abs=1e-6)
    assert leaky.photos == len(SEEDS)
