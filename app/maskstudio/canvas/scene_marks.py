"""What helps to find one's way in a scene: the ground, and where the photos were taken from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from maskengines.subjects.cameras import Camera
from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from maskstudio.canvas.orbit import NEAR, Orbit, clipped
from maskstudio.canvas.scene_stage import RADIUS, Stage
from maskstudio.window import theme

Array = np.ndarray[Any, Any]

_CELL = RADIUS / 4
_REACH = 3 * RADIUS
_PIECES = 12
_SHADES = 6
_MOST_POINTS = 6000
_SIZE = 0.09 * RADIUS


def paint_ground(painter: QPainter, orbit: Orbit, stage: Stage) -> None:
    """A grid at the height of the floor that fades out with the distance from the middle."""
    starts, ends = _grid(stage.floor)
    away = np.linalg.norm(((starts + ends) / 2)[:, [0, 2]], axis=1) / _REACH
    shade = np.clip(((1 - away) * _SHADES).astype(int), 0, _SHADES - 1)
    line = theme.current().colour("line")
    for level in range(_SHADES):
        chosen = (shade == level) & (away < 1)
        faded = QColor(line)
        faded.setAlphaF((level + 1) / _SHADES * 0.9)
        painter.setPen(QPen(faded, 1))
        painter.drawLines(_lines(orbit, starts[chosen], ends[chosen]))


def paint_cameras(
    painter: QPainter, orbit: Orbit, stage: Stage, cameras: Sequence[Camera], chosen: int | None
) -> None:
    """A small pyramid where each photo was taken; the chosen one in the accent."""
    colours = theme.current()
    for number, camera in enumerate(cameras):
        seen = orbit.seen(frustum(stage, camera))
        if (seen[:, 2] < 2 * NEAR).any():
            continue
        tip, *corners = [QPointF(x, y) for x, y in orbit.screen(seen).tolist()]
        hue = colours.colour("accent" if number == chosen else "second")
        hue.setAlphaF(0.95 if number == chosen else 0.55)
        painter.setPen(QPen(hue, 1.6 if number == chosen else 1.1))
        fill = QColor(hue)
        fill.setAlphaF(0.14)
        painter.setBrush(fill)
        painter.drawPolygon(QPolygonF(corners))
        painter.drawLines([QLineF(tip, corner) for corner in corners])


def paint_points(painter: QPainter, orbit: Orbit, stage: Stage, points: Array, colours: Array) -> None:
    """The sparse points of the photos, ``(P, 3)`` in the scene and ``(P, 3)`` uint8: all there is to see of a
    scene that was not trained yet."""
    step = max(1, len(points) // _MOST_POINTS)
    seen = orbit.seen(stage.place(points[::step]))
    front = seen[:, 2] > NEAR
    places = orbit.screen(seen[front]).tolist()
    for (x, y), (red, green, blue) in zip(places, colours[::step][front].tolist(), strict=True):
        painter.fillRect(QRectF(x - 1, y - 1, 2, 2), QColor(red, green, blue))


def camera_at(
    orbit: Orbit, stage: Stage, cameras: Sequence[Camera], at: QPointF, reach: float = 12.0
) -> int | None:
    """The number of the camera whose place is within ``reach`` pixels of a point; of several the nearest to
    the eye."""
    if not cameras:
        return None
    seen = orbit.seen(stage.place(np.array([camera.position for camera in cameras])))
    away = np.linalg.norm(orbit.screen(seen) - (at.x(), at.y()), axis=1)
    depth = np.where((away <= reach) & (seen[:, 2] > 2 * NEAR), seen[:, 2], np.inf)
    nearest = int(depth.argmin())
    return nearest if np.isfinite(depth[nearest]) else None


def frustum(stage: Stage, camera: Camera) -> Array:
    """``(5, 3)`` on the stage: the place of a camera and the corners of its picture in front of it."""
    across, down = camera.width / camera.fx / 2, camera.height / camera.fy / 2
    size = _SIZE / stage.scale
    rays = np.array([(sx * across, sy * down, 1.0) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
    corners = camera.position + size * rays @ camera.rotation
    return stage.place(np.vstack([camera.position, corners]))


def _grid(height: float) -> tuple[Array, Array]:
    ticks = np.arange(-_REACH, _REACH + 1, _CELL)
    cuts = np.linspace(-_REACH, _REACH, _PIECES * 2 + 1)
    fixed, first = (part.ravel() for part in np.meshgrid(ticks, cuts[:-1], indexing="ij"))
    last = first + (cuts[1] - cuts[0])
    level = np.full_like(fixed, height)
    along_z = np.stack([fixed, level, first], 1), np.stack([fixed, level, last], 1)
    along_x = np.stack([first, level, fixed], 1), np.stack([last, level, fixed], 1)
    return np.vstack([along_z[0], along_x[0]]), np.vstack([along_z[1], along_x[1]])


def _lines(orbit: Orbit, starts: Array, ends: Array) -> list[QLineF]:
    if not len(starts):
        return []
    near, far = clipped(orbit.seen(starts), orbit.seen(ends))
    rows = np.concatenate([orbit.screen(near), orbit.screen(far)], axis=1).tolist()
    return [QLineF(*row) for row in rows]
