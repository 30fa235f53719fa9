"""Where the picture lies on the screen. Plain arithmetic in device pixels, without Qt.

A zoom of 1 shows one image pixel as one *device* pixel, whatever the scaling of the desktop. The
picture's corner is always drawn at a whole device pixel, so a pan moves pixels without resampling them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MAX_ZOOM = 64.0
_FIRST_MOST = 2.0
STEPS = (
    0.01, 0.015, 0.02, 0.03, 0.05, 0.0625, 0.0833, 0.125, 0.1667, 0.25, 1 / 3, 0.5, 2 / 3, 1.0,
    1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0,
)  # fmt: skip
Point = tuple[float, float]


@dataclass(frozen=True)
class Placement:
    """What a renderer needs of a view; equal placements give equal pixels.

    Attributes:
        zoom: device pixels per image pixel.
        x, y: device pixel of the picture's top-left corner.
        width, height: size of the viewport in device pixels.
    """

    zoom: float
    x: int
    y: int
    width: int
    height: int

    @property
    def level(self) -> int:
        """Mip level to draw from: the smallest one with at least one sample per device pixel."""
        return max(0, math.floor(math.log2(1 / self.zoom) + 1e-9)) if self.zoom < 1 else 0

    @property
    def level_scale(self) -> float:
        """Device pixels per sample of `level`; in (0.5, 1] below 100 %, the zoom above."""
        return self.zoom * (1 << self.level)


class View:
    """Zoom and position of an image of ``(width, height)`` in a viewport, kept sensible."""

    def __init__(self) -> None:
        self.zoom = 1.0
        self.image = (1, 1)
        self.viewport = (1, 1)
        self.fitted = False
        self._most = MAX_ZOOM
        self._x = 0.0
        self._y = 0.0

    @property
    def placement(self) -> Placement:
        return Placement(self.zoom, round(self._x), round(self._y), *self.viewport)

    def to_image(self, x: float, y: float) -> Point:
        """Image coordinates (pixel ``i`` covers ``i .. i+1``) of a point in device pixels."""
        return (x - round(self._x)) / self.zoom, (y - round(self._y)) / self.zoom

    def to_device(self, x: float, y: float) -> Point:
        """Inverse of `to_image`."""
        return x * self.zoom + round(self._x), y * self.zoom + round(self._y)

    def set_image(self, width: int, height: int) -> None:
        """Show another picture: as large as it fits, small ones at 200 % at most."""
        self.image = (max(1, width), max(1, height))
        self._refit(_FIRST_MOST)

    def set_viewport(self, width: int, height: int) -> None:
        """The widget has another size: a fitted picture stays fitted, others keep their centre."""
        width, height = max(1, width), max(1, height)
        if (width, height) == self.viewport:
            return
        self._x += (width - self.viewport[0]) / 2
        self._y += (height - self.viewport[1]) / 2
        self.viewport = (width, height)
        if self.fitted:
            self._refit(self._most)
        else:
            self._keep_in_sight()

    @property
    def fit_zoom(self) -> float:
        margin = min(48.0, 0.08 * min(self.viewport))
        across = (self.viewport[0] - margin) / self.image[0]
        down = (self.viewport[1] - margin) / self.image[1]
        return min(max(min(across, down), 1e-4), MAX_ZOOM)

    @property
    def min_zoom(self) -> float:
        return min(self.fit_zoom / 4, 0.05)

    def fit(self) -> None:
        """The whole picture, centred; stays so when the viewport is resized."""
        self._refit(MAX_ZOOM)

    def _refit(self, most: float) -> None:
        self._most = most
        self.zoom = min(self.fit_zoom, most)
        self._centre()
        self.fitted = True

    def zoom_to(self, zoom: float, anchor: Point | None = None) -> None:
        """Set the zoom; the image point under ``anchor`` (device pixels, default centre) stays put."""
        ax, ay = anchor or (self.viewport[0] / 2, self.viewport[1] / 2)
        zoom = min(max(zoom, self.min_zoom), MAX_ZOOM)
        ratio = zoom / self.zoom
        self._x = ax - (ax - self._x) * ratio
        self._y = ay - (ay - self._y) * ratio
        self.zoom = zoom
        self.fitted = False
        self._keep_in_sight()

    def zoom_by(self, factor: float, anchor: Point | None = None) -> None:
        """Multiply the zoom; a step that would jump over 100 % stops there once."""
        target = self.zoom * factor
        if (self.zoom < 0.999 and target > 1) or (self.zoom > 1.001 and target < 1):
            target = 1.0
        self.zoom_to(target, anchor)

    def step_in(self) -> float:
        """The next larger round zoom."""
        return next((step for step in STEPS if step > self.zoom * 1.001), MAX_ZOOM)

    def step_out(self) -> float:
        """The next smaller round zoom."""
        return next((step for step in reversed(STEPS) if step < self.zoom * 0.999), self.min_zoom)

    def pan(self, dx: float, dy: float) -> None:
        """Move the picture by device pixels."""
        self._x += dx
        self._y += dy
        self.fitted = False
        self._keep_in_sight()

    def _centre(self) -> None:
        self._x = (self.viewport[0] - self.image[0] * self.zoom) / 2
        self._y = (self.viewport[1] - self.image[1] * self.zoom) / 2

    def _keep_in_sight(self) -> None:
        self._x = _kept(self._x, self.image[0] * self.zoom, self.viewport[0])
        self._y = _kept(self._y, self.image[1] * self.zoom, self.viewport[1])


def _kept(start: float, extent: float, viewport: float) -> float:
    """Keep a quarter of the viewport, or of a smaller picture, on the screen."""
    least = min(extent, viewport) / 4
    return min(max(start, least - extent), viewport - least)
