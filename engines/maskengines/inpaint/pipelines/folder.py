"""Looks at a folder that diffusers wrote before anything of it is loaded: what it is, whether it is safe."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskengines.errors import BadInput, NotReady
from maskengines.inpaint.pipelines import classes
from maskengines.weights.files import PICKLED, header, refuse_pickled
from maskengines.weights.store import ModelStore
from maskengines.weights.store.hub_cache import newest_snapshot

INDEX = "model_index.json"
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_LIBRARIES = ("diffusers", "transformers")
_SHARD = re.compile(r"-\d{5}-of-\d{5}")
_SAMPLE = 1 << 16


@dataclass(frozen=True)
class ModelFolder:
    """A whole pipeline of safetensors.

    Attributes:
        name: how people call it.
        pipeline: the class that its index names.
        inpainting: the class that inpaints with its weights.
        parts: library and class of each part that is there.
        left_out: parts that somebody left out, such as a large text encoder.
        variant: part of the file names before their ending, such as ``fp16``; empty for none.
    """

    path: Path
    name: str
    pipeline: str
    inpainting: str
    parts: dict[str, tuple[str, str]]
    left_out: tuple[str, ...] = ()
    variant: str = ""


def model_folder(model: str) -> ModelFolder:
    """The pipeline that ``model`` names: a folder, or the hub id of one in the local cache.

    Raises:
        NotReady: none is named, or it is not on this computer.
        BadInput: it is no pipeline that inpaints, not whole, or brings pickles or code of its own.
    """
    path, name = whereabouts(model, "model")
    index = read_index(path, name)
    pipeline = index.get("_class_name")
    if not isinstance(pipeline, str):
        raise BadInput(
            f"'{name}' brings its pipeline as code of its own, which could do anything, so it is not run. "
            "Choose a model whose pipeline is part of diffusers."
        )
    inpainting = classes.inpainting_class(pipeline)
    if inpainting is None:
        raise BadInput(
            f"'{name}' is a {pipeline}, and the installed diffusers has no pipeline that inpaints with it. "
            "Choose a Stable Diffusion, SDXL, SD 3, Flux, Qwen-Image, Chroma or Z-Image model."
        )
    parts = dict(_parts(index))
    left_out = tuple(part for part, entry in index.items() if entry == [None, None])
    _check_libraries(name, parts)
    variants = [_checked_part(path / part) for part in parts]
    variant = next((found for found in variants if found), "")
    return ModelFolder(path, name, pipeline, inpainting, parts, left_out, variant)


def whereabouts(model: str, what: str) -> tuple[Path, str]:
    """Folder of what a parameter names, and how people call it; never asks the network.

    Args:
        what: for the sentence, such as ``"model"``.

    Raises:
        NotReady: nothing is named, or a hub id that is not on this computer.
        BadInput: there is no such folder, or it is a file.
    """
    text = model.strip()
    if not text:
        raise NotReady(
            "No model is chosen, and none comes with the studio. Give a folder that diffusers wrote, or the "
            "hub id of a model that is on this computer, such as "
            "stable-diffusion-v1-5/stable-diffusion-inpainting."
        )
    store = ModelStore()
    installed = store.find(text)
    if installed is not None:
        return store.resolve(text), installed.id
    path = Path(text).expanduser()
    if path.is_dir():
        return path, path.resolve().name
    if path.suffix.lower() in PICKLED:
        raise refuse_pickled(path)
    if path.is_file():
        raise BadInput(
            f"'{path.name}' is a single file, which does not say how its parts are built. Convert it where "
            "you have the internet: diffusers' from_single_file, then save_pretrained(FOLDER)."
        )
    if _HUB_ID.fullmatch(text):
        found = newest_snapshot(text)
        if found is not None:
            return found, text
        raise NotReady(
            f"The {what} '{text}' is not on this computer. Fetch it with 'maskstudio models pull {text}', or "
            "give a folder."
        )
    raise BadInput(
        f"There is no folder '{text}'. Give a folder with a {what}, or a hub id such as owner/name."
    )


def read_index(path: Path, name: str) -> dict[str, Any]:
    """A pipeline's index.

    Raises:
        BadInput: there is none or it is damaged.
    """
    file = path / INDEX
    if not file.is_file():
        pickled = sorted(entry for entry in path.iterdir() if entry.suffix.lower() in PICKLED)
        if pickled:
            raise refuse_pickled(pickled[0])
        raise BadInput(
            f"'{name}' has no {INDEX}. Choose the folder of a whole pipeline that diffusers wrote."
        )
    try:
        index = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        index = None
    if not isinstance(index, dict):
        raise BadInput(f"The {INDEX} of '{name}' is damaged. Fetch the model again.")
    return index


def checked_network(path: Path, name: str, what: str) -> tuple[str, str]:
    """Class of a network in a folder of its own, such as a ControlNet, and its variant.

    Raises:
        BadInput: it has no configuration, no safetensors or damaged ones.
    """
    try:
        kind = json.loads((path / "config.json").read_text("utf-8"))["_class_name"]
    except (OSError, ValueError, KeyError, TypeError):
        raise BadInput(f"'{name}' has no config.json of a {what} that diffusers wrote.") from None
    return str(kind), _checked_part(path)


def weights_hash(paths: list[Path]) -> str:
    """BLAKE2b, 40 digits, of names, sizes and 64 kB from the begin, the middle and the end of each file.

    Models are read from disk once already; reading 20 GB again to name them would double the wait.
    """
    digest = hashlib.blake2b(digest_size=20)
    for path in paths:
        size = path.stat().st_size
        digest.update(f"{path.parent.name}/{path.name} {size} ".encode())
        with path.open("rb") as file:
            for place in (0, size // 2, max(0, size - _SAMPLE)):
                file.seek(place)
                digest.update(file.read(_SAMPLE))
    return digest.hexdigest()


Stamp = tuple[int, int]


def stamps_of(paths: list[Path]) -> dict[Path, Stamp]:
    """When each file was written, in nanoseconds, and its bytes; those that are not there are left out."""
    found = {}
    for path in paths:
        with contextlib.suppress(OSError):
            told = path.stat()
            found[path] = told.st_mtime_ns, told.st_size
    return found


def weight_files(folder: ModelFolder) -> list[Path]:
    """The configurations and the safetensors that make up a pipeline, in a fixed order."""
    found = [folder.path / INDEX]
    for part in sorted(folder.parts):
        files = sorted((folder.path / part).glob("*.safetensors"))
        found += sorted((folder.path / part).glob("*config.json"))
        found += [file for file in files if _variant(file) == folder.variant] or files
    return found


def _parts(index: dict[str, Any]) -> Iterator[tuple[str, tuple[str, str]]]:
    for part, entry in index.items():
        if not part.startswith("_") and isinstance(entry, list) and len(entry) == 2 and entry[1]:
            yield part, (str(entry[0]), str(entry[1]))


def _check_libraries(name: str, parts: dict[str, tuple[str, str]]) -> None:
    sound = {*_LIBRARIES, *classes.known()}
    for part, (library, _) in parts.items():
        if library not in sound:
            raise BadInput(
                f"'{name}' brings code of its own for its {part} ('{library}'), which could do anything, so "
                "it is not run. Choose a model whose parts are built by diffusers and transformers."
            )


def _checked_part(path: Path) -> str:
    """The variant that a part's weights come in; empty if plainly, or if it has none.

    Raises:
        BadInput: its weights are pickled, or damaged.
    """
    files = sorted(path.glob("*.safetensors"))
    if not files:
        pickled = sorted(entry for entry in path.glob("*") if entry.suffix.lower() in PICKLED)
        if pickled:
            raise BadInput(
                f"The {path.name} holds its weights as '{pickled[0].name}' only, which can run any code when "
                "it is opened, so it is not. Fetch the model as safetensors, or convert it where you trust "
                "it: load it in diffusers and write it with save_pretrained(NEW)."
            )
        return ""
    for file in files:
        header(file)
    variants = {_variant(file) for file in files}
    return "" if "" in variants else min(variants)


def _variant(file: Path) -> str:
    """``fp16`` of model.fp16.safetensors or model.fp16-00001-of-00002.safetensors."""
    parts = _SHARD.sub("", file.name).split(".")
    return parts[1] if len(parts) > 2 else ""
