"""The autosave journal of one document: a copy of what it began with, and what was changed since.

A folder holds ``owner.json`` (who writes it), ``document.json`` (what it is), the base (the image or
project file as it was opened) and ``changes`` (see `journal_file`).
"""

from __future__ import annotations

import json
import shutil
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from maskengines.contract import Candidate
from maskengines.errors import BadInput
from maskengines.masks.mask import MaskArray
from maskengines.masks.tiles import Key, TileGrid
from maskengines.projects import records
from maskengines.projects.journal_file import BLOB, STATE, TILE, JournalFile, Record
from maskengines.projects.owner import Ownership, owned_folder
from maskengines.projects.pose_work import PoseWork, pose_to_record
from maskengines.projects.state import KeptLayer, ProjectState

FORMAT = 1
_TILE_HEAD = struct.Struct("<IIB")
Signature = tuple[int, int]


@dataclass(frozen=True)
class Origin:
    """The file that a document was read from, and its size and time of change just before that."""

    file: Path
    signature: Signature

    @classmethod
    def of(cls, file: Path) -> Origin | None:
        """``None`` if there is no such file."""
        try:
            stat = file.stat()
        except OSError:
            return None
        return cls(file, (stat.st_size, stat.st_mtime_ns))

    def copy_to(self, target: Path) -> bool:
        """Copy the file; ``False`` if it is not what was read any more."""
        try:
            if Origin.of(self.file) != self:
                return False
            shutil.copyfile(self.file, target)
            return Origin.of(self.file) == self
        except OSError:
            return False


@dataclass(frozen=True, eq=False)
class Work:
    """What the journal keeps besides masks. Immutable, so that the writing thread may read it."""

    layers: tuple[KeptLayer, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    settings: Mapping[str, Any] | None = None
    modified: bool = False
    pose: PoseWork | None = None


@dataclass(frozen=True)
class Identity:
    """What document it is: shown when recovery is offered, and given back to the document."""

    title: str
    path: Path | None
    source_path: Path | None


class Tiled(Protocol):
    """A mask, or one as it was."""

    grid: TileGrid

    def tile(self, key: Key) -> MaskArray: ...


class Journal:
    """Writes one journal folder. Used from one thread; every method may raise ``OSError``."""

    def __init__(self, folder: Path, ownership: Ownership) -> None:
        self.folder = folder
        self._ownership = ownership
        self._file = JournalFile(folder / "changes")
        self._known: dict[int, tuple[object, dict[str, Any]]] = {}
        self._blobs = 0
        self._described: Identity | None = None

    @classmethod
    def begin(cls, root: Path, identity: Identity, origin: Origin | None, base: ProjectState) -> Journal:
        """Make a journal under ``root`` for a document that began as ``base``.

        The file at ``origin`` is copied; if it has changed since (or there is none), ``base`` is saved.
        """
        folder, ownership = owned_folder(root, "document-")
        try:
            return cls._begin(folder, ownership, identity, origin, base)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            ownership.release()
            raise

    @classmethod
    def _begin(
        cls, folder: Path, ownership: Ownership, identity: Identity, origin: Origin | None, base: ProjectState
    ) -> Journal:
        name = "base" + (origin.file.suffix if origin else "")
        if origin is None or not origin.copy_to(folder / name):
            from maskengines.projects.openraster import save_project

            name = "base.ora"
            try:
                save_project(base, folder / name)
            except BadInput as error:
                raise OSError(error.message) from error
        journal = cls(folder, ownership)
        journal.know(base.layers, base.candidates)
        journal.describe(identity, name)
        return journal

    def know(self, layers: Iterable[KeptLayer], candidates: Iterable[Candidate]) -> None:
        """Layers and candidates that the base holds need not be written again."""
        saved = filter(records.is_storable, candidates)
        for kind, items in (("layer", layers), ("candidate", saved)):
            for index, item in enumerate(items):
                self._known[id(item)] = (item, {"base": index, "kind": kind})

    def adopt(self, known: dict[int, tuple[object, dict[str, Any]]], blobs: int) -> None:
        """Go on with a recovered journal: what it holds already, and how many blobs."""
        self._known, self._blobs = known, blobs

    def describe(self, identity: Identity, base: str | None = None) -> None:
        """Write ``document.json`` if it says anything else; without ``base`` the base stays."""
        if identity == self._described and base is None:
            return
        path = self.folder / "document.json"
        if base is None:
            base = json.loads(path.read_bytes())["base"]
        values = {
            "format": FORMAT,
            "title": identity.title,
            "path": str(identity.path) if identity.path else None,
            "source_path": str(identity.source_path) if identity.source_path else None,
            "base": base,
        }
        step = path.with_suffix(".new")
        step.write_bytes(records.to_json(values))
        step.replace(path)
        self._described = identity

    @property
    def size(self) -> int:
        return self._file.size

    def write(self, mask: Tiled, keys: Iterable[Key], work: Work | None, space: str = "pixels") -> None:
        """Append the present values of some tiles and, if given, the rest of the document, as one batch."""
        held = dict(self._known)
        try:
            self._file.append(self._records(mask, keys, work, space))
        except BaseException:
            self._known = held
            raise

    def compact(self, mask: Tiled, work: Work, space: str = "pixels") -> None:
        """Replace the changes by the present state alone; at no moment is there less than one of them."""
        step = self.folder / "changes.new"
        step.unlink(missing_ok=True)
        fresh = JournalFile(step)
        held, self._known = self._known, {k: v for k, v in self._known.items() if "base" in v[1]}
        try:
            fresh.append(self._records(mask, mask.grid.keys(mask.grid.bounds), work, space))
            step.replace(self._file.path)
        except BaseException:
            self._known = held
            fresh.close()
            raise
        self._file.close()
        fresh.path = self._file.path
        self._file = fresh

    def _records(self, mask: Tiled, keys: Iterable[Key], work: Work | None, space: str) -> Iterable[Record]:
        for key in keys:
            yield Record(TILE, _pack_tile(space, key, mask.tile(key)))
        if work is None:
            return
        blobs: list[Record] = []

        def store(suffix: str, data: bytes) -> str:
            name = f"{self._blobs}{suffix}"
            self._blobs += 1
            blobs.append(Record(BLOB, struct.pack("<B", len(name)) + name.encode() + data))
            return name

        def known(item: Any, to_record: Callable[[Any, records.Store], dict[str, Any]]) -> dict[str, Any]:
            if id(item) not in self._known:
                self._known[id(item)] = (item, to_record(item, store))
            return self._known[id(item)][1]

        candidates = filter(records.is_storable, work.candidates)
        state: dict[str, Any] = {
            "layers": [known(layer, records.layer_to_record) for layer in work.layers],
            "candidates": [known(each, records.candidate_to_record) for each in candidates],
            "settings": dict(work.settings or {}),
            "modified": work.modified,
        }
        if work.pose is not None:
            state["pose"] = pose_to_record(work.pose)
        # What is shown no more need not stay in memory for this; if it comes back it is written again.
        shown = {id(item) for item in (*work.layers, *work.candidates)}
        self._known = {key: value for key, value in self._known.items() if key in shown}
        yield from blobs
        yield Record(STATE, records.to_json(state))

    def close(self) -> None:
        """Let go of the folder and leave it for recovery."""
        self._file.close()
        self._ownership.release()

    def discard(self) -> None:
        """Delete it: the document is saved, or the user does not want it."""
        self._file.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._ownership.release()


def _pack_tile(space: str, key: Key, tile: MaskArray) -> bytes:
    name = space.encode()
    return _TILE_HEAD.pack(*key, len(name)) + name + zlib.compress(np.ascontiguousarray(tile).data, 1)


def unpack_tile(payload: bytes) -> tuple[str, Key, bytes]:
    """Space, tile and the compressed values of a tile record."""
    row, column, length = _TILE_HEAD.unpack_from(payload)
    start = _TILE_HEAD.size + length
    return payload[_TILE_HEAD.size : start].decode(), (row, column), payload[start:]
