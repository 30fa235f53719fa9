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
    """The nearest and the farthest depth in 3 x 3 pixels of one camera, far away where one looks through."""

    camera: Camera
    nearest: Array
    farthest: Array

    @classmethod
    def of(cls, drawing: Drawing, camera: Camera) -> _Look:
        depth = np.where(1 - drawing.through >= SOLID, drawing.depth, _FAR)
        around = np.ones((3, 3), np.uint8)
        return cls(camera, cv2.erode(depth, around), cv2.dilate(depth, around))


class Sights:
    """What N cameras see of a scene's surfaces."""

    def __init__(self, looks: Sequence[_Look]) -> None:
        self._looks = tuple(looks)

    @classmethod
    def of(cls, gaussians: Gaussians, cameras: Sequence[Camera], checkpoint: Callable[[], None]) -> Sights:
        looks = []
        for camera in cameras:
            checkpoint()
            small = reduced(camera, LONGEST)
            looks.append(_Look.of(_drawn(gaussians, small), small))
        return Sights(looks)

    def seen(self, points: Array, reach: Array | None = None) -> Array:
        """``(N,)`` bool: whether a camera sees points ``(N, 3)``: as a surface, or nothing where they are.

        Args:
            reach: ``(N,)``: by how much each may lie behind the surface that it is a part of.
        """
        slack = np.zeros(len(points)) if reach is None else reach
        found = np.zeros(len(points), bool)
        for look in self._looks:
            inside, depth, rows, columns = _in_sight(look.camera, points)
            found[inside] |= depth - slack[inside] <= look.farthest[rows, columns] * (1 + NEAR_ENOUGH)
        return found

    def free(self, points: Array) -> Array:
        """``(N,)`` bool: whether a camera sees that nothing is at points ``(N, 3)``, as it sees something
        farther away."""
        found = np.zeros(len(points), bool)
        for look in self._looks:
            inside, depth, rows, columns = _in_sight(look.camera, points)
            found[inside] |= depth * (1 + 2 * NEAR_ENOUGH) < look.nearest[rows, columns]
        return found


class Evidence(Sights):
    """What N photos saw of a scene, as it was when they were taken.

    The scene's own pictures stand for the photos, as these may have clutter before the scene.

    Args:
        before: with what is removed.
        cameras: of the photos.
    """

    def __init__(
        self, before: Gaussians, cameras: Sequence[Camera], checkpoint: Callable[[], None] = lambda: None
    ) -> None:
        looks = []
        self._shares: Array = np.zeros(len(before))
        for camera in cameras:
            checkpoint()
            small = reduced(camera, LONGEST)
            drawing = _drawn(before, small)
            np.maximum(self._shares, _visible_share(drawing), out=self._shares)
            looks.append(_Look.of(drawing, small))
        super().__init__(looks)

    def backs(self, gaussians: Gaussians) -> Array:
        """``(N,)`` bool over the first N Gaussians of ``before``, which are given: whether a photo saw enough
        of one to have learned it, or it is at the surface, where many may share a pixel."""
        reach = np.exp(gaussians.scales.max(axis=1))
        found: Array = (self._shares[: len(gaussians)] >= VISIBLE) | self.seen(gaussians.means, reach)
        return found


def _drawn(gaussians: Gaussians, camera: Camera) -> Drawing:
    """In grey: only depths and weights are of interest."""
    grey = np.zeros((len(gaussians), 1, 3), np.float32)
    parameters = (gaussians.means, gaussians.scales, gaussians.rotations, gaussians.opacities, grey)
    return draw(sight(parameters, camera, Options()), camera, _BLACK)


def _visible_share(drawing: Drawing) -> Array:
    """``(M,)``: how much of each Gaussian reaches a picture: its blending weights against what they would be
    with nothing in front, the integral of its alpha; 0 where it is out of the picture."""
    splats = drawing.splats
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
    return share


def _in_sight(camera: Camera, points: Array) -> tuple[Array, Array, Array, Array]:
    """Numbers of the points in a camera's picture, and their depths, rows and columns."""
    pixels, depth = camera.project(points)
    inside = np.asarray(np.isfinite(pixels).all(axis=1))
    inside[inside] = ((pixels[inside] >= 0) & (pixels[inside] < (camera.width, camera.height))).all(axis=1)
    numbers = np.flatnonzero(inside)
    columns, rows = pixels[numbers].astype(np.intp).T
    return numbers, depth[numbers], rows, columns
