"""Voronoi cells: pebbles, scales, cracked earth, stained glass."""

from __future__ import annotations

import cv2
import numpy as np

from maskengines.inpaint.procedural.palettes import Bytes, Floats, palette
from maskengines.inpaint.procedural.textures import texture
from maskengines.inpaint.procedural.tiling import spread


def cells(side: int, rng: np.random.Generator) -> Bytes:
    """Cells around random or ordered points, flat, textured or domed, at times with joints between them."""
    colours = palette(rng)
    distance, labels, count = _nearest(side, rng)
    fills = colours.colours(count + 1, rng, spread=rng.uniform(4, 25))
    picture = cv2.merge(
        [cv2.remap(fills[None, :, c], labels, _zeros(side), cv2.INTER_NEAREST) for c in range(3)]
    )
    if rng.uniform() < 0.5:
        for _ in range(int(rng.integers(1, 4))):
            chosen = (rng.uniform(size=(1, count + 1)) < 0.35).astype(np.uint8)
            where = cv2.remap(chosen, labels, _zeros(side), cv2.INTER_NEAREST)
            cv2.copyTo(spread(texture(colours, rng), side, side, rng, (-0.5, 1.3)), where, picture)
    if rng.uniform() < 0.5:
        steep = rng.uniform(0.2, 0.9) / max(1.0, float(distance.max()) * 0.6)
        light = np.clip(255 * (1 - distance * np.float32(steep)), 60, 255).astype(np.uint8)
        picture = cv2.multiply(picture, cv2.merge([light] * 3), scale=1 / 255)
    if rng.uniform() < 0.6:
        edges = (cv2.morphologyEx(labels, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0).astype(np.uint8)
        wide = 2 * int(rng.integers(0, max(2, side // 160))) + 1
        picture[cv2.dilate(edges, np.ones((wide, wide), np.uint8)) > 0] = colours.colour(rng)
    return np.asarray(picture, np.uint8)


def _nearest(side: int, rng: np.random.Generator) -> tuple[Floats, Floats, int]:
    """For each element the distance to the nearest point and that point's number from 1, as float32."""
    count = int(np.exp(rng.uniform(np.log(8), np.log(500))))
    long = float(rng.choice([1.0, rng.uniform(1, 4)]))
    height, width = side, max(8, round(side / long))
    points = rng.uniform(0, 1, (count, 2))
    if rng.uniform() < 0.4:
        rows = max(2, round(np.sqrt(count)))
        y, x = np.divmod(np.arange(rows * rows), rows)
        points = (
            np.stack([y, x + 0.5 * (y % 2)], 1) + rng.normal(0, rng.uniform(0, 0.3), (rows * rows, 2))
        ) / rows
    row, column = (np.clip(points * [height, width], 0, [height - 1, width - 1])).astype(int).T
    empty = np.full((height, width), 255, np.uint8)
    empty[row, column] = 0
    distance, labels = cv2.distanceTransformWithLabels(empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    numbers = np.asarray(labels, np.float32)
    count = int(numbers.max())
    if width != side:
        numbers = np.asarray(cv2.resize(numbers, (side, side), interpolation=cv2.INTER_NEAREST), np.float32)
        distance = cv2.resize(distance, (side, side))
    return np.asarray(distance, np.float32), numbers, count


def _zeros(side: int) -> Floats:
    return np.zeros((side, side), np.float32)
