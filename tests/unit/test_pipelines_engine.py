"""The engine `diffusers` on photos: what is asked for is filled, and nothing else changes."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from maskengines.contract import ImagePatch, Request
from maskengines.errors import BadInput, NotReady
from maskengines.inpaint.pipelines import stepping
from maskengines.inpaint.pipelines.engine import Diffusers
from maskengines.inpaint.pipelines.info import DiffusersParams
from maskengines.runtime.local import LocalContext, run_here
from maskengines.subjects.image import ImageSubject
from tiny_pipelines import folder_of, write_lora

Array = np.ndarray[Any, Any]

PHOTO = cv2.resize(np.random.default_rng(3).integers(0, 256, (9, 12, 3)).astype(np.uint8), (180, 140))
MASK = np.zeros((140, 180), np.uint8)
MASK[50:90, 70:120] = 255


@functools.cache
def engine() -> Diffusers:
    return Diffusers()


def ask(
    pixels: Array = PHOTO, mask: Array = MASK, *, count: int = 1, seed: int = 7,
    listener: LocalContext | None = None, **values: Any,
) -> list[Array]:  # fmt: skip
    """Whole pictures, as the studio would composite the answers."""
    told = {"model": str(folder_of("sd-inpaint")), "steps": 2, "resolution": 64, "device": "cpu", **values}
    request = Request(ImageSubject(pixels), {"pixels": mask}, DiffusersParams(**told), count, seed)
    pictures = []
    for candidate in run_here(engine(), request, listener):
        assert isinstance(candidate.result, ImagePatch)
        picture = pixels.copy()
        picture[candidate.result.box.slices] = candidate.result.pixels
        pictures.append(picture)
    return pictures


def masks() -> dict[str, Array]:
    blank = np.zeros_like(MASK)
    border, pixel, two, soft = blank.copy(), blank.copy(), blank.copy(), blank.copy()
    border[:30, :] = border[:, 160:] = 255
    pixel[70, 90] = 255
    two[5:15, 5:15] = two[120:135, 160:175] = 255
    soft[40:100, 40:140] = np.linspace(0, 255, 100).astype(np.uint8)
    return {"border": border, "pixel": pixel, "two": two, "soft": soft, "all": blank + 255}


@pytest.mark.parametrize("name", sorted(masks()))
@pytest.mark.parametrize("kind", ["sd-inpaint", "flux"])
def test_what_is_not_asked_for_stays_bit_for_bit(name: str, kind: str) -> None:
    mask = masks()[name]
    (picture,) = ask(mask=mask, model=str(folder_of(kind)))
    assert np.array_equal(picture[mask == 0], PHOTO[mask == 0])
    strong = mask > 200
    assert (picture[strong] != PHOTO[strong]).any(axis=-1).mean() > 0.5


def test_sixteen_bits_stay_sixteen_and_grey_stays_grey() -> None:
    deep = PHOTO.astype(np.uint16) * 257
    (picture,) = ask(deep)
    assert picture.dtype == np.uint16
    # An answer of eight bits only would know 256 values.
    assert len(np.unique(picture[MASK > 0] % 257)) > 50
    grey = deep[..., :1]
    (picture,) = ask(grey)
    assert picture.shape == grey.shape
    assert np.array_equal(picture[MASK == 0], grey[MASK == 0])


def test_candidates_differ_and_each_can_be_asked_for_alone() -> None:
    both = ask(count=2, seed=7)
    assert (both[0] != both[1]).any()
    assert np.abs(ask(seed=8)[0].astype(int) - both[1]).max() <= 1
    assert np.array_equal(ask(seed=7, together=1)[0], ask(seed=7, count=2, together=1)[0])


def test_seams_meet_the_photo_better_than_without() -> None:
    flat = np.full((140, 180, 3), 128, np.uint8)
    jump = {}
    for seam in ("gradient", "none"):
        (picture,) = ask(flat, seam=seam)
        rim = picture[50, 70:120].astype(float), picture[50:90, 70].astype(float)
        jump[seam] = np.mean([np.abs(side.mean(axis=0) - 128).mean() for side in rim])
    assert jump["gradient"] < 0.7 * jump["none"]


def test_more_context_is_another_question() -> None:
    large = cv2.resize(PHOTO, (900, 700), interpolation=cv2.INTER_CUBIC)
    mask = cv2.resize(MASK, (900, 700), interpolation=cv2.INTER_NEAREST)
    assert (ask(large, mask, context=0.25)[0] != ask(large, mask, context=2.0)[0]).any()


def test_previews_cover_the_hole_and_progress_counts_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stepping, "PREVIEW_EVERY", 0.0)
    monkeypatch.setattr(stepping, "_PREVIEW_SHARE", 1e9)
    shown: list[Any] = []
    told: list[tuple[float, float, str]] = []
    listener = LocalContext(preview=shown.append, progress=lambda *said: told.append(said))
    ask(count=2, steps=3, listener=listener)
    assert [(patch.x, patch.y, patch.pixels.shape) for patch in shown] == [(70, 50, (40, 50, 3))] * 3
    steps = [said for said in told if said[2].startswith("Step")]
    assert [text for _, _, text in steps] == ["Step 1 of 3", "Step 2 of 3", "Step 3 of 3"]
    assert [done / of for done, of, _ in steps] == pytest.approx([1 / 3, 2 / 3, 1])
    shown.clear()
    ask(steps=3, previews=False, listener=listener)
    assert shown == []


def test_a_pipeline_is_loaded_once_until_another_is_asked_for() -> None:
    ask()
    ready = engine()._drawing
    ask(prompt="another", guidance=2.0)
    assert engine()._drawing is ready
    name = engine().weights_hash
    ask(model=str(folder_of("sd")))
    assert engine()._drawing is not ready
    assert engine().weights_hash != name


def test_a_lora_changes_the_picture_by_its_weight_and_comes_off(tmp_path: Path) -> None:
    file = write_lora(tmp_path, folder_of("sd"))
    model = str(folder_of("sd"))
    plain = ask(model=model)[0].astype(int)
    change = [
        np.abs(ask(model=model, lora=str(file), lora_weight=weight)[0] - plain).mean()
        for weight in (0.1, 1.0)
    ]
    assert 0 < change[0] < change[1]
    assert np.array_equal(ask(model=model, lora=str(file), lora_weight=0.0)[0], plain)
    assert np.array_equal(ask(model=model)[0], plain)


def test_a_lora_that_does_not_fit_says_so_and_leaves_the_model_whole(tmp_path: Path) -> None:
    file = write_lora(tmp_path, folder_of("sd"))
    before = ask(model=str(folder_of("sdxl")))[0]
    with pytest.raises(BadInput, match=r"does not fit 'sdxl'.*Choose one for this model"):
        ask(model=str(folder_of("sdxl")), lora=str(file))
    assert np.array_equal(ask(model=str(folder_of("sdxl")))[0], before)
    (tmp_path / "bad.ckpt").write_bytes(b"")
    with pytest.raises(BadInput, match="can run any code"):
        ask(lora=str(tmp_path / "bad.ckpt"))


def test_a_controlnet_is_shown_what_was_chosen() -> None:
    told = {"model": str(folder_of("sd")), "controlnet": str(folder_of("controlnet"))}
    plain = ask(model=told["model"])[0]
    seen = {control: ask(**told, control=control)[0] for control in ("hole", "edges", "photo")}
    pictures = [plain, *seen.values()]
    for first in range(4):
        for second in range(first):
            assert (pictures[first] != pictures[second]).any()
    assert np.array_equal(ask(**told, control_weight=0.0)[0], plain)


def test_a_control_picture_of_the_users_own(tmp_path: Path) -> None:
    told = {"model": str(folder_of("sd")), "controlnet": str(folder_of("controlnet"))}
    cv2.imwrite(str(tmp_path / "own.png"), PHOTO[..., ::-1])
    assert np.array_equal(
        ask(**told, control_image=str(tmp_path / "own.png"))[0], ask(**told, control="photo")[0]
    )
    cv2.imwrite(str(tmp_path / "tall.png"), PHOTO.transpose(1, 0, 2))
    with pytest.raises(BadInput, match="is 140 x 180 and the photo 180 x 140"):
        ask(**told, control_image=str(tmp_path / "tall.png"))


def test_a_controlnet_for_another_model_says_so() -> None:
    with pytest.raises(
        BadInput, match="no inpainting pipeline of diffusers joins to a StableDiffusion3Pipeline"
    ):
        ask(model=str(folder_of("sd3")), controlnet=str(folder_of("controlnet")))


def test_a_model_that_misses_a_part_says_so(tmp_path: Path) -> None:
    shutil.copytree(folder_of("sd"), tmp_path / "sd")
    shutil.rmtree(tmp_path / "sd" / "vae")
    with pytest.raises(BadInput, match="cannot build 'sd' as StableDiffusionInpaintPipeline"):
        ask(model=str(tmp_path / "sd"))


def test_weights_of_a_variant_are_read(tmp_path: Path) -> None:
    shutil.copytree(folder_of("sd"), tmp_path / "sd")
    for file in (tmp_path / "sd").rglob("*.safetensors"):
        file.rename(file.with_name(f"{file.stem}.fp16.safetensors"))
    assert np.array_equal(ask(model=str(tmp_path / "sd"))[0], ask(model=str(folder_of("sd")))[0])


def test_what_the_models_own_checker_withholds_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    ask()
    drawing = engine()._drawing
    assert drawing is not None
    monkeypatch.setattr(
        drawing.loaded.pipe, "run_safety_checker", lambda image, *rest: (image, [True] * len(image))
    )
    request = Request(
        ImageSubject(PHOTO),
        {"pixels": MASK},
        DiffusersParams(model=str(folder_of("sd-inpaint")), steps=2, resolution=64, device="cpu"),
    )
    (candidate,) = run_here(engine(), request)
    assert candidate.label == "Withheld by the model's safety checker"
    assert np.array_equal(candidate.result.pixels, PHOTO[candidate.result.box.slices])


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a graphics card here")
def test_a_device_that_is_not_there_says_so() -> None:
    with pytest.raises(NotReady, match="There is no cuda device"):
        ask(device="cuda")


def test_a_photo_is_filled_from_the_command_line(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "photo.png"), PHOTO)
    cv2.imwrite(str(tmp_path / "mask.png"), MASK)
    words = [
        sys.executable, "-m", "maskstudio", "run", "diffusers", "--input", "photo.png", "--mask", "mask.png",
        "--out", "out.png", "--set", f"model={folder_of('sd-inpaint')}", "--set", "prompt=a red cat",
        "--set", "steps=2", "--set", "resolution=64",
    ]  # fmt: skip
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    out = cv2.imread(str(tmp_path / "out.png"))
    assert np.array_equal(out[MASK == 0], PHOTO[MASK == 0])
    assert (out[MASK > 0] != PHOTO[MASK > 0]).any()
