"""Pictures larger than a tile, and several candidates at a time."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, cast

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from maskengines.contract import Cancelled
from maskengines.inpaint.flow import tiles
from maskengines.inpaint.flow.filling import Walk, filled
from maskengines.inpaint.flow.network import MaskedFlow
from maskengines.inpaint.flow.sampling import noise_of, walk
from small_flow import SMALL, Context, ask, disc, engine_with, photo, small_network
from torch import Tensor

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def network() -> MaskedFlow:
    return small_network()


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "SIDE", 64)
    monkeypatch.setattr(tiles, "OVERLAP", 16)


class Counted:
    """A network that remembers what it was shown."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.sizes = inner, SMALL
        self.shapes: list[tuple[int, ...]] = []

    def parameters(self) -> Any:
        return self.inner.parameters()

    def __call__(self, noisy: Tensor, visible: Tensor, mask: Tensor, moment: Tensor) -> Tensor:
        self.shapes.append(tuple(noisy.shape))
        return cast(Tensor, self.inner(noisy, visible, mask, moment))


def halved(noisy: Tensor, visible: Tensor, mask: Tensor, moment: Tensor) -> Tensor:
    """A guess that depends on each pixel alone: tiles must not be seen in it."""
    return noisy / 2 + visible / 4


@given(length=st.integers(1, 300), multiple=st.sampled_from([8, 32]))
def test_tiles_cover_a_side_and_overlap(length: int, multiple: int) -> None:
    length *= multiple
    at = tiles.starts(length, multiple)
    assert at[0] == 0
    assert length <= tiles.SIDE or at[-1] + tiles.SIDE == length
    for before, after in pairwise(at):
        assert after % multiple == 0
        assert before < after <= before + tiles.SIDE - tiles.OVERLAP + multiple


def test_where_tiles_agree_they_are_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = torch.rand(3, 160, 208) * 2 - 1
    mask = torch.zeros(160, 208)
    mask[10:150, 20:200] = 1
    noise = noise_of([1, 2], (160, 208), CPU)
    counted = Counted(halved)
    whole = walk(cast(Any, counted), picture, mask, noise, steps=3, tell=lambda *_: None)
    monkeypatch.setattr(tiles, "SIDE", 64)
    monkeypatch.setattr(tiles, "OVERLAP", 16)
    tiled = walk(cast(Any, counted), picture, mask, noise, steps=3, tell=lambda *_: None)
    assert counted.shapes[:3] == [(2, 3, 160, 208)] * 3
    assert set(counted.shapes[3:]) == {(2, 3, 64, 64)}
    assert torch.allclose(tiled, whole, atol=1e-5)


def test_where_tiles_differ_one_fades_into_the_next(small_tiles: None) -> None:
    mask = torch.ones(1, 1, 64, 112)
    level = iter([0.0, 1.0])
    blank = torch.zeros(1, 3, 64, 112)
    network = cast(Any, Counted(lambda noisy, *_: torch.full_like(noisy, next(level))))
    found = tiles.looked_at(network, blank, blank, mask, torch.ones(1), between=lambda _: None)
    row = found[0, 0, 32]
    assert torch.equal(row[:48], torch.zeros(48))
    assert torch.equal(row[64:], torch.ones(48))
    assert (row[48:64].diff() > 0).all()


def test_tiles_with_nothing_masked_are_left_out(small_tiles: None) -> None:
    visible = torch.rand(1, 3, 64, 304)
    mask = torch.zeros(1, 1, 64, 304)
    mask[..., 4:30] = 1
    counted = Counted(halved)
    found = tiles.looked_at(cast(Any, counted), visible, visible, mask, torch.ones(1), between=lambda _: None)
    assert len(counted.shapes) == 1
    assert torch.equal(found[..., 64:], visible[..., 64:])


def test_a_walk_ends_between_two_tiles(small_tiles: None, network: MaskedFlow) -> None:
    counted = Counted(network)
    told: list[float] = []

    def tell(done: float, steps: int, guess: Tensor) -> None:
        told.append(done)
        if len(told) == 2:
            raise Cancelled()

    with pytest.raises(Cancelled):
        walk(
            cast(Any, counted), torch.zeros(3, 64, 160), torch.ones(64, 160), noise_of([0], (64, 160), CPU),
            steps=4, tell=tell,
        )  # fmt: skip
    assert len(counted.shapes) == 2
    assert told == sorted(told)
    assert 0 < told[0] < told[1] < 1


def test_finer_passes_stop_where_they_would_be_too_large(network: MaskedFlow) -> None:
    counted = cast(Any, Counted(network))
    picture = photo(700, 900).astype(np.float32) / 127.5 - 1
    hole = disc(picture.shape[:2], 300) > 0
    filled(counted, picture, hole, [0], plan=Walk(2, most=300 * 400), tell=lambda *_: None)
    few = len(counted.shapes)
    filled(counted, picture, hole, [0], plan=Walk(2, most=900 * 900), tell=lambda *_: None)
    assert len(counted.shapes) > 2 * few, "the photo's own size was walked in tiles"
    assert max(max(shape[2:]) for shape in counted.shapes) <= tiles.SIDE


def test_candidates_are_drawn_several_at_a_time(network: MaskedFlow) -> None:
    pixels, counted = photo(), Counted(network)
    mask = disc(pixels.shape[:2])
    engine = engine_with(cast(Any, counted))
    context = Context()
    together = ask(engine, pixels, mask, count=3, seed=4, batch=2, run=context)
    assert {shape[0] for shape in counted.shapes[:2]} == {2}
    assert {shape[0] for shape in counted.shapes[2:]} == {1}
    alone = ask(engine, pixels, mask, count=3, seed=4)
    assert [candidate.seed for candidate in together] == [4, 5, 6]
    for one, other in zip(together, alone, strict=True):
        assert np.abs(one.result.pixels.astype(int) - other.result.pixels).max() <= 1
    assert (together[0].result.pixels != together[1].result.pixels).any()
    assert context.told == sorted(context.told)
