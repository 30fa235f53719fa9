"""Opening scenes: our folder, a COLMAP model, transforms.json, a folder of photos, or Gaussians alone."""

from __future__ import annotations

import os
from pathlib import Path

from maskengines.errors import BadInput
from maskengines.subjects import splat_files
from maskengines.subjects.image_io import READABLE_SUFFIXES as PICTURES
from maskengines.subjects.scene import ScenePhoto, SceneSubject
from maskengines.subjects.scene_formats import colmap, folder, transforms
from maskengines.subjects.scene_formats.found import FoundScene, OpenedScene, assembled
from maskengines.subjects.scene_photos import find_photo

SUFFIXES = splat_files.READABLE_SUFFIXES
"""Of files that are a scene by themselves."""

CLEAN, TRUE_MASKS = "clean", "gt_masks"


def load_scene(path: str | os.PathLike[str]) -> OpenedScene:
    """Open a scene.

    A folder may hold ``scene.json`` (see docs/scene.md), a COLMAP model, a ``transforms.json``, or photos
    alone, looked for in that order. Photos that cannot be used are left out with a warning.

    Raises:
        BadInput: there is no such place, nothing of a scene is in it, or what is there makes no sense.
    """
    place = Path(path)
    try:
        if place.is_dir():
            return assembled(_found(place))
        if place.suffix.lower() == ".json" and place.is_file():
            return assembled(_found_by(place))
    except MemoryError:
        raise BadInput(f"Cannot open '{place.name}': it does not fit into memory.") from None
    except OSError as error:
        raise BadInput(f"Cannot open '{place}': {error.strerror or error}. Check the folder.") from error
    if not place.exists():
        raise BadInput(f"There is no '{place}'. Check the name and the folder.")
    if place.suffix.lower() in PICTURES:
        raise BadInput(f"'{place.name}' is one photo, and a scene takes many. Give the folder of all photos.")
    opened = splat_files.load_gaussians(place)
    return OpenedScene(SceneSubject(opened.gaussians, folder=str(place.absolute().parent)), opened.warnings)


def is_scene_folder(place: Path) -> bool:
    """Whether a folder holds cameras, so that opening it as a scene is what is meant."""
    names = (folder.SCENE, transforms.TRANSFORMS, *transforms.SPLITS)
    return any((place / name).is_file() for name in names) or colmap.model_in(place) is not None


def clean_photo(subject: SceneSubject, photo: ScenePhoto) -> Path | None:
    """The photo without clutter, where the folder of the scene has one; only to measure against."""
    return find_photo([Path(subject.folder) / CLEAN], photo.name) if subject.folder else None


def true_mask(subject: SceneSubject, photo: ScenePhoto) -> Path | None:
    """The true mask of the clutter in a photo, where the folder of the scene has one."""
    return find_photo([Path(subject.folder) / TRUE_MASKS], photo.name) if subject.folder else None


def _found(place: Path) -> FoundScene:
    if (place / folder.SCENE).is_file():
        return folder.read_folder(place)
    model = colmap.model_in(place)
    if model is not None:
        return colmap.read_colmap(model, place)
    for name in (transforms.TRANSFORMS, *transforms.SPLITS):
        if (place / name).is_file():
            return transforms.read_transforms(place / name)
    return folder.read_photos(place)


def _found_by(file: Path) -> FoundScene:
    if transforms.is_transforms(folder.read_json(file)):
        return transforms.read_transforms(file)
    if file.name == folder.SCENE:
        return folder.read_folder(file.parent)
    raise BadInput(f"'{file.name}' is no scene. Give scene.json, transforms.json or their folder.")
