"""Reads classifiers that transformers wrote, and the names of their classes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from maskengines.errors import BadInput
from maskengines.weights.transformers_folder import read_network


def read_classifier(folder: Path, name: str) -> tuple[Any, list[str]]:
    """The classifier in a folder, in evaluation mode, and its labels by index.

    Raises:
        BadInput: see `read_network`; or its list of labels cannot be read.
    """
    module, config = read_network(folder, name, "AutoModelForImageClassification", "image classifier")
    return module, _labels(folder, config)


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
