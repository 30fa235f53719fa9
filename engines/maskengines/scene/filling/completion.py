"""The depth of what is in a hole, from its rim."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from maskengines.errors import BadInput
from maskengines.scene.filling.hole import Hole
from maskengines.scene.filling.membrane import membrane

Array = np.ndarray[Any, Any]

_RIM = 4
"""Pixels around a hole that tell of its depth."""

_MOSTLY = 0.4
"""Share of the rim of a piece that must lie in a plane for the piece to go on in it."""

_NEARER = 1.25
"""A place of the rim is something in front of the hole where it is nearer by this than the far side around
it."""

_AROUND = 7.0
_FAR_SIDE = 0.2


def inverse_depth(hole: Hole) -> Array:
    """``(h, w)`` float64: inverse depth where `Hole.mask` is; elsewhere it means nothing.

    Where a plane goes on into the hole, or most of the rim of a piece lies in one, the plane, and on top of
    it the harmonic continuation of what the rim is off it: inverse depth is linear in the pixels of a plane.
    Elsewhere the harmonic continuation of the rim alone, without what stands in front of the hole.

    Raises:
        BadInput: nothing is seen around the hole.
    """
    rim = _beside(hole.mask) & hole.solid
    if not rim.any():
        raise BadInput(
            "Nothing of the scene is seen around the hole in this view, so its depth cannot be told. Look "
            "from elsewhere."
        )
    told = np.where(rim, 1.0 / np.where(rim, hole.after.depth, 1.0), 0.0).astype(np.float64)
    flat = _flats(hole)
    lies = [rim & (np.abs(told - plane) <= 2 * hole.within * np.abs(plane)) for plane in flat]
    which = _by_most_of_the_rim(hole.mask, _nearest_plane(hole), rim, lies)
    found = np.zeros(hole.mask.shape)
    for number, plane in enumerate(flat):
        part = hole.mask & (which == number)
        if part.any():
            there = lies[number]
            off = membrane(told - plane, part, there) if there.any() else np.zeros(plane.shape)
            found[part] = (plane + off)[part]
    rest = hole.mask & (which < 0)
    if rest.any():
        found[rest] = membrane(told, rest, _far_side(rim, told))[rest]
    return found


def _flats(hole: Hole) -> list[Array]:
    """``(h, w)`` inverse depth of each plane."""
    rows, columns = np.indices(hole.mask.shape)
    pixels = np.stack([columns + 0.5, rows + 0.5], axis=-1)
    return [plane.inverse_depth(pixels) for plane in hole.planes]


def _beside(mask: Array) -> Array:
    """``(h, w)`` bool: the pixels next to a mask."""
    wide = cv2.dilate(mask.astype(np.uint8), np.ones((2 * _RIM + 1, 2 * _RIM + 1), np.uint8)) > 0
    found: Array = wide & ~mask
    return found


def _nearest_plane(hole: Hole) -> Array:
    """``(h, w)``: the plane that goes on in each pixel of the hole, in its margin that of the nearest pixel
    that is none; -1 where no plane does."""
    from scipy.ndimage import distance_transform_edt

    core = cv2.erode(hole.mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    told = hole.plane >= 0
    if not told.any():
        return hole.plane
    # The core of the hole speaks for itself; its margin was never asked.
    rows, columns = distance_transform_edt(~(told | core), return_distances=False, return_indices=True)
    found: Array = hole.plane[rows, columns]
    return found


def _by_most_of_the_rim(mask: Array, which: Array, rim: Array, lies: list[Array]) -> Array:
    """``which`` where a plane is known; in each other piece of the mask the one that most of its rim lies
    in."""
    found = which.copy()
    count, pieces = cv2.connectedComponents((mask & (which < 0)).astype(np.uint8), connectivity=8)
    for piece in range(1, count):
        here = pieces == piece
        around = _beside(here) & rim
        shares = [float(each[around].mean()) if around.any() else 0.0 for each in lies]
        if shares and max(shares) >= _MOSTLY:
            found[here] = int(np.argmax(shares))
    return found


def _far_side(rim: Array, inverse: Array) -> Array:
    """The places of a rim that are not in front of others around them."""
    from scipy.spatial import cKDTree

    at = np.argwhere(rim)
    values = inverse[rim]
    around = cKDTree(at).query_ball_point(at, _AROUND)
    far = np.array([np.quantile(values[members], _FAR_SIDE) for members in around])
    kept = np.zeros(rim.shape, bool)
    kept[tuple(at[values <= _NEARER * far].T)] = True
    return kept
