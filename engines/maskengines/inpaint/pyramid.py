"""The levels a hole is completed on, from a few pixels wide to full size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from maskengines.inpaint.kernels import RADIUS, SIZE

Array = np.ndarray[Any, Any]
FEWEST_SOURCES = 48
LEAST_SIDE = 5 * SIZE


@dataclass(eq=False)
class Level:
    """One level, with a margin of `RADIUS` pixels on every side.

    Attributes:
        colours: ``(H, W, 3)`` float32, 0..255; the hole's values are the current estimate.
        texture: ``(H, W, 2)`` float32 texture features, already weighted.
        hole: ``(H, W)`` bool, to be filled (the margin beside the hole too).
        usable: ``(H, W)`` uint8, centres of patches that lie in what is given.
        index: ``(H, W)`` int32, number of the target centred there or -1.
        rows, columns: centres of the target patches, in reading order.
        hole_rows, hole_columns: the hole's pixels, in reading order.
        trust: per target, how near to what is given it lies: ``1.3 ** -depth`` (Wexler 2007).
    """

    colours: Array
    texture: Array
    hole: Array
    usable: Array
    index: Array
    rows: Array
    columns: Array
    hole_rows: Array
    hole_columns: Array
    trust: Array

    @property
    def shape(self) -> tuple[int, int]:
        height, width = self.hole.shape
        return height, width

    def copy(self) -> Level:
        """The same level with an estimate of its own."""
        return Level(
            self.colours.copy(), self.texture.copy(), self.hole, self.usable, self.index, self.rows,
            self.columns, self.hole_rows, self.hole_columns, self.trust,
        )  # fmt: skip

    def draw(self, picture: Array) -> None:
        """Make `picture` ``(h, w, 3)`` float32 of any size the estimate of the hole's colours."""
        height, width = (side - 2 * RADIUS for side in self.shape)
        small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        edges = ((RADIUS, RADIUS), (RADIUS, RADIUS), (0, 0))
        self.colours[self.hole] = np.pad(small, edges, mode="edge")[self.hole]

    def nearest_usable(self, rows: Array, columns: Array) -> tuple[Array, Array]:
        """Those positions, each that is not usable moved to the nearest centre that is; int32."""
        height, width = self.shape
        rows = np.clip(rows, RADIUS, height - RADIUS - 1).astype(np.int32)
        columns = np.clip(columns, RADIUS, width - RADIUS - 1).astype(np.int32)
        missing = self.usable[rows, columns] == 0
        if missing.any():
            blocked = (self.usable == 0).astype(np.uint8)
            labels = cv2.distanceTransformWithLabels(blocked, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)[
                1
            ]
            where = np.argwhere(self.usable > 0).astype(np.int32)
            home = np.zeros((int(labels.max()) + 1, 2), np.int32)
            home[labels[where[:, 0], where[:, 1]]] = where
            moved = home[labels[rows[missing], columns[missing]]]
            rows[missing], columns[missing] = moved[:, 0], moved[:, 1]
        return rows, columns


def texture_features(colours: Array, hole: Array, weight: float, tick: Callable[[], None]) -> Array:
    """Mean strength of horizontal and vertical detail around each given pixel, ``(H, W, 2)`` float32.

    Newson 2014 eq. 8, on 17 x 17 windows; scaled so that one squared difference counts as much as
    it would, doubled twice, in each of the patch's pixels, times ``weight`` squared.
    """
    grey = np.ascontiguousarray(colours.mean(axis=2, dtype=np.float32))
    given = (cv2.dilate(hole.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0).astype(np.float32)
    mass = cv2.boxFilter(given, -1, (17, 17)) + 1e-6
    tick()
    across = np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=0.125)) * given
    down = np.abs(cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=0.125)) * given
    parts = [cv2.boxFilter(part, -1, (17, 17)) / mass for part in (across, down)]
    tick()
    return np.stack(parts, axis=2) * np.float32(weight * 4.0 * SIZE)


def build_levels(
    colours: Array, hole: Array, unknown: Array, texture_weight: float, tick: Callable[[], None]
) -> list[Level]:
    """Levels from full size (first) to the coarsest, where the hole is about as wide as a patch.

    Args:
        colours: ``(H, W, 3)`` float32, 0..255.
        hole: ``(H, W)`` bool, to be filled.
        unknown: ``(H, W)`` bool, no place to copy from; holds ``hole``.
        tick: called between short pieces of work.

    Returns:
        An empty list if not even full size holds enough patches to copy from.
    """
    features = texture_features(colours, unknown, texture_weight, tick)
    tick()
    framed = cv2.copyMakeBorder(hole.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    depth = float(cv2.distanceTransform(framed, cv2.DIST_L2, 5).max())
    wanted = 1 + max(0, int(np.ceil(np.log2(max(1.0, depth / RADIUS)))))
    levels: list[Level] = []
    while len(levels) < wanted:
        level = _padded(colours, features, hole, unknown, tick)
        tick()
        if int(level.usable.sum()) < FEWEST_SOURCES or (levels and min(hole.shape) < LEAST_SIDE):
            break
        levels.append(level)
        colours = _halved_colours(colours, unknown)
        features = np.ascontiguousarray(features[::2, ::2])
        hole = np.ascontiguousarray(hole[::2, ::2])
        unknown = np.ascontiguousarray(unknown[::2, ::2])
    return levels


def halved(colours: Array, hole: Array, unknown: Array) -> tuple[Array, Array, Array]:
    """Colours, hole and unknown (as for `build_levels`) at half the size; a pixel is in the smaller hole
    if any of the four it stands for is in the hole."""
    corner = np.ones((2, 2), np.uint8)
    smaller = [
        np.ascontiguousarray(cv2.dilate(part.astype(np.uint8), corner, anchor=(0, 0))[::2, ::2] > 0)
        for part in (hole, unknown)
    ]
    return _halved_colours(colours, unknown), smaller[0], smaller[1]


def _halved_colours(colours: Array, unknown: Array) -> Array:
    given = (~unknown).astype(np.float32)
    mass = np.maximum(cv2.GaussianBlur(given, (5, 5), 1.0), 1e-4)[::2, ::2, None]
    blurred = cv2.GaussianBlur(colours * given[..., None], (5, 5), 1.0)[::2, ::2]
    return np.ascontiguousarray(blurred / mass)


def _padded(colours: Array, features: Array, hole: Array, unknown: Array, tick: Callable[[], None]) -> Level:
    m = RADIUS
    hole_u8 = hole.astype(np.uint8)
    frame = cv2.copyMakeBorder(np.zeros_like(hole_u8), m, m, m, m, cv2.BORDER_CONSTANT, value=1)
    padded_hole = cv2.copyMakeBorder(hole_u8, m, m, m, m, cv2.BORDER_CONSTANT, value=0)
    near = cv2.dilate(padded_hole, np.ones((SIZE, SIZE), np.uint8))
    targets = (near > 0) & (frame == 0)
    reach = cv2.dilate(near, np.ones((SIZE, SIZE), np.uint8)) > 0
    fill = (padded_hole > 0) | (reach & (frame > 0))
    foreign = cv2.copyMakeBorder(unknown.astype(np.uint8), m, m, m, m, cv2.BORDER_CONSTANT, value=1)
    blocked = cv2.dilate(foreign, np.ones((SIZE, SIZE), np.uint8))
    usable = ((blocked == 0) & (frame == 0)).astype(np.uint8)
    usable[:m], usable[-m:], usable[:, :m], usable[:, -m:] = 0, 0, 0, 0
    tick()
    rows, columns = (part.astype(np.int32) for part in np.nonzero(targets))
    index = np.full(targets.shape, -1, np.int32)
    index[rows, columns] = np.arange(len(rows), dtype=np.int32)
    hole_rows, hole_columns = (part.astype(np.int32) for part in np.nonzero(fill))
    tick()
    depth = cv2.distanceTransform(padded_hole, cv2.DIST_L2, 5)[rows, columns]
    border = cv2.BORDER_REPLICATE if min(hole.shape) <= m else cv2.BORDER_REFLECT_101
    return Level(
        colours=cv2.copyMakeBorder(colours, m, m, m, m, border).astype(np.float32),
        texture=cv2.copyMakeBorder(features, m, m, m, m, border).astype(np.float32),
        hole=fill,
        usable=usable,
        index=index,
        rows=rows,
        columns=columns,
        hole_rows=hole_rows,
        hole_columns=hole_columns,
        trust=np.power(np.float32(1.3), -np.minimum(depth, 40)).astype(np.float32),
    )
