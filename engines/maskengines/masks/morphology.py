"""Pure functions on soft masks: uint8 arrays ``(H, W)`` or ``(N,)``, 0 = given, 255 = asked.

None changes its argument. Radii are in elements and are clamped to what can still make a difference.
Soft edges stay as soft as they were: grow and shrink move every level of the edge alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from maskengines.contract import Box
from maskengines.masks.discs import dilate_by_disc

MaskArray = np.ndarray[Any, np.dtype[np.uint8]]
MAX_RADIUS = 2000


def grow(mask: MaskArray, radius: int) -> MaskArray:
    """Move the edge outward by ``radius``: grey dilation by a disc. A negative radius counts as 0."""
    return _on_plane(mask, lambda plane: _grow(plane, _clamped(radius, plane)))


def shrink(mask: MaskArray, radius: int) -> MaskArray:
    """Move the edge inward by ``radius``: grey erosion by a disc.

    What the image's border cuts off counts as going on outside, so a selection that touches the
    border stays there.
    """
    return _on_plane(mask, lambda plane: _shrink(plane, _clamped(radius, plane)))


def feather(mask: MaskArray, radius: float) -> MaskArray:
    """Blur the edge so that it fades over about ``radius`` on either side.

    A Gaussian with sigma = radius / 2. From sigma 4 on it is three box filters, whose cost does not
    depend on the radius (P. Kovesi, "Fast almost-Gaussian filtering", DICTA 2010, eq. 5).
    """
    return _on_plane(mask, lambda plane: _feather(plane, min(max(0.0, radius), MAX_RADIUS)))


def border(mask: MaskArray, width: int) -> MaskArray:
    """A band of ``width`` along the edge, half inside and half outside; an odd one is wider outside."""

    def band(plane: MaskArray) -> MaskArray:
        whole = _clamped(width, plane)
        outer, inner = _grow(plane, whole - whole // 2), _shrink(plane, whole // 2)
        return np.minimum(outer, 255 - inner)

    return _on_plane(mask, band)


def invert(mask: MaskArray) -> MaskArray:
    """Ask for what was given and give what was asked: ``255 - mask``."""
    return np.subtract(np.uint8(255), mask)


def threshold(mask: MaskArray, level: int = 128) -> MaskArray:
    """A hard mask: 255 where the value is at least ``level`` (1..255), else 0."""
    return np.where(mask >= min(max(1, level), 255), np.uint8(255), np.uint8(0))


def fill_holes(mask: MaskArray) -> MaskArray:
    """Select what is enclosed: an element takes the highest level at which a closed line surrounds it.

    Exact for masks of up to 16 values; others are filled at 16 levels spread over those present.
    Lines may close diagonally. In one dimension "surrounded" means between two selected runs.
    """
    return _on_plane(mask, _fill_holes)


def _on_plane(mask: MaskArray, change: Callable[[MaskArray], MaskArray]) -> MaskArray:
    if mask.dtype != np.uint8 or mask.ndim not in (1, 2):
        raise ValueError(f"expected a uint8 mask of one or two dimensions, got {mask.dtype} {mask.shape}")
    plane = mask.reshape(1, -1) if mask.ndim == 1 else mask
    if not plane.size:
        return mask.copy()
    return change(np.ascontiguousarray(plane)).reshape(mask.shape)


def _clamped(radius: int, plane: MaskArray) -> int:
    return max(0, min(int(radius), MAX_RADIUS, math.ceil(math.hypot(*plane.shape))))


def _grow(plane: MaskArray, radius: int) -> MaskArray:
    box = Box.of_mask(plane)
    if not radius or box.empty:
        return plane.copy()
    box = box.grown(radius).clipped(plane.shape[1], plane.shape[0])
    grown = np.zeros_like(plane)
    grown[box.slices] = dilate_by_disc(np.ascontiguousarray(plane[box.slices]), radius)
    return grown


def _shrink(plane: MaskArray, radius: int) -> MaskArray:
    box = Box.of_mask(plane)
    if not radius or box.empty:
        return plane.copy()
    # One element of surroundings is enough: the nearest one outside lies in it.
    box = box.grown(1).clipped(plane.shape[1], plane.shape[0])
    shrunk = np.zeros_like(plane)
    shrunk[box.slices] = 255 - dilate_by_disc(255 - plane[box.slices], radius)
    return shrunk


def _feather(plane: MaskArray, radius: float) -> MaskArray:
    sigma = radius / 2
    box = Box.of_mask(plane)
    if sigma < 0.2 or box.empty:
        return plane.copy()
    box = box.grown(math.ceil(3.5 * sigma) + 2).clipped(plane.shape[1], plane.shape[0])
    part = np.ascontiguousarray(plane[box.slices])
    feathered = np.zeros_like(plane)
    if sigma < 4:
        feathered[box.slices] = cv2.GaussianBlur(part, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
        return feathered
    fine = part.astype(np.uint16) * 256
    for size in _box_sizes(sigma, 3):
        cv2.boxFilter(fine, -1, (size, size), fine, borderType=cv2.BORDER_REPLICATE)
    feathered[box.slices] = ((fine.astype(np.uint32) + 128) >> 8).astype(np.uint8)
    return feathered


def _box_sizes(sigma: float, passes: int) -> list[int]:
    """Odd widths whose box filters one after another have the variance of the Gaussian."""
    ideal = math.sqrt(12 * sigma * sigma / passes + 1)
    lower = int(ideal) if int(ideal) % 2 else int(ideal) - 1
    count = (12 * sigma**2 - passes * lower**2 - 4 * passes * lower - 3 * passes) / (-4 * lower - 4)
    return [lower if index < round(count) else lower + 2 for index in range(passes)]


def _fill_holes(plane: MaskArray) -> MaskArray:
    if plane.shape[0] == 1:
        return np.minimum(np.maximum.accumulate(plane, 1), np.maximum.accumulate(plane[:, ::-1], 1)[:, ::-1])
    box = Box.of_mask(plane)
    if box.empty:
        return plane.copy()
    box = box.clipped(plane.shape[1], plane.shape[0])
    part = plane[box.slices]
    filled = part.copy()
    for level in _levels(part):
        # A frame of background around the selection joins everything that is not enclosed.
        below = cv2.copyMakeBorder((part < level).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
        cv2.floodFill(below, None, (0, 0), 0, flags=4)
        enclosed = below[1:-1, 1:-1].astype(bool)
        filled[enclosed] = np.maximum(filled[enclosed], level)
    result = plane.copy()
    result[box.slices] = filled
    return result


def _levels(part: MaskArray, most: int = 16) -> list[int]:
    present = np.flatnonzero(cv2.calcHist([np.ascontiguousarray(part)], [0], None, [256], [0, 256]).ravel())
    levels = present[present > 0]
    if len(levels) > most:
        levels = levels[np.unique(np.linspace(0, len(levels) - 1, most).round().astype(int))]
    return [int(level) for level in levels]
