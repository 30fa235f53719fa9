"""A pipeline as the engine calls it: the same pictures as a plain call gives, and what is done on the way."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from maskengines.errors import BadInput, Cancelled, NotReady
from maskengines.inpaint.pipelines import soft, stepping
from maskengines.inpaint.pipelines.calls import Scene
from maskengines.inpaint.pipelines.drawing import Drawing
from maskengines.inpaint.pipelines.info import DiffusersParams
from maskengines.inpaint.pipelines.latents import Colours, Grid, colour_chart, encoded
from maskengines.inpaint.pipelines.loading import load
from maskengines.inpaint.pipelines.soft import is_soft
from maskengines.inpaint.pipelines.watching import Watch
from maskengines.runtime.local import LocalContext
from PIL import Image
from tiny_pipelines import KINDS, folder_of

Array = np.ndarray[Any, Any]

TRAINED = ("sd-inpaint", "sdxl-inpaint", "flux-fill")
PICTURE = np.kron(np.random.default_rng(0).integers(0, 256, (8, 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)
HOLE = np.zeros((64, 64), bool)
HOLE[16:40, 24:48] = True
SCENE = Scene(PICTURE, HOLE)
STRENGTHS = np.zeros((64, 64), np.float32)
STRENGTHS[16:48] = np.linspace(0, 1, 64, dtype=np.float32)


def by_cells(cell: int) -> Array:
    return STRENGTHS.reshape(64 // cell, cell, 64 // cell, cell).max(axis=(1, 3))


SOFT = Scene(PICTURE, np.kron(by_cells(8) > 0, np.ones((8, 8), bool)))


def params(kind: str, **values: Any) -> DiffusersParams:
    return DiffusersParams(
        **{"model": str(folder_of(kind)), "prompt": "the cat, 寿司", "steps": 4, "device": "cpu", **values}
    )


@functools.cache
def loaded(kind: str) -> Any:
    return load(params(kind))


def drawing(kind: str) -> Drawing:
    return Drawing(loaded(kind))


def drawn(kind: str, seeds: list[int], **values: Any) -> list[Array]:
    return drawing(kind).pictures(params(kind, **values), SCENE, seeds, LocalContext())


class Stopping(LocalContext):
    """Is cancelled once ``stopped`` is set."""

    stopped = False

    def checkpoint(self) -> None:
        if self.stopped:
            raise Cancelled


@pytest.mark.parametrize("kind", KINDS)
def test_the_picture_is_that_of_a_plain_call(kind: str) -> None:
    pipe = loaded(kind).pipe
    plain = pipe(
        prompt="the cat, 寿司",
        image=Image.fromarray(PICTURE),
        mask_image=Image.fromarray(HOLE.astype(np.uint8) * 255),
        width=64,
        height=64,
        strength=1.0,
        num_inference_steps=4,
        guidance_scale=3.0,
        generator=torch.Generator().manual_seed(5),
        output_type="np",
    ).images[0]
    assert np.array_equal(drawn(kind, [5], guidance=3.0)[0], plain)


@pytest.mark.parametrize("kind", ["sd-inpaint", "sd", "sdxl", "sd3", "flux"])
def test_candidates_of_one_batch_are_what_they_are_alone(kind: str) -> None:
    together = drawn(kind, [4, 5], strength=0.8)
    for seed, picture in zip([4, 5], together, strict=True):
        # Sums of a batch are added up in another order, which moves the last bits.
        assert np.abs(picture - drawn(kind, [seed], strength=0.8)[0]).max() < 1e-4
    assert np.abs(together[0] - together[1]).mean() > 0.01


def test_what_a_pipeline_lacks_is_not_passed_on() -> None:
    told = drawn("flux-fill", [1], negative_prompt="a dog", true_guidance=2.0)
    assert np.array_equal(told[0], drawn("flux-fill", [1])[0])


@pytest.mark.parametrize(
    "values", [{"prompt": "x"}, {"guidance": 1.5}, {"negative_prompt": "y"}, {"steps": 3}]
)
def test_what_it_has_changes_the_picture(values: dict[str, Any]) -> None:
    assert np.abs(drawn("sd-inpaint", [1], **values)[0] - drawn("sd-inpaint", [1])[0]).max() > 1e-3


def test_another_scheduler_samples_otherwise_and_the_own_comes_back() -> None:
    own = drawn("sd", [1])[0]
    for name in ("euler", "dpm++-karras", "unipc", "lcm"):
        assert np.abs(drawn("sd", [1], scheduler=name)[0] - own).max() > 1e-3
    assert np.array_equal(drawn("sd", [1])[0], own)


def test_a_scheduler_that_the_model_cannot_have_is_refused() -> None:
    with pytest.raises(BadInput, match="FlowMatchEulerDiscreteScheduler and cannot be by euler"):
        drawn("flux", [1], scheduler="euler")


@pytest.mark.parametrize("kind", ["sd-inpaint", "flux"])
def test_stopping_ends_within_a_step_and_decodes_nothing(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here, context = drawing(kind), Stopping()
    pipe = here.loaded.pipe
    before = drawn(kind, [3])[0]
    steps: list[int] = []
    thought: list[int] = []
    decoded: list[int] = []

    def done(step: int, of: int) -> None:
        steps.append(step)
        context.stopped = step == 2

    with monkeypatch.context() as patch:
        patch.setattr(pipe.vae, "decode", lambda *args, **kwargs: decoded.append(1))
        network = getattr(pipe, "unet", None) or pipe.transformer
        hook = network.register_forward_hook(lambda *args: thought.append(1))
        with pytest.raises(Cancelled):
            here.pictures(params(kind, steps=20), SCENE, [1], context, done=done)
        hook.remove()
    assert steps == [1, 2]
    assert len(thought) == 2
    assert decoded == []
    assert np.array_equal(drawn(kind, [3])[0], before)
    networks = [part for part in pipe.components.values() if isinstance(part, torch.nn.Module)]
    assert not any(module._forward_pre_hooks for network in networks for module in network.modules())
    assert "step" not in vars(pipe.scheduler)


def failing(
    here: Drawing, monkeypatch: pytest.MonkeyPatch, fails: Callable[[int], BaseException | None]
) -> None:
    """Let decoding a batch of n raise what ``fails(n)`` says."""
    decode = here.loaded.pipe.vae.decode

    def limited(latents: Any, *args: Any, **kwargs: Any) -> Any:
        error = fails(len(latents))
        if error is not None:
            raise error
        return decode(latents, *args, **kwargs)

    monkeypatch.setattr(here.loaded.pipe.vae, "decode", limited)


@pytest.mark.parametrize("fits", [1, 2])
def test_a_batch_that_does_not_fit_is_halved(fits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    here = drawing("sd")
    failing(
        here,
        monkeypatch,
        lambda count: torch.OutOfMemoryError("CUDA out of memory") if count > fits else None,
    )
    pictures = here.pictures(params("sd"), SCENE, [1, 2, 3, 4], LocalContext())
    assert len(pictures) == 4
    assert here.together == fits
    assert np.abs(pictures[3] - drawn("sd", [4])[0]).max() < 1e-4
    assert max(len(batch) for batch in here.batches(params("sd"), (64, 64), range(5))) == fits


def test_when_not_even_one_fits_a_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    here = drawing("sd")
    failing(here, monkeypatch, lambda count: RuntimeError("DefaultCPUAllocator: can't allocate memory"))
    with pytest.raises(NotReady, match=r"too little memory for 64 x 64 pixels.* Lower the resolution"):
        here.pictures(params("sd"), SCENE, [1, 2], LocalContext())


def test_a_pipeline_that_takes_no_batches_is_asked_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    here = drawing("sd")
    failing(here, monkeypatch, lambda count: ValueError("batch size must be 1") if count > 1 else None)
    pictures = here.pictures(params("sd"), SCENE, [1, 2], LocalContext())
    assert np.array_equal(pictures[1], drawn("sd", [2])[0])


def test_as_many_are_drawn_at_once_as_should_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    here = drawing("sd")
    free = [64 << 30]
    monkeypatch.setattr("maskengines.inpaint.pipelines.memory.free_bytes", lambda device: free[0])

    def counts(size: tuple[int, int]) -> list[int]:
        return [len(batch) for batch in here.batches(params("sd"), size, range(6))]

    assert counts((512, 512)) == [4, 2]
    free[0] = 6 << 30
    assert counts((512, 512)) == [2, 2, 2]
    assert counts((1024, 1024)) == [1] * 6


def test_a_model_that_does_not_fit_says_how_much_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    class Free:
        available = 1_000_000

    monkeypatch.setattr(psutil, "virtual_memory", Free)
    with pytest.raises(NotReady, match=r"needs about 0\.0 GB of memory.*set the precision to bfloat16"):
        load(params("sd"))


def test_too_few_steps_for_the_strength_say_so() -> None:
    with pytest.raises(BadInput, match=r"At a strength of 0\.2, 4 steps are too few.* Take at least 5 steps"):
        drawn("sd", [1], strength=0.2)


def test_an_error_of_the_pipelines_own_comes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    here = drawing("sd")
    failing(here, monkeypatch, lambda count: ValueError("something else"))
    with pytest.raises(ValueError, match="something else"):
        here.pictures(params("sd"), SCENE, [1], LocalContext())


@pytest.mark.parametrize("kind", KINDS)
def test_a_soft_mask_holds_each_place_until_its_turn(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Array, Array, Array]] = []

    class Watched(soft.SoftMask):
        def blended(self, pipe: Any, watch: Watch, latents: torch.Tensor, step: int) -> torch.Tensor:
            result = super().blended(pipe, watch, latents, step)
            original = self._original(pipe, watch, latents, step)
            grid = Grid.of(latents, (64, 64))
            assert original is not None
            assert grid is not None
            seen.append((grid.cells(result), grid.cells(original), by_cells(64 // grid.height)))
            return result

    monkeypatch.setattr("maskengines.inpaint.pipelines.drawing.SoftMask", Watched)
    drawing(kind).pictures(params(kind), SOFT, [5], LocalContext(), strengths=by_cells)
    assert len(seen) == 4
    for step, (result, original, strengths) in enumerate(seen):
        same = np.abs(result - original).max(axis=2) < 1e-5
        due = strengths >= 1 - (step + 1) / 4 if step < 3 else strengths > 0
        assert same[~due].all()
        assert not same[due & (strengths > 0)].any()


@pytest.mark.parametrize("kind", ["sd-inpaint", "sd", "flux"])
def test_the_weaker_the_mask_the_less_changes(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    last: list[Array] = []

    class Watched(soft.SoftMask):
        def blended(self, pipe: Any, watch: Watch, latents: torch.Tensor, step: int) -> torch.Tensor:
            result = super().blended(pipe, watch, latents, step)
            clean = encoded(pipe, PICTURE)
            grid = Grid.of(latents, (64, 64))
            assert grid is not None
            assert clean is not None
            change = np.abs(grid.cells(result) - grid.cells(clean)).mean(axis=2)
            last[:] = [change[16 * grid.height // 64 : 48 * grid.height // 64].mean(axis=0)]
            return result

    monkeypatch.setattr("maskengines.inpaint.pipelines.drawing.SoftMask", Watched)
    drawing(kind).pictures(params(kind, steps=8), SOFT, [5], LocalContext(), strengths=by_cells)
    quarter = len(last[0]) // 4
    assert last[0][:quarter].mean() < 0.6 * last[0][-quarter:].mean()


def test_what_a_brush_smooths_along_its_rim_is_no_soft_mask() -> None:
    hard = np.zeros((64, 64), np.float32)
    hard[8:56, 8:56] = 1
    hard[7, 8:30] = 0.5
    assert not is_soft(hard)
    assert is_soft(by_cells(8))
    assert not is_soft(np.zeros((8, 8), np.float32))


def test_colours_are_found_by_least_squares() -> None:
    chart = colour_chart(24 * 8, 8)
    blocks = chart.reshape(24, 2, 4, 24, 2, 4, 3).mean(axis=(2, 5)).transpose(0, 2, 1, 3, 4) / 255
    cells = blocks.reshape(24, 24, 12) @ np.random.default_rng(1).normal(size=(12, 16)) + 0.3
    seen = Colours.of(cells, chart).picture(cells)
    assert seen.shape == (48, 48, 3)
    assert np.abs(seen - chart.reshape(48, 4, 48, 4, 3).mean(axis=(1, 3)) / 255).max() < 0.02


@pytest.mark.parametrize("kind", ["sd", "sd3", "flux"])
def test_latents_of_a_chart_are_shown_in_its_colours(kind: str) -> None:
    pipe = loaded(kind).pipe
    colours = Colours.fitted(pipe, 16 if kind == "flux" else 8)
    latents = encoded(pipe, PICTURE)
    assert colours is not None
    assert latents is not None
    grid = Grid.of(latents, (64, 64))
    assert grid is not None
    seen = colours.picture(grid.cells(latents))
    wanted = PICTURE.reshape(seen.shape[0], 64 // seen.shape[0], seen.shape[1], 64 // seen.shape[1], 3)
    correlation = np.corrcoef(seen.ravel(), wanted.mean(axis=(1, 3)).ravel())[0, 1]
    assert correlation > 0.5


@pytest.mark.parametrize("kind", ["sd-inpaint", "sdxl", "sd3", "flux"])
def test_previews_show_where_it_is_heading(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stepping, "PREVIEW_EVERY", 0.0)
    monkeypatch.setattr(stepping, "_PREVIEW_SHARE", 1e9)
    shown: list[Array] = []
    drawing(kind).pictures(params(kind), SCENE, [5], LocalContext(), show=shown.append)
    assert len(shown) == 4
    assert shown[-1].shape == (16, 16, 3) if kind != "flux" else (8, 8, 3)
    changes = [np.abs(one - shown[-1]).mean() for one in shown]
    assert changes[0] > changes[2] > 0


def test_previews_come_twice_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(stepping.time, "monotonic", lambda: now[0])
    shown: list[float] = []

    def pass_time(step: int, steps: int) -> None:
        now[0] += 0.2

    drawing("sd").pictures(
        params("sd", steps=10),
        SCENE,
        [5],
        LocalContext(),
        done=pass_time,
        show=lambda seen: shown.append(now[0]),
    )
    assert len(shown) == 3
    assert np.diff(shown).min() >= 0.5


def test_what_a_scheduler_expects_at_the_end_is_heard_of_every_kind() -> None:
    for kind, scheduler in (
        ("sd", "model"),
        ("sd", "euler"),
        ("sd", "dpm++"),
        ("sd", "unipc"),
        ("flux", "model"),
    ):
        heard: list[bool] = []

        class Heard(stepping.Steps):
            def _after(self, latents: torch.Tensor, step: int, steps: int) -> None:
                expected = self._watch.expected()
                heard.append(expected is not None and expected.shape == latents.shape)  # noqa: B023

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("maskengines.inpaint.pipelines.drawing.Steps", Heard)
            drawn(kind, [1], scheduler=scheduler)
        assert heard == [True] * 4, (kind, scheduler)
