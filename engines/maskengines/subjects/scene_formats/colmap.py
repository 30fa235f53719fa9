"""COLMAP's sparse models, text and binary (colmap.github.io/format.html)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.subjects.cameras import Camera
from maskengines.subjects.scene_formats.colmap_binary import binary_cameras, binary_images, binary_points
from maskengines.subjects.scene_formats.colmap_records import Image
from maskengines.subjects.scene_formats.colmap_text import text_cameras, text_images, text_points
from maskengines.subjects.scene_formats.common import damaged
from maskengines.subjects.scene_formats.found import FoundPhoto, FoundScene
from maskengines.subjects.scene_formats.lens import Lens, told_distortion

Array = np.ndarray[Any, Any]

_ONE_FOCAL_LENGTH = ("SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL")
_WELL_SEEN = 3
"""Photos that must see a point before its places count as observed."""

_PLACES = ("", "sparse/0", "sparse", "colmap/sparse/0", "dense/sparse", "dense/0/sparse")


def model_in(folder: Path) -> Path | None:
    """Where in a folder a sparse model lies, or ``None``."""
    for place in _PLACES:
        for suffix in (".bin", ".txt"):
            if all((folder / place / f"{name}{suffix}").is_file() for name in ("cameras", "images")):
                return folder / place
    return None


def read_colmap(model: Path, folder: Path) -> FoundScene:
    """Cameras, photos and points of a model; the binary one where both are there.

    Args:
        model: the folder with ``cameras``, ``images`` and ``points3D``.
        folder: what was opened; photos are looked for in its ``images``, and around the model.

    Raises:
        BadInput: a file is missing or damaged, or a lens is a fisheye's.
    """
    binary = (model / "cameras.bin").is_file() and (model / "images.bin").is_file()
    if binary:
        cameras = dict(binary_cameras(model / "cameras.bin"))
        images = list(binary_images(model / "images.bin"))
        points = binary_points(model / "points3D.bin")
    else:
        cameras = dict(text_cameras(model / "cameras.txt"))
        images = list(text_images(model / "images.txt"))
        points = text_points(model / "points3D.txt")
    well_seen = points.ids[points.photos >= _WELL_SEEN]
    shift, photos = 0.0, []
    for image in images:
        if image.camera not in cameras:
            raise damaged(model.name, f"photo '{image.name}' has a camera {image.camera} that is not there")
        camera, lens = _camera(cameras[image.camera], image)
        shift = max(shift, lens.shift(camera))
        good = np.isin(image.seen["point"], well_seen)
        seen = np.column_stack([image.seen["x"][good], image.seen["y"][good]])
        photos.append(FoundPhoto(image.name, camera, observed=seen))
    places = [
        base / name for base in (folder, model, model.parent, model.parent.parent) for name in ("images", "")
    ]
    return FoundScene(folder, places, photos, points.xyz, points.rgb, told_distortion(shift))


def _camera(told: tuple[str, int, int, Array], image: Image) -> tuple[Camera, Lens]:
    model, width, height, values = told
    if "FISHEYE" in model or model == "FOV":
        raise BadInput(
            f"Photo '{image.name}' has a lens of the kind {model}. Undistort the photos first, with COLMAP's "
            "image_undistorter."
        )
    if model in _ONE_FOCAL_LENGTH:
        (fx, cx, cy), rest = values[:3], values[3:]
        fy = fx
    else:
        (fx, fy, cx, cy), rest = values[:4], values[4:]
    lens = Lens(*rest[:4].tolist())
    try:
        return Camera(width, height, fx, fy, cx, cy, image.matrix, Path(image.name).stem), lens
    except ValueError as error:
        raise damaged(image.name, f"its camera makes no sense: {error}") from error
