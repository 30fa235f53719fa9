"""How well a guess's texture suits the hole, told from where it copies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from maskengines.inpaint.kernels import RADIUS
from maskengines.inpaint.pyramid import Level

Array = np.ndarray[Any, Any]
SCALES = 3
BINS = 32
TOP = 7.0
MOST_SAMPLES = 20_000
FEWEST_SAMPLES = 64
REACHES = (2, 5, 11)
"""How far a gradient reaches at each scale, pixels of full size."""
RING = 12


@dataclass(frozen=True, eq=False)
class Texture:
    """What a fill should show of texture.

    Attributes:
        rising: ``(3, 32)``: cumulative distribution of gradient strength at three scales.
        known: whether the photo says so itself, as it repeats, and it is no guess from beside the hole.
    """

    rising: Array
    known: bool = False


class Likeness:
    """The distribution of gradient strength at three scales beside the hole, which a fill should show too.

    What is beside the hole is taken twice: in a ring along the rim, and mirrored at the rim, so that every
    part of the rim counts by the area of hole that lies behind it.
    """

    def __init__(self, level: Level) -> None:
        """``level`` is full size; only what is given of it is read."""
        self._strengths = strengths(level.colours.mean(axis=2, dtype=np.float32))
        rows, columns = _mirrored(level)
        self._beside: list[Array] = []
        if len(rows) >= FEWEST_SAMPLES:
            self._beside.append(curves(self._strengths, rows, columns))
        rings = [_ring(level, reach) for reach in REACHES]
        if min(len(rows) for rows, _ in rings) >= FEWEST_SAMPLES:
            along = [curves(self._strengths, *ring)[scale] for scale, ring in enumerate(rings)]
            self._beside.append(np.array(along))

    def wanted(self, guesses: list[Array]) -> Array:
        """``(3, 32)``: half the texture beside the hole, half the mean of what ``guesses`` (from `of`, at
        least one) show, as what is beside the hole need not go on in it."""
        halves = [np.mean(part, axis=0) for part in (self._beside, guesses) if part]
        return np.asarray(np.mean(halves, axis=0))

    def of(self, level: Level, depth: int, from_rows: Array, from_columns: Array) -> Array:
        """``(3, 32)``: cumulative distribution of gradient strength, per scale, of what a guess copies.

        At scales as coarse as the guess's level and coarser the copy is drawn, as there the joints between
        its pieces are edges too, which no blending takes away.

        Args:
            level: the guess's level, 2 to the power of ``depth`` times smaller than full size.
            from_rows, from_columns: where each of its hole pixels is copied from.
        """
        rng = np.random.default_rng(0)
        times = max(1, MOST_SAMPLES // max(1, len(from_rows)))
        rows = np.tile((from_rows - RADIUS) << depth, times)
        columns = np.tile((from_columns - RADIUS) << depth, times)
        rows = rows + rng.integers(0, 1 << depth, len(rows)) + RADIUS
        columns = columns + rng.integers(0, 1 << depth, len(columns)) + RADIUS
        rising = curves(self._strengths, rows, columns)
        if depth < SCALES:
            grey = level.colours.mean(axis=2, dtype=np.float32)
            grey[level.hole_rows, level.hole_columns] = grey[from_rows, from_columns]
            drawn = strengths(grey, SCALES - depth)
            rising[depth:] = curves(drawn, level.hole_rows, level.hole_columns)
        return rising


def distances(guesses: list[Array], wanted: Array) -> Array:
    """How far each guess is from what is wanted, 0..1: mean difference of cumulative distributions."""
    return np.array([float(np.abs(guess - wanted).mean()) for guess in guesses])


def strengths(grey: Array, scales: int = SCALES) -> list[Array]:
    """Bin of the log gradient strength of every pixel of ``grey`` (H, W; float32, 0..255) and of its
    halvings, ``scales`` in all; uint8."""
    found: list[Array] = []
    for scale in range(scales):
        across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
        bins = np.log1p(cv2.magnitude(across, down)) * np.float32(BINS / TOP)
        found.append(np.minimum(bins, BINS - 1).astype(np.uint8))
        if scale + 1 < scales:
            grey = cv2.pyrDown(grey)
    return found


def curves(found: list[Array], rows: Array, columns: Array) -> Array:
    """``(3, 32)``: cumulative distribution of the `strengths` at those pixels, per scale."""
    rising = []
    for scale, strength in enumerate(found):
        y = np.clip(rows >> scale, 0, strength.shape[0] - 1)
        x = np.clip(columns >> scale, 0, strength.shape[1] - 1)
        counts = np.bincount(strength[y, x], minlength=BINS).astype(float)
        rising.append(np.cumsum(counts / counts.sum()))
    return np.array(rising)


def _ring(level: Level, reach: int) -> tuple[Array, Array]:
    """Given pixels along the rim, as near as a gradient that reaches that far sees nothing of the hole; each
    part of the rim as often as there are hole pixels nearest to it."""
    free = cv2.dilate(level.usable, np.ones((2 * RADIUS + 1, 2 * RADIUS + 1), np.uint8))
    clear = cv2.distanceTransform(free, cv2.DIST_L2, 5) >= reach
    pixels, rim = _nearest(level)
    out = (rim - pixels) / np.maximum(np.linalg.norm(rim - pixels, axis=1, keepdims=True), 1.0)
    far = np.random.default_rng(0).uniform(reach, reach + RING, (len(rim), 1))
    rows, columns = np.rint(rim + out * far).astype(np.int64).T
    return _kept(rows, columns, clear)


def _mirrored(level: Level) -> tuple[Array, Array]:
    """Given pixels that are the mirror images of hole pixels at the rim nearest to them."""
    pixels, rim = _nearest(level)
    free = cv2.dilate(level.usable, np.ones((2 * RADIUS - 1, 2 * RADIUS - 1), np.uint8))
    rows, columns = (2 * rim - pixels).T
    return _kept(rows, columns, free > 0)


def _nearest(level: Level) -> tuple[Array, Array]:
    """Pixels of the hole, at most 20 000, and the given pixel nearest to each; ``(N, 2)``, row and column."""
    hole = level.hole.astype(np.uint8)
    if bool(level.hole.all()):
        return np.zeros((0, 2), np.int64), np.zeros((0, 2), np.int64)
    labels = cv2.distanceTransformWithLabels(hole, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)[1]
    step = max(1, len(level.hole_rows) // MOST_SAMPLES)
    pixels = np.stack([level.hole_rows[::step], level.hole_columns[::step]], axis=1).astype(np.int64)
    given = np.argwhere(hole == 0)
    home = np.zeros((int(labels.max()) + 1, 2), np.int64)
    home[labels[given[:, 0], given[:, 1]]] = given
    return pixels, home[labels[pixels[:, 0], pixels[:, 1]]]


def _kept(rows: Array, columns: Array, clear: Array) -> tuple[Array, Array]:
    """Those inside ``clear`` (H, W) and true there."""
    inside = (rows >= 0) & (rows < clear.shape[0]) & (columns >= 0) & (columns < clear.shape[1])
    rows, columns = rows[inside], columns[inside]
    kept = clear[rows, columns]
    return rows[kept], columns[kept]
