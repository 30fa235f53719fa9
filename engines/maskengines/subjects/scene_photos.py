"""The photos of a scene on the disk: found by name, looked at without decoding, read when they are needed."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.subjects.cameras import Camera
from maskengines.subjects.image_io import READABLE_SUFFIXES, inspect_image, read_image
from maskengines.subjects.scene import ScenePhoto
from maskengines.subjects.scene_formats.common import read_bytes

Array = np.ndarray[Any, Any]

_TURNED = 5
"""From this EXIF orientation on, a stored picture lies on its side."""

_SHAPE = 0.01
"""By how much the shape of a photo may differ from its camera's: whole pixels change it a little."""


@dataclass(frozen=True)
class FilePicture:
    """What a file says of its picture: its hash, its stored size, and its size with EXIF applied."""

    digest: str
    stored: tuple[int, int]
    upright: tuple[int, int]


def find_photo(folders: list[Path], name: str) -> Path | None:
    """The file of a photo that a scene names with or without its suffix, or ``None``."""
    for folder in folders:
        exact = folder / name
        if exact.is_file():
            return exact
        for suffix in READABLE_SUFFIXES:
            for ending in (suffix, suffix.upper()):
                file = exact.with_name(exact.name + ending)
                if file.is_file():
                    return file
    return None


def photos_in(folder: Path) -> list[Path]:
    """The pictures in a folder by name; hidden files are none."""
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return [
        file
        for file in files
        if file.suffix.lower() in READABLE_SUFFIXES and file.is_file() and file.name[0] != "."
    ]


def look_at(path: Path) -> FilePicture:
    """Raises:
    BadInput: the file cannot be read, is no picture, or ends too early.
    """
    data = read_bytes(path)
    header = inspect_image(data, path.name)
    stored = header.width, header.height
    upright = stored[::-1] if header.orientation >= _TURNED else stored
    return FilePicture(hashlib.blake2b(data, digest_size=20).hexdigest(), stored, upright)


def fitted(camera: Camera, picture: FilePicture) -> Camera | None:
    """The camera for a picture that may be a smaller copy, or lie on its side for who ignores EXIF; ``None``
    where neither has the camera's shape."""
    for width, height in (picture.upright, picture.stored):
        if abs(camera.width * height / (camera.height * width) - 1) <= _SHAPE:
            same = (width, height) == (camera.width, camera.height)
            return camera if same else camera.resized(width, height)
    return None


def read_photo(photo: ScenePhoto) -> Array:
    """``(height, width, 3)`` uint8 sRGB of a photo; black where it is transparent.

    Raises:
        BadInput: the file is gone, was changed since the scene was opened, or is damaged.
    """
    path = Path(photo.path)
    data = read_bytes(path)
    if hashlib.blake2b(data, digest_size=20).hexdigest() != photo.digest:
        raise BadInput(f"'{path}' was changed since the scene was opened. Open the scene again.")
    image = read_image(data, path.name)
    if (image.width, image.height) != (photo.width, photo.height):
        return _as_stored(data)
    shown = replace(image, alpha=None).display_rgb8()
    if image.alpha is None:
        return np.ascontiguousarray(shown)
    share = image.alpha.astype(np.float32)[..., None] / np.iinfo(image.alpha.dtype).max
    faded: Array = np.rint(shown * share).astype(np.uint8)
    return faded


def _as_stored(data: bytes) -> Array:
    from PIL import Image

    with Image.open(io.BytesIO(data)) as picture:
        return np.array(picture.convert("RGB"))
