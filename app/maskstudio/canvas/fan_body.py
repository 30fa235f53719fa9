"""Bodies in 3D, drawn with a `QPainter`: a solid one, thin ones, how far joints stray, pins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from maskengines.subjects.pose_skeleton import COUNT, INDEX
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF, QRadialGradient

from maskstudio.canvas.fan_scene import BONES, Spread, screen_ellipse
from maskstudio.canvas.orbit import NEAR, Orbit
from maskstudio.canvas.pose_colours import joint_colour
from maskstudio.window import theme

Array = np.ndarray[Any, Any]

_BONE, _JOINT, _HEAD = 15.0, 25.0, 36.0
_FOG = 0.45


def mixed(first: QColor, second: QColor, share: float) -> QColor:
    """``first`` with ``share`` (0..1) of ``second``; as opaque as ``first``."""
    pairs = ((first.red(), second.red()), (first.green(), second.green()), (first.blue(), second.blue()))
    red, green, blue = (round((1 - share) * a + share * b) for a, b in pairs)
    return QColor(red, green, blue, first.alpha())


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
            _paint_bone(painter, ends, _fogged(joint_colour(joint), float(far[joint] + far[above]) / 2))
        else:
            radius = scale[joint] * (_HEAD if joint == INDEX["Head"] else _JOINT)
            grown = max(2.5, float(radius)) * (1.35 if joint == strong else 1)
            _paint_ball(painter, pixels[joint], grown, _fogged(joint_colour(joint), float(far[joint])))


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


def paint_spread(painter: QPainter, orbit: Orbit, spread: Spread, strong: int | None = None) -> None:
    """Each joint's Gaussian at one and two standard deviations; joints that hardly stray are left out."""
    depths = orbit.seen(spread.means)[:, 2]
    for joint in np.argsort(-depths).tolist():
        if depths[joint] <= NEAR:
            continue
        ellipse = screen_ellipse(orbit, spread.means[joint], spread.covariances[joint])
        if 2 * ellipse.major < 3:
            continue
        hue, more = joint_colour(joint), 2.0 if joint == strong else 1.0
        painter.save()
        painter.translate(ellipse.x, ellipse.y)
        painter.rotate(ellipse.angle)
        for sigmas, line, fill in ((2, 0.34, 0.05), (1, 0.0, 0.10)):
            pen = QPen(fainter(hue, line * more), 1)
            painter.setPen(pen if line else Qt.PenStyle.NoPen)
            painter.setBrush(fainter(hue, fill * more))
            painter.drawEllipse(QPointF(), sigmas * ellipse.major, sigmas * max(ellipse.minor, 0.75))
        painter.restore()


def paint_pins(
    painter: QPainter, orbit: Orbit, pins: Mapping[int, tuple[float, float, float]], body: Array | None
) -> None:
    """A diamond where each joint is pinned, tied to the joint of the body where that is elsewhere."""
    accent, canvas = theme.current().colour("accent"), theme.current().colour("canvas")
    for joint, place in pins.items():
        seen = orbit.seen(np.array(place, np.float64))
        if seen[2] <= NEAR:
            continue
        at = QPointF(*orbit.screen(seen).tolist())
        radius = max(6.0, 34 * orbit.focal / float(seen[2]))
        if body is not None:
            own = QPointF(*orbit.project(body[joint]).tolist())
            painter.setPen(QPen(fainter(accent, 0.8), 1.2, Qt.PenStyle.DotLine))
            painter.drawLine(own, at)
        painter.setPen(QPen(canvas, 4))
        painter.setBrush(fainter(accent, 0.35))
        diamond = [QPointF(0, -radius), QPointF(radius, 0), QPointF(0, radius), QPointF(-radius, 0)]
        shape = QPolygonF([at + corner for corner in diamond])
        painter.drawPolygon(shape)
        painter.setPen(QPen(accent, 2))
        painter.drawPolygon(shape)


def _depth_shares(depths: Array) -> Array:
    near, far = float(depths.min()), float(depths.max())
    shares: Array = (depths - near) / max(far - near, 400.0)
    return shares


def _fogged(colour: QColor, share: float) -> QColor:
    return mixed(colour, theme.current().colour("canvas"), _FOG * share)


def _paint_bone(painter: QPainter, ends: list[tuple[Array, Any]], colour: QColor) -> None:
    (start, first), (end, second) = ends
    along = end - start
    length = float(np.hypot(*along))
    if length < 0.5:
        return
    across = np.array([-along[1], along[0]]) / length
    first, second = max(1.2, float(first)), max(1.2, float(second))

    def quad(low: float, high: float) -> QPolygonF:
        corners = (start + across * first * low, end + across * second * low,
                   end + across * second * high, start + across * first * high)  # fmt: skip
        return QPolygonF([QPointF(*corner.tolist()) for corner in corners])

    # A rim in the colour behind sets a bone off from what it crosses; light falls from above left.
    lit = -1.0 if across @ np.array([0.5, 0.85]) > 0 else 1.0
    rim = 1.5 / max(first, second, 1.0)
    painter.setBrush(theme.current().colour("canvas"))
    painter.drawPolygon(quad(-1 - rim, 1 + rim))
    painter.setBrush(mixed(colour, QColor("black"), 0.16))
    painter.drawPolygon(quad(-1, 1))
    painter.setBrush(colour)
    painter.drawPolygon(quad(min(lit, -0.15 * lit), max(lit, -0.15 * lit)))


def _paint_ball(painter: QPainter, at: Array, radius: float, colour: QColor) -> None:
    centre = QPointF(*at.tolist())
    light = QRadialGradient(centre - QPointF(radius, radius) * 0.35, radius * 1.5)
    light.setColorAt(0, mixed(colour, QColor("white"), 0.35))
    light.setColorAt(0.45, colour)
    light.setColorAt(1, mixed(colour, QColor("black"), 0.3))
    painter.setBrush(theme.current().colour("canvas"))
    painter.drawEllipse(centre, radius + 1.5, radius + 1.5)
    painter.setBrush(light)
    painter.drawEllipse(centre, radius, radius)
