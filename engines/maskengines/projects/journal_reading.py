"""Finds the journals that dead processes left, and brings their documents back."""

from __future__ import annotations

import contextlib
import json
import shutil
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.masks.mask import MaskArray
from maskengines.masks.tiles import Key, TileGrid
from maskengines.projects import records
from maskengines.projects.journal import FORMAT, Identity, Journal, unpack_tile
from maskengines.projects.journal_file import BLOB, STATE, TILE, read_batches
from maskengines.projects.owner import Ownership, acquire
from maskengines.projects.pose_work import pose_from_record
from maskengines.projects.state import ProjectState

_DAMAGE = (KeyError, TypeError, ValueError, AttributeError, IndexError, zlib.error, OSError)


@dataclass(frozen=True)
class Leftover:
    """A journal that nobody writes any more.

    Attributes:
        changed: time of its last change, seconds since the epoch.
    """

    folder: Path
    identity: Identity
    changed: float


def leftovers(root: Path) -> list[Leftover]:
    """Journals under ``root`` of processes that are gone, newest first.

    Those that hold nothing worth asking about (everything was undone or saved) are removed on the way.
    """
    found: list[Leftover] = []
    for folder in sorted(root.glob("document-*")) if root.is_dir() else ():
        ownership = acquire(folder)
        if ownership is None:
            continue
        try:
            leftover = _inspect(folder)
            if leftover is None:
                shutil.rmtree(folder, ignore_errors=True)
            else:
                found.append(leftover)
        finally:
            ownership.release()
    return sorted(found, key=lambda each: -each.changed)


def discard(leftover: Leftover) -> None:
    """Delete a journal for good, unless a living process has taken it."""
    ownership = acquire(leftover.folder)
    if ownership is not None:
        shutil.rmtree(leftover.folder, ignore_errors=True)
        ownership.release()


@dataclass(frozen=True, eq=False)
class Recovered:
    """A document as its journal had it, and the journal itself, to be gone on with."""

    state: ProjectState
    identity: Identity
    journal: Journal


def recover(leftover: Leftover) -> Recovered:
    """Take a journal over and read it.

    Raises:
        BadInput: another studio took it, or its base cannot be read; it then stays where it is.
    """
    ownership = acquire(leftover.folder)
    if ownership is None:
        raise BadInput(f"'{leftover.identity.title}' is being recovered in another window already.")
    try:
        return _read(leftover, ownership)
    except _DAMAGE as error:
        ownership.release()
        raise BadInput(
            f"'{leftover.identity.title}' cannot be recovered: its journal '{leftover.folder}' is damaged. "
            "Open the original file."
        ) from error
    except BaseException:
        ownership.release()
        raise


def _inspect(folder: Path) -> Leftover | None:
    """``None`` if there is nothing in it to bring back."""
    try:
        description = json.loads((folder / "document.json").read_bytes())
        path, source = description["path"], description["source_path"]
        identity = Identity(
            str(description["title"]), Path(path) if path else None, Path(source) if source else None
        )
        changes = folder / "changes"
        worthy = False
        for batch in read_batches(changes):
            for record in batch:
                if record.kind == STATE:
                    state = json.loads(record.payload)
                    worthy = bool(state["modified"] or state["candidates"])
                elif record.kind == TILE:
                    worthy = True
        return Leftover(folder, identity, changes.stat().st_mtime) if worthy else None
    except FileNotFoundError:
        return None
    except _DAMAGE:
        # Damaged, and so for the user to decide about.
        with contextlib.suppress(OSError):
            return Leftover(folder, Identity(folder.name, None, None), folder.stat().st_mtime)
        return None


def _read(leftover: Leftover, ownership: Ownership) -> Recovered:
    folder = leftover.folder
    description = json.loads((folder / "document.json").read_bytes())
    if int(description["format"]) > FORMAT:
        raise BadInput(f"'{leftover.identity.title}' was left by a newer MaskStudio. Update it to recover.")
    base = _base(folder / Path(str(description["base"])).name)
    tiles: dict[tuple[str, Key], bytes] = {}
    blobs: dict[str, bytes] = {}
    values: Mapping[str, Any] = {}
    for batch in read_batches(folder / "changes"):
        for record in batch:
            if record.kind == TILE:
                space, key, data = unpack_tile(record.payload)
                tiles[space, key] = data
            elif record.kind == BLOB:
                end = 1 + record.payload[0]
                blobs[record.payload[1:end].decode()] = record.payload[end:]
            elif record.kind == STATE:
                values = json.loads(record.payload)
    known: dict[int, tuple[object, dict[str, Any]]] = {}

    def build(items: Any, of_base: tuple[Any, ...], from_record: Any) -> tuple[Any, ...]:
        built = []
        for record in items:
            item = of_base[record["base"]] if "base" in record else from_record(record, blobs.__getitem__)
            known[id(item)] = (item, dict(record))
            built.append(item)
        return tuple(built)

    layers, candidates, settings, pose = base.layers, base.candidates, base.settings, base.pose
    if values:
        layers = build(values["layers"], base.layers, records.layer_from_record)
        candidates = build(values["candidates"], base.candidates, records.candidate_from_record)
        settings = values["settings"]
        if base.pose is not None and "pose" in values:
            pose = pose_from_record(values["pose"])
            if pose.pose.size != base.pose.pose.size:
                raise ValueError("a pose in another picture")
    masks = dict(base.masks)
    for space in {space for space, _ in tiles} | {"pixels"}:
        mine = {key: data for (of, key), data in tiles.items() if of == space}
        shape = base.original.spaces[space]
        masks[space] = _mask(masks.get(space), shape, mine)
    state = ProjectState(
        base.original, layers, masks, candidates, settings, base.source, pose, base.flattened
    )
    journal = Journal(folder, ownership)
    journal.adopt(known, len(blobs))
    return Recovered(state, leftover.identity, journal)


def _base(path: Path) -> ProjectState:
    with path.open("rb") as stream:
        zipped = stream.read(4) == b"PK\x03\x04"
    if zipped:
        from maskengines.projects.openraster_reading import load_project

        return load_project(path)
    from maskengines.subjects.image_io import load_image

    return ProjectState(load_image(path))


def _mask(base: MaskArray | None, shape: tuple[int, ...], tiles: Mapping[Key, bytes]) -> MaskArray:
    mask = np.zeros(shape, np.uint8) if base is None else base.copy()
    grid = TileGrid(shape)
    plane = mask.reshape(grid.height, grid.width)
    for key, data in tiles.items():
        box = grid.box(key)
        plane[box.slices] = np.frombuffer(zlib.decompress(data), np.uint8).reshape(box.height, box.width)
    return mask
