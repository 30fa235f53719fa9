"""Boxes, round columns and balls that stand on the ground: how they look and what shadow they cast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from maskengines.inpaint.procedural.palettes import Bytes
from maskengines.inpaint.procedural.views import Points, Surface, View, halvings, upward


@dataclass(frozen=True)
class Sun:
    """Light from ``towards`` ``(3,)``, a unit vector to the sun, over ``ambient`` (0..1) from everywhere."""

    towards: Points
    ambient: float

    def on(self, normal: Points) -> float:
        """How bright a surface of that unit normal is; 1 when it faces the sun."""
        return self.ambient + (1 - self.ambient) * max(0.0, float(normal @ self.towards))

    def cast(self, points: Points) -> Points:
        """Where the shadows of world ``points`` ``(n, 3)`` fall on the ground y = 0."""
        return points - self.towards * (points[:, 1:2] / self.towards[1])


class Solid(Protocol):
    """Something that stands on the ground."""

    def nearest(self, view: View) -> float:
        """Distance from the camera, by which what is behind is drawn first."""
        ...

    def shadow(self, sun: Sun) -> Points:
        """Outline ``(n, 3)`` of its shadow on the ground; convex."""
        ...

    def draw(self, picture: Bytes, view: View, sun: Sun) -> None:
        """Draw it into ``picture`` as ``view`` sees it."""
        ...


@dataclass(frozen=True)
class Block:
    """An upright box: least corner and size ``(3,)`` in metres, what covers its sides and its top.

    ``density``: texture elements per metre along and up its sides.
    """

    corner: Points
    size: Points
    walls: Bytes
    lid: Bytes
    density: tuple[float, float]

    def nearest(self, view: View) -> float:
        inside = np.clip(view.position, self.corner, self.corner + self.size)
        return view.away(inside)

    def shadow(self, sun: Sun) -> Points:
        low = self.corner + _FOOT * self.size * [1, 0, 1]
        return _hull(np.concatenate([sun.cast(low), sun.cast(low + upward(self.size[1]))]))

    def draw(self, picture: Bytes, view: View, sun: Sun) -> None:
        up = upward(self.size[1])
        for axis in (0, 2):
            along = np.zeros(3)
            along[2 - axis] = self.size[2 - axis]
            normal = np.zeros(3)
            if view.position[axis] < self.corner[axis]:
                start, normal[axis] = self.corner, -1.0
            elif view.position[axis] > self.corner[axis] + self.size[axis]:
                start, normal[axis] = self.corner.copy(), 1.0
                start[axis] += self.size[axis]
            else:
                continue
            textures = halvings(self.walls, sun.on(normal))
            view.draw(picture, Surface(start + up, along, -up, textures, self.density))
        if view.position[1] > self.corner[1] + self.size[1]:
            across, away = self.size * [1, 0, 0], self.size * [0, 0, 1]
            lid = halvings(self.lid, sun.on(np.array([0.0, 1.0, 0.0])))
            view.draw(picture, Surface(self.corner + up, across, away, lid, self.density))


@dataclass(frozen=True)
class Column:
    """A round column: the middle of its foot ``(3,)``, radius and height in metres."""

    foot: Points
    radius: float
    height: float
    bark: Bytes

    def nearest(self, view: View) -> float:
        return view.away(self.foot) - self.radius

    def shadow(self, sun: Sun) -> Points:
        ring = self.foot + self.radius * _RING
        return _hull(np.concatenate([sun.cast(ring), sun.cast(ring + upward(self.height))]))

    def draw(self, picture: Bytes, view: View, sun: Sun) -> None:
        away = self.foot - view.position
        away[1] = 0
        away /= max(1e-6, float(np.linalg.norm(away)))
        across = np.array([away[2], 0.0, -away[0]])
        up = upward(self.height)
        turn = np.linspace(-0.99, 0.99, self.bark.shape[1])
        normals = turn[:, None] * across - np.sqrt(1 - turn**2)[:, None] * away
        light = sun.ambient + (1 - sun.ambient) * np.clip(normals @ sun.towards, 0, 1)
        layer = cv2.resize(np.clip(light * 200, 0, 255).astype(np.uint8)[None], self.bark.shape[1::-1])
        round_ = np.asarray(cv2.multiply(self.bark, cv2.merge([layer] * 3), scale=1 / 200), np.uint8)
        density = (self.bark.shape[1] / (2 * self.radius), self.bark.shape[0] / self.height)
        start = self.foot - across * self.radius + up
        view.draw(picture, Surface(start, 2 * self.radius * across, -up, halvings(round_), density))


@dataclass(frozen=True)
class Ball:
    """A ball on the ground: where it touches ``(3,)`` and its radius in metres."""

    foot: Points
    radius: float
    colour: Bytes
    shine: float

    def nearest(self, view: View) -> float:
        return view.away(self.foot)

    def shadow(self, sun: Sun) -> Points:
        middle = self.foot + upward(self.radius)
        side = np.cross(sun.towards, [0.0, 1.0, 0.0])
        side /= max(1e-6, float(np.linalg.norm(side)))
        other = np.cross(side, sun.towards)
        disc = _RING[:, :1] * side + _RING[:, 2:] * other
        return sun.cast(middle + self.radius * disc)

    def draw(self, picture: Bytes, view: View, sun: Sun) -> None:
        middle = view.seen(self.foot[None] + upward(self.radius))
        if middle[0, 2] < 2 * self.radius:
            return
        x, y = view.projected(middle)[0]
        reach = float(view.focal * self.radius / middle[0, 2])
        left, top = (max(0, int(v - reach)) for v in (x, y))
        right, bottom = (min(view.side, int(v + reach) + 2) for v in (x, y))
        if right <= left or bottom <= top or reach < 2:
            return
        across = ((np.arange(left, right, dtype=np.float32) - x) / reach)[None]
        down = ((np.arange(top, bottom, dtype=np.float32) - y) / reach)[:, None]
        depth = 1 - across**2 - down**2
        sx, sy, sz = (float(v) for v in view.rotation @ sun.towards)
        facing = np.clip(across * sx + down * sy - np.sqrt(np.clip(depth, 0, 1)) * sz, 0, 1)
        light = sun.ambient + (1 - sun.ambient) * facing
        lit = light[..., None] * self.colour + (self.shine * 255 * facing**24)[..., None]
        ball = np.clip(lit, 0, 255).astype(np.uint8)
        cv2.copyTo(ball, (depth > 0).astype(np.uint8), picture[top:bottom, left:right])


_FOOT = np.array([[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]], np.float64)
_TURN = np.linspace(0, 2 * np.pi, 24, endpoint=False)
_RING = np.stack([np.cos(_TURN), 0 * _TURN, np.sin(_TURN)], 1)


def _hull(points: Points) -> Points:
    flat = cv2.convexHull(points[:, [0, 2]].astype(np.float32)).reshape(-1, 2)
    return np.stack([flat[:, 0], np.zeros(len(flat)), flat[:, 1]], 1).astype(np.float64)
