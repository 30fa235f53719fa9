"""Draws a viewport, from the ground up: scene, photo, paint, marks, words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from maskstudio.canvas import fan_marks, scene_marks
from maskstudio.canvas.fan_body import fainter
from maskstudio.window import theme

if TYPE_CHECKING:
    from maskstudio.canvas.scene_view import SceneView

_EDGE, _HIGH, _PAD = 12.0, 28.0, 12.0


def paint_view(view: SceneView, painter: QPainter, part: QRect) -> None:
    """All of it that lies in ``part``."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillRect(part, theme.current().colour("canvas"))
    if view.photo is None or not view.photo.alone:
        _paint_scene(view, painter)
    if view.photo is not None:
        view.photo.paint(painter, part)
    view.hand.paint(painter, part)
    if view.frames.image is None and view.message is not None and view.photo is None:
        # Below the points, where there are some.
        room = QRectF(view.rect()).adjusted(0, view.height() * 0.6 if len(view.points[0]) else 0, 0, 0)
        fan_marks.paint_words(painter, room, *view.message)
    fan_marks.paint_gizmo(painter, view.eye.orbit, view.hover_marks.end)
    view.hand.paint_outline(painter)
    if view.hold.grab is not None:
        view.hold.grab.paint(painter)
    # What the gizmo writes is small and bold.
    painter.setFont(view.font())
    words = view.hold.words or (view.hint if view.photo is None else "")
    if words:
        _paint_hint(painter, QRectF(view.rect()), words)
    view.hover_marks.paint(painter)


def _paint_scene(view: SceneView, painter: QPainter) -> None:
    frames, eye = view.frames, view.eye
    seen = frames.seen_from if frames.image is not None else eye.orbit
    seen = seen.resized(view.width(), view.height())
    scene_marks.paint_ground(painter, seen, eye.stage)
    if frames.image is not None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(view.rect()), frames.image)
    else:
        scene_marks.paint_points(painter, seen, eye.stage, *view.points)
    if view.cameras_shown and view.photo is None:
        scene_marks.paint_cameras(painter, seen, eye.stage, view.cameras, view.chosen_camera)


def _paint_hint(painter: QPainter, room: QRectF, words: str) -> None:
    """A line of words on a pill in the middle of the lower edge."""
    colours, metrics = theme.current(), QFontMetricsF(painter.font())
    width = min(metrics.horizontalAdvance(words) + 2 * _PAD, room.width() - 2 * _PAD)
    box = QRectF(room.center().x() - width / 2, room.bottom() - _EDGE - _HIGH, width, _HIGH)
    painter.setPen(QPen(colours.colour("line"), 1))
    painter.setBrush(fainter(colours.colour("raised"), 0.94))
    painter.drawRoundedRect(box, 6, 6)
    painter.setPen(colours.colour("text"))
    shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, width - _PAD)
    base = QPointF(box.center().x() - metrics.horizontalAdvance(shown) / 2,
                   box.center().y() + metrics.capHeight() / 2)  # fmt: skip
    painter.drawText(base, shown)
