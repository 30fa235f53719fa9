"""Which part of a photo a hole is completed from, so that cost follows the hole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from maskengines.contract import Box

Array = np.ndarray[Any, Any]
CELL = 32
LEAST_MARGIN = 64
THIN = 5.0


@dataclass(frozen=True, eq=False)
class Region:
    """A group of near holes with its surroundings.

    Attributes:
        box: where the crop lies in the photo.
        hole: ``(box.height, box.width)`` bool, what is to be filled.
        unknown: like ``hole``, with the holes of other regions that the crop also shows.
        depth: distance in pixels to what is given that 95 % of the hole stay within; its crossings
            do not make a net of thin strokes wide.
    """

    box: Box
    hole: Array
    unknown: Array
    depth: float

    def paste(self, filled: Array, target: Array, target_box: Box) -> None:
        """Put the hole's pixels of `filled` (a crop at `box`) into `target` at `target_box`."""
        left, top = max(target_box.x, self.box.x), max(target_box.y, self.box.y)
        right = min(target_box.x + target_box.width, self.box.x + self.box.width)
        bottom = min(target_box.y + target_box.height, self.box.y + self.box.height)
        both = Box(left, top, right - left, bottom - top)
        theirs = Box(left - self.box.x, top - self.box.y, both.width, both.height).slices
        ours = Box(left - target_box.x, top - target_box.y, both.width, both.height).slices
        np.copyto(target[ours], filled[theirs], where=self.hole[theirs][..., None])

    @property
    def thin(self) -> bool:
        """Whether the hole is a scratch, a wire or a letter rather than an area."""
        return self.depth <= THIN


def regions_of(mask: Array, context: float) -> list[Region]:
    """Split ``mask`` (H, W; above 0 is hole) into crops that are completed on their own.

    Holes are put together where one crop around both is no larger than two crops. ``context`` is the
    margin in widths of the hole; at least 64 pixels are taken.
    """
    around = Box.of_mask(mask)
    if around.empty:
        return []
    height, width = mask.shape
    groups = _merged([(part, _margin(part, mask, context)) for part in hole_boxes(mask, around)])
    regions = []
    for box, margin in groups:
        crop = box.grown(margin).clipped(width, height)
        own = box.moved(-crop.x, -crop.y)
        inside = np.zeros((crop.height, crop.width), bool)
        inside[own.slices] = mask[box.slices] > 0
        regions.append(Region(crop, inside, mask[crop.slices] > 0, _half_width(inside)))
    return regions


def hole_boxes(mask: Array, around: Box) -> list[Box]:
    """Boxes of the holes of ``mask`` (H, W; above 0 is hole) inside ``around``, their bounding box; holes
    within a cell of each other count as one."""
    crop = mask[around.slices]
    rows, columns = -(-around.height // CELL), -(-around.width // CELL)
    grid = np.zeros((rows * CELL, columns * CELL), bool)
    grid[: around.height, : around.width] = crop
    cells = grid.reshape(rows, CELL, columns, CELL).any(axis=(1, 3))
    count, _, stats, _ = cv2.connectedComponentsWithStats(np.asarray(cells, np.uint8), connectivity=8)
    boxes = []
    for x, y, w, h, _area in stats[1:count].tolist():
        coarse = Box(x * CELL, y * CELL, w * CELL, h * CELL).clipped(around.width, around.height)
        tight = Box.of_mask(crop[coarse.slices])
        boxes.append(
            Box(around.x + coarse.x + tight.x, around.y + coarse.y + tight.y, tight.width, tight.height)
        )
    return boxes


def _depth(hole: Array) -> float:
    framed = cv2.copyMakeBorder(hole.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    return float(cv2.distanceTransform(framed, cv2.DIST_L2, 5).max())


def _half_width(hole: Array) -> float:
    framed = cv2.copyMakeBorder(hole.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    distance = cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1]
    return float(np.quantile(distance[hole], 0.95))


def _margin(box: Box, mask: Array, context: float) -> int:
    """One width of the hole; of a long stroke, eight times its half width."""
    height, width = mask.shape
    depth = _depth(mask[box.grown(1).clipped(width, height).slices] > 0)
    span = max(box.width, box.height)
    return round(max(LEAST_MARGIN, min(span, 8 * depth)) * context) + 1


def _merged(groups: list[tuple[Box, int]]) -> list[tuple[Box, int]]:
    """Join until no two groups overlap and none would gain."""
    pending, done = list(groups), list[tuple[Box, int]]()
    while pending:
        box, margin = pending.pop()
        for k, (other, other_margin) in enumerate(done):
            both, wide = box.union(other), max(margin, other_margin)
            apart = _area(box.grown(margin)) + _area(other.grown(other_margin))
            if _overlap(box, other) or _area(both.grown(wide)) <= apart:
                del done[k]
                pending.append((both, wide))
                break
        else:
            done.append((box, margin))
    return sorted(done, key=lambda group: (group[0].y, group[0].x))


def _overlap(a: Box, b: Box) -> bool:
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height


def _area(box: Box) -> int:
    return box.width * box.height
