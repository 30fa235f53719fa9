"""Generated masks at the size of a picture, their sketches, and how they are laid over the mask there is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from maskengines.errors import BadInput
from maskengines.masks.samplers import SAMPLERS
from maskengines.masks.samplers.generating import (
    CELLED,
    COMBINE,
    LARGEST,
    Recipe,
    generate,
    sketch,
    smallest_cell,
)
from maskstudio.commands.generate_commands import KINDS


def recipe(kind: str, **more: object) -> Recipe:
    return Recipe(**{"kind": kind, "ratio": 0.3, "seed": 7, "cell": 8, **more})  # type: ignore[arg-type]


def test_the_studio_offers_every_sampler_once() -> None:
    assert [kind.name for kind in KINDS] == list(SAMPLERS)
    assert set(CELLED) < set(SAMPLERS)


@pytest.mark.parametrize("kind", SAMPLERS)
@pytest.mark.parametrize("size", [(90, 140), (1300, 1000)], ids=["small", "larger than a sketch"])
def test_a_mask_is_hard_of_the_size_and_share_asked_for_and_the_same_again(
    kind: str, size: tuple[int, int]
) -> None:
    mask = generate(recipe(kind), *size)
    assert mask.shape == size
    assert mask.dtype == np.uint8
    assert set(np.unique(mask)) == {0, 255}
    slack = 0.5 * min(size) if kind == "box" else 0
    assert abs(np.count_nonzero(mask) - round(0.3 * size[0] * size[1])) <= slack
    np.testing.assert_array_equal(mask, generate(recipe(kind), *size))
    assert (mask != generate(recipe(kind, seed=8), *size)).any()


@pytest.mark.parametrize("kind", SAMPLERS)
def test_a_sketch_is_small_and_looks_like_the_mask(kind: str) -> None:
    height, width = 1300, 1000
    small = sketch(recipe(kind), height, width)
    assert small.size <= LARGEST * 1.01
    mask = generate(recipe(kind), height, width)
    if kind in CELLED:
        fine = np.kron(small, np.ones((8, 8), np.bool_))[:height, :width]
    else:
        fine = cv2.resize(small.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    assert np.mean(fine != (mask > 0)) < 0.02


def test_enlarged_edges_are_smooth() -> None:
    """The outline of an enlarged blob is hardly longer than that of the blob drawn large."""
    mask = generate(recipe("blob"), 3000, 4000)
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    outline = max(contours, key=len)
    rough = cv2.arcLength(outline, True)
    even = cv2.arcLength(cv2.approxPolyDP(outline, 2.0, True), True)
    assert rough < 1.12 * even


def test_cells_too_small_for_a_photo_are_refused_with_the_size_that_will_do() -> None:
    least = smallest_cell(6000, 8000)
    assert least == 4
    with pytest.raises(BadInput, match="take 4 or more"):
        sketch(recipe("blue", cell=3), 6000, 8000)
    with pytest.raises(BadInput, match="take 4 or more"):
        generate(recipe("blue", cell=3), 6000, 8000)
    assert smallest_cell(100, 100) == 1
    with pytest.raises(BadInput, match="no mask sampler"):
        sketch(recipe("pink"), 10, 10)


def test_a_new_mask_replaces_adds_or_takes_away_and_soft_values_stay() -> None:
    old, new = np.array([[0, 100, 255, 100]], np.uint8), np.array([[255, 255, 0, 0]], np.uint8)
    assert COMBINE["replace"](old, new).tolist() == [[255, 255, 0, 0]]
    assert COMBINE["add"](old, new).tolist() == [[255, 255, 255, 100]]
    assert COMBINE["subtract"](old, new).tolist() == [[0, 0, 255, 100]]
