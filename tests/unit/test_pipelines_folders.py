"""What is said of a folder with a pipeline before anything of it is loaded."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from maskengines.errors import BadInput, NotReady
from maskengines.inpaint.pipelines import classes
from maskengines.inpaint.pipelines.fields import fields_of, fields_of_model
from maskengines.inpaint.pipelines.folder import model_folder, weight_files, weights_hash
from maskengines.inpaint.pipelines.info import DiffusersParams


def index_of(folder: Path, pipeline: Any, **parts: list[str | None]) -> Path:
    """A folder that holds nothing but the index of a pipeline."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model_index.json").write_text(json.dumps({"_class_name": pipeline, **parts}))
    return folder


@pytest.mark.parametrize(
    ("name", "inpainting"),
    [
        ("StableDiffusionPipeline", "StableDiffusionInpaintPipeline"),
        ("StableDiffusionXLPipeline", "StableDiffusionXLInpaintPipeline"),
        ("StableDiffusion3Pipeline", "StableDiffusion3InpaintPipeline"),
        ("FluxPipeline", "FluxInpaintPipeline"),
        ("FluxFillPipeline", "FluxFillPipeline"),
        ("FluxKontextPipeline", "FluxKontextInpaintPipeline"),
        ("Flux2KleinPipeline", "Flux2KleinInpaintPipeline"),
        ("ChromaPipeline", "ChromaInpaintPipeline"),
        ("QwenImagePipeline", "QwenImageInpaintPipeline"),
        ("ZImagePipeline", "ZImageInpaintPipeline"),
        ("PixArtAlphaPipeline", None),
        ("NoSuchPipeline", None),
    ],
)
def test_a_model_for_text_is_inpainted_with_by_its_sibling(name: str, inpainting: str | None) -> None:
    assert classes.inpainting_class(name) == inpainting


def test_what_is_read_of_a_pipeline_is_what_it_takes() -> None:
    import inspect

    from tiny_pipelines import library

    for name in ("StableDiffusionInpaintPipeline", "FluxFillPipeline", "QwenImageInpaintPipeline"):
        told = inspect.signature(getattr(library, name).__call__).parameters.values()
        assert (
            list(classes.call_of(name) or {}) == [one.name for one in told if one.kind != one.VAR_KEYWORD][1:]
        )


def test_fields_that_a_pipeline_lacks_disappear(tmp_path: Path) -> None:
    discrete, flow = ["diffusers", "PNDMScheduler"], ["diffusers", "FlowMatchEulerDiscreteScheduler"]
    sd = fields_of(index_of(tmp_path / "sd", "StableDiffusionPipeline", scheduler=discrete))
    fill = fields_of(index_of(tmp_path / "fill", "FluxFillPipeline", scheduler=flow))
    flux = fields_of(index_of(tmp_path / "flux", "FluxPipeline", scheduler=flow))
    qwen = fields_of(index_of(tmp_path / "qwen", "QwenImagePipeline", scheduler=flow))
    assert {"negative_prompt", "scheduler", "controlnet", "control", "lora", "strength"} <= sd
    assert "true_guidance" not in sd
    assert fill & {"negative_prompt", "scheduler", "controlnet", "control", "true_guidance"} == set()
    assert {"prompt", "guidance", "lora"} <= fill
    assert "true_guidance" in flux
    assert "lora" not in fields_of(index_of(tmp_path / "amused", "AmusedPipeline"))
    assert "guidance" in qwen
    assert "true_guidance" not in qwen
    assert all(found <= set(DiffusersParams.model_fields) for found in (sd, fill, flux, qwen))


def test_an_unknown_folder_hides_nothing(tmp_path: Path) -> None:
    everything = set(DiffusersParams.model_fields)
    assert fields_of(tmp_path) == everything
    assert fields_of_model("nobody/nothing") == everything
    assert fields_of(index_of(tmp_path / "x", "NoSuchPipeline")) == everything


def test_asking_for_the_fields_loads_nothing_heavy(tmp_path: Path) -> None:
    folder = index_of(tmp_path, "StableDiffusionPipeline")
    code = (
        "import sys, pathlib\n"
        "from maskengines.inpaint.pipelines.fields import fields_of\n"
        f"assert 'prompt' in fields_of(pathlib.Path({str(folder)!r}))\n"
        "print(sorted({'torch', 'diffusers', 'transformers', 'numba', 'cv2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_model_is_not_ready_and_says_what_to_give() -> None:
    with pytest.raises(NotReady, match=r"Give a folder .* or the hub id"):
        model_folder("  ")


def test_a_hub_id_that_is_not_here_is_never_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def call(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "create_connection", call)
    monkeypatch.setattr(socket.socket, "connect", call)
    with pytest.raises(
        NotReady, match=r"'nobody/nothing' is not on this computer.*models pull nobody/nothing"
    ):
        model_folder("nobody/nothing")


def test_a_model_in_the_hubs_cache_is_found_without_its_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tiny_pipelines import folder_of

    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    place = tmp_path / "models--somebody--sd"
    snapshot = place / "snapshots" / "abc"
    shutil.copytree(folder_of("sd"), snapshot)
    for file in snapshot.rglob("*.safetensors"):
        # Only under the names of a variant, which the engine reads and the store would not vouch for.
        file.rename(file.with_name(f"{file.stem}.fp16.safetensors"))
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("abc")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    found = model_folder("somebody/sd")
    assert (found.path, found.name, found.variant) == (snapshot, "somebody/sd", "fp16")
    assert "negative_prompt" in fields_of_model("somebody/sd")


def test_code_of_a_folders_own_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="code of its own"):
        model_folder(str(index_of(tmp_path / "a", ["pipeline", "Mine"])))
    with pytest.raises(BadInput, match=r"code of its own for its unet \('my_unet'\)"):
        model_folder(str(index_of(tmp_path / "b", "StableDiffusionPipeline", unet=["my_unet", "Mine"])))


def test_what_cannot_inpaint_says_so(tmp_path: Path) -> None:
    with pytest.raises(
        BadInput, match="is a PixArtAlphaPipeline, and the installed diffusers has no pipeline"
    ):
        model_folder(str(index_of(tmp_path, "PixArtAlphaPipeline")))


def test_a_damaged_index_says_so(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text("{")
    with pytest.raises(BadInput, match="damaged"):
        model_folder(str(tmp_path))


def test_pickles_alone_are_refused_and_never_opened(tmp_path: Path) -> None:
    from tiny_pipelines import folder_of

    folder = tmp_path / "sd"
    shutil.copytree(folder_of("sd"), folder)
    whole = folder / "unet" / "diffusion_pytorch_model.safetensors"
    whole.rename(whole.with_suffix(".bin"))
    with pytest.raises(BadInput, match=r"The unet holds its weights as 'diffusion_pytorch_model\.bin' only"):
        model_folder(str(folder))
    with pytest.raises(BadInput, match=r"model\.ckpt' can run any code"):
        model_folder(str(tmp_path / "model.ckpt"))


def test_weights_cut_short_are_found_before_loading(tmp_path: Path) -> None:
    from tiny_pipelines import folder_of

    folder = tmp_path / "sd"
    shutil.copytree(folder_of("sd"), folder)
    cut = folder / "vae" / "diffusion_pytorch_model.safetensors"
    cut.write_bytes(cut.read_bytes()[:-100])
    with pytest.raises(BadInput, match="damaged or was not fetched to its end"):
        model_folder(str(folder))


def test_weights_have_a_name_that_changes_with_them(tmp_path: Path) -> None:
    from tiny_pipelines import folder_of

    folder = tmp_path / "sd"
    shutil.copytree(folder_of("sd"), folder)
    before = weights_hash(weight_files(model_folder(str(folder))))
    assert before == weights_hash(weight_files(model_folder(str(folder_of("sd")))))
    file = folder / "unet" / "diffusion_pytorch_model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert weights_hash(weight_files(model_folder(str(folder)))) != before
