"""Once around a scene: the cameras of a turntable. Neither Qt nor an engine is needed for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from maskengines.errors import BadInput
from maskengines.subjects.cameras import Camera
from maskengines.subjects.scene import SceneSubject

from maskstudio.canvas.scene_stage import OPENING, RADIUS, SceneOrbit, Stage

Array = np.ndarray[Any, Any]

FEWEST, MOST = 2, 3600
SMALLEST, LARGEST = 16, 4096
STEEPEST = 89.0

_AWAY = 2.6 * RADIUS
"""How far away a scene without photos is seen from."""
_ABOVE = 15.0
_NEAREST, _FARTHEST = RADIUS, 6 * RADIUS


@dataclass(frozen=True)
class Turntable:
    """``frames`` cameras at equal steps on a circle around the middle of a scene, all looking at it.

    Attributes:
        width, height: of each picture in pixels.
        elevation: degrees above the level, -89..89; None for as high as the photos were taken on average.
        start: degrees around, at the first frame.
    """

    frames: int = 72
    width: int = 960
    height: int = 720
    elevation: float | None = None
    start: float = 0.0

    def cameras(self, scene: SceneSubject) -> list[Camera]:
        """As far away as the photos were taken, through a lens like theirs; the cameras have no names.

        Args:
            scene: with Gaussians; with photos and their cameras where there are some.
        """
        stage = Stage.of(scene)
        orbit = _usual(scene, stage, self.width, self.height)
        pitch = orbit.pitch if self.elevation is None else self.elevation
        yaws = self.start + 360 * np.arange(self.frames) / self.frames
        return [stage.camera(orbit.looking(yaw, pitch), self.width, self.height) for yaw in yaws.tolist()]


def turntable_from_words(frames: int, size: str | None, elevation: float | None) -> Turntable:
    """What a command line asks for; ``size`` like ``960x720``.

    Raises:
        BadInput: a number is out of its range.
    """
    if not FEWEST <= frames <= MOST:
        raise BadInput(f"--turntable {frames}: give {FEWEST} to {MOST} pictures.")
    if elevation is not None and not abs(elevation) <= STEEPEST:
        raise BadInput(f"--elevation {elevation:g}: give degrees from -{STEEPEST:g} to {STEEPEST:g}.")
    table = Turntable(frames, elevation=elevation)
    if size is None:
        return table
    parts = size.lower().split("x")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise BadInput(f"--size '{size}' is no size. Write it like 960x720.")
    width, height = (int(part) for part in parts)
    if not all(SMALLEST <= side <= LARGEST for side in (width, height)):
        raise BadInput(f"--size '{size}': sides are {SMALLEST} to {LARGEST} pixels.")
    return replace(table, width=width, height=height)


def usual_elevation(scene: SceneSubject) -> float:
    """Degrees above the level from which the photos look at the middle, on average; 15 without photos."""
    return _usual(scene, Stage.of(scene), 1, 1).pitch


def _usual(scene: SceneSubject, stage: Stage, width: int, height: int) -> SceneOrbit:
    around = SceneOrbit(distance=_AWAY, pitch=_ABOVE, width=width, height=height)
    if not scene.cameras:
        return around
    places = stage.place(np.array([camera.position for camera in scene.cameras]))
    away = np.linalg.norm(places, axis=1)
    above = np.degrees(np.arcsin(np.clip(-places[:, 1] / np.maximum(away, 1e-6), -1, 1)))
    first = stage.orbit(scene.cameras[0], width, height)
    return replace(
        around, distance=float(np.clip(np.median(away), _NEAREST, _FARTHEST)),
        pitch=float(np.clip(np.median(above), -STEEPEST, STEEPEST)), opening=max(first.opening, OPENING),
    )  # fmt: skip
