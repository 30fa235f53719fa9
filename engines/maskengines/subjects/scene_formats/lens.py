"""Lens distortion: we take photos as undistorted, and say by how much they are not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maskengines.subjects.cameras import Camera

TELLING = 0.5
"""Pixels of distortion that are worth a word."""


@dataclass(frozen=True)
class Lens:
    """Radial and tangential coefficients as OpenCV has them."""

    k1: float = 0.0
    k2: float = 0.0
    p1: float = 0.0
    p2: float = 0.0

    def shift(self, camera: Camera) -> float:
        """By how many pixels the corners and the middles of the edges of a picture are off at most."""
        sides = np.array([0.0, 0.5, 1.0])
        x = (sides[:, None] * camera.width - camera.cx) / camera.fx
        y = (sides[None, :] * camera.height - camera.cy) / camera.fy
        x, y = np.broadcast_arrays(x, y)
        square = x * x + y * y
        radial = self.k1 * square + self.k2 * square * square
        dx = x * radial + 2 * self.p1 * x * y + self.p2 * (square + 2 * x * x)
        dy = y * radial + self.p1 * (square + 2 * y * y) + 2 * self.p2 * x * y
        return float(np.hypot(dx * camera.fx, dy * camera.fy).max())


def told_distortion(shift: float) -> tuple[str, ...]:
    """A warning where a lens bends the picture by more than `TELLING` pixels."""
    if shift <= TELLING:
        return ()
    return (
        f"The lens bends the photos by up to {shift:.1f} pixels, which is not taken into account. Undistort "
        "them first (COLMAP's image_undistorter) for a sharper scene.",
    )
