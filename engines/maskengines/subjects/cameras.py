"""Pinhole cameras: where a photo of a scene was taken from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from maskengines.errors import BadInput

Array = np.ndarray[Any, Any]

MAX_SIDE = 16384
"""Pixels that a side of a camera's picture may have."""

NEAR = 0.01
"""Distance within which nothing is seen, in the units of the scene, unless a camera says otherwise."""

_RIGID = 1e-3
"""By how much the rotation in a file may fail to be one; files hold few digits."""


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera without distortion, in OpenCV's axes: x right, y down, z forward. Never changes.

    A point p of the scene is seen at ``(fx x/z + cx, fy y/z + cy)`` with ``(x, y, z) = R p + t``. The centre
    of the top left pixel is (0.5, 0.5).

    Attributes:
        width, height: of the picture in pixels.
        fx, fy: focal lengths in pixels.
        cx, cy: principal point in pixels.
        world_to_camera: ``(4, 4)`` float64, rigid; the scene's units.
        name: of the photo, without a suffix; may be empty.
        near: what is nearer than this is not seen.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    world_to_camera: Array
    name: str = ""
    near: float = NEAR

    def __post_init__(self) -> None:
        matrix: Array = np.ascontiguousarray(self.world_to_camera, np.float64).view()
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
            raise ValueError(f"world_to_camera is {matrix.shape} or not finite, where (4, 4) was expected")
        matrix.flags.writeable = False
        object.__setattr__(self, "world_to_camera", matrix)
        for name in ("width", "height"):
            object.__setattr__(self, name, int(getattr(self, name)))
        for name in ("fx", "fy", "cx", "cy", "near"):
            object.__setattr__(self, name, float(getattr(self, name)))
        if not (0 < self.width <= MAX_SIDE and 0 < self.height <= MAX_SIDE):
            raise ValueError(f"a picture of {self.width} x {self.height}; sides are 1 to {MAX_SIDE}")
        if not all(map(np.isfinite, (self.fx, self.fy, self.cx, self.cy))) or min(self.fx, self.fy) <= 0:
            raise ValueError("focal lengths must be above 0 and the principal point finite")
        if not 0 < self.near < np.inf:
            raise ValueError("the near distance must be above 0")

    @property
    def rotation(self) -> Array:
        """``(3, 3)`` R, from the scene's axes to the camera's."""
        return self.world_to_camera[:3, :3]

    @property
    def translation(self) -> Array:
        """``(3,)`` t, the scene's origin as the camera sees it."""
        return self.world_to_camera[:3, 3]

    @property
    def position(self) -> Array:
        """``(3,)`` where the camera is in the scene: ``-R^T t``."""
        place: Array = -self.rotation.T @ self.translation
        return place

    @property
    def forward(self) -> Array:
        """``(3,)`` unit vector along which the camera looks, in the scene."""
        return self.rotation[2]

    def project(self, points: Array) -> tuple[Array, Array]:
        """Where points of the scene are seen.

        Args:
            points: ``(N, 3)`` in the scene.

        Returns:
            ``(N, 2)`` pixels and ``(N,)`` depths along the view in the scene's units. Pixels of a point
            that is nearer than ``near`` mean nothing and are NaN.
        """
        seen = np.asarray(points, np.float64) @ self.rotation.T + self.translation
        depth = seen[:, 2]
        pixels = np.full((len(seen), 2), np.nan)
        front = depth >= self.near
        pixels[front] = seen[front, :2] / depth[front, None] * (self.fx, self.fy) + (self.cx, self.cy)
        return pixels, depth

    def scaled(self, factor: float) -> Self:
        """The same view in a picture of ``factor`` times the size, rounded to whole pixels."""
        return self.resized(max(1, round(self.width * factor)), max(1, round(self.height * factor)))

    def resized(self, width: int, height: int) -> Self:
        """The same view in a picture of another size; pixels are no longer square where its shape differs."""
        across, down = width / self.width, height / self.height
        return replace(
            self, width=width, height=height,
            fx=self.fx * across, cx=self.cx * across, fy=self.fy * down, cy=self.cy * down,
        )  # fmt: skip

    def to_record(self) -> dict[str, Any]:
        """As a frame of ``scene.json``: name, w, h, K = [fx, fy, cx, cy], w2c, and near
        where it is not the usual one; inverse of `from_record`."""
        told = {
            "name": self.name,
            "w": self.width,
            "h": self.height,
            "K": [self.fx, self.fy, self.cx, self.cy],
            "w2c": self.world_to_camera.tolist(),
        }
        return told if self.near == NEAR else told | {"near": self.near}

    @classmethod
    def from_record(cls, record: Any, where: str) -> Self:
        """A camera from a frame of ``scene.json``; keys that are not of the camera are left alone.

        Args:
            where: the file and the frame, for the message.

        Raises:
            BadInput: a key is missing or makes no sense.
        """
        if not isinstance(record, Mapping):
            raise BadInput(f'{where} is no object. Write {{"w": .., "h": .., "K": [..], "w2c": [..]}}.')
        missing = [key for key in ("w", "h", "K", "w2c") if key not in record]
        if missing:
            raise BadInput(f"{where} lacks {' and '.join(missing)}. A camera needs w, h, K and w2c.")
        try:
            fx, fy, cx, cy = (float(value) for value in record["K"])
            matrix = np.array(record["w2c"], np.float64)
            camera = cls(
                int(record["w"]), int(record["h"]), fx, fy, cx, cy, matrix,
                str(record.get("name", "")), float(record.get("near", NEAR)),
            )  # fmt: skip
        except (TypeError, ValueError, OverflowError) as error:
            raise BadInput(
                f"{where} is no camera: {error}. "
                "It needs w and h in pixels, K = [fx, fy, cx, cy] and a 4 x 4 w2c."
            ) from error
        check_rigid(camera.world_to_camera, where)
        return camera


def check_rigid(matrix: Array, where: str) -> None:
    """Raises:
    BadInput: a ``(4, 4)`` matrix does more than turn and shift.
    """
    turn = matrix[:3, :3]
    rigid = np.allclose(turn @ turn.T, np.eye(3), atol=_RIGID) and np.linalg.det(turn) > 0
    if not rigid or not np.allclose(matrix[3], (0, 0, 0, 1), atol=_RIGID):
        raise BadInput(
            f"{where} has a matrix that does more than turn and shift (it scales, mirrors or shears). "
            "Give a rigid world-to-camera matrix."
        )


def read_cameras(path: Path) -> list[Camera]:
    """Cameras of a JSON file: ``{"frames": [...]}`` as in ``scene.json``, a list of frames, or one frame.

    Raises:
        BadInput: it cannot be read, holds no camera, or one that makes no sense.
    """
    try:
        held = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadInput(f"Cannot read '{path}': {error.strerror}. Give a file of cameras.") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(
            f"'{path.name}' is no JSON, or it ends too early ({error}). Write the cameras anew."
        ) from error
    if isinstance(held, Mapping):
        held = held.get("frames", [held])
    if not isinstance(held, list) or not held:
        raise BadInput(f"'{path.name}' holds no cameras. Write {{\"frames\": [...]}}.")
    return [
        Camera.from_record(record, f"Camera {number} of '{path.name}'")
        for number, record in enumerate(held, 1)
    ]


def cameras_json(cameras: Sequence[Camera]) -> str:
    """A file of cameras that `read_cameras` opens."""
    return json.dumps({"frames": [camera.to_record() for camera in cameras]}) + "\n"
