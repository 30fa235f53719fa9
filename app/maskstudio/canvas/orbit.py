"""The camera of a 3D view that turns about what it looks at. Plain arithmetic, without Qt.

The world is the frame of 3D poses (`maskengines.subjects.pose_skeleton`): millimetres, x right in the
picture, y down, z away from the photographer. The screen is logical pixels, x right, y down. At no yaw and no
pitch the view looks as the photo does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

Array = np.ndarray[Any, Any]

FIELD_OF_VIEW = 32.0
"""Degrees, of the shorter side; narrow enough for a body to keep its proportions."""

NEAR = 50.0
"""Millimetres before the eye where what is drawn begins."""

NEAREST, FARTHEST = 150.0, 30_000.0
"""Limits of `Orbit.distance`."""

FRONT, BACK, SIDE, OTHER_SIDE, TOP, BELOW = (0, 0), (180, 0), (-90, 0), (90, 0), (0, 90), (0, -90)
"""Yaw and pitch of the named views: from the photographer, from the right of the picture, from above."""


@dataclass(frozen=True)
class Orbit:
    """Where the eye is; changes give a new one.

    Attributes:
        target: the point that it turns about, shown in the middle of the screen.
        yaw: degrees about the vertical; above 0 the eye moves to the left of the picture.
        pitch: degrees in -90..90; above 0 the eye is above and looks down.
        distance: millimetres from the eye to the target.
        width, height: of the screen.
    """

    target: tuple[float, float, float] = (0.0, 0.0, 0.0)
    yaw: float = 0.0
    pitch: float = 0.0
    distance: float = 4000.0
    width: int = 1
    height: int = 1

    # --- projection -----------------------------------------------------------------------------

    @property
    def focal(self) -> float:
        """Pixels per unit of ``x / depth``."""
        return min(self.width, self.height) / 2 / math.tan(math.radians(FIELD_OF_VIEW / 2))

    @cached_property
    def axes(self) -> Array:
        """``(3, 3)`` float64: rows are the screen's right and down and the way ahead, in the world."""
        yaw, pitch = math.radians(self.yaw), math.radians(self.pitch)
        ahead = (math.sin(yaw) * math.cos(pitch), math.sin(pitch), math.cos(yaw) * math.cos(pitch))
        right = (math.cos(yaw), 0.0, -math.sin(yaw))
        down = (-math.sin(pitch) * math.sin(yaw), math.cos(pitch), -math.sin(pitch) * math.cos(yaw))
        return np.array([right, down, ahead])

    @property
    def eye(self) -> Array:
        """``(3,)``: where the eye is in the world."""
        place: Array = np.array(self.target) - self.distance * self.axes[2]
        return place

    def seen(self, points: Array) -> Array:
        """``(..., 3)`` world to ``(..., 3)`` millimetres right of, below and ahead of the eye."""
        moved: Array = (points - np.array(self.target)) @ self.axes.T
        moved[..., 2] += self.distance
        return moved

    def screen(self, seen: Array) -> Array:
        """What `seen` gives to ``(..., 2)`` pixels; what is nearer than `NEAR` counts as being there."""
        depth = np.maximum(seen[..., 2:], NEAR)
        pixels: Array = seen[..., :2] * (self.focal / depth) + self._middle
        return pixels

    def project(self, points: Array) -> Array:
        """``(..., 3)`` world to ``(..., 2)`` pixels."""
        return self.screen(self.seen(np.asarray(points, np.float64)))

    def unproject(self, x: float, y: float, through: Array) -> Array:
        """``(3,)``: the point shown at a pixel, in the plane through a world point parallel to the screen."""
        depth = max(float(self.seen(np.asarray(through, np.float64))[2]), NEAR)
        across = (np.array([x, y]) - self._middle) * (depth / self.focal)
        axes = self.axes
        point: Array = self.eye + across @ axes[:2] + depth * axes[2]
        return point

    def jacobian(self, points: Array) -> Array:
        """``(..., 3)`` world to ``(..., 2, 3)``: pixels per millimetre of each axis of the world."""
        seen = self.seen(np.asarray(points, np.float64))
        depth = np.maximum(seen[..., 2], NEAR)
        slopes = np.zeros((*depth.shape, 2, 3))
        slopes[..., 0, 0] = slopes[..., 1, 1] = self.focal / depth
        slopes[..., 2] = -seen[..., :2] * (self.focal / depth**2)[..., None]
        turned: Array = slopes @ self.axes
        return turned

    @property
    def _middle(self) -> Array:
        return np.array([self.width / 2, self.height / 2])

    # --- movement -------------------------------------------------------------------------------

    def resized(self, width: int, height: int) -> Self:
        return replace(self, width=max(1, width), height=max(1, height))

    def looking(self, yaw: float, pitch: float) -> Self:
        """The same target from another side."""
        return replace(self, yaw=(yaw + 180) % 360 - 180, pitch=min(max(pitch, -90.0), 90.0))

    def turned(self, yaw: float, pitch: float) -> Self:
        """Turn on by degrees; stops at straight up and straight down."""
        return self.looking(self.yaw + yaw, self.pitch + pitch)

    def panned(self, dx: float, dy: float) -> Self:
        """Move what is shown by pixels, measured at the target."""
        across = np.array([dx, dy]) * (self.distance / self.focal)
        return replace(self, target=_triple(np.array(self.target) - across @ self.axes[:2]))

    def zoomed(self, factor: float, x: float, y: float) -> Self:
        """Come nearer by a factor; what lies under a pixel as far away as the target stays there."""
        distance = min(max(self.distance / factor, NEAREST), FARTHEST)
        target = np.array(self.target)
        held = self.unproject(x, y, target)
        return replace(
            self, distance=distance, target=_triple(target + (held - target) * (1 - distance / self.distance))
        )

    def framing(self, points: Array, filled: float = 0.84) -> Self:
        """Show all of ``(N, 3)`` points from this side, within the ``filled`` share of the screen."""
        points = np.asarray(points, np.float64).reshape(-1, 3)
        middle = (points.min(axis=0) + points.max(axis=0)) / 2
        offsets = (points - middle) @ self.axes.T
        room = self.focal / (filled * self._middle)
        for _ in range(3):
            # A point that far off its middle must be at least this far away to be within the screen.
            distance = float((np.abs(offsets[:, :2]) * room - offsets[:, 2:]).max())
            distance = min(max(distance, NEAREST), FARTHEST)
            flat = offsets[:, :2] / np.maximum(offsets[:, 2:] + distance, NEAR)
            shift = (flat.min(axis=0) + flat.max(axis=0)) / 2 * distance
            middle = middle + shift @ self.axes[:2]
            offsets[:, :2] -= shift
        return replace(self, target=_triple(middle), distance=distance)


def clipped(starts: Array, ends: Array) -> tuple[Array, Array]:
    """What `Orbit.seen` gives of ``(N, 3)`` lines, without the parts before `NEAR`; whole lines may go."""
    kept = (starts[:, 2] > NEAR) | (ends[:, 2] > NEAR)
    starts, ends = starts[kept], ends[kept]
    steps = ends - starts
    # Only lines through the plane are cut, and they are never parallel to it.
    crosses = (starts[:, 2] > NEAR) != (ends[:, 2] > NEAR)
    share = np.where(crosses, NEAR - starts[:, 2], 0) / np.where(crosses, steps[:, 2], 1)
    cut = starts + share[:, None] * steps
    return np.where(starts[:, 2:] < NEAR, cut, starts), np.where(ends[:, 2:] < NEAR, cut, ends)


def _triple(values: Array) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z
