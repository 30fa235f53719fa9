"""Where a training stands: written in one step, read back to go on as if nothing had happened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from maskengines.errors import BadInput, NotReady
from maskengines.files import atomic_write


def write_tensors(path: Path, tensors: Mapping[str, Tensor], notes: Mapping[str, Any] | None = None) -> None:
    """Save named tensors, and JSON-able notes, as safetensors; all or nothing.

    Raises:
        BadInput: the file cannot be written.
    """
    plain = {name: one.detach().contiguous() for name, one in tensors.items()}
    content = save(plain, {name: json.dumps(one) for name, one in (notes or {}).items()} or None)
    with atomic_write(path) as stream:
        stream.write(content)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What `write_tensors` saved: tensors and notes.

    Raises:
        NotReady: there is no such file.
        BadInput: it is damaged.
    """
    if not path.is_file():
        raise NotReady(f"There is no checkpoint '{path}' to go on from. Start without --resume.")
    try:
        with safe_open(path, "pt") as stored:
            notes = {name: json.loads(text) for name, text in (stored.metadata() or {}).items()}
            return {name: stored.get_tensor(name) for name in stored.keys()}, notes  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise BadInput(f"The checkpoint '{path}' is damaged. Start again without --resume.") from error
