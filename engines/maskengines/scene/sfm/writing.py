"""A reconstruction as our scene folder: photos without bend, cameras, and sparse points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pycolmap
from PIL import Image

from maskengines.scene.sfm.lens import straight
from maskengines.scene.sfm.plan import Placed, Report
from maskengines.subjects.cameras import Camera
from maskengines.subjects.scene import ScenePhoto, SceneSubject
from maskengines.subjects.scene_formats.folder import IMAGES, write_folder

Array = np.ndarray[Any, Any]

_WELL_SEEN = 3
"""Photos that must see a point before its places count as observed."""


def write_scene(model: Any, photos: Sequence[ScenePhoto], files: Mapping[str, Path], scene: Path) -> Report:
    """Write a scene folder.

    Args:
        model: the `pycolmap.Reconstruction`.
        files: the reduced photo by the name of the photo; ``model`` knows it by its file's name.
        scene: the folder; it is made.

    Raises:
        BadInput: it cannot be written.
        OSError: a photo cannot.
    """
    (scene / IMAGES).mkdir(parents=True)
    lenses = {
        number: pycolmap.undistort_camera(pycolmap.UndistortCameraOptions(), camera)
        for number, camera in model.cameras.items()
    }
    seen_by = {number: point.track.length() for number, point in model.points3D.items()}
    known = {model.images[number].name: model.images[number] for number in model.reg_image_ids()}
    written, told = [], []
    for photo in photos:
        image = known.get(files[photo.name].name)
        if image is None:
            told.append(Placed(photo.name, 0, 0.0))
            continue
        lens = lenses[image.camera_id]
        with Image.open(files[photo.name]) as held:
            picture = straight(np.array(held.convert("RGB")), image.camera, lens)
        # A name may hold a dot that is no suffix.
        target = scene / IMAGES / f"{photo.name}.png"
        Image.fromarray(picture).save(target, compress_level=3)
        observed, errors = _seen(model, image, lens, seen_by)
        written.append(
            ScenePhoto(
                photo.name, str(target), photo.digest, lens.width, lens.height,
                camera=_camera(image, lens, photo.name), observed=observed,
            )
        )  # fmt: skip
        told.append(Placed(photo.name, len(errors), float(np.mean(errors)) if len(errors) else 0.0))
    points = list(model.points3D.values())
    xyz = np.array([point.xyz for point in points], np.float32).reshape(-1, 3)
    rgb = np.array([point.color for point in points], np.uint8).reshape(-1, 3)
    write_folder(SceneSubject(None, tuple(written), xyz, rgb, str(scene)), scene)
    return Report(told, len(points))


def _camera(image: Any, lens: Any, name: str) -> Camera:
    fx, fy, cx, cy = lens.params
    matrix = np.eye(4)
    matrix[:3] = image.cam_from_world().matrix()
    return Camera(lens.width, lens.height, fx, fy, cx, cy, matrix, name)


def _seen(model: Any, image: Any, lens: Any, seen_by: Mapping[int, int]) -> tuple[Array, Array]:
    """Where well seen points are in the straightened photo, ``(M, 2)``, and the errors in pixels of all that
    the photo sees, ``(N,)``."""
    points = [point for point in image.points2D if point.has_point3D()]
    if not points:
        return np.zeros((0, 2)), np.zeros(0)
    numbers = [point.point3D_id for point in points]
    places = np.array([point.xy for point in points])
    world = np.array([model.points3D[number].xyz for number in numbers])
    matrix = image.cam_from_world().matrix()
    expected = image.camera.img_from_cam(world @ matrix[:, :3].T + matrix[:, 3])
    errors = np.linalg.norm(expected - places, axis=1)
    well = np.array([seen_by[number] >= _WELL_SEEN for number in numbers])
    rays = image.camera.cam_from_img(places[well])
    return lens.img_from_cam(np.concatenate([rays, np.ones((len(rays), 1))], axis=1)), errors
