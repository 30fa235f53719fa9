"""``transforms.json`` of nerfstudio and instant-ngp: camera-to-world matrices in OpenGL's axes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.subjects.cameras import Camera, check_rigid
from maskengines.subjects.scene import TEST, TRAIN
from maskengines.subjects.scene_formats.folder import read_json
from maskengines.subjects.scene_formats.found import FoundPhoto, FoundScene
from maskengines.subjects.scene_formats.lens import Lens, told_distortion
from maskengines.subjects.scene_formats.ply import read_ply
from maskengines.subjects.scene_photos import find_photo, look_at

Array = np.ndarray[Any, Any]

TRANSFORMS = "transforms.json"
SPLITS = {"transforms_train.json": TRAIN, "transforms_test.json": TEST}

_FROM_OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])
"""OpenGL's camera looks along -z with y up, OpenCV's along z with y down."""

_PINHOLES = ("", "OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL")


def is_transforms(held: Any) -> bool:
    """Whether JSON is of this kind: frames with a ``transform_matrix``."""
    frames = held.get("frames") if isinstance(held, dict) else None
    return isinstance(frames, list) and bool(frames) and isinstance(frames[0], dict) and (
        "transform_matrix" in frames[0]
    )  # fmt: skip


def read_transforms(path: Path) -> FoundScene:
    """Cameras, splits and, where a PLY of points is named, sparse points.

    ``transforms_train.json`` beside ``transforms_test.json`` are read together.

    Raises:
        BadInput: it cannot be read, makes no sense, or its lens is a fisheye's.
    """
    files = {path: TRAIN}
    if path.name in SPLITS:
        files = {path.with_name(name): split for name, split in SPLITS.items()}
    photos: list[FoundPhoto] = []
    shift = 0.0
    points, colours = np.zeros((0, 3)), np.zeros((0, 3), np.uint8)
    for file, split in files.items():
        if not file.is_file() and file != path:
            continue
        held = read_json(file)
        if not is_transforms(held):
            raise BadInput(f"'{file.name}' holds no frames with a transform_matrix. Give nerfstudio's file.")
        for number, frame in enumerate(held["frames"], 1):
            photo, moved = _photo(held, frame, file, split, f"Frame {number} of '{file.name}'")
            photos.append(photo)
            shift = max(shift, moved)
        if held.get("ply_file_path"):
            points, colours = _points(file.parent / str(held["ply_file_path"]))
    return FoundScene(path.parent, (path.parent,), photos, points, colours, told_distortion(shift))


def _photo(
    held: Mapping[str, Any], frame: Any, file: Path, split: str, where: str
) -> tuple[FoundPhoto, float]:
    if not isinstance(frame, Mapping) or "file_path" not in frame or "transform_matrix" not in frame:
        raise BadInput(f"{where} lacks its file_path or transform_matrix. Write the file anew.")
    values = {**held, **frame}
    name = str(frame["file_path"]).removeprefix("./")
    model = str(values.get("camera_model", ""))
    if model not in _PINHOLES or values.get("is_fisheye"):
        raise BadInput(f"{where} has a lens of the kind '{model or 'fisheye'}'. Undistort the photos first.")
    try:
        width, height = _size(values, file, name, where)
        fx, fy = _focal_lengths(values, width, height, where)
        cx, cy = float(values.get("cx", width / 2)), float(values.get("cy", height / 2))
        lens = Lens(*(float(values.get(key, 0)) for key in ("k1", "k2", "p1", "p2")))
        matrix = np.array(frame["transform_matrix"], np.float64)
        if matrix.shape == (3, 4):
            matrix = np.vstack([matrix, [0, 0, 0, 1]])
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
            raise ValueError("its matrix is not 4 x 4")
        check_rigid(matrix, where)
        camera = Camera(width, height, fx, fy, cx, cy, np.linalg.inv(matrix @ _FROM_OPENGL), Path(name).stem)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{where} makes no sense: {error}. Write the file anew.") from error
    return FoundPhoto(name, camera, _split(held, name, split)), lens.shift(camera)


def _size(values: Mapping[str, Any], file: Path, name: str, where: str) -> tuple[int, int]:
    if "w" in values and "h" in values:
        return int(values["w"]), int(values["h"])
    path = find_photo([file.parent], name)
    if path is None:
        raise BadInput(f"{where} says no size, and its photo '{name}' is missing. Put it there.")
    return look_at(path).upright


def _focal_lengths(values: Mapping[str, Any], width: int, height: int, where: str) -> tuple[float, float]:
    if "fl_x" in values:
        return float(values["fl_x"]), float(values.get("fl_y", values["fl_x"]))
    if "camera_angle_x" in values:
        across = width / 2 / np.tan(float(values["camera_angle_x"]) / 2)
        if "camera_angle_y" in values:
            return float(across), float(height / 2 / np.tan(float(values["camera_angle_y"]) / 2))
        return float(across), float(across)
    raise BadInput(f"{where} says no focal length. It needs fl_x or camera_angle_x.")


def _split(held: Mapping[str, Any], name: str, split: str) -> str:
    """Of a file for all splits, the lists of names decide."""
    listed = {str(one).removeprefix("./") for one in held.get("test_filenames") or ()}
    return TEST if name in listed else split


def _points(path: Path) -> tuple[Array, Array]:
    if not path.is_file():
        return np.zeros((0, 3)), np.zeros((0, 3), np.uint8)
    rows = read_ply(path).get("vertex")
    names = () if rows is None else rows.dtype.names or ()
    if rows is None or not set(names) >= {"x", "y", "z"}:
        raise BadInput(f"'{path.name}' holds no points. Leave ply_file_path out of the JSON.")
    points = np.stack([rows[axis].astype(np.float64) for axis in "xyz"], axis=-1)
    if not set(names) >= {"red", "green", "blue"}:
        return points, np.full(points.shape, 128, np.uint8)
    return points, np.stack([rows[channel].astype(np.uint8) for channel in ("red", "green", "blue")], axis=-1)
