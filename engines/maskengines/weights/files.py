"""Looks at a folder of weights before anything is loaded: what is there, is it whole, does it fit."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from pathlib import Path
from typing import Any

from maskengines.errors import BadInput, NotReady

PICKLED = (".pt", ".pth", ".bin", ".ckpt", ".pkl")
"""Formats that run code when they are opened."""
_MOST_HEADER = 100_000_000
_ROOM = 2.2
"""Times its weights in 32 bits that a network takes while it is loaded."""


def refuse_pickled(path: Path) -> BadInput:
    """What to say of a file that is never opened."""
    return BadInput(
        f"'{path.name}' can run any code when it is opened, so it is not. Convert it where you trust it: "
        "open the network in transformers and write it with save_pretrained(NEW), which gives safetensors."
    )


def checked_weights(folder: Path) -> list[Path]:
    """The weights of a folder that transformers wrote, whole and not too large for the free memory.

    Raises:
        BadInput: it has no configuration, no safetensors, or damaged ones.
        NotReady: the network does not fit.
    """
    if not (folder / "config.json").is_file():
        pickled = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICKLED)
        if pickled and not (folder / "model.safetensors").is_file():
            raise refuse_pickled(pickled[0])
        raise BadInput(f"'{folder}' has no config.json. Choose a folder that transformers wrote.")
    paths = weight_files(folder)
    check_memory(paths)
    return paths


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a folder, checked by their headers.

    Raises:
        BadInput: there are none, or one is damaged.
    """
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            names = sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
            paths = [folder / Path(str(name)).name for name in names]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadInput(f"'{index.name}' is damaged ({error}). Fetch the network again.") from None
    else:
        paths = [folder / "model.safetensors"]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        pickled = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICKLED)
        if pickled:
            raise refuse_pickled(pickled[0])
        raise BadInput(
            f"'{folder.name}' has no {missing[0]}. Choose a folder that holds the network's weights."
        )
    for path in paths:
        header(path)
    return paths


def header(path: Path) -> dict[str, Any]:
    """Names, types and shapes of the tensors in a safetensors file; reads no weights.

    Raises:
        BadInput: the file is no safetensors file or not all of it is there.
    """
    damaged = BadInput(f"'{path.name}' is damaged or was not fetched to its end. Fetch it again.")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > min(size - 8, _MOST_HEADER):
                raise damaged
            told = json.loads(file.read(length))
        tensors = {name: entry for name, entry in told.items() if name != "__metadata__"}
        ends = [int(entry["data_offsets"][1]) for entry in tensors.values()]
    except (OSError, struct.error, ValueError, KeyError, TypeError, AttributeError):
        raise damaged from None
    if not tensors or max(ends) != size - 8 - length:
        raise damaged
    return tensors


def check_memory(paths: list[Path]) -> None:
    """Raises:
    NotReady: the network, in 32 bits, does not fit the free memory; says how much it needs.
    """
    import psutil

    weights = sum(math.prod(entry["shape"]) for path in paths for entry in header(path).values())
    needed, free = _ROOM * 4 * weights, psutil.virtual_memory().available
    if needed > free:
        raise NotReady(
            f"This network needs about {needed / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are free. "
            "Close other programs or choose a smaller network."
        )


def content_hash(paths: list[Path]) -> str:
    """BLAKE2b of the files' content, 40 digits."""
    digest = hashlib.blake2b(digest_size=20)
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 22):
                digest.update(block)
    return digest.hexdigest()
