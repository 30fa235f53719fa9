"""A pinhole camera in a small world, and flat surfaces drawn through it.

World axes: x right, y up, z forward; metres. Camera axes: x right, y down, z forward.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from maskengines.inpaint.procedural.palettes import Bytes
from maskengines.inpaint.procedural.tiling import warped

Points = np.ndarray[Any, np.dtype[np.float64]]

NEAREST = 0.05
FARTHEST = 400.0


@dataclass(frozen=True)
class View:
    """A camera for a square picture of ``side`` elements: focal length in elements, rotation, position."""

    side: int
    focal: float
    rotation: Points
    position: Points

    def seen(self, points: Points) -> Points:
        """World ``points`` ``(n, 3)`` in camera axes."""
        return (points - self.position) @ self.rotation.T

    def away(self, point: Points) -> float:
        """Metres along the ground to a world ``point`` ``(3,)``."""
        return float(np.linalg.norm((point - self.position)[[0, 2]]))

    def clipped(self, seen: Points, nearest: float = NEAREST, farthest: float = FARTHEST) -> Points:
        """The part of a flat convex outline ``(n, 3)``, camera axes, in the picture between two depths."""
        reach = 0.5 * self.side / self.focal
        planes = np.array(
            [
                [0.0, 0.0, 1.0, -nearest],
                [0.0, 0.0, -1.0, farthest],
                [1.0, 0.0, reach, 0.0],
                [-1.0, 0.0, reach, 0.0],
                [0.0, 1.0, reach, 0.0],
                [0.0, -1.0, reach, 0.0],
            ]
        )
        outside = seen @ planes[:, :3].T + planes[:, 3] < 0
        if outside.all(0).any():
            return seen[:0]
        for plane in planes[outside.any(0)]:
            seen = _cut(seen, plane)
        return seen

    def projected(self, seen: Points) -> Points:
        """Picture positions ``(n, 2)`` of points in camera axes that lie in front of the camera."""
        return seen[:, :2] * (self.focal / seen[:, 2:]) + 0.5 * self.side

    def fill(self, picture: Bytes, points: Points, value: int) -> None:
        """Fill the flat convex outline ``points`` ``(n, 3)``, world axes, of ``picture`` with ``value``."""
        seen = self.clipped(self.seen(points))
        if len(seen) >= 3:
            cv2.fillConvexPoly(picture, np.round(self.projected(seen)).astype(np.int32), value)

    def draw(self, picture: Bytes, surface: Surface) -> None:
        """Draw ``surface`` into ``picture``, from coarser copies of its texture where it is far away."""
        seen = self.seen(surface.corners)
        matrix = self._from_texture(surface)
        near = max(NEAREST, float(seen[:, 2].min()))
        last = min(FARTHEST, float(seen[:, 2].max()))
        while near <= last:
            far = max(2.0 * near, near + 0.2) if len(surface.textures) > 1 else FARTHEST
            part = self.clipped(seen, near, far)
            if len(part) >= 3:
                self._draw_part(picture, surface, part, matrix)
            near = far

    def _from_texture(self, surface: Surface) -> Points:
        """Homography from texture elements to picture elements."""
        along, up = surface.along / np.linalg.norm(surface.along), surface.up / np.linalg.norm(surface.up)
        basis = np.stack([along / surface.density[0], up / surface.density[1]], 1)
        columns = np.concatenate([self.rotation @ basis, self.seen(surface.corner[None]).T], 1)
        lens = np.array([[self.focal, 0, self.side / 2], [0, self.focal, self.side / 2], [0, 0, 1]])
        return lens @ columns

    def _draw_part(self, picture: Bytes, surface: Surface, part: Points, matrix: Points) -> None:
        outline = self.projected(part)
        if surface.textures[-1].shape[:2] == (1, 1):
            colour = surface.textures[-1][0, 0].tolist()
            cv2.fillConvexPoly(picture, np.round(outline).astype(np.int32), colour)
            return
        left, top = np.maximum(0, np.floor(outline.min(0))).astype(int)
        right, bottom = np.minimum(self.side, np.ceil(outline.max(0)).astype(int) + 1)
        width, height = int(right - left), int(bottom - top)
        if width < 1 or height < 1:
            return
        level = min(len(surface.textures) - 1, _level(matrix, outline.mean(0)))
        shift = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]]) @ matrix @ np.diag([2**level, 2**level, 1])
        patch = warped(surface.textures[level], shift, width, height, _widened(outline) - [left, top])
        mask = np.zeros((height, width), np.uint8)
        cv2.fillConvexPoly(mask, np.round(outline - [left, top]).astype(np.int32), 255)
        cv2.copyTo(patch, mask, picture[top:bottom, left:right])


@dataclass(frozen=True)
class Surface:
    """A rectangle in the world: a corner, its two edges ``(3,)`` in metres, and what covers it.

    ``textures`` are halvings of one texture, finest first, or a single element of plain colour;
    ``density`` is the texture's elements per metre along either edge.
    """

    corner: Points
    along: Points
    up: Points
    textures: tuple[Bytes, ...]
    density: tuple[float, float]

    @property
    def corners(self) -> Points:
        """``(4, 3)``, in turn."""
        return self.corner + np.stack([0 * self.up, self.along, self.along + self.up, self.up])


def halvings(texture: Bytes, light: float = 1.0) -> tuple[Bytes, ...]:
    """``texture``, its light multiplied, and its halvings down to 8 elements."""
    levels = [np.asarray(cv2.convertScaleAbs(texture, alpha=light), np.uint8)]
    while min(levels[-1].shape[:2]) > 8:
        height, width = levels[-1].shape[:2]
        half = cv2.resize(levels[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        levels.append(np.asarray(half, np.uint8))
    return tuple(levels)


def upward(height: float) -> Points:
    """The world vector ``(3,)`` of that length that points up."""
    return np.array([0.0, height, 0.0])


def looking(yaw: float, pitch: float, roll: float) -> Points:
    """World to camera rotation ``(3, 3)``; radians; pitch up and yaw to the right are positive."""
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (np.cos, np.sin))
    turn = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    nod = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    lean = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return lean @ np.diag([1.0, -1.0, 1.0]) @ nod @ turn


def _widened(outline: Points) -> Points:
    """``outline`` with the elements that rounding it may add."""
    return outline + np.sign(outline - outline.mean(0))


def _level(matrix: Points, at: Points) -> int:
    """Which halving has about one element to a picture element at ``at``."""
    inverse = np.linalg.inv(matrix)
    u, v, w = inverse @ [at[0], at[1], 1.0]
    du, dv = (inverse[:2, :2] * w - np.outer([u, v], inverse[2, :2])) / (w * w)
    area = abs(float(du[0] * dv[1] - du[1] * dv[0]))
    return max(0, int(0.5 * np.log2(max(area, 1.0)) + 0.7))


def _cut(points: Points, plane: Points) -> Points:
    """The part of a convex outline where ``plane[:3] . p + plane[3] >= 0`` (Sutherland and Hodgman 1974)."""
    if not len(points):
        return points
    side = points @ plane[:3] + plane[3]
    if (side >= 0).all():
        return points
    if (side < 0).all():
        return points[:0]
    kept = []
    for i in range(len(points)):
        a, b = side[i - 1], side[i]
        if (a >= 0) != (b >= 0):
            kept.append(points[i - 1] + (points[i] - points[i - 1]) * (a / (a - b)))
        if b >= 0:
            kept.append(points[i])
    return np.array(kept)
