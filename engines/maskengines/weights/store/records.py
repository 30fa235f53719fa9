"""What is written down about an installed model, inside its own folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

RECORD = "maskstudio-model.json"
"""A folder without this file is no installed model; it is written before the folder gets its name."""


@dataclass(frozen=True)
class Record:
    """What was known when a model was installed.

    Attributes:
        id: ``owner/name`` on the hub, or the name of the folder it was imported from.
        title: as lists show it.
        kind: a key of `maskengines.weights.store.kinds.KINDS`.
        licence: its name, such as ``apache-2.0``; empty where nobody says.
        licence_link: where its text is; may be empty.
        source: address on the hub, or the folder it was imported from.
        revision: commit on the hub; empty for an import.
        files: bytes of each file, by its path in the folder with forward slashes.
    """

    id: str
    title: str
    kind: str
    licence: str = ""
    licence_link: str = ""
    source: str = ""
    revision: str = ""
    files: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Installed:
    """A model that is on this machine.

    Attributes:
        path: its folder.
        bytes: what its files take.
        missing: files that are gone or cut short since it was installed.
    """

    record: Record
    path: Path
    bytes: int
    missing: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.record.id

    def described(self) -> dict[str, Any]:
        """For ``--json``: every field but the list of files."""
        told = {key: value for key, value in asdict(self.record).items() if key != "files"}
        return {**told, "path": str(self.path), "bytes": self.bytes, "missing": list(self.missing)}


def write_record(folder: Path, record: Record) -> None:
    """Put the record into a model's folder, for `read_installed` to find."""
    text = json.dumps(asdict(record), indent=1, ensure_ascii=False)
    (folder / RECORD).write_text(text, encoding="utf-8")


def read_installed(folder: Path) -> Installed | None:
    """The model in ``folder``; None where there is none or its record cannot be read."""
    try:
        told = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        sizes = {str(name): int(size) for name, size in told["files"].items()}
        # A later version may have written more than this one knows of.
        known = {each.name: told[each.name] for each in fields(Record) if each.name in told}
        record = Record(**{**known, "files": sizes})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    there = {name: _size(folder / name) for name in record.files}
    missing = tuple(name for name, size in record.files.items() if there[name] != size)
    return Installed(record, folder, sum(size for size in there.values() if size), missing)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
