"""Questions about a selection as they reach the worker: votes of several views, looks, and what is locked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from maskengines.errors import BadInput
from maskengines.results.frames import DIMMED
from maskengines.scene import selecting
from maskengines.scene.selecting import Selector
from maskengines.scene.viewing import Picture
from maskengines.subjects.gaussians import SH_C0, Gaussians
from maskengines.subjects.splat_edits import Similarity
from some_scene import around

Array = np.ndarray[Any, Any]

COUNT = 600
BALL = np.arange(COUNT) < 200


def scene() -> Gaussians:
    """A small red ball in front of a large wall, as the first camera sees it."""
    rng = np.random.default_rng(0)
    ball = rng.normal(0, 0.12, (200, 3))
    wall = np.column_stack([rng.uniform(-2, 2, 400), rng.uniform(-2, 2, 400), rng.uniform(0.9, 1.1, 400)])
    colours = np.where(BALL[:, None], (0.8, 0.1, 0.1), (0.3, 0.3, 0.8))
    return Gaussians(
        np.concatenate([ball, wall]), np.repeat(np.log(np.where(BALL, 0.04, 0.2))[:, None], 3, axis=1),
        np.tile([1, 0, 0, 0], (COUNT, 1)), np.where(BALL, 3.0, 1.0), ((colours - 0.5) / SH_C0)[:, None, :],
    )  # fmt: skip


def vote(number: int, left: int = 17, right: int = 31) -> dict[str, Any]:
    camera = around(6)[number]
    mask = np.zeros((camera.height, camera.width), np.uint8)
    mask[9:23, left:right] = 255
    return {"camera": camera.to_record(), "mask": mask}


def asked(before: Array | None = None, **more: Any) -> dict[str, Any]:
    given = np.zeros(COUNT, bool) if before is None else before
    return {"what": "paint", "before": given, "how": "add", "reach": "through", **more}


@pytest.fixture(scope="module")
def selector() -> Selector:
    return Selector(scene())


FREE = np.ones(COUNT, bool)


def iou(one: Array, two: Array) -> float:
    return float((one & two).sum() / (one | two).sum())


def test_a_further_vote_takes_away_what_only_one_view_meant(selector: Selector) -> None:
    opacities = scene().opacities
    one = selector.answer(asked(votes=[vote(0)]), FREE, opacities)
    two = selector.answer(asked(votes=[vote(0), vote(1)]), FREE, opacities)
    assert one[BALL].mean() > 0.9
    assert (one & ~BALL).sum() > 10, "from one side, what lies behind is meant as well"
    assert iou(two, BALL) > iou(one, BALL) + 0.05


def test_a_view_is_weighed_once(selector: Selector, monkeypatch: pytest.MonkeyPatch) -> None:
    weighed: list[int] = []
    real = selecting.contributions

    def counted(*given: Any) -> Any:
        weighed.append(1)
        return real(*given)

    monkeypatch.setattr(selecting, "contributions", counted)
    fresh, opacities = Selector(scene()), scene().opacities
    fresh.answer(asked(votes=[vote(0)]), FREE, opacities)
    fresh.answer(asked(votes=[vote(0), vote(2)]), FREE, opacities)
    assert len(weighed) == 2
    fresh.answer(asked(votes=[vote(0)]), FREE, np.where(BALL, opacities, -100))
    assert len(weighed) == 3, "what was hidden meanwhile is seen through"


def test_what_is_locked_is_not_selected_and_not_let_go(selector: Selector) -> None:
    locked = np.arange(COUNT) % 2 == 0
    state = {"shown": FREE, "selected": ~FREE, "locked": locked, "tint": (1, 0, 0)}
    picture = Picture(scene())
    picture.show(state)
    assert np.array_equal(picture.free, ~locked)
    found = selector.answer(asked(votes=[vote(0)]), picture.free, picture.opacities)
    assert found.any()
    assert not (found & locked).any()
    kept = selector.answer(asked(locked, what="look", how="replace"), picture.free, picture.opacities)
    assert np.array_equal(kept, FREE), "all that is free looks like anything, and the rest stays"


def test_looks_that_are_given_must_all_fit(selector: Selector) -> None:
    opacities = scene().opacities

    def looks(**more: Any) -> Array:
        return selector.answer(asked(what="look", how="replace") | more, FREE, opacities)

    assert np.array_equal(looks(colour=[0.8, 0.1, 0.1, 20]), BALL)
    assert np.array_equal(looks(sizes=[0.1, 1.0]), ~BALL)
    assert np.array_equal(looks(opacities=[0.9, 1.0]), BALL)
    assert not looks(sizes=[0.1, 1.0], opacities=[0.9, 1.0]).any()
    taken = selector.answer(asked(FREE, what="look", how="subtract", sizes=[0.1, 1.0]), FREE, opacities)
    assert np.array_equal(taken, BALL)


def test_questions_that_make_no_sense_are_refused(selector: Selector) -> None:
    opacities = scene().opacities
    for wrong in (
        asked(votes=[]), asked(votes=[vote(0)], reach="far"), asked(votes=[vote(0)], how="xor"),
        asked(what="guess"), asked(np.zeros(3, bool), what="grow"),
    ):  # fmt: skip
        with pytest.raises(BadInput):
            selector.answer(wrong, FREE, opacities)


def test_what_is_locked_is_seen_darker_until_it_is_let_go() -> None:
    picture, camera = Picture(scene()), around(6)[0]
    none = np.zeros_like(FREE)
    bright = picture.frame(camera, 1).pixels.astype(int)
    state = {"shown": ~none, "selected": none, "locked": ~none, "tint": (0, 1, 0)}
    picture.show(state)
    dark = picture.frame(camera, 2).pixels.astype(int)
    assert np.abs(dark[..., :3] - DIMMED * bright[..., :3]).max() <= 1
    assert np.array_equal(dark[..., 3], bright[..., 3])
    picture.show(state | {"locked": none})
    assert np.array_equal(picture.frame(camera, 3).pixels, bright)


def test_an_edit_is_seen_on_what_is_selected_until_it_ends() -> None:
    picture, camera = Picture(scene()), around(6)[0]
    picture.show({"shown": FREE, "selected": BALL, "locked": ~FREE, "tint": (0, 1, 0)})
    tinted = picture.frame(camera, 1).pixels
    picture.edit(Similarity(shift=(1.0, 0, 0)).to_plain())
    moved = picture.frame(camera, 2).pixels
    picture.edit({})
    assert np.array_equal(picture.frame(camera, 3).pixels, tinted)

    def red(pixels: Array) -> float:
        return float(np.flatnonzero(((pixels[..., 0] > 120) & (pixels[..., 1] < 60)).any(axis=0)).mean())

    assert tinted[16, 24, 1] > 120, "what is selected is green"
    assert red(moved) > camera.width / 2 + 5
