"""Reads networks that transformers wrote: quietly, from safetensors only, and without foreign code."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from maskengines.errors import BadInput

LOCAL: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
"""What every reader of transformers is told: neither go out to the network nor run what a folder brings."""

UNREADABLE = (ValueError, KeyError, TypeError, OSError, RuntimeError, AttributeError, ImportError)
"""What transformers raises of a folder that it cannot make sense of."""


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing that transformers has to say, such as that torchvision is missing, reaches a log or a bar."""
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read_network(folder: Path, name: str, reader: str, what: str) -> tuple[Any, Any]:
    """The network in a folder, in evaluation mode and 32 bits, and its configuration; runs no code of the
    folder's and asks no server.

    Args:
        reader: the class of transformers that builds it.
        what: what it should be, for the sentence that says that it is not.

    Raises:
        BadInput: transformers can build none from it, or a part of it is missing.
    """
    import transformers

    try:
        with quiet():
            config = transformers.AutoConfig.from_pretrained(folder, **LOCAL)
            module, told = getattr(transformers, reader).from_pretrained(
                folder,
                config=config,
                dtype=torch.float32,
                use_safetensors=True,
                output_loading_info=True,
                **LOCAL,
            )
    except UNREADABLE as error:
        said = " ".join(str(error).split())[:200]
        raise BadInput(
            f"'{name}' is no {what} that transformers can build without running foreign code "
            f"({said}). Choose another network."
        ) from None
    lacking = sorted(told.get("missing_keys", ()))
    if lacking:
        raise BadInput(
            f"The weights of '{name}' lack {len(lacking)} of the network's tensors ('{lacking[0]}' for one), "
            f"so it would guess. Choose a folder with a trained {what}."
        )
    return module.eval(), config
