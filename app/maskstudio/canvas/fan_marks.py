"""What helps to find one's way in 3D: axes in the corner, where the photo was taken from, a joint's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from maskstudio.canvas.fan_body import fainter, mixed
from maskstudio.canvas.orbit import BACK, BELOW, FRONT, NEAR, OTHER_SIDE, SIDE, TOP, Orbit, clipped
from maskstudio.canvas.pose_colours import pose_hues
from maskstudio.window import theme

Array = np.ndarray[Any, Any]

_REACH, _MARGIN, _KNOB = 30.0, 18.0, 9.0
_PHOTOGRAPHER = 1500.0
_FRUSTUM = (84.0, 63.0, 126.0)
_THROUGH = 0.95


@dataclass(frozen=True)
class End:
    """An end of an axis in the corner.

    Attributes:
        name: what looking from there is called.
        letter: on the knob; empty at the far ends.
        hue: of the axis.
        way: from the middle, in the world.
        side: yaw and pitch of the view from there.
    """

    name: str
    letter: str
    hue: str
    way: tuple[int, int, int]
    side: tuple[int, int]


# Blender's axes: x red, y green, z blue, z up, and its front is where the photo was taken from.
ENDS = (
    End("Side", "X", "#e0606a", (1, 0, 0), SIDE),
    End("Other side", "", "#e0606a", (-1, 0, 0), OTHER_SIDE),
    End("Top", "Z", "#5b8def", (0, -1, 0), TOP),
    End("Below", "", "#5b8def", (0, 1, 0), BELOW),
    End("Front, as in the photo", "", "#7fae4d", (0, 0, -1), FRONT),
    End("Back", "Y", "#7fae4d", (0, 0, 1), BACK),
)


def gizmo_places(orbit: Orbit) -> list[tuple[float, float, float]]:
    """Where the knobs of `ENDS` are: x and y on the screen, and how far in front of the others."""
    x, y = orbit.width - _MARGIN - _REACH - _KNOB, _MARGIN + _REACH + _KNOB
    turned = np.array([end.way for end in ENDS]) @ orbit.axes.T
    return [
        (x + _REACH * float(across), y + _REACH * float(down), -float(ahead))
        for across, down, ahead in turned
    ]


def gizmo_end(orbit: Orbit, x: float, y: float) -> End | None:
    """The end of an axis under a pixel, the nearer one of two."""
    places = gizmo_places(orbit)
    under = [
        (front, number)
        for number, (knob_x, knob_y, front) in enumerate(places)
        if (x - knob_x) ** 2 + (y - knob_y) ** 2 <= (_KNOB + 2) ** 2
    ]
    return ENDS[max(under)[1]] if under else None


def paint_gizmo(painter: QPainter, orbit: Orbit, under: End | None) -> None:
    """The axes in the upper right corner; the end under the pointer is lit."""
    canvas, text = theme.current().colour("canvas"), theme.current().colour("text")
    places = gizmo_places(orbit)
    middle = QPointF(orbit.width - _MARGIN - _REACH - _KNOB, _MARGIN + _REACH + _KNOB)
    if under is not None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fainter(text, 0.07))
        painter.drawEllipse(middle, _REACH + _KNOB + 5, _REACH + _KNOB + 5)
    font = QFont(painter.font())
    font.setPixelSize(10)
    font.setBold(True)
    painter.setFont(font)
    for number in sorted(range(len(ENDS)), key=lambda each: places[each][2]):
        end, (x, y, front) = ENDS[number], places[number]
        hue, at = mixed(QColor(end.hue), canvas, 0.3 * (1 - front) / 2), QPointF(x, y)
        if end.letter:
            painter.setPen(QPen(hue, 2))
            painter.drawLine(middle, at)
        radius = _KNOB if end.letter else _KNOB - 2
        painter.setPen(QPen(text if end is under else hue, 1.5))
        painter.setBrush(hue if end.letter else mixed(hue, canvas, 0.7))
        painter.drawEllipse(at, radius - 0.75, radius - 0.75)
        if end.letter:
            painter.setPen(QColor("#101113"))
            painter.drawText(
                QRectF(x - radius, y - radius, 2 * radius, 2 * radius),
                Qt.AlignmentFlag.AlignCenter,
                end.letter,
            )


def paint_photographer(painter: QPainter, orbit: Orbit, words: str) -> None:
    """A small camera on the axis through the hip that the photo looks along, and a dashed line to the body.

    How far away it stood is not known, so it stands at a fixed distance. From where it is it is not shown.
    """
    if orbit.axes[2, 2] > _THROUGH:
        return
    across, down, ahead = _FRUSTUM
    tip = np.array([0.0, 0.0, -_PHOTOGRAPHER])
    corners = tip + np.array(
        [(sx * across, sy * down, ahead) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    )
    up = tip + np.array(
        [
            (-0.45 * across, -1.15 * down, ahead),
            (0, -1.75 * down, ahead),
            (0.45 * across, -1.15 * down, ahead),
        ]
    )
    solid = [(tip, corner) for corner in corners]
    for ring in (corners, up):
        solid += list(zip(ring, np.roll(ring, -1, axis=0), strict=True))
    quiet = theme.current().colour("second")
    painter.setPen(QPen(fainter(quiet, 0.75), 1.2))
    painter.drawLines(_seen_lines(orbit, solid))
    pen = QPen(fainter(quiet, 0.5), 1)
    pen.setDashPattern([4, 5])
    painter.setPen(pen)
    painter.drawLines(_seen_lines(orbit, [(tip + np.array([0, 0, ahead]), np.zeros(3))]))
    seen = orbit.seen(tip)
    width = QFontMetricsF(painter.font()).horizontalAdvance(words)
    at = QPointF(*orbit.screen(seen).tolist())
    fits = width / 2 + 8 < at.x() < orbit.width - width / 2 - 8
    if fits and seen[2] > 4 * NEAR and orbit.axes[2, 2] > -_THROUGH:
        painter.setPen(fainter(quiet, 0.9))
        painter.drawText(at + QPointF(-width / 2, 28), words)


def paint_label(painter: QPainter, at: QPointF, lines: tuple[str, str], room: QRectF) -> None:
    """Two lines of text beside a point, moved so that they are within the room."""
    colours, metrics = theme.current(), QFontMetricsF(painter.font())
    width = max(metrics.horizontalAdvance(line) for line in lines) + 16
    box = QRectF(at.x() + 16, at.y() - 12 - 2 * metrics.height(), width, 2 * metrics.height() + 10)
    box.moveRight(min(box.right(), room.right() - 4))
    box.moveTop(max(box.top(), room.top() + 4))
    painter.setPen(QPen(colours.colour("line"), 1))
    painter.setBrush(fainter(colours.colour("raised"), 0.94))
    painter.drawRoundedRect(box, 6, 6)
    base = box.left() + 8, box.top() + 5 + metrics.ascent()
    painter.setPen(colours.colour("text"))
    painter.drawText(QPointF(*base), lines[0])
    painter.setPen(colours.colour("second"))
    painter.drawText(QPointF(base[0], base[1] + metrics.height()), lines[1])


def paint_sides(painter: QPainter, base: QPointF, left: str, right: str) -> None:
    """Which hue is the person's left and which the right; from a point on the line of the text."""
    hues, metrics = pose_hues(), QFontMetricsF(painter.font())
    at = QPointF(base)
    for hue, words in ((hues.left, left), (hues.right, right)):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(hue))
        painter.drawEllipse(at + QPointF(4, -metrics.capHeight() / 2), 4, 4)
        painter.setPen(theme.current().colour("second"))
        painter.drawText(at + QPointF(14, 0), words)
        at += QPointF(30 + metrics.horizontalAdvance(words), 0)


def paint_words(painter: QPainter, room: QRectF, title: str, words: str) -> None:
    """A sentence in the middle, under a short one: what to do when there is nothing to see."""
    colours, font = theme.current(), QFont(painter.font())
    width = min(360.0, room.width() - 32)
    middle = QRectF(room.center().x() - width / 2, room.center().y() - 30, width, room.height() / 2)
    large = QFont(font)
    large.setPixelSize(15)
    painter.setFont(large)
    painter.setPen(colours.colour("text"))
    painter.drawText(middle, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, title)
    painter.setFont(font)
    painter.setPen(colours.colour("second"))
    flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
    painter.drawText(middle.translated(0, 28), int(flags), words)


def _seen_lines(orbit: Orbit, lines: list[tuple[Array, Array]]) -> list[QLineF]:
    starts, ends = clipped(*(orbit.seen(np.array(points, np.float64)) for points in zip(*lines, strict=True)))
    rows = np.concatenate([orbit.screen(starts), orbit.screen(ends)], axis=1).tolist()
    return [QLineF(*row) for row in rows]
