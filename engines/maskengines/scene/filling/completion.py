"""The depth of what is in a hole, from its rim."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from maskengines.errors import BadInput
from maskengines.scene.filling.hole import IN_PLANE, Hole
from maskengines.scene.filling.membrane import membrane

Array = np.ndarray[Any, Any]

_RIM = 3
_NEARER = 1.25
"""A place of the rim is something in front of the hole where it is nearer by this than the far side around
it."""
_AROUND = 7.0
_FAR_SIDE = 0.2


def inverse_depth(hole: Hole) -> Array:
    """``(h, w)`` float64: inverse depth where `Hole.mask` is; elsewhere it means nothing.

    Where a plane goes on into the hole, the plane and on top of it the harmonic continuation of what the rim
    is off it: inverse depth is linear in the pixels of a plane. Elsewhere the harmonic continuation of the
    rim alone, without what stands in front of the hole.

    Raises:
        BadInput: nothing is seen around the hole.
    """
    rim = (
        cv2.dilate(hole.mask.astype(np.uint8), np.ones((2 * _RIM + 1, 2 * _RIM + 1), np.uint8)) > 0
    ) & hole.solid
    if not rim.any():
        raise BadInput(
            "Nothing of the scene is seen around the hole in this view, so its depth cannot be told. Look "
            "from elsewhere."
        )
    rim_inverse = np.where(rim, 1.0 / np.where(rim, hole.after.depth, 1.0), 0.0).astype(np.float64)
    found, done = np.zeros(hole.mask.shape), np.zeros(hole.mask.shape, bool)
    nearest = _nearest_plane(hole)
    rows, columns = np.indices(hole.mask.shape)
    pixels = np.stack([columns + 0.5, rows + 0.5], axis=-1)
    for number, plane in enumerate(hole.planes):
        part = hole.mask & (nearest == number)
        if not part.any():
            continue
        flat = plane.inverse_depth(pixels)
        lies = rim & (np.abs(rim_inverse - flat) <= 2 * IN_PLANE * np.abs(flat))
        off = membrane(rim_inverse - flat, part, lies) if lies.any() else np.zeros(flat.shape)
        found[part] = (flat + off)[part]
        done |= part
    rest = hole.mask & ~done
    if rest.any():
        found[rest] = membrane(rim_inverse, rest, _far_side(rim, rim_inverse))[rest]
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
    speaks = told | core
    rows, columns = distance_transform_edt(~speaks, return_distances=False, return_indices=True)
    found: Array = hole.plane[rows, columns]
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
