"""What COLMAP's text and binary models both hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from maskengines.subjects.quaternions import rotation_matrices
from maskengines.subjects.scene_formats.common import damaged

Array = np.ndarray[Any, Any]

MODELS = (
    ("SIMPLE_PINHOLE", 3), ("PINHOLE", 4), ("SIMPLE_RADIAL", 4), ("RADIAL", 5), ("OPENCV", 8),
    ("OPENCV_FISHEYE", 8), ("FULL_OPENCV", 12), ("FOV", 5), ("SIMPLE_RADIAL_FISHEYE", 4),
    ("RADIAL_FISHEYE", 5), ("THIN_PRISM_FISHEYE", 12), ("RAD_TAN_THIN_PRISM_FISHEYE", 16),
)  # fmt: skip
UNSEEN = (1 << 64) - 1
"""Of a keypoint that no point was made from."""

SEEN = np.dtype([("x", "<f8"), ("y", "<f8"), ("point", "<u8")])


@dataclass(frozen=True, eq=False)
class Image:
    name: str
    camera: int
    matrix: Array
    seen: Array


@dataclass(frozen=True, eq=False)
class Points:
    ids: Array
    xyz: Array
    rgb: Array
    photos: Array


def points_of(ids: Any, xyz: Any, rgb: Any, photos: Any) -> Points:
    return Points(
        np.array(ids, np.uint64), np.array(xyz, np.float64).reshape(-1, 3),
        np.array(rgb, np.uint8).reshape(-1, 3), np.array(photos, np.int64),
    )  # fmt: skip


def matrix_of(rotation: Array, translation: Array, name: str) -> Array:
    """World to camera from COLMAP's quaternion w, x, y, z and translation."""
    with np.errstate(over="ignore", invalid="ignore"):
        length = float(np.linalg.norm(rotation))
    if not np.isfinite(length) or length < 1e-9 or not np.isfinite(translation).all():
        raise damaged(name, "it has a photo whose place is no finite number")
    matrix = np.eye(4)
    matrix[:3, :3] = rotation_matrices(rotation)
    matrix[:3, 3] = translation
    return matrix
