"""Between the pixels of a camera and the points of a scene."""

from __future__ import annotations

from typing import Any

import numpy as np

from maskengines.subjects.cameras import Camera

Array = np.ndarray[Any, Any]


def directions(camera: Camera) -> Array:
    """``(h, w, 3)`` float64: for each pixel's centre the vector in the scene along which depth grows by 1."""
    across = (np.arange(camera.width) + 0.5 - camera.cx) / camera.fx
    down = (np.arange(camera.height) + 0.5 - camera.cy) / camera.fy
    seen = np.ones((camera.height, camera.width, 3))
    seen[..., 0], seen[..., 1] = across, down[:, None]
    turned: Array = seen @ camera.rotation
    return turned


def places(camera: Camera, depth: Array) -> Array:
    """``(h, w, 3)`` float64: the points of the scene that a camera sees at ``depth`` (h, w)."""
    found: Array = camera.position + directions(camera) * np.asarray(depth, np.float64)[..., None]
    return found


def reduced(camera: Camera, longest: int) -> Camera:
    """The same view with sides of at most ``longest`` pixels."""
    scale = longest / max(camera.width, camera.height)
    return camera if scale >= 1 else camera.scaled(scale)


def cut(camera: Camera, top: int, left: int, height: int, width: int) -> Camera:
    """What a camera sees in a rectangle of its picture."""
    return Camera(
        width, height, camera.fx, camera.fy, camera.cx - left, camera.cy - top, camera.world_to_camera,
        camera.name, camera.near,
    )  # fmt: skip
