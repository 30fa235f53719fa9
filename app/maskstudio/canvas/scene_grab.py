"""Moving, turning and scaling by the mouse: a drag without a button, as Blender has it."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from maskengines.subjects.splat_edits import Similarity, about
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from maskstudio.canvas.fan_marks import ENDS
from maskstudio.canvas.orbit import Orbit, clipped
from maskstudio.canvas.outlines import draw_cross
from maskstudio.canvas.scene_stage import RADIUS, Stage

Array = np.ndarray[Any, Any]

MOVE, TURN, SCALE = "move", "turn", "scale"
LEAST, MOST = 0.01, 100.0
"""Limits of a scale."""

_FINE = 0.1
_AXES = {end.letter: end for end in ENDS if end.letter}
_KEYS = {Qt.Key.Key_X: "X", Qt.Key.Key_Y: "Y", Qt.Key.Key_Z: "Z"}
_ALONG = 1e-3
"""Pixels to a stage unit, below which an axis points at the eye and cannot be followed."""


@dataclass(frozen=True)
class Grab:
    """What is being done: ``kind`` to what lies about ``pivot``; changes give a new one.

    Attributes:
        orbit: where it is seen from, all the while.
        pivot: ``(3,)`` in the scene.
        at: the pointer; with Shift it goes a tenth as far.
        travelled: degrees about the pivot on the screen, counter-clockwise, over all turns.
        axis: X, Y or Z, which the move keeps to, or empty.
        typed: a number in place of the pointer.
    """

    kind: str
    orbit: Orbit
    stage: Stage
    pivot: tuple[float, float, float]
    begun: QPointF
    at: QPointF
    travelled: float = 0.0
    axis: str = ""
    typed: str = ""

    # --- what the user does ---------------------------------------------------------------------

    def dragged(self, step: QPointF, fine: bool) -> Grab:
        """The pointer went on by ``step``; ``fine``: a tenth counts."""
        at = self.at + step * (_FINE if fine else 1.0)
        middle = self._middle
        before, after = self.at - middle, at - middle
        turn = math.atan2(before.y(), before.x()) - math.atan2(after.y(), after.x())
        turn = (turn + math.pi) % (2 * math.pi) - math.pi
        return replace(self, at=at, travelled=self.travelled + math.degrees(turn))

    def pressed(self, key: int, text: str) -> Grab | None:
        """After a key: X, Y and Z choose an axis or let go of it, digits type a number; None for others."""
        if key in _KEYS and self.kind != SCALE:
            letter = _KEYS[Qt.Key(key)]
            return replace(self, axis="" if self.axis == letter else letter)
        if key == Qt.Key.Key_Backspace:
            return replace(self, typed=self.typed[:-1])
        if text == "-" and self.kind != SCALE:
            return replace(self, typed=self.typed[1:] if self.typed.startswith("-") else "-" + self.typed)
        if text and (text.isdigit() or (text in ".," and "." not in self.typed)):
            return replace(self, typed=self.typed + text.replace(",", "."))
        return None

    # --- what comes of it -----------------------------------------------------------------------

    @property
    def number(self) -> float | None:
        """What was typed; None while that is no number."""
        with contextlib.suppress(ValueError):
            return float(self.typed)
        return None

    @property
    def edit(self) -> Similarity:
        """In the scene's axes and units."""
        if self.kind == MOVE:
            return Similarity(self.pivot, shift=_triple(self._shift @ self.stage.turn / self.stage.scale))
        if self.kind == SCALE:
            return Similarity(self.pivot, scale=self._factor)
        axis = self._way if self.axis else -self.orbit.axes[2]
        return Similarity(self.pivot, about(axis @ self.stage.turn, math.radians(self._degrees)))

    @property
    def words(self) -> str:
        """What it has come to, for the screen."""
        along = f"  {self.axis}" if self.axis else ""
        if self.kind == TURN:
            return f"{self._degrees:.1f}°{along}"
        if self.kind == SCALE:
            return f"{100 * self._factor:.1f} %"
        if self.axis or self.number is not None:
            return f"{self._shift @ self._way / self.stage.scale:.4g}{along or '  X'}"
        return f"{np.linalg.norm(self._shift) / self.stage.scale:.4g}"

    @property
    def _way(self) -> Array:
        return np.array(_AXES[self.axis or "X"].way, float)

    @property
    def _place(self) -> Array:
        return self.stage.place(np.array(self.pivot))

    @property
    def _middle(self) -> QPointF:
        return QPointF(*self.orbit.project(self._place).tolist())

    @property
    def _shift(self) -> Array:
        """On the stage."""
        number = self.number
        if number is not None:
            return number * self.stage.scale * self._way
        place = self._place
        if self.axis:
            slope = self.orbit.jacobian(place) @ self._way
            long = float(slope @ slope)
            pixels = np.array([self.at.x() - self.begun.x(), self.at.y() - self.begun.y()])
            return self._way * (float(pixels @ slope) / long if long > _ALONG**2 else 0.0)
        here, there = (self.orbit.unproject(at.x(), at.y(), place) for at in (self.begun, self.at))
        return np.asarray(there - here)

    @property
    def _degrees(self) -> float:
        """Counter-clockwise as seen from where the axis points to."""
        if self.number is not None:
            return self.number
        away = bool(self.axis) and float(self._way @ self.orbit.axes[2]) > 0
        return -self.travelled if away else self.travelled

    @property
    def _factor(self) -> float:
        factor = self.number
        if factor is None:
            first, now = (QLineF(self._middle, at).length() for at in (self.begun, self.at))
            factor = now / max(first, 1.0)
        return min(max(factor, LEAST), MOST)

    # --- showing --------------------------------------------------------------------------------

    def paint(self, painter: QPainter) -> None:
        """The pivot, a line to the pointer, and the axis that is kept to."""
        middle = self._middle
        if self.axis:
            far = 3 * RADIUS * self._way
            ends = clipped(*(self.orbit.seen((self._place + each)[None]) for each in (-far, far)))
            painter.setPen(QPen(QColor(_AXES[self.axis].hue), 1.2))
            if len(ends[0]):
                painter.drawLine(*(QPointF(*self.orbit.screen(end)[0].tolist()) for end in ends))
        if self.kind != MOVE and not self.typed:
            for colour, width in ((QColor(0, 0, 0, 150), 3.0), (QColor(255, 255, 255, 230), 1.2)):
                pen = QPen(colour, width)
                pen.setStyle(Qt.PenStyle.DashLine)
                painter.setPen(pen)
                painter.drawLine(middle, self.at)
        draw_cross(painter, middle)


def _triple(values: Array) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z
