"""What was answered about a pose, over its photo and under the pose itself: how far its joints are spread
over all answers, and where one of them is seen."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from maskengines.results.hypotheses import Hypotheses
from maskengines.subjects.pose_skeleton import COUNT, PARENTS
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from maskstudio.canvas.decoration_layer import Mark, ToWidget
from maskstudio.canvas.pose_colours import joint_colour, pose_hues
from maskstudio.canvas.pose_marks import LEAST_RADIUS, Ellipse, Line, Place, argb
from maskstudio.window import theme

Array = np.ndarray[Any, Any]

AFTER_MS = 20
"""How long an answer that follows a hand waits for the 3D view to draw it first."""
GAP_MS = 100
"""Between two of those answers: what lies over the photo takes longer to draw than it is looked at."""


class PoseAnswers(QObject):
    """Decoration of an `ImageCanvas`.

    Signals:
        changed: what it draws may be something else.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._hypotheses: Hypotheses | None = None
        self._seen: Array | None = None
        self._told = 0.0
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setTimerType(Qt.TimerType.PreciseTimer)
        self._soon.timeout.connect(self._tell)
        theme.changes.switched.connect(self.changed)

    def show(self, hypotheses: Hypotheses | None, seen: Array | None) -> None:
        """Show how far the joints are spread over all of these, and where those of one are seen, ``(17, 2)``
        pixels; either may be none.

        Raises:
            ValueError: ``seen`` is of another shape.
        """
        self._take(hypotheses, seen)
        self._tell()

    def follow(self, hypotheses: Hypotheses | None, seen: Array | None) -> None:
        """`show` answers that follow a hand: each once the 3D view has had time to draw it, and no more than
        ten a second of those that come."""
        self._take(hypotheses, seen)
        if not self._soon.isActive():
            since = round(1000 * (time.monotonic() - self._told))
            self._soon.start(max(AFTER_MS, GAP_MS - since))

    def marks(self, to_widget: ToWidget, scale: float) -> Sequence[Mark]:
        """See `maskstudio.canvas.decoration_layer.Decoration`."""

        def at(x: float, y: float) -> Place:
            point = to_widget(x, y)
            return point.x(), point.y()

        halo = argb(pose_hues().halo, 0.7)
        return [*self._spreads(at, scale, halo), *self._bones(at, halo)]

    def _take(self, hypotheses: Hypotheses | None, seen: Array | None) -> None:
        if seen is not None and np.shape(seen) != (COUNT, 2):
            raise ValueError(f"seen is {np.shape(seen)}, not ({COUNT}, 2)")
        self._hypotheses = hypotheses
        self._seen = None if seen is None else np.array(seen, np.float64)

    def _tell(self) -> None:
        self._soon.stop()
        self._told = time.monotonic()
        self.changed.emit()

    def _spreads(self, at: Callable[[float, float], Place], scale: float, halo: int) -> Iterator[Mark]:
        if self._hypotheses is None:
            return
        for joint, (x, y, long, short, angle) in enumerate(spread_ellipses(self._hypotheses).tolist()):
            if np.isfinite(x) and 2 * long * scale > LEAST_RADIUS:
                tint = joint_colour(joint).rgba()
                yield Ellipse(at(x, y), (long * scale, short * scale), angle, tint, halo, 0.6, filled=False)

    def _bones(self, at: Callable[[float, float], Place], halo: int) -> Iterator[Mark]:
        if self._seen is None:
            return
        seen = self._seen.tolist()
        known = [math.isfinite(x + y) for x, y in seen]
        for joint, parent in enumerate(PARENTS):
            if parent >= 0 and known[parent] and known[joint]:
                colour = argb(joint_colour(joint).name(), 0.85)
                yield Line(at(*seen[parent]), at(*seen[joint]), colour, halo, 1.2)


def spread_ellipses(hypotheses: Hypotheses) -> Array:
    """Where the joints of all hypotheses are seen: ``(17, 5)`` x, y, half axes of one standard deviation,
    the long one first, and its angle from x towards y in radians; pixels, weighted, NaN where unknown."""
    seen, weights = hypotheses.joints_2d.astype(np.float64), hypotheses.weights.astype(np.float64)
    found = np.full((COUNT, 5), np.nan)
    known = np.isfinite(seen).all(axis=(0, 2))
    middle = np.einsum("n,njd->jd", weights, seen[:, known])
    away = seen[:, known] - middle
    values, vectors = np.linalg.eigh(np.einsum("n,njd,nje->jde", weights, away, away))
    axes = np.sqrt(np.maximum(values, 0))
    angles = np.arctan2(vectors[:, 1, 1], vectors[:, 0, 1])
    found[known] = np.column_stack([middle, axes[:, 1], axes[:, 0], angles])
    return found
