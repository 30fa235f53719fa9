"""Saves a scene as a project folder."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.contract import MaskArray
from maskengines.errors import BadInput
from maskengines.files import atomic_write
from maskengines.projects import png
from maskengines.projects.scene_state import FLAGS, FORMAT, KIND, PROJECT, SceneState
from maskengines.subjects.gaussians import Gaussians
from maskengines.subjects.splat_files import save_gaussians

_OURS = re.compile(
    r"^((scene|removed)-[0-9a-f]{16}\.ply|points-[0-9a-f]{16}\.npz|(masks|learned)/.*-[0-9a-f]{16}\.png)$"
)


class SceneFolder:
    """One project folder. Writing again costs what has changed since: what is the same object is known to be
    there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[int, tuple[object, str]] = {}

    def write(self, state: SceneState, removed: Gaussians | None = None) -> None:
        """Make the folder hold ``state``; at no moment does it hold less than what it held or this.

        Args:
            removed: Gaussians that are no part of ``state`` any more, kept in a file of their own.

        Raises:
            BadInput: it cannot be written; the project there is as it was.
        """
        try:
            for folder in (self.folder, self.folder / "masks", self.folder / "learned"):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(
                f"'{self.folder}' cannot be made into a project ({error.strerror}). Choose another place."
            ) from error
        held = self._known
        self._known = {}
        try:
            record = self._record(state, removed, held)
            with atomic_write(self.folder / PROJECT) as stream:
                stream.write(json.dumps(record, indent=1).encode())
        except BaseException:
            self._known = held
            raise
        self._sweep(set(_files(record)))

    def _record(
        self, state: SceneState, removed: Gaussians | None, held: dict[int, tuple[object, str]]
    ) -> dict[str, Any]:
        scene = state.scene
        told, arrays = scene.with_gaussians(None).to_arrays()
        for photo in told["photos"]:
            photo["from_here"] = _from_here(Path(photo["path"]), self.folder)
        extra = {name: np.packbits(getattr(state, name)) for name in FLAGS}
        gaussians = scene.gaussians
        return {
            "kind": KIND,
            "format": FORMAT,
            "source": state.source,
            "scene": told,
            "settings": dict(state.settings),
            "gaussians": None if gaussians is None else self._put(gaussians, held, self._put_gaussians),
            "removed": None if removed is None else self._put_gaussians(removed, "removed"),
            "count": 0 if gaussians is None else len(gaussians),
            "arrays": self._put_arrays(arrays | extra),
            "masks": self._put_masks("masks", state.masks, held),
            "learned": self._put_masks("learned", state.learned, held),
        }

    def _put(self, item: Any, held: dict[int, tuple[object, str]], put: Callable[[Any], str]) -> str:
        """The name of the file that holds ``item``; written unless it is known to be there."""
        known = held.get(id(item))
        there = known is not None and (self.folder / known[1]).exists()
        name = known[1] if known is not None and there else put(item)
        self._known[id(item)] = item, name
        return name

    def _put_gaussians(self, gaussians: Gaussians, kind: str = "scene") -> str:
        digest = hashlib.blake2b(digest_size=8)
        for array in gaussians.to_arrays().values():
            digest.update(np.ascontiguousarray(array).data)
        name = f"{kind}-{digest.hexdigest()}.ply"
        if not (self.folder / name).exists():
            save_gaussians(gaussians, self.folder / name)
        return name

    def _put_arrays(self, arrays: Mapping[str, Any]) -> str:
        digest = hashlib.blake2b(digest_size=8)
        for name, array in sorted(arrays.items()):
            digest.update(f" {name} {array.shape} ".encode())
            digest.update(np.ascontiguousarray(array).data)
        name = f"points-{digest.hexdigest()}.npz"
        if not (self.folder / name).exists():
            packed = io.BytesIO()
            np.savez(packed, **arrays)
            self._write(name, packed.getvalue())
        return name

    def _put_masks(
        self, kind: str, masks: Mapping[str, MaskArray], held: dict[int, tuple[object, str]]
    ) -> dict[str, str]:
        def put(photo: str) -> Callable[[MaskArray], str]:
            return lambda mask: self._put_mask(kind, photo, mask)

        return {photo: self._put(mask, held, put(photo)) for photo, mask in masks.items()}

    def _put_mask(self, kind: str, photo: str, mask: MaskArray) -> str:
        digest = hashlib.blake2b(f"{photo} {mask.shape}".encode(), digest_size=8)
        digest.update(np.ascontiguousarray(mask).data)
        name = f"{kind}/{re.sub(r'[^A-Za-z0-9._-]', '_', photo)[:80]}-{digest.hexdigest()}.png"
        if not (self.folder / name).exists():
            self._write(name, png.encode_flat(mask))
        return name

    def _write(self, name: str, data: bytes) -> None:
        with atomic_write(self.folder / name) as stream:
            stream.write(data)

    def _sweep(self, counted: set[str]) -> None:
        """Remove files of ours that the project names no more."""
        for place in (self.folder, self.folder / "masks", self.folder / "learned"):
            with contextlib.suppress(OSError):
                for file in place.iterdir():
                    name = file.relative_to(self.folder).as_posix()
                    if name not in counted and _OURS.match(name):
                        file.unlink(missing_ok=True)


def _files(record: Mapping[str, Any]) -> list[str]:
    named = [record[key] for key in ("gaussians", "removed", "arrays")]
    return [name for name in (*named, *record["masks"].values(), *record["learned"].values()) if name]


def _from_here(path: Path, folder: Path) -> str:
    """A photo's path as seen from the project; empty where it lies on another drive."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return ""
