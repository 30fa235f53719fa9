"""A body as a small figure seen from the front: the person's left and right in their hues."""

from __future__ import annotations

from typing import Any

import numpy as np
from maskengines.subjects.pose_skeleton import COUNT, INDEX, PARENTS
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from maskstudio.canvas.pose_colours import joint_colour
from maskstudio.panels.style import blended, tone

Array = np.ndarray[Any, Any]

MARGIN = 0.1
"""Room around the figure as a share of the shorter side."""
SMALLEST = 600.0
"""Millimetres that a figure is shown at least as large as."""
_BONE, _JOINT, _HEAD = 0.026, 0.019, 0.05  # of the height: width of a bone, radius of a joint and of the head
_FAR = 0.45  # how far the limb farthest away fades
_DEEP = 600.0  # millimetres; where a body is flatter, less fades


def framing(bodies: Array) -> QRectF:
    """The rectangle in millimetres, y down, that holds all bodies ``(N, 17, 3)``: figures that are compared
    are drawn in one frame."""
    low, high = bodies[..., :2].min(axis=(0, 1)), bodies[..., :2].max(axis=(0, 1))
    middle = (low + high) / 2
    width, height = np.maximum(high - low, SMALLEST)
    return QRectF(middle[0] - width / 2, middle[1] - height / 2, width, height)


def paint_body(painter: QPainter, area: QRectF, body: Array, frame: QRectF) -> None:
    """Paint a body ``(17, 3)``, millimetres in the camera frame, as large as ``frame`` lets it be in
    ``area``. What is nearer lies over what is farther away, which is paler."""
    room = min(area.width(), area.height()) * MARGIN
    inner = area.adjusted(room, room, -room, -room)
    scale = min(inner.width() / frame.width(), inner.height() / frame.height())
    origin = inner.center() - frame.center() * scale
    places = [origin + QPointF(x, y) * scale for x, y in body[:, :2].tolist()]
    depth = body[:, 2]
    farness = (depth - depth.min()) / max(float(np.ptp(depth)), _DEEP)
    bones = sorted(range(1, COUNT), key=lambda joint: -(depth[joint] + depth[PARENTS[joint]]))
    height = inner.height()
    for joint in bones:
        ink = _faded(joint_colour(joint), float(farness[joint] + farness[PARENTS[joint]]) / 2)
        pen = QPen(ink, max(1.5, _BONE * height))
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawLine(places[PARENTS[joint]], places[joint])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        radius = max(1.2, (_HEAD if joint == INDEX["Head"] else _JOINT) * height)
        painter.drawEllipse(places[joint], radius, radius)


def body_picture(body: Array, frame: QRectF, size: QSize) -> QImage:
    """A picture of ``size``, in the theme's colours."""
    picture = QImage(size, QImage.Format.Format_RGB32)
    picture.fill(tone("raised"))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_body(painter, QRectF(0, 0, size.width(), size.height()), body, frame)
    painter.end()
    return picture


def _faded(colour: QColor, farness: float) -> QColor:
    return blended(colour, tone("raised"), _FAR * farness)
