"""The engine `diffusers` on photos, masks and models that are out of the ordinary."""

from __future__ import annotations

import functools
import shutil
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from maskengines.contract import Candidate, Request
from maskengines.errors import BadInput, NotReady
from maskengines.inpaint.pipelines import loading
from maskengines.inpaint.pipelines.engine import Diffusers
from maskengines.inpaint.pipelines.info import DiffusersParams
from maskengines.runtime.local import LocalContext, run_here
from maskengines.subjects.image import ImageSubject
from tiny_pipelines import folder_of

Array = np.ndarray[Any, Any]

HEIGHT, WIDTH = 70, 90
RAW = np.random.default_rng(5).integers(0, 65536, (HEIGHT, WIDTH, 3)).astype(np.uint16)
PHOTOS = {
    "8 bits": (RAW >> 8).astype(np.uint8),
    "16 bits": RAW,
    "grey": (RAW[..., :1] >> 8).astype(np.uint8),
    "16 bits of grey": RAW[..., :1],
}


def mask_of(paint: Callable[[Array], None], size: tuple[int, int] = (HEIGHT, WIDTH)) -> Array:
    mask = np.zeros(size, np.uint8)
    paint(mask)
    return mask


def frame(mask: Array) -> None:
    mask[:] = 255
    mask[6:-6, 6:-6] = 0


MASKS = {
    "a pixel": mask_of(lambda mask: mask.__setitem__((33, 41), 255)),
    "a pixel in a corner": mask_of(lambda mask: mask.__setitem__((-1, -1), 255)),
    "all but a pixel": 255 - mask_of(lambda mask: mask.__setitem__((33, 41), 255)),
    "all borders": mask_of(frame),
    "a row": mask_of(lambda mask: mask.__setitem__(33, 255)),
    "everything": mask_of(lambda mask: mask.fill(255)),
}


@functools.cache
def engine() -> Diffusers:
    return Diffusers()


def request(subject: ImageSubject, mask: Array, model: Path | str, count: int = 1) -> Request:
    params = DiffusersParams(model=str(model), steps=2, resolution=64, device="cpu", previews=False)
    return Request(subject, {"pixels": mask}, params, count, 7)


def answer(pixels: Array, mask: Array, model: Path | str | None = None, by: Diffusers | None = None) -> Array:
    """The whole photo, as the studio composites what the engine says."""
    subject = ImageSubject(pixels)
    (candidate,) = run_here(by or engine(), request(subject, mask, model or folder_of("sd-inpaint")))
    return np.asarray(subject.with_patch(candidate.result).pixels)


@pytest.mark.parametrize("mask", sorted(MASKS))
@pytest.mark.parametrize("photo", sorted(PHOTOS))
def test_any_mask_on_any_photo_is_filled_and_nothing_else(photo: str, mask: str) -> None:
    given, asked = PHOTOS[photo], MASKS[mask]
    filled = answer(given, asked)
    assert (filled.dtype, filled.shape) == (given.dtype, given.shape)
    assert np.array_equal(filled[asked == 0], given[asked == 0])
    # A value may happen to be what it was.
    assert (filled[asked > 0] != given[asked > 0]).any(axis=-1).mean() > 0.9


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (5, 7)])
@pytest.mark.parametrize("kind", ["sd-inpaint", "flux"])
def test_photos_smaller_than_a_latent(kind: str, size: tuple[int, int]) -> None:
    pixels = np.full((*size, 3), 90, np.uint8)
    mask = mask_of(lambda mask: mask.__setitem__((0, 0), 255), size)
    filled = answer(pixels, mask, folder_of(kind))
    assert np.array_equal(filled[mask == 0], pixels[mask == 0])
    assert filled.shape == pixels.shape


def test_transparency_is_neither_shown_nor_touched() -> None:
    alpha = np.random.default_rng(1).integers(0, 65536, (HEIGHT, WIDTH)).astype(np.uint16)
    mask = MASKS["all borders"]
    subject = ImageSubject(RAW, alpha)
    (candidate,) = run_here(engine(), request(subject, mask, folder_of("sd-inpaint")))
    filled = subject.with_patch(candidate.result)
    assert filled.alpha is not None
    assert np.array_equal(filled.alpha, alpha)
    assert np.array_equal(filled.pixels, answer(RAW, mask))


def test_a_small_hole_in_fifty_megapixels_costs_the_memory_of_its_crop() -> None:
    pixels = np.full((5800, 8700, 3), 90, np.uint8)
    mask = np.zeros(pixels.shape[:2], np.uint8)
    mask[3000:3040, 4000:4050] = 255
    asked = request(ImageSubject(pixels), mask, folder_of("sd-inpaint"), 2)
    near = (slice(2900, 3140), slice(3900, 4150))
    run_here(engine(), request(ImageSubject(pixels[near].copy()), mask[near].copy(), folder_of("sd-inpaint")))
    tracemalloc.start()
    try:
        candidates = list(engine().sample(asked, LocalContext()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [candidate.result.box.width for candidate in candidates] == [50, 50]
    # The mask alone has 50 MB.
    assert peak < 8e6


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A model of this test's own."""
    return shutil.copytree(folder_of("sd-inpaint"), tmp_path / "mine")


def test_a_model_that_goes_while_it_is_loaded_still_answers(own: Path) -> None:
    loaded = Diffusers()
    photo, mask = PHOTOS["8 bits"], MASKS["all borders"]
    before = answer(photo, mask, own, loaded)
    shutil.rmtree(own)
    assert np.array_equal(answer(photo, mask, own, loaded), before)
    with pytest.raises(BadInput, match="There is no folder"):
        answer(photo, mask, own, Diffusers())


def test_a_model_that_goes_between_two_candidates_gives_both(own: Path) -> None:
    asked = request(ImageSubject(RAW), MASKS["a row"], own, 2)
    asked = Request(asked.subject, asked.masks, asked.params.model_copy(update={"together": 1}), 2, 7)
    answers: Iterator[Candidate] = Diffusers().sample(asked, LocalContext())
    first = next(answers)
    shutil.rmtree(own)
    second = next(answers)
    assert (first.result.pixels != second.result.pixels).any()


@pytest.mark.parametrize("begun", ["weight_files", "_built", "weights_hash"])
def test_a_model_that_goes_while_it_is_read_says_so(
    own: Path, begun: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = getattr(loading, begun)

    def gone(*args: Any) -> Any:
        shutil.rmtree(own)
        return plain(*args)

    monkeypatch.setattr(loading, begun, gone)
    with pytest.raises(NotReady, match=r"Files of 'mine' went away .* Check that"):
        answer(RAW, MASKS["a pixel"], own, Diffusers())


def test_weights_cut_short_say_so_and_work_once_they_are_whole(own: Path) -> None:
    file = own / "unet" / "diffusion_pytorch_model.safetensors"
    whole, photo, mask = file.read_bytes(), PHOTOS["8 bits"], MASKS["a row"]
    for cut in (0, 5, 200, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:cut])
        with pytest.raises(BadInput, match=r"damaged or was not fetched to its end"):
            answer(photo, mask, own)
    file.write_bytes(whole)
    assert np.array_equal(answer(photo, mask, own), answer(photo, mask))


def test_a_model_that_was_replaced_is_read_anew(own: Path) -> None:
    loaded = Diffusers()
    photo, mask = PHOTOS["8 bits"], MASKS["all borders"]
    before = answer(photo, mask, own, loaded)
    shutil.rmtree(own)
    shutil.copytree(folder_of("sd"), own)
    assert (answer(photo, mask, own, loaded) != before).any()
    assert np.array_equal(answer(photo, mask, own, loaded), answer(photo, mask, folder_of("sd")))
