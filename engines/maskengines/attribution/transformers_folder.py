"""Reads classifiers that transformers wrote: quietly, from safetensors only, and without foreign code."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import torch

from maskengines.errors import BadInput, NotReady


def read_classifier(folder: Path, name: str) -> tuple[Any, list[str]]:
    """The classifier in a folder, in evaluation mode, and its labels by index; runs no code of the folder's.

    Raises:
        BadInput: transformers can build no classifier from it, or a part of it is missing.
    """
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            config = transformers.AutoConfig.from_pretrained(folder, **options)
            module, told = transformers.AutoModelForImageClassification.from_pretrained(
                folder,
                config=config,
                dtype=torch.float32,
                use_safetensors=True,
                output_loading_info=True,
                **options,
            )
    except (ValueError, KeyError, TypeError, OSError, RuntimeError, AttributeError, ImportError) as error:
        said = " ".join(str(error).split())[:200]
        raise BadInput(
            f"'{name}' is no image classifier that transformers can build without running foreign code "
            f"({said}). Choose another network."
        ) from None
    lacking = sorted(told.get("missing_keys", ()))
    if lacking:
        raise BadInput(
            f"The weights of '{name}' lack {len(lacking)} of the network's tensors ('{lacking[0]}' for one), "
            "so it would guess. Choose a folder with a trained classifier."
        )
    return module.eval(), _labels(folder, config)


def _labels(folder: Path, config: Any) -> list[str]:
    """Names by index: ``labels.txt`` (one a line) or ``labels.json`` (a list) where there is one, else those
    of the configuration."""
    for path in (folder / "labels.txt", folder / "labels.json"):
        if not path.is_file():
            continue
        try:
            text = path.read_text("utf-8")
            names = json.loads(text) if path.suffix == ".json" else text.splitlines()
            if not isinstance(names, list):
                raise ValueError("no list")
        except (OSError, ValueError) as error:
            raise BadInput(f"'{path.name}' is no list of labels ({error}). Write one label a line.") from None
        return [str(name).strip() for name in names if str(name).strip()]
    table = config.id2label or {}
    return [str(table.get(index, f"class {index}")) for index in range(len(table))]


def fetched_from_hub(name: str) -> Path:
    """Folder of a network ``owner/name`` in the local cache, fetched if it is not there yet.

    Raises:
        BadInput: the hub knows no such network, or not as safetensors.
        NotReady: it is not here and the hub cannot be reached.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    wanted = ["config.json", "preprocessor_config.json", "model.safetensors", "model.safetensors.index.json"]
    wanted += ["model-*.safetensors", "labels.*"]
    for local in (True, False):
        try:
            folder = Path(
                snapshot_download(name, allow_patterns=wanted, local_files_only=local, etag_timeout=5)
            )
        except Exception as error:
            if local:
                continue
            if type(error).__name__ == "RepositoryNotFoundError":
                raise BadInput(f"The hub knows no network '{name}'. Check the spelling.") from None
            raise NotReady(
                f"'{name}' is not on this computer and the hub cannot be reached ({type(error).__name__}). "
                "Connect to the internet, or give a folder."
            ) from None
        if (folder / "config.json").is_file() and any(folder.glob("*.safetensors")):
            return folder
    raise BadInput(f"'{name}' on the hub has no weights as safetensors. Choose another network.")
