"""What the photos of a scene tell of it: which Gaussians they saw, and which points were hidden from all."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from maskengines.scene.filling.rays import reduced
from maskengines.scene.rasteriser import Options
from maskengines.scene.rasteriser import layout as at
from maskengines.scene.rasteriser.passes import Drawing, draw, gradients, sight
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import SH_C0, Gaussians

Array = np.ndarray[Any, Any]

LONGEST = 320
"""Pixels of the longer side at which it is looked what hides what."""

SOLID = 0.5
"""Alpha from which on something hides what is behind it."""

VISIBLE = 0.25
"""Share of a Gaussian that a photo must see for it to have learned what is there."""

NEAR_ENOUGH = 0.02
"""Share of the depth within which two depths are of one surface."""

_BLACK = (0.0, 0.0, 0.0)
_FAR = np.float32(1e30)


@dataclass(frozen=True, eq=False)
class _Look:
    """The nearest depth in 3 x 3 pixels from one camera, far away where one looks through."""

    camera: Camera
    nearest: Array


class Evidence:
    """What N photos saw of a scene, as it was when they were taken.

    The scene's own pictures stand for the photos, as these may have clutter before the scene.

    Args:
        before: with what is removed.
        cameras: of the photos.

    Attributes:
        shares: ``(M,)`` over the Gaussians of ``before``: how much of it was seen by the photo that saw most.
    """

    def __init__(
        self, before: Gaussians, cameras: Sequence[Camera], checkpoint: Callable[[], None] = lambda: None
    ) -> None:
        self._looks = []
        self.shares: Array = np.zeros(len(before))
        for camera in cameras:
            checkpoint()
            small = reduced(camera, LONGEST)
            share, drawing = visible_share(before, small)
            np.maximum(self.shares, share, out=self.shares)
            depth = np.where(1 - drawing.through >= SOLID, drawing.depth, _FAR)
            self._looks.append(_Look(small, cv2.erode(depth, np.ones((3, 3), np.uint8))))

    def backs(self, gaussians: Gaussians) -> Array:
        """``(N,)`` bool over the first N Gaussians of ``before``, which are given: whether a photo saw enough
        of one to have learned it, or its centre at the surface, where many may share a pixel."""
        found: Array = (self.shares[: len(gaussians)] >= VISIBLE) | self.seen(gaussians.means)
        return found

    def seen(self, points: Array) -> Array:
        """``(N,)`` bool: whether a photo shows points ``(N, 3)``: as a surface, or nothing where they are."""
        found = np.zeros(len(points), bool)
        for look in self._looks:
            inside, depth, rows, columns = _in_sight(look.camera, points)
            found[inside] |= depth <= look.nearest[rows, columns] * (1 + NEAR_ENOUGH)
        return found

    def free(self, points: Array) -> Array:
        """``(N,)`` bool: whether a photo shows that nothing is at points ``(N, 3)``: something farther away
        is seen there."""
        found = np.zeros(len(points), bool)
        for look in self._looks:
            inside, depth, rows, columns = _in_sight(look.camera, points)
            found[inside] |= depth * (1 + 2 * NEAR_ENOUGH) < look.nearest[rows, columns]
        return found


def visible_share(gaussians: Gaussians, camera: Camera) -> tuple[Array, Drawing]:
    """``(M,)``: how much of each Gaussian reaches a picture: its blending weights against what they would be
    with nothing in front, the integral of its alpha; 0 where it is out of the picture. And the picture, in
    which all are grey."""
    grey = np.zeros((len(gaussians), 1, 3), np.float32)
    parameters = (gaussians.means, gaussians.scales, gaussians.rotations, gaussians.opacities, grey)
    splats = sight(parameters, camera, Options())
    drawing = draw(splats, camera, _BLACK)
    white = np.zeros_like(drawing.colour)
    white[..., 0] = 1
    found = gradients(drawing, white, np.zeros_like(drawing.through), absolute=False)
    weight = np.maximum(found.parameters[4][:, 0, 0] / np.float32(SH_C0), 0)
    visible = splats.visible
    rows = splats.rows[visible].astype(np.float64)
    spread = np.sqrt(np.maximum(rows[:, at.XX] * rows[:, at.YY] - rows[:, at.XY] ** 2 / 4, 1e-30))
    alone = np.exp2(rows[:, at.PEAK]) * math.pi / (math.log(2) * spread)
    share = np.zeros(len(visible))
    share[visible] = weight[visible] / alone
    return share, drawing


def _in_sight(camera: Camera, points: Array) -> tuple[Array, Array, Array, Array]:
    """Numbers of the points in a camera's picture, and their depths, rows and columns."""
    pixels, depth = camera.project(points)
    inside = np.asarray(np.isfinite(pixels).all(axis=1))
    inside[inside] = ((pixels[inside] >= 0) & (pixels[inside] < (camera.width, camera.height))).all(axis=1)
    numbers = np.flatnonzero(inside)
    columns, rows = pixels[numbers].astype(np.intp).T
    return numbers, depth[numbers], rows, columns
