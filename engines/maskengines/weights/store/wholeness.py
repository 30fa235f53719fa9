"""Whether the files of a model on the disk are all there, and what it is by them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskengines.errors import BadInput
from maskengines.weights.files import header
from maskengines.weights.store.choosing import Choice, Precision, choose
from maskengines.weights.store.kinds import kind_of_tensors
from maskengines.weights.store.records import RECORD


def names_below(folder: Path) -> list[str]:
    """Files of a folder and of the folders in it, with forward slashes: no model is deeper, and whoever
    names a home folder by mistake does not wait. What is hidden does not count.

    Raises:
        BadInput: the folder cannot be read.
    """
    found = []
    try:
        for path in folder.iterdir():
            if path.name.startswith(".") or path.name == RECORD:
                continue
            if path.is_dir():
                found += [f"{path.name}/{each.name}" for each in path.iterdir() if each.is_file()]
            else:
                found.append(path.name)
    except OSError as error:
        raise BadInput(f"'{error.filename}' cannot be read: {error.strerror}.") from error
    return sorted(found)


def examine(folder: Path, called: str | None = None, precision: Precision = "half") -> Choice:
    """The files in ``folder`` that make up a model, and of what kind it is; reads headers, no weights.

    Raises:
        BadInput: it is no model, only pickled, or a piece of it is missing or damaged.
    """
    names = [folder.name] if folder.is_file() else names_below(folder)
    root = folder.parent if folder.is_file() else folder
    choice = choose(names, lambda name: read_json(root / name), called or folder.name, precision)
    return Choice(checked_kind(root, choice), choice.files)


def checked_kind(folder: Path, choice: Choice) -> str:
    """Look into every weights file of a choice. Returns the kind, as the tensors tell it for a lone file.

    Raises:
        BadInput: a piece is missing or damaged.
    """
    tensors: list[str] = []
    for source, target in choice.files.items():
        if target.endswith(".safetensors"):
            tensors = [*tensors, *header(folder / source)]
        elif target.endswith(".safetensors.index.json"):
            _check_pieces(folder, source, choice)
    return kind_of_tensors(tensors) if choice.kind == "checkpoint" else choice.kind


def _check_pieces(folder: Path, index: str, choice: Choice) -> None:
    pieces = read_json(folder / index).get("weight_map")
    if not isinstance(pieces, dict) or not pieces:
        raise BadInput(f"'{index}' is damaged: it names no pieces. Get the model again.")
    beside = index[: index.rfind("/") + 1]
    for name in sorted({str(name) for name in pieces.values()}):
        if f"{beside}{name}" not in choice.files:
            raise BadInput(f"The weights are not whole: '{beside}{name}' is missing. Get the model again.")


def read_json(path: Path) -> Mapping[str, Any]:
    """Raises:
    BadInput: the file is no JSON object.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"'{path.name}' cannot be read ({error}). Get the model again.") from None
    if not isinstance(told, dict):
        raise BadInput(f"'{path.name}' is damaged: it holds no JSON object. Get the model again.")
    return told
