"""What stays the same while the pointer moves over a fan, kept as a picture.

The floor, the mist of all bodies, how far their joints stray, and the few bodies that stand for all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from maskengines.subjects.pose_skeleton import INDEX
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QFont, QImage, QPainter

from maskstudio.canvas import fan_mist
from maskstudio.canvas.fan_body import mixed
from maskstudio.canvas.fan_scene import (
    BONES,
    CELL,
    Spread,
    ellipse_outlines,
    floor_lines,
    floor_under,
    screen_ellipses,
)  # fmt: skip
from maskstudio.canvas.orbit import NEAR, Orbit
from maskstudio.canvas.pose_colours import pose_hues
from maskstudio.window import theme

Array = np.ndarray[Any, Any]

_CELLS = 10
_ABOVE, _BELOW = (list(ends) for ends in zip(*BONES, strict=True))
_JOINTS = {
    "middle": [INDEX[name] for name in ("Hip", "Spine", "Thorax", "Nose", "Head")],
    "right": [number for name, number in INDEX.items() if name[0] == "R"],
    "left": [number for name, number in INDEX.items() if name[0] == "L"],
}
_LINE, _FILLS = 88, (13, 38)


@dataclass(frozen=True, eq=False)
class Crowd:
    """The bodies of a fan; never changes.

    Attributes:
        poses: ``(N, 17, 3)`` millimetres, N above 0.
        spread: of the joints of all.
        medoids: ``(M, 17, 3)``, the bodies drawn stronger; M may be 0.
        strengths: ``(M,)`` how strong, in 0..1.
    """

    poses: Array
    spread: Spread
    medoids: Array
    strengths: Array


class FanPicture:
    """Draws it again only when something of it has changed.

    Args:
        mark: draws what stands on the floor, under all bodies, for an orbit.
    """

    def __init__(self, mark: Callable[[QPainter, Orbit], None]) -> None:
        self._mark = mark
        self._key: object = None
        self._crowd: Crowd | None = None
        self._floor = QImage()
        self._picture = QImage()

    def picture(
        self, orbit: Orbit, crowd: Crowd | None, above: Array, ratio: float, font: QFont | None = None
    ) -> QImage:
        """Opaque device pixels of the whole screen, ``ratio`` for each of the orbit's; the floor is under the
        ``(17, 3)`` body ``above``, with what stands on it if there is a font for that. Another object
        whenever it is another picture."""
        # The floor lies on whole cells: most changes of the body above it leave it as it is.
        ground = floor_under(above), *np.rint(above[:, ::2].mean(axis=0) / CELL).tolist()
        key = orbit, ground, ratio, theme.current().name, font and font.key()
        same = key == self._key
        if not same:
            self._floor, self._key = _floor(orbit, above, ratio), key
            if font is not None:
                self._paint_mark(orbit, ratio, font)
        if not same or crowd is not self._crowd:
            self._picture, self._crowd = self._floor.copy(), crowd
            if crowd is not None:
                _paint_crowd(self._picture, orbit, crowd, ratio)
            self._picture.setDevicePixelRatio(ratio)
        return self._picture

    def _paint_mark(self, orbit: Orbit, ratio: float, font: QFont) -> None:
        painter = QPainter(self._floor)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(ratio, ratio)
        painter.setFont(font)
        self._mark(painter, orbit)
        painter.end()


def _floor(orbit: Orbit, above: Array, ratio: float) -> QImage:
    width, height = (int(np.ceil(side * ratio)) for side in (orbit.width, orbit.height))
    colours = theme.current()
    canvas, line = colours.colour("canvas"), mixed(colours.colour("line"), colours.colour("second"), 0.35)
    starts, ends, strengths = floor_lines(above, _CELLS)
    starts, ends = orbit.seen(starts), orbit.seen(ends)
    whole = (starts[:, 2] > NEAR) & (ends[:, 2] > NEAR)
    lines = np.stack([orbit.screen(points[whole]) * ratio for points in (starts, ends)], axis=1)
    # A floor seen from its edge would be one thick line.
    flatness = min(1.0, 0.35 + abs(float(orbit.axes[2, 1])) * 4)
    picture = QImage(width, height, QImage.Format.Format_RGB32)
    picture.fill(canvas)
    pixels = np.frombuffer(picture.bits(), np.uint8).reshape(height, width, 4)
    fan_mist.draw_tinted(pixels, lines, strengths[whole] * flatness, _ramp(canvas.rgb(), line.rgb()))
    return picture


def _paint_crowd(picture: QImage, orbit: Orbit, crowd: Crowd, ratio: float) -> None:
    seen = orbit.seen(crowd.poses.astype(np.float64))
    lines, depths = _bones(orbit.screen(seen) * ratio), seen[..., 2]
    depths = np.minimum(depths[:, _ABOVE], depths[:, _BELOW])
    seen = orbit.seen(crowd.medoids.astype(np.float64))
    chosen, shown = _bones(orbit.screen(seen) * ratio), (seen[..., 2] > NEAR).all(axis=1)
    centres, axes = (each * ratio for each in screen_ellipses(orbit, crowd.spread))
    outer, inner = (ellipse_outlines(centres, axes, sigmas) for sigmas in (2, 1))
    drawn = (orbit.seen(crowd.spread.means)[:, 2] > 4 * NEAR) & (
        np.linalg.norm(axes[:, 0], axis=1) > 1.5 * ratio
    )
    alphas = _mist_alphas(len(crowd.poses))
    painter = QPainter(picture)
    for side, joints in _JOINTS.items():
        bones = [joint - 1 for joint in joints if joint > 0]
        mine = [joint for joint in joints if drawn[joint]]
        room = fan_mist.room_of((picture.width(), picture.height()), lines[:, bones], outer[mine])
        if room is None:
            continue
        plane: Array = cv2.LUT(fan_mist.density(room, lines[:, bones], depths[:, bones]), alphas)
        if mine:
            over = room.plane()
            for outlines, fill in zip((outer, inner), _FILLS, strict=True):
                fan_mist.draw_ellipses(over, room, outlines[mine], fill)
            fan_mist.draw_outlines(over, room, outer[mine], _LINE)
            cv2.add(plane, over, dst=plane)
        if shown.any():
            over = room.plane()
            strengths = np.repeat(crowd.strengths[shown], len(bones))
            kept = chosen[shown][:, bones].reshape(-1, 2, 2)
            fan_mist.draw_lines(over, room, kept, strengths, max(1, round(1.5 * ratio)))
            cv2.max(plane, over, dst=plane)
        pixels = _veil(QColor(getattr(pose_hues(), side)).rgb()).take(plane)
        veil = QImage(
            pixels.data, room.width, room.height, 4 * room.width, QImage.Format.Format_ARGB32_Premultiplied
        )
        painter.drawImage(QPoint(room.x, room.y), veil)
    painter.end()


def _bones(pixels: Array) -> Array:
    """``(N, 17, 2)`` to ``(N, 16, 2, 2)``: both ends of each of `BONES`."""
    return np.stack([pixels[:, _ABOVE], pixels[:, _BELOW]], axis=2)


def _mist_alphas(count: int) -> Array:
    """``(256,)`` uint8 alpha by density: a line is the fainter the more bodies there are."""
    single = min(0.85, 0.95 * count**-0.36)
    alphas = 0.92 * (1 - (1 - single) ** (np.arange(256) / 255 * min(fan_mist.SHEETS, count)))
    return np.rint(255 * alphas).astype(np.uint8)


@lru_cache(8)
def _ramp(first: int, last: int) -> tuple[tuple[int, int, int], ...]:
    """Blue, green and red of `fan_mist.STEPS` + 1 colours from one to another."""
    steps = [mixed(QColor(first), QColor(last), step / fan_mist.STEPS) for step in range(fan_mist.STEPS + 1)]
    return tuple((colour.blue(), colour.green(), colour.red()) for colour in steps)


@lru_cache(8)
def _veil(hue: int) -> Array:
    """``(256,)`` uint32: a hue, premultiplied, as opaque as the byte says."""
    alphas = np.arange(256)
    rows = [np.rint(alphas * (hue >> shift & 255) / 255).astype(np.uint32) << shift for shift in (0, 8, 16)]
    return np.bitwise_or.reduce([alphas.astype(np.uint32) << 24, *rows])
