"""A body in 3D, drawn with a `QPainter`: solid or thin; its pins, and how far one of its joints strays."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from maskengines.subjects.pose_skeleton import COUNT, INDEX
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF, QRadialGradient

from maskstudio.canvas.fan_scene import BONES, Spread, ellipse_outlines, screen_ellipses
from maskstudio.canvas.orbit import NEAR, Orbit
from maskstudio.canvas.pose_colours import joint_colour
from maskstudio.window import theme

Array = np.ndarray[Any, Any]

_BONE, _JOINT, _HEAD = 15.0, 25.0, 36.0
_FOG = 0.45
_BLACK, _WHITE = QColor("black"), QColor("white")


def mixed(first: QColor, second: QColor, share: float) -> QColor:
    """``first`` with ``share`` (0..1) of ``second``; as opaque as ``first``."""
    one, two, share = first.rgba(), second.rgba(), round(256 * share)
    words = 0
    for shift in (0, 8, 16):
        low, high = one >> shift & 255, two >> shift & 255
        words |= low + ((high - low) * share >> 8) << shift
    return QColor.fromRgba(one & 0xFF000000 | words)


def fainter(colour: QColor, alpha: float) -> QColor:
    """A colour with an alpha in 0..1."""
    faint = QColor(colour)
    faint.setAlphaF(min(max(alpha, 0.0), 1.0))
    return faint


def paint_body(painter: QPainter, orbit: Orbit, body: Array, strong: int | None = None) -> None:
    """A ``(17, 3)`` body, solid, from back to front: bones that taper with the distance, joints as balls.

    ``strong`` is a joint to show larger, the one under the pointer.
    """
    seen = orbit.seen(np.asarray(body, np.float64))
    pixels, depths = orbit.screen(seen), seen[:, 2]
    scale = orbit.focal / np.maximum(depths, NEAR)
    far = _depth_shares(depths)
    parts = [(float(depths[joint]), joint, -1) for joint in range(COUNT)]
    parts += [(float((depths[above] + depths[joint]) / 2), joint, above) for above, joint in BONES]
    painter.setPen(Qt.PenStyle.NoPen)
    for depth, joint, above in sorted(parts, reverse=True):
        if depth <= NEAR:
            continue
        if above >= 0:
            ends = [(pixels[end], scale[end] * _BONE) for end in (above, joint)]
            _paint_bone(painter, ends, _fogged(joint, float(far[joint] + far[above]) / 2))
        else:
            radius = scale[joint] * (_HEAD if joint == INDEX["Head"] else _JOINT)
            grown = max(2.5, float(radius)) * (1.35 if joint == strong else 1)
            _paint_ball(painter, pixels[joint], grown, _fogged(joint, float(far[joint])))


def paint_thin(
    painter: QPainter, orbit: Orbit, bodies: Array, weights: Sequence[float], width: float = 1.6
) -> None:
    """``(N, 17, 3)`` bodies as lines, each as opaque as its weight in 0..1."""
    for body, weight in zip(bodies, weights, strict=True):
        seen = orbit.seen(np.asarray(body, np.float64))
        pixels = orbit.screen(seen).tolist()
        by_hue: dict[int, list[QLineF]] = {}
        for above, joint in BONES:
            if min(seen[above, 2], seen[joint, 2]) > NEAR:
                line = QLineF(*pixels[above], *pixels[joint])
                by_hue.setdefault(joint_colour(joint).rgb(), []).append(line)
        for hue, lines in by_hue.items():
            pen = QPen(fainter(QColor(hue), weight), width)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawLines(lines)


def paint_ellipse(painter: QPainter, orbit: Orbit, spread: Spread, joint: int) -> None:
    """One joint's Gaussian at one and two standard deviations, stronger than the others'."""
    if orbit.seen(spread.means[joint])[2] <= 4 * NEAR:
        return
    centres, axes = screen_ellipses(orbit, spread)
    hue = joint_colour(joint)
    painter.setPen(QPen(fainter(hue, 0.8), 1.2))
    painter.setBrush(fainter(hue, 0.10))
    for sigmas in (2, 1):
        outline = ellipse_outlines(centres[[joint]], axes[[joint]], sigmas)[0]
        painter.drawPolygon(QPolygonF([QPointF(*point) for point in outline.tolist()]))


def paint_pins(
    painter: QPainter, orbit: Orbit, pins: Mapping[int, tuple[float, float, float]], body: Array | None
) -> None:
    """A diamond where each joint is pinned, tied to the joint of the body where that is elsewhere."""
    accent, ratio = theme.current().colour("accent"), painter.device().devicePixelRatio()
    for at, radius, own in _pin_marks(orbit, pins, body):
        if own is not None:
            painter.setPen(QPen(fainter(accent, 0.8), 1.2, Qt.PenStyle.DotLine))
            painter.drawLine(own, at)
        sprite = _diamond(round(4 * radius) / 4, theme.current().name, ratio)
        half = sprite.width() / ratio / 2
        painter.drawImage(at - QPointF(half, half), sprite)


def pins_room(orbit: Orbit, pins: Mapping[int, tuple[float, float, float]], body: Array | None) -> QRectF:
    """Where `paint_pins` paints."""
    room = QRectF()
    for at, radius, own in _pin_marks(orbit, pins, body):
        reach = radius + 6
        room |= QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach)
        if own is not None:
            room |= QRectF(own.x() - 2, own.y() - 2, 4, 4)
    return room


def _pin_marks(
    orbit: Orbit, pins: Mapping[int, tuple[float, float, float]], body: Array | None
) -> Iterator[tuple[QPointF, float, QPointF | None]]:
    """Where on the screen each pin before the eye is, its radius, and the joint that it is for."""
    for joint, place in pins.items():
        seen = orbit.seen(np.array(place, np.float64))
        if seen[2] > NEAR:
            own = None if body is None else QPointF(*orbit.project(body[joint]).tolist())
            radius = max(6.0, 34 * orbit.focal / float(seen[2]))
            yield QPointF(*orbit.screen(seen).tolist()), radius, own


def _depth_shares(depths: Array) -> Array:
    near, far = float(depths.min()), float(depths.max())
    shares: Array = (depths - near) / max(far - near, 400.0)
    return shares


def _fogged(joint: int, share: float) -> QColor:
    """The hue of a joint, the more of the canvas in it the farther away it is, with a share in 0..1."""
    return _fog(joint_colour(joint).rgb(), round(12 * share), theme.current().name)


@lru_cache(64)
def _fog(rgb: int, twelfths: int, _theme: str) -> QColor:
    return mixed(QColor(rgb), theme.current().colour("canvas"), _FOG * twelfths / 12)


@lru_cache(64)
def _shaded(rgb: int) -> QColor:
    return mixed(QColor(rgb), _BLACK, 0.16)


def _paint_bone(painter: QPainter, ends: list[tuple[Array, Any]], colour: QColor) -> None:
    (start, first), (end, second) = ends
    (x, y), (to_x, to_y) = start.tolist(), end.tolist()
    length = math.hypot(to_x - x, to_y - y)
    if length < 0.5:
        return
    across, down = (y - to_y) / length, (to_x - x) / length
    first, second = max(1.2, float(first)), max(1.2, float(second))

    def quad(low: float, high: float, rim: float = 0.0) -> QPolygonF:
        corners = []
        for at_x, at_y, width, side in (
            (x, y, first, low), (to_x, to_y, second, low), (to_x, to_y, second, high), (x, y, first, high)
        ):  # fmt: skip
            off = width * side + math.copysign(rim, side)
            corners.append(QPointF(at_x + across * off, at_y + down * off))
        return QPolygonF(corners)

    # A rim in the colour behind sets a bone off from what it crosses; light falls from above left.
    lit = -1.0 if 0.5 * across + 0.85 * down > 0 else 1.0
    painter.setBrush(theme.current().colour("canvas"))
    painter.drawPolygon(quad(-1, 1, 1.5))
    painter.setBrush(_shaded(colour.rgb()))
    painter.drawPolygon(quad(-1, 1))
    painter.setBrush(colour)
    painter.drawPolygon(quad(lit, -0.15 * lit))


def _paint_ball(painter: QPainter, at: Array, radius: float, colour: QColor) -> None:
    ratio = painter.device().devicePixelRatio()
    sprite = _ball(round(4 * radius) / 4, colour.rgb(), theme.current().name, ratio)
    half = sprite.width() / ratio / 2
    painter.drawImage(QPointF(float(at[0]) - half, float(at[1]) - half), sprite)


@lru_cache(64)
def _diamond(radius: float, _theme: str, ratio: float) -> QImage:
    """A pin; copied, since outlines take ten times as long."""
    side = 2 * math.ceil((radius + 4) * ratio)
    sprite = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    sprite.setDevicePixelRatio(ratio)
    sprite.fill(Qt.GlobalColor.transparent)
    accent, centre = theme.current().colour("accent"), QPointF(side, side) / (2 * ratio)
    corners = ((0, -radius), (radius, 0), (0, radius), (-radius, 0))
    shape = QPolygonF([centre + QPointF(*corner) for corner in corners])
    painter = QPainter(sprite)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(fainter(accent, 0.35))
    for pen in (QPen(theme.current().colour("canvas"), 4), QPen(accent, 2)):
        painter.setPen(pen)
        painter.drawPolygon(shape)
    painter.end()
    return sprite


@lru_cache(512)
def _ball(radius: float, rgb: int, _theme: str, ratio: float) -> QImage:
    """A shaded ball with a rim in the colour behind; copied, since drawing its gradient each time is slow."""
    side = 2 * math.ceil((radius + 2.5) * ratio)
    sprite = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    sprite.setDevicePixelRatio(ratio)
    sprite.fill(Qt.GlobalColor.transparent)
    colour, centre = QColor(rgb), QPointF(side, side) / (2 * ratio)
    light = QRadialGradient(centre - QPointF(radius, radius) * 0.35, radius * 1.5)
    light.setColorAt(0, mixed(colour, _WHITE, 0.35))
    light.setColorAt(0.45, colour)
    light.setColorAt(1, mixed(colour, _BLACK, 0.3))
    painter = QPainter(sprite)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.current().colour("canvas"))
    painter.drawEllipse(centre, radius + 1.5, radius + 1.5)
    painter.setBrush(light)
    painter.drawEllipse(centre, radius, radius)
    painter.end()
    return sprite
