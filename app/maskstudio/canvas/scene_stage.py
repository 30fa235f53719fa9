"""From a scene's own units and axes to the stage that `Orbit` moves about in, and back to cameras.

On the stage the scene is upright (y points down, z away from where the photos were taken), its middle is the
origin and its radius is `RADIUS`, so that speeds, limits and the floor are the same for every scene.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import Gaussians
from maskengines.subjects.scene import SceneSubject

from maskstudio.canvas.orbit import Orbit

Array = np.ndarray[Any, Any]

RADIUS = 1000.0
OPENING = 50.0
"""Degrees that the shorter side of the viewport sees, where no photo says otherwise."""

_NEAR = 10.0
_SHARE = 0.9
"""Of the Gaussians, this share lies within the radius: a few fly far away in most scenes."""

_MANY = 200_000


@dataclass(frozen=True)
class SceneOrbit(Orbit):
    """An orbit whose lens can be chosen: ``opening`` degrees for the shorter side."""

    opening: float = OPENING

    @property
    def focal(self) -> float:
        return min(self.width, self.height) / 2 / math.tan(math.radians(self.opening / 2))

    def looked_about(self, yaw: float, pitch: float) -> Self:
        """Turn the head: the eye stays where it is."""
        eye, turned = self.eye, self.turned(yaw, pitch)
        return replace(turned, target=_triple(eye + turned.distance * turned.axes[2]))

    def flown(self, right: float, down: float, ahead: float) -> Self:
        """Move the eye, and what it looks at, by stage units along its own axes."""
        step = np.array([right, down, ahead]) @ self.axes
        return replace(self, target=_triple(np.array(self.target) + step))


@dataclass(frozen=True, eq=False)
class Stage:
    """``stage = scale * turn @ (scene - middle)``.

    Attributes:
        turn: ``(3, 3)`` rotation.
        middle: ``(3,)`` in the scene.
        scale: stage units to a unit of the scene.
        floor: y on the stage of the ground.
    """

    turn: Array
    middle: Array
    scale: float
    floor: float = RADIUS / 2

    @classmethod
    def of(cls, scene: SceneSubject) -> Stage:
        """The stage for a scene: upright as its photos are on average, or y down without any."""
        cameras, points = scene.cameras, _points(scene)
        turn = _upright(cameras) if cameras else np.eye(3)
        middle, radius = _middle(cameras, points)
        stage = cls(turn, middle, RADIUS / radius)
        if len(points):
            heights = stage.place(points)[:, 1]
            near = heights[np.abs(heights) < 2 * RADIUS]
            stage = replace(stage, floor=float(np.quantile(near, 0.97)) if len(near) else stage.floor)
        return stage

    def place(self, points: Array) -> Array:
        """``(..., 3)`` of the scene on the stage."""
        placed: Array = (np.asarray(points, np.float64) - self.middle) @ self.turn.T * self.scale
        return placed

    def camera(self, orbit: Orbit, width: int, height: int) -> Camera:
        """What an orbit sees, as a camera of the scene with a picture of that size."""
        rotation = orbit.axes @ self.turn
        shift = (np.array([0.0, 0.0, orbit.distance]) - orbit.axes @ np.array(orbit.target)) / self.scale
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = rotation, shift - rotation @ self.middle
        across, down = width / orbit.width, height / orbit.height
        return Camera(
            width, height, orbit.focal * across, orbit.focal * down, width / 2, height / 2, matrix,
            near=_NEAR / self.scale,
        )  # fmt: skip

    def orbit(self, camera: Camera, width: int, height: int) -> SceneOrbit:
        """The orbit nearest to a camera: from its place, the same way, upright; it turns about the point of
        its axis that is nearest to the middle of the scene."""
        eye, ahead = self.place(camera.position), self.turn @ camera.forward
        distance = min(max(float(-eye @ ahead), RADIUS / 4), 8 * RADIUS)
        yaw = math.degrees(math.atan2(ahead[0], ahead[2]))
        pitch = math.degrees(math.asin(min(max(ahead[1], -1.0), 1.0)))
        side = min(camera.width / camera.fx, camera.height / camera.fy)
        opening = math.degrees(2 * math.atan(side / 2))
        return SceneOrbit(_triple(eye + distance * ahead), yaw, pitch, distance, width, height, opening)


def _points(scene: SceneSubject) -> Array:
    gaussians: Gaussians | None = scene.gaussians
    points = scene.points if gaussians is None else gaussians.means
    if len(points) > _MANY:
        points = points[:: len(points) // _MANY]
    finite: Array = points[np.isfinite(points).all(axis=1)].astype(np.float64)
    return finite


def _upright(cameras: tuple[Camera, ...]) -> Array:
    """Rows right, down and ahead: down as the photos have it on average, ahead as they look."""
    down = _unit(np.mean([camera.rotation[1] for camera in cameras], axis=0), np.array([0.0, 1.0, 0.0]))
    first = cameras[0].forward
    ahead = first - down * (first @ down)
    ahead = _unit(ahead, np.cross(np.array([1.0, 0.0, 0.0]), down))
    return np.stack([np.cross(down, ahead), down, ahead])


def _middle(cameras: tuple[Camera, ...], points: Array) -> tuple[Array, float]:
    """Where the photos look, or else the middle of what is there, and a radius around it."""
    if len(cameras) > 2:
        # The point nearest to all optical axes: sum (I - f f^T)(x - p) = 0.
        across = [np.eye(3) - np.outer(camera.forward, camera.forward) for camera in cameras]
        total = np.sum(across, axis=0)
        if np.linalg.cond(total) < 1e4:
            places = [part @ camera.position for part, camera in zip(across, cameras, strict=True)]
            middle = np.linalg.solve(total, np.sum(places, axis=0))
            away = [float(np.linalg.norm(camera.position - middle)) for camera in cameras]
            return middle, max(float(np.median(away)) * 0.7, 1e-6)
    if len(points):
        middle = np.median(points, axis=0)
        return middle, max(float(np.quantile(np.linalg.norm(points - middle, axis=1), _SHARE)), 1e-6)
    if cameras:
        return cameras[0].position + cameras[0].forward, 1.0
    return np.zeros(3), 1.0


def _unit(vector: Array, otherwise: Array) -> Array:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 1e-6 else otherwise / np.linalg.norm(otherwise)


def _triple(values: Array) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z
