"""Opens a project folder of a scene."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.contract import MaskArray
from maskengines.errors import BadInput
from maskengines.projects import png
from maskengines.projects.scene_state import FLAGS, FORMAT, KIND, PROJECT, SceneState
from maskengines.subjects.scene import SceneSubject
from maskengines.subjects.splat_files import load_gaussians

Array = np.ndarray[Any, Any]

_DAMAGE = (KeyError, TypeError, ValueError, AttributeError, IndexError, OSError, EOFError)
_UNREADABLE = (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError)
_FEW = 3


class _Damage(ValueError):
    """Says what is wrong with a project, in words for the user."""


def is_scene_project(folder: Path) -> bool:
    """Whether a folder says that it is a project of ours."""
    try:
        with (folder / PROJECT).open("rb") as stream:
            return KIND.encode() in stream.read(200)
    except OSError:
        return False


def load_scene_project(folder: Path) -> tuple[SceneState, tuple[str, ...]]:
    """Read a project; safe in any thread.

    Returns:
        The scene as it was saved, and sentences for the user.

    Raises:
        BadInput: it is of a newer studio, or damaged.
    """
    try:
        record = json.loads((folder / PROJECT).read_bytes())
        if int(record["format"]) > FORMAT:
            raise BadInput(
                f"'{folder.name}' was saved by a newer MaskStudio. Update it to open this project."
            )
        return _read(folder, record)
    except _DAMAGE as error:
        # What a library says of such a file is no help to who only opened a project.
        told = f" ({error})" if isinstance(error, _Damage) else ""
        raise BadInput(
            f"The project '{folder.name}' is damaged or incomplete{told}. Take a backup of it, or open what "
            "it was made from again."
        ) from error


def _read(folder: Path, record: Mapping[str, Any]) -> tuple[SceneState, tuple[str, ...]]:
    told, count = record["scene"], int(record["count"])
    for photo in told["photos"]:
        near = folder / str(photo["from_here"])
        if photo["from_here"] and near.is_file():
            photo["path"] = str(near.resolve())
    arrays = _arrays(folder / _name(record["arrays"]))
    scene = SceneSubject.from_arrays(told, arrays)
    if record["gaussians"]:
        gaussians = load_gaussians(folder / _name(record["gaussians"])).gaussians
        if len(gaussians) != count:
            raise _Damage(f"{len(gaussians)} Gaussians where {count} were saved")
        scene = scene.with_gaussians(gaussians)
    # Projects from before Gaussians could be locked do not tell of it.
    bits = {name: np.unpackbits(arrays[name], count=count).astype(bool)
            for name in FLAGS if name in arrays or name != "locked"}  # fmt: skip
    sizes = {photo.name: (photo.height, photo.width) for photo in scene.photos}
    masks = {name: _mask(folder, file) for name, file in record["masks"].items()}
    for name, mask in masks.items():
        if mask.shape != sizes[name]:
            raise _Damage(f"the paint over '{name}' has another size than the photo")
    learned = {name: _mask(folder, file) for name, file in record["learned"].items()}
    state = SceneState(
        scene, **bits, masks=masks, learned=learned, settings=dict(record["settings"]),
        source=str(record["source"]),
    )  # fmt: skip
    if record.get("removed"):
        state = state.with_removed(load_gaussians(folder / _name(record["removed"])).gaussians)
    return state, _about_missing(scene)


def _arrays(file: Path) -> dict[str, Array]:
    try:
        with np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (*_UNREADABLE, AttributeError) as error:
        # A lone array has no ``files``.
        raise _Damage(f"'{file.name}' cannot be read") from error


def _name(name: Any) -> str:
    """A name that a project gives, which must stay in its folder."""
    place = Path(str(name))
    if place.is_absolute() or ".." in place.parts:
        raise _Damage(f"'{name}' lies outside of the project")
    return str(place)


def _mask(folder: Path, name: Any) -> MaskArray:
    array, _ = png.decode((folder / _name(name)).read_bytes())
    array = array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array
    if array.ndim != 2 or array.dtype != np.uint8:
        raise _Damage(f"'{name}' is no mask")
    return np.ascontiguousarray(array)


def _about_missing(scene: SceneSubject) -> tuple[str, ...]:
    missing = [photo.name for photo in scene.photos if not Path(photo.path).is_file()]
    if not missing:
        return ()
    named = ", ".join(missing[:_FEW]) + (f" and {len(missing) - _FEW} more" if len(missing) > _FEW else "")
    return (f"Photos are not where they were: {named}. Put them back to train on them or to see them.",)
