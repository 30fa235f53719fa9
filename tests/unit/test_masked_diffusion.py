"""The small masked diffusion model: its path, its walk, its passes and its engine."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from maskengines.contract import BadInput, Cancelled
from maskengines.errors import NotReady
from maskengines.inpaint import masked_diffusion
from maskengines.inpaint.flow.crops import Album, Variety
from maskengines.inpaint.flow.filling import Walk, filled
from maskengines.inpaint.flow.holes import SCHEDULES, Holes
from maskengines.inpaint.flow.learning import batch_of, loss_of
from maskengines.inpaint.flow.network import MaskedFlow
from maskengines.inpaint.flow.passes import COARSE, framed, passes
from maskengines.inpaint.flow.path import SHIFT, between, shifted, times, towards, weight
from maskengines.inpaint.flow.sampling import Start, noise_of, walk
from maskengines.inpaint.flow.weights import load_network, write
from maskengines.inpaint.membrane import harmonic, levelled
from small_flow import SMALL, Context, ask, disc, engine_with, photo, small_network
from torch import Tensor


@pytest.fixture(scope="module")
def network() -> MaskedFlow:
    return small_network()


@pytest.fixture
def engine(network: MaskedFlow) -> masked_diffusion.MaskedDiffusion:
    return engine_with(network)


# --- The path ---------------------------------------------------------------------------------------------


def test_a_step_with_the_true_picture_stays_on_the_true_path() -> None:
    clean, noise = torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4, 4)
    at = between(clean, noise, torch.tensor([0.8, 0.8]))
    assert torch.allclose(
        towards(at, clean, 0.8, 0.3), between(clean, noise, torch.tensor([0.3, 0.3])), atol=1e-6
    )
    assert torch.allclose(towards(at, clean, 0.8, 0.0), clean, atol=1e-6)


def test_the_weighted_error_of_the_picture_is_the_error_of_the_velocity() -> None:
    clean, noise, wrong = (torch.randn(5, 3, 2, 2, dtype=torch.float64) for _ in range(3))
    moment = torch.linspace(0.2, 1, 5, dtype=torch.float64)
    at = between(clean, noise, moment)
    level = moment[:, None, None, None]
    by_velocity = ((at - wrong) / level - (noise - clean)).square().mean((1, 2, 3))
    by_picture = weight(moment) * (wrong - clean).square().mean((1, 2, 3))
    assert torch.allclose(by_velocity, by_picture)


def test_times_fall_from_the_start_to_nothing_and_are_denser_at_the_noise() -> None:
    for start in (1.0, 0.5):
        found = times(10, start)
        assert found[0] == pytest.approx(start)
        assert found[-1] == 0.0
        assert all(a > b for a, b in pairwise(found))
        assert found[0] - found[1] < found[-2] - found[-1]
    assert float(shifted(torch.tensor(0.5))) == pytest.approx(SHIFT * 0.5 / (1 + (SHIFT - 1) * 0.5))
    with pytest.raises(ValueError, match="at least one step"):
        times(0)


class Gauss:
    """The best guess for pictures of independent normal pixels, of mean `mean` and deviation `s`."""

    sizes = SMALL

    def __init__(self, mean: float, s: float) -> None:
        self.mean, self.s = mean, s

    def __call__(self, noisy: Tensor, visible: Tensor, mask: Tensor, moment: Tensor) -> Tensor:
        t = moment[:, None, None, None]
        gain = self.s**2 * (1 - t) / ((1 - t) ** 2 * self.s**2 + t**2)
        return self.mean + gain * (noisy - (1 - t) * self.mean)


def test_the_walk_turns_noise_into_the_distribution_that_the_network_knows() -> None:
    """With the exact posterior mean of a normal distribution the path's end is mean + s * noise."""
    noise = noise_of([1, 2], (32, 32), torch.device("cpu"))
    everything = torch.ones(32, 32)
    knows = cast(Any, Gauss(0.1, 0.2))
    guess = walk(knows, torch.zeros(3, 32, 32), everything, noise, steps=1200, tell=lambda *_: None)
    assert torch.allclose(guess, 0.1 + 0.2 * noise, atol=0.01)


def test_what_is_visible_comes_back_as_it_was(network: MaskedFlow) -> None:
    picture, mask = torch.rand(3, 32, 32) * 2 - 1, torch.zeros(32, 32)
    mask[8:20, 8:20] = 1
    guesses: list[Tensor] = []
    found = walk(
        network, picture, mask, noise_of([0], (32, 32), torch.device("cpu")), steps=3,
        tell=lambda number, steps, guess: guesses.append(guess),
    )  # fmt: skip
    assert len(guesses) == 3
    assert torch.equal(found[0] * (1 - mask), picture * (1 - mask))
    hidden = picture.clone()
    hidden[:, 8:20, 8:20] = 7.0
    again = walk(
        network, hidden, mask, noise_of([0], (32, 32), torch.device("cpu")), steps=3, tell=lambda *_: None
    )
    assert torch.equal(found, again), "what lies under the mask was looked at"


def test_a_later_start_stays_nearer_to_what_it_started_from(network: MaskedFlow) -> None:
    picture, mask = torch.zeros(3, 32, 32), torch.ones(32, 32)
    given = torch.full((1, 3, 32, 32), 0.5)
    noise = noise_of([4], (32, 32), torch.device("cpu"))

    def away(moment: float) -> float:
        stay = cast(Any, Gauss(0.0, 0.3))
        found = walk(stay, picture, mask, noise, steps=20, tell=lambda *_: None, start=Start(given, moment))
        return float((found - given).abs().mean())

    assert away(0.1) < away(0.5) < away(0.95)


# --- Training ---------------------------------------------------------------------------------------------


def test_one_shot_questions_have_no_noise_and_are_asked_at_the_end() -> None:
    generator = torch.Generator().manual_seed(0)
    batch = batch_of(torch.ones(64, 3, 8, 8), torch.ones(64, 1, 8, 8), 0.5, generator)
    silent = batch.noise.abs().sum((1, 2, 3)) == 0
    assert 15 < int(silent.sum()) < 49
    assert (batch.moment[silent] == 1).all()
    assert (batch.moment[~silent] < 1).all()


def test_every_question_counts_the_same_however_small_its_hole() -> None:
    mask = torch.zeros(2, 1, 16, 16)
    mask[0, :, :8] = 1
    mask[1, :, :4, :4] = 1
    clean = torch.zeros(2, 3, 16, 16)
    generator = torch.Generator().manual_seed(0)
    batch = batch_of(clean, mask, 1.0, generator)
    wrong = loss_of(lambda noisy, visible, mask, moment: mask.expand_as(noisy) * 0.5, batch)
    assert float(wrong) == pytest.approx(0.25)


def test_the_network_learns_a_flat_colour_from_what_is_visible() -> None:
    torch.manual_seed(0)
    made = MaskedFlow(SMALL)
    optimiser = torch.optim.AdamW(made.parameters(), lr=3e-3)
    generator = torch.Generator().manual_seed(1)
    losses = []
    for _ in range(40):
        clean = (torch.rand(4, 3, 1, 1, generator=generator) * 2 - 1).expand(4, 3, 32, 32)
        mask = torch.zeros(4, 1, 32, 32)
        mask[:, :, 8:24, 8:24] = 1
        loss = loss_of(made, batch_of(clean, mask, 0.3, generator))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:10])


def test_views_show_the_picture_and_differ() -> None:
    rows = np.linspace(0, 255, 200)[:, None, None]
    ramp = np.broadcast_to(rows, (200, 300, 3)).astype(np.uint8)
    album = Album([ramp], torch.device("cpu"))
    plain = Variety(tilted=0, turned=0, tinted=0, swapped=0, grey=0)
    views = album.views(16, 32, torch.Generator().manual_seed(0), plain)
    assert views.shape == (16, 3, 32, 32)
    assert (views.diff(dim=2) >= -1e-3).all(), "the ramp rises in every view"
    assert views.diff(dim=3).abs().max() < 1e-3
    assert len({round(float(view.mean()), 3) for view in views}) > 8
    again = album.views(16, 32, torch.Generator().manual_seed(0), plain)
    assert torch.equal(views, again)


def test_the_masked_share_grows_with_training() -> None:
    for name, schedule in SCHEDULES.items():
        found = [schedule(progress) for progress in np.linspace(0, 1, 9)]
        assert found[-1] == pytest.approx(0.75), name
        assert found == sorted(found)
        if name != "none":
            assert found[0] == pytest.approx(0.15)
    masks = [np.zeros((16, 16), bool) for _ in range(4)]
    for index, mask in enumerate(masks):
        mask[: 4 * index + 2] = True
    holes = Holes(masks, torch.device("cpu"))
    drawn = holes.drawn(50, 0.5, torch.Generator().manual_seed(0))
    assert drawn.mean((1, 2, 3)).max() <= 0.5


# --- Passes -----------------------------------------------------------------------------------------------


def test_a_large_hole_is_filled_small_first() -> None:
    picture = np.zeros((700, 900, 3), np.float32)
    hole = np.zeros((700, 900), bool)
    hole[300:400, 400:520] = True
    found = passes(picture, hole, hole, 256, Walk.most)
    assert max(found[0].hole.shape) == COARSE * 256
    sizes = [part.size for part in found]
    assert sizes == sorted(sizes)
    assert sizes[-1] == (700, 900)
    assert found[-1].hole.shape[0] < 300, "finer passes look at the hole's surroundings only"
    assert found[-1].hole.sum() == hole.sum()


@pytest.mark.parametrize("side", [1, 5, 31, 64])
def test_a_frame_mirrors_what_it_adds(side: int) -> None:
    array = np.arange(side * side).reshape(side, side)
    out = framed(array, 16, 32)
    assert out.shape == (max(32, -(-side // 16) * 16),) * 2
    assert np.array_equal(out[:side, :side], array)
    if side > 1:
        assert out.shape[0] == side or np.array_equal(out[side, :side], array[side - 1])


def test_a_fill_alone_is_the_fill_among_others(network: MaskedFlow) -> None:
    picture = photo().astype(np.float32) / 127.5 - 1
    hole = disc(picture.shape[:2]) > 0
    both = filled(network, picture, hole, [5, 6], plan=Walk(2), tell=lambda *_: None)
    alone = filled(network, picture, hole, [6], plan=Walk(2), tell=lambda *_: None)
    assert np.allclose(both[1], alone[0], atol=1e-5)
    assert np.abs(both[0] - both[1])[hole].mean() > 1e-3


# --- Seams ------------------------------------------------------------------------------------------------


def test_the_membrane_is_harmonic() -> None:
    rows, columns = np.indices((40, 40), dtype=np.float32)
    plane = (0.3 * rows - 0.1 * columns + 2)[..., None]
    given = np.ones((40, 40), bool)
    given[10:28, 12:30] = False
    found = harmonic(np.where(given[..., None], plane, np.float32(0)), given)
    assert np.abs(found - plane).max() < 0.05


def test_an_offset_of_the_whole_fill_is_taken_off() -> None:
    picture = photo().astype(np.float32)
    hole = disc(picture.shape[:2], 20) > 0
    found = levelled(picture, picture + 30, hole)
    assert np.array_equal(found[~hole], picture[~hole])
    assert np.abs(found - picture)[hole].max() < 1.0


# --- The engine -------------------------------------------------------------------------------------------


def test_nothing_changes_outside_the_mask_and_seeds_differ(engine: Any) -> None:
    pixels = photo()
    mask = disc(pixels.shape[:2])
    found = ask(engine, pixels, mask, count=2, seed=7)
    assert [candidate.seed for candidate in found] == [7, 8]
    for candidate in found:
        box = candidate.result.box
        outside = mask[box.slices] == 0
        assert np.array_equal(candidate.result.pixels[outside], pixels[box.slices][outside])
    inside = mask[found[0].result.box.slices] > 0
    assert (found[0].result.pixels[inside] != found[1].result.pixels[inside]).any()
    [alone] = ask(engine, pixels, mask, count=1, seed=8)
    assert np.array_equal(alone.result.pixels, found[1].result.pixels)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("texture", ["photo", "model"])
def test_every_kind_of_photo_keeps_its_depth(engine: Any, channels: int, depth: Any, texture: str) -> None:
    pixels = photo(channels=channels).astype(depth) * (257 if depth is np.uint16 else 1)
    mask = disc(pixels.shape[:2], 18)
    [found] = ask(engine, pixels, mask, texture=texture)
    assert found.result.pixels.dtype == depth
    assert found.result.pixels.shape[2] == channels
    inside = mask[found.result.box.slices] > 0
    spread = found.result.pixels[inside].std()
    assert spread > 0


@pytest.mark.parametrize("at", [(0, 0), (45, 0), (89, 129)])
def test_a_mask_may_touch_the_border(engine: Any, at: tuple[float, float]) -> None:
    pixels = photo()
    mask = disc(pixels.shape[:2], 15, at)
    [found] = ask(engine, pixels, mask)
    assert found.result.pixels.any()


def test_one_pixel_is_filled_and_an_empty_mask_gives_an_empty_patch(engine: Any) -> None:
    pixels = photo()
    mask = np.zeros(pixels.shape[:2], np.uint8)
    [empty] = ask(engine, pixels, mask)
    assert empty.result.box.empty
    mask[40, 60] = 255
    [found] = ask(engine, pixels, mask)
    assert (found.result.box.x, found.result.box.y) == (60, 40)
    assert found.result.pixels.shape[:2] == (1, 1)


def test_a_fully_masked_photo_is_bad_input(engine: Any) -> None:
    pixels = photo()
    with pytest.raises(BadInput, match="covers the whole image"):
        ask(engine, pixels, np.full(pixels.shape[:2], 255, np.uint8))


def test_a_job_ends_at_the_step_where_it_is_cancelled(engine: Any) -> None:
    pixels = photo()
    run = Context(last=4)
    with pytest.raises(Cancelled):
        ask(engine, pixels, disc(pixels.shape[:2]), steps=50, run=run)
    assert run.seen == 4


def test_progress_rises_to_the_number_of_candidates(engine: Any) -> None:
    pixels = photo()
    run = Context()
    ask(engine, pixels, disc(pixels.shape[:2]), count=2, run=run)
    assert run.told == sorted(run.told)
    assert run.told[-1] == pytest.approx(1.0)
    assert run.previews


def test_it_begins_with_an_exemplar_fill_where_asked_to(engine: Any) -> None:
    pixels = photo()
    mask = disc(pixels.shape[:2], 16)
    [noise] = ask(engine, pixels, mask)
    [started] = ask(engine, pixels, mask, start="exemplar", strength=0.05)
    inside = mask[noise.result.box.slices] > 0
    truth = pixels[noise.result.box.slices][inside].astype(float)
    errors = [np.abs(c.result.pixels[inside] - truth).mean() for c in (noise, started)]
    assert errors[1] < errors[0]


# --- Weights ----------------------------------------------------------------------------------------------


def test_weights_are_written_and_read_with_their_sizes(network: MaskedFlow, tmp_path: Path) -> None:
    file = tmp_path / "some" / "weights.safetensors"
    write(file, dict(network.state_dict()), network.sizes, {"steps": 3})
    again, digest = load_network(file)
    assert again.sizes == SMALL
    assert len(digest) == 40
    assert file.with_suffix(".json").exists()
    noisy, mask = torch.randn(1, 3, 32, 32), torch.ones(1, 1, 32, 32)
    moment = torch.tensor([0.5])
    ours, theirs = network(noisy, noisy, mask, moment), again(noisy, noisy, mask, moment)
    assert torch.allclose(ours, theirs, atol=0.02)


def test_missing_or_damaged_weights_are_said_so(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="are missing"):
        load_network(tmp_path / "nothing.safetensors")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"\x10\0\0\0\0\0\0\0" + b"no weights at all")
    with pytest.raises(NotReady, match="cannot be read"):
        load_network(broken)
