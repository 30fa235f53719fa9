"""The studio's own weights: half-precision safetensors whose metadata say what network they are of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from maskengines.errors import NotReady
from maskengines.files import atomic_write


def write_weights(path: Path, weights: Mapping[str, Tensor], config: Mapping[str, object]) -> None:
    """Write half-precision safetensors with `config` as their metadata, and the same beside them to read."""
    halves = {name: tensor.detach().half().cpu().contiguous() for name, tensor in weights.items()}
    with atomic_write(path) as stream:
        stream.write(save(halves, {"config": json.dumps(config, sort_keys=True)}))
    with atomic_write(path.with_suffix(".json")) as stream:
        stream.write((json.dumps(config, indent=2, sort_keys=True) + "\n").encode())


def read_weights(path: Path, remedy: str) -> tuple[dict[str, Tensor], dict[str, object], str]:
    """Weights as float32, their config and the hex digest of the file; `remedy` says where to get them anew.

    Raises:
        NotReady: there is no such file, or it is none of ours.
    """
    try:
        data = path.read_bytes()
        length = int.from_bytes(data[:8], "little")
        config = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["config"])
        weights = {name: tensor.float() for name, tensor in load(data).items()}
    except FileNotFoundError as error:
        raise NotReady(f"The weights {path.name} are missing. {remedy}") from error
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise NotReady(f"The weights {path} cannot be read. {remedy}") from error
    return weights, config, hashlib.blake2b(data, digest_size=20).hexdigest()
