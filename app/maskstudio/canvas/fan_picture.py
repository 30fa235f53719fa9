"""What stays the same while the pointer moves over a fan: the floor and the mist, kept as a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from maskengines.subjects.pose_skeleton import INDEX
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage, QPainter

from maskstudio.canvas.fan_body import mixed
from maskstudio.canvas.fan_mist import lines_plane, mist
from maskstudio.canvas.fan_scene import BONES, CELL, floor_lines, floor_under
from maskstudio.canvas.orbit import NEAR, Orbit
from maskstudio.canvas.pose_colours import pose_hues
from maskstudio.window import theme

Array = np.ndarray[Any, Any]

_CELLS = 10
_SIDES = {
    side: [number for number, (_, joint) in enumerate(BONES) if joint in joints]
    for side, joints in {
        "left": [INDEX[name] for name in INDEX if name[0] == "L"],
        "right": [INDEX[name] for name in INDEX if name[0] == "R"],
        "middle": [INDEX[name] for name in ("Spine", "Thorax", "Nose", "Head")],
    }.items()
}


class FanPicture:
    """Draws the floor under a body and a mist of bodies, again only when something of it has changed."""

    def __init__(self) -> None:
        self._key: object = None
        self._picture = QImage()

    def picture(self, orbit: Orbit, poses: Array, above: Array | None, ratio: float) -> QImage:
        """Opaque device pixels of the whole screen.

        Args:
            poses: ``(N, 17, 3)`` bodies of the mist; N may be 0. Known by identity: never changed in place.
            above: ``(17, 3)``, the body that the floor is under, or ``None`` for no floor.
            ratio: device pixels per pixel of the orbit's screen.
        """
        # The floor lies on whole cells: most changes of the body above it leave it as it is.
        ground = (
            None if above is None else (round(floor_under(above)), *np.rint(above[:, ::2].mean(0) / CELL))
        )
        key = orbit, id(poses), len(poses), ground, ratio, theme.current().name
        if key != self._key:
            self._picture = _floor(orbit, above, ratio)
            if len(poses):
                _paint_mist(self._picture, orbit, poses, ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._key, self._held = key, poses
        return self._picture

    _held: Array | None = None


def device_size(orbit: Orbit, ratio: float) -> tuple[int, int]:
    return int(np.ceil(orbit.width * ratio)), int(np.ceil(orbit.height * ratio))


def _floor(orbit: Orbit, above: Array | None, ratio: float) -> QImage:
    width, height = device_size(orbit, ratio)
    colours = theme.current()
    canvas, line = colours.colour("canvas"), mixed(colours.colour("line"), colours.colour("second"), 0.35)
    if above is None:
        flat = QImage(width, height, QImage.Format.Format_RGB32)
        flat.fill(canvas)
        return flat
    starts, ends, strengths = floor_lines(above, _CELLS)
    starts, ends = orbit.seen(starts), orbit.seen(ends)
    whole = (starts[:, 2] > NEAR) & (ends[:, 2] > NEAR)
    starts, ends = (orbit.screen(points[whole]) * ratio for points in (starts, ends))
    # A floor seen from its edge would be one thick line.
    flatness = min(1.0, 0.35 + abs(float(orbit.axes[2, 1])) * 4)
    plane = lines_plane(starts, ends, strengths[whole] * flatness, (-(-width // 4) * 4, height))
    table = [mixed(canvas, line, value / 255).rgb() for value in range(256)]
    return _indexed(plane, table).convertToFormat(QImage.Format.Format_RGB32).copy(0, 0, width, height)


def _paint_mist(picture: QImage, orbit: Orbit, poses: Array, ratio: float) -> None:
    seen = orbit.seen(poses.astype(np.float64))
    pixels, depths = orbit.screen(seen) * ratio, seen[..., 2]
    above, below = (list(ends) for ends in zip(*BONES, strict=True))
    painter = QPainter(picture)
    for side in ("middle", "right", "left"):
        sheet = mist(
            pixels[:, above], pixels[:, below], _SIDES[side], np.minimum(depths[:, above], depths[:, below]),
            (picture.width(), picture.height()),
        )  # fmt: skip
        if sheet is not None:
            table = _mist_table(QColor(getattr(pose_hues(), side)), len(poses))
            painter.drawImage(QPointF(sheet.x, sheet.y), _indexed(sheet.plane, table))
    painter.end()


def _mist_table(hue: QColor, count: int) -> list[int]:
    """0xAARRGGBB by density: a line is the fainter the more bodies there are."""
    single = min(0.85, 0.95 * count**-0.36)
    alphas = 0.92 * (1 - (1 - single) ** (np.arange(256) / 255 * min(6, count)))
    return [round(255 * alpha) << 24 | (hue.rgb() & 0xFFFFFF) for alpha in alphas.tolist()]


def _indexed(plane: Array, table: list[int]) -> QImage:
    height, width = plane.shape
    image = QImage(plane.data, width, height, width, QImage.Format.Format_Indexed8)
    image.setColorTable(table)
    return image
