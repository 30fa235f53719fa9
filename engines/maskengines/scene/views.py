"""The photos that a scene is trained on, as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch

from maskengines.errors import BadInput
from maskengines.subjects.cameras import Camera
from maskengines.subjects.scene import TRAIN, SceneSubject
from maskengines.subjects.scene_photos import read_photo

Array = np.ndarray[Any, Any]

LEAST = 3
"""Photos that a training needs at least: two can be explained by one flat picture each."""


@dataclass(frozen=True, eq=False)
class View:
    """One training photo.

    Attributes:
        name, space: of the photo in its subject.
        size: height and width of the photo in pixels.
        camera: of the size that is trained at.
        colour: ``(h, w, 3)`` float32 tensor, sRGB in 0..1.
        observed: ``(M, 2)`` float32: pixels where points are seen that at least three photos see.
    """

    name: str
    space: str
    size: tuple[int, int]
    camera: Camera
    colour: torch.Tensor
    observed: Array


def training_views(subject: SceneSubject, longest: int) -> list[View]:
    """The placed training photos of a scene, made smaller where a side is longer than ``longest`` pixels.

    Raises:
        BadInput: there are too few, or one cannot be read.
    """
    photos = subject.placed(TRAIN)
    if len(photos) < LEAST:
        raise BadInput(
            f"{len(photos)} photos of this scene have a known camera and are for training, and at least "
            f"{LEAST} are needed. Add photos that overlap, or place their cameras first."
        )
    views = []
    for photo in photos:
        assert photo.camera is not None
        scale = min(1.0, longest / max(photo.width, photo.height))
        camera = photo.camera if scale == 1 else photo.camera.scaled(scale)
        pixels = resized(read_photo(photo), camera.width, camera.height)
        colour = torch.from_numpy(pixels.astype(np.float32) / np.float32(255))
        ratio = np.array([camera.width / photo.width, camera.height / photo.height], np.float32)
        views.append(
            View(photo.name, photo.space, (photo.height, photo.width), camera, colour, photo.observed * ratio)
        )
    return views


def resized(pixels: Array, width: int, height: int) -> Array:
    """``pixels`` (H, W) or (H, W, 3), averaged into another size."""
    if pixels.shape[:2] == (height, width):
        return pixels
    smaller: Array = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return smaller


def extent_of(cameras: Sequence[Camera]) -> float:
    """1.1 times the greatest distance of a camera from their mean: the scene's size, as in the Inria code."""
    places = np.array([camera.position for camera in cameras])
    return float(1.1 * np.linalg.norm(places - places.mean(0), axis=1).max())
