"""Photos as a pinhole camera would have taken them: the bend of the lens is taken out."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

Array = np.ndarray[Any, Any]

_NOTICED = 0.1
"""Pixels of bend that are left in a photo."""


def straight(pixels: Array, bent: Any, pinhole: Any) -> Array:
    """A photo as another camera on the same spot sees it.

    Args:
        pixels: ``(h, w, 3)`` uint8.
        bent: the `pycolmap.Camera` that took it.
        pinhole: the `pycolmap.Camera` that is wanted; all it sees is in the photo.

    Returns:
        ``(pinhole.height, pinhole.width, 3)`` uint8.
    """
    sources = where_from(bent, pinhole)
    if (bent.width, bent.height) == (pinhole.width, pinhole.height):
        own = _grid(pinhole)
        if np.abs(sources - own).max() < _NOTICED:
            return pixels
    # OpenCV counts from the middle of the top left pixel.
    across, down = (np.ascontiguousarray(sources[..., axis] - 0.5, np.float32) for axis in (0, 1))
    picture: Array = cv2.remap(pixels, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return picture


def where_from(bent: Any, pinhole: Any) -> Array:
    """``(h, w, 2)`` where in the photo each pixel of the pinhole camera is seen, in pixels."""
    rays = pinhole.cam_from_img(_grid(pinhole).reshape(-1, 2))
    ahead = np.concatenate([rays, np.ones((len(rays), 1))], axis=1)
    places: Array = bent.img_from_cam(ahead).reshape(pinhole.height, pinhole.width, 2)
    return places


def _grid(camera: Any) -> Array:
    x, y = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    return np.stack([x, y], axis=-1)
