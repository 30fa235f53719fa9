"""Our own scene folder: ``scene.json``, ``images/`` and ``points.npz``; or photos and nothing else."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.files import atomic_write
from maskengines.subjects.cameras import Camera
from maskengines.subjects.scene import TEST, TRAIN, SceneSubject
from maskengines.subjects.scene_formats.common import damaged, read_bytes, unreadable
from maskengines.subjects.scene_formats.found import FoundPhoto, FoundScene
from maskengines.subjects.scene_photos import photos_in

Array = np.ndarray[Any, Any]

SCENE, POINTS, IMAGES = "scene.json", "points.npz", "images"


def read_folder(folder: Path) -> FoundScene:
    """Frames, splits and cameras of ``scene.json``, and the sparse points where they are.

    Raises:
        BadInput: a file cannot be read or makes no sense.
    """
    held = read_json(folder / SCENE)
    frames = held.get("frames") if isinstance(held, dict) else None
    if not isinstance(frames, list) or not frames:
        raise BadInput(f"'{SCENE}' holds no frames. Write {{\"frames\": [...]}} with a frame for each photo.")
    photos = [_photo(frame, f"Frame {number} of '{SCENE}'") for number, frame in enumerate(frames, 1)]
    points, colours = _points(folder / POINTS)
    return FoundScene(folder, (folder / IMAGES, folder), photos, points, colours)


def write_folder(subject: SceneSubject, folder: Path) -> None:
    """Write ``scene.json`` and ``points.npz`` beside the photos of a scene, for example once their cameras
    are known; photos without a camera are left out. `read_folder` opens it.

    Raises:
        BadInput: no camera is known, or the place cannot be written.
    """
    frames = [
        photo.camera.to_record()
        | {"name": photo.name, "split": photo.split, "obs": photo.observed.astype(float).tolist()}
        for photo in subject.photos
        if photo.camera is not None
    ]
    if not frames:
        raise BadInput("No camera of this scene is known, so there is nothing to write. Find them first.")
    with atomic_write(folder / POINTS) as file:
        np.savez_compressed(file, xyz=subject.points, rgb=subject.colours)
    with atomic_write(folder / SCENE) as file:
        file.write((json.dumps({"frames": frames}) + "\n").encode())


def read_photos(folder: Path) -> FoundScene:
    """A folder of photos, or one with a folder ``images`` in it; cameras are not known yet.

    Raises:
        BadInput: there is no photo in it.
    """
    for place in (folder, folder / IMAGES):
        files = photos_in(place)
        if files:
            return FoundScene(folder, (place,), [FoundPhoto(file.name, None) for file in files])
    raise BadInput(
        f"There are no photos in '{folder}'. Give a folder of photos, a COLMAP model, a transforms.json or a "
        "scene folder."
    )


def read_json(path: Path) -> Any:
    """Raises:
    BadInput: it cannot be read or is no JSON.
    """
    try:
        return json.loads(read_bytes(path).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise damaged(path.name, f"it is no JSON, or ends too early ({error})") from error


def _photo(frame: Any, where: str) -> FoundPhoto:
    camera = Camera.from_record(frame, where)
    if not camera.name:
        raise BadInput(f"{where} has no name. Name the photo that it is of.")
    split = frame.get("split", TRAIN)
    if split not in (TRAIN, TEST):
        raise BadInput(f"{where} is of the split '{split}'. Write train or test.")
    try:
        observed = np.array(frame.get("obs", []), np.float64).reshape(-1, 2)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{where} has obs that are no list of [x, y]. Leave it out.") from error
    return FoundPhoto(camera.name, camera, split, observed[np.isfinite(observed).all(axis=1)])


def _points(path: Path) -> tuple[Array, Array]:
    if not path.is_file():
        return np.zeros((0, 3)), np.zeros((0, 3), np.uint8)
    try:
        # Of a file that it cannot read, numpy itself would leave it open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            points = np.asarray(held["xyz"], np.float64)
            colours = held["rgb"] if "rgb" in held else np.full(points.shape, 128, np.uint8)
    except OSError as error:
        raise unreadable(path, error) from error
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise damaged(path.name, "it is no archive of xyz and rgb") from error
    if points.ndim != 2 or points.shape[1] != 3 or colours.shape != points.shape:
        raise damaged(path.name, f"xyz is {points.shape} and rgb {colours.shape}, where (P, 3) was expected")
    if colours.dtype != np.uint8:
        colours = np.clip(np.rint(colours * (255 if colours.max(initial=0) <= 1 else 1)), 0, 255)
    return points, colours.astype(np.uint8)
