"""From what a reader found of a scene to a subject: photos looked at, and left out with a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.subjects.cameras import Camera
from maskengines.subjects.scene import TRAIN, ScenePhoto, SceneSubject
from maskengines.subjects.scene_photos import FilePicture, find_photo, fitted, look_at

Array = np.ndarray[Any, Any]

FEW = 3
"""Fewer photos than this tell little of what is behind what."""

_NAMED = 3


@dataclass(frozen=True, eq=False)
class FoundPhoto:
    """A photo as a scene's file tells of it.

    Attributes:
        name: with or without the suffix of its file, maybe with folders before it.
        observed: ``(M, 2)`` pixels of the camera where well seen points are.
    """

    name: str
    camera: Camera | None
    split: str = TRAIN
    observed: Array = field(default_factory=lambda: np.zeros((0, 2)))


@dataclass(frozen=True, eq=False)
class FoundScene:
    """What a reader found; ``folders`` is where the photos may lie."""

    folder: Path
    folders: Sequence[Path]
    photos: Sequence[FoundPhoto]
    points: Array = field(default_factory=lambda: np.zeros((0, 3)))
    colours: Array = field(default_factory=lambda: np.zeros((0, 3), np.uint8))
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class OpenedScene:
    """A scene from files.

    Attributes:
        warnings: sentences for the user.
    """

    subject: SceneSubject
    warnings: tuple[str, ...] = ()


def assembled(found: FoundScene) -> OpenedScene:
    """The subject of what was found.

    Photos that are missing, damaged, of another shape than their camera's picture, or the same picture as an
    earlier one are left out, with a warning for each reason.

    Raises:
        BadInput: no photo is left.
    """
    lost: dict[str, list[str]] = {"missing": [], "damaged": [], "shape": [], "same": []}
    photos: list[ScenePhoto] = []
    first: dict[str, str] = {}
    names = _unique_names([photo.name for photo in found.photos])
    for name, photo in zip(names, found.photos, strict=True):
        path = find_photo(list(found.folders), photo.name)
        if path is None:
            lost["missing"].append(name)
            continue
        try:
            picture = look_at(path)
        except BadInput:
            lost["damaged"].append(name)
            continue
        camera = None if photo.camera is None else fitted(photo.camera, picture)
        if photo.camera is not None and camera is None:
            lost["shape"].append(name)
        elif picture.digest in first:
            lost["same"].append(f"{name} as {first[picture.digest]}")
        else:
            first[picture.digest] = name
            photos.append(_photo(name, path, picture, camera, photo))
    told = _told(lost, len(found.photos))
    if not photos:
        raise BadInput(
            f"No photo of '{found.folder.name}' can be used. {' '.join(told)}".strip()
            if told
            else f"'{found.folder.name}' names no photos. Give a folder with photos in it."
        )
    told += _few(photos)
    with np.errstate(over="ignore"):
        points = found.points.astype(np.float32)
    finite = np.isfinite(points).all(axis=1)
    subject = SceneSubject(None, tuple(photos), points[finite], found.colours[finite], str(found.folder))
    return OpenedScene(subject, (*found.warnings, *told))


def _photo(
    name: str, path: Path, picture: FilePicture, camera: Camera | None, found: FoundPhoto
) -> ScenePhoto:
    size = picture.upright
    observed = np.asarray(found.observed, np.float64).reshape(-1, 2)
    if camera is not None and found.camera is not None:
        size = camera.width, camera.height
        observed = observed * (camera.width / found.camera.width, camera.height / found.camera.height)
        observed = observed[((observed >= 0) & (observed <= size)).all(axis=1)]
    return ScenePhoto(name, str(path.absolute()), picture.digest, *size, found.split, camera, observed)


def _unique_names(names: Sequence[str]) -> list[str]:
    """Names without suffixes; where two would be the same, all keep theirs."""
    from maskengines.subjects.image_io import READABLE_SUFFIXES

    def bare(name: str) -> str:
        path = Path(name)
        return (
            path.with_suffix("").as_posix() if path.suffix.lower() in READABLE_SUFFIXES else path.as_posix()
        )

    short = [bare(name) for name in names]
    if len(set(short)) < len(short):
        short = [Path(name).as_posix() for name in names]
    if len(set(short)) < len(short):
        twice = next(name for name in short if short.count(name) > 1)
        raise BadInput(f"The scene names the photo '{twice}' twice. Give each photo a name of its own.")
    return short


def _told(lost: dict[str, list[str]], count: int) -> list[str]:
    said = {
        "missing": "are missing",
        "damaged": "are damaged or no pictures",
        "shape": "have another shape than their camera's picture (cropped or rotated?)",
        "same": "are the same picture twice",
    }
    return [
        f"{len(names)} of {count} photos {said[reason]} and were left out: {_listed(names)}."
        for reason, names in lost.items()
        if names
    ]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _few(photos: Iterable[ScenePhoto]) -> list[str]:
    used = sum(photo.split == TRAIN for photo in photos)
    if used >= FEW:
        return []
    which = {0: "No photo is", 1: "Only one photo is", 2: "Only two photos are"}[used]
    return [f"{which} there to train on: depth will be a guess. Take more, 20 to 50 from all sides."]
