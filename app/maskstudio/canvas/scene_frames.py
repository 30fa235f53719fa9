"""The frames that a worker draws of a scene: which of them shows, and how deep it is."""

from __future__ import annotations

from maskengines.results.frames import DEPTH_STEP, SceneFrame
from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QImage

from maskstudio.canvas.orbit import Orbit

_MOST_COMING = 32


class SceneFrames:
    """The newest frame, and from where it and those that are still to come are seen.

    Attributes:
        image: premultiplied, or None while there is nothing to see.
        seen_from: where `image` is seen from.
        count: frames shown so far.
    """

    def __init__(self, orbit: Orbit) -> None:
        self.image: QImage | None = None
        self.seen_from = orbit
        self.count = 0
        self._frame: SceneFrame | None = None
        self._coming: dict[int, tuple[Orbit, bool]] = {}

    def expect(self, number: int, orbit: Orbit, *, rested: bool) -> None:
        """The frame wanted last will bear this number; ``rested`` if the eye stood still."""
        self._coming[number] = orbit, rested
        for old in sorted(self._coming)[:-_MOST_COMING]:
            del self._coming[old]

    def take(self, frame: SceneFrame, now: Orbit) -> bool:
        """A frame came; whether it is the one at rest of what is looked at now."""
        height, width = frame.pixels.shape[:2]
        self._frame = frame
        self.image = QImage(
            frame.pixels.data, width, height, 4 * width, QImage.Format.Format_RGBA8888_Premultiplied
        )
        self.seen_from, rested = self._coming.get(frame.number, (now, False))
        self.count += 1
        return rested and self.seen_from == now

    def clear(self) -> None:
        """There is nothing to see any more."""
        self.image = self._frame = None

    def depth_at(self, at: QPointF, size: QSize) -> float | None:
        """In units of the scene, at a point of a viewport of that size; None where nothing is."""
        if self._frame is None:
            return None
        height, width = self._frame.pixels.shape[:2]
        column = int(at.x() / max(1, size.width()) * width / DEPTH_STEP)
        row = int(at.y() / max(1, size.height()) * height / DEPTH_STEP)
        rows, columns = self._frame.depth.shape
        if not (0 <= row < rows and 0 <= column < columns):
            return None
        depth = float(self._frame.depth[row, column])
        return depth if depth > 0 else None
