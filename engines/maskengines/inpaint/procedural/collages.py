"""Two pictures in one, with a border between them: occlusion at the scale of the picture."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from maskengines.inpaint.procedural.cells import cells
from maskengines.inpaint.procedural.fields import fractal, grid
from maskengines.inpaint.procedural.fractals import clouds, landscape
from maskengines.inpaint.procedural.lighting import multiply
from maskengines.inpaint.procedural.palettes import Bytes, Floats
from maskengines.inpaint.procedural.patterns import pattern

PARTS: tuple[Callable[[int, np.random.Generator], Bytes], ...] = (clouds, landscape, pattern, pattern, cells)


def collage(side: int, rng: np.random.Generator) -> Bytes:
    """One picture before another, parted by a line, a curve, a ring or a frame, at times with a shadow."""
    behind, front = (PARTS[int(i)](side, rng) for i in rng.integers(len(PARTS), size=2))
    if rng.uniform() < 0.3:
        behind = np.asarray(cv2.blur(behind, (9, 9)), np.uint8)
    inside = (cv2.resize(_distance(side // 4, rng), (side, side)) > 0).astype(np.uint8)
    if rng.uniform() < 0.6:
        _shade(behind, inside, rng)
    cv2.copyTo(front, inside, behind)
    return behind


def _distance(side: int, rng: np.random.Generator) -> Floats:
    """Positive in front, ``(side, side)``."""
    x, y = grid(side, side)
    u, v = x / side - np.float32(rng.uniform(0.25, 0.75)), y / side - np.float32(rng.uniform(0.25, 0.75))
    turn = np.float32(rng.uniform(0, 2 * np.pi))
    along, across = u * np.cos(turn) + v * np.sin(turn), v * np.cos(turn) - u * np.sin(turn)
    kind = rng.integers(4)
    if kind == 0:
        return across
    if kind == 1:
        return across + np.float32(rng.uniform(-2, 2)) * along**2
    if kind == 2:
        bent = cv2.resize(fractal(128, 128, rng, 3.5), (side, side)) * np.float32(rng.uniform(0.03, 0.15))
        return np.float32(rng.uniform(0.1, 0.4)) - np.hypot(u, v) + bent
    reach = rng.uniform(0.1, 0.45, 2).astype(np.float32)
    return np.minimum(reach[0] - np.abs(along), reach[1] - np.abs(across))


def _shade(picture: Bytes, inside: Bytes, rng: np.random.Generator) -> None:
    side = picture.shape[0]
    soft = side * rng.uniform(0.004, 0.04)
    small = cv2.resize(inside * np.uint8(255), (side // 4, side // 4), interpolation=cv2.INTER_AREA)
    shift = np.array([[1, 0, 0], [0, 1, 0]], np.float64)
    shift[:, 2] = rng.uniform(-1, 1, 2) * soft / 2
    moved = cv2.warpAffine(small, shift, (side // 4, side // 4), borderMode=cv2.BORDER_REPLICATE)
    moved = cv2.GaussianBlur(moved, (0, 0), max(0.6, soft / 4))
    layer = cv2.convertScaleAbs(moved, alpha=-128 * rng.uniform(0.2, 0.6) / 255, beta=128)
    multiply(picture, np.asarray(layer, np.uint8))
