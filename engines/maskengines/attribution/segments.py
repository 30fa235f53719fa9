"""Which parts of a photo an explanation speaks of: label maps of the network's input.

A label map is ``(H, W)`` int32 and holds every whole number from 0 to ``n - 1``. The same photo gives the
same map on every run.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from maskengines.errors import BadInput

Array = np.ndarray[Any, Any]

GRID_SIDE = 16
"""Rows and columns of the grid."""

_TRIES = 6
_COMPACTNESS = 10.0
_SMALLEST_REST = 16
"""Pixels below which what is left around painted regions is no longer split."""
_KERNELS_PER_REGION = 8.0


def segments(photo: Array, kind: str, count: int, painted: Array | None = None) -> Array:
    """Split a photo into regions.

    Args:
        photo: ``(H, W, 3)`` uint8.
        kind: ``slic``, ``quickshift``, ``grid`` (16 x 16 cells whatever ``count`` says) or ``painted``.
        count: how many regions are wanted. What the photo holds decides how many there are, so it is met
            roughly; painted regions are all kept.
        painted: ``(H, W)``, above 0 where painted; for ``painted`` only.

    Raises:
        BadInput: the photo is a single pixel or one flat colour, nothing is painted, or the kind is unknown.
    """
    check_photo(photo)
    if kind == "grid":
        return grid(photo.shape[:2])
    if kind == "slic":
        return slic(photo, count)
    if kind == "quickshift":
        return quickshift(photo, count)
    if kind == "painted":
        return painted_regions(photo, painted, count)
    raise BadInput(f"Unknown kind of regions '{kind}'. Use slic, quickshift, grid or painted.")


def check_photo(photo: Array) -> None:
    """Raises:
    BadInput: there is nothing in the photo that could be told apart.
    """
    height, width = photo.shape[:2]
    if height < 2 or width < 2:
        raise BadInput(
            f"The photo is {width} x {height} pixels, too small to be split into regions. Use a larger one."
        )
    if not np.ptp(photo.reshape(-1, photo.shape[-1]), axis=0).any():
        raise BadInput("The photo is one flat colour, so there is nothing to explain. Use another photo.")


def grid(shape: tuple[int, ...], side: int = GRID_SIDE) -> Array:
    """Cells of equal size to a pixel, ``side`` by ``side`` of them, fewer where there are fewer pixels."""
    rows, columns = (np.arange(length) * min(side, length) // length for length in shape[:2])
    return _consecutive(rows[:, None] * side + columns[None, :])


def slic(photo: Array, count: int, where: Array | None = None) -> Array:
    """SLIC superpixels (Achanta et al. 2012), each connected, about ``count`` of them.

    Args:
        where: ``(H, W)`` bool; only there, all else is labelled -1 (maskSLIC, Irving 2016).
    """
    from skimage.segmentation import slic as scikit_slic

    best: Array | None = None
    asked, compactness = float(count), _COMPACTNESS
    for _ in range(_TRIES):
        seeds = max(1, round(asked))
        labels = scikit_slic(photo, seeds, compactness=compactness, mask=where, start_label=1)
        labels = np.where(labels > 0, labels - 1, -1) if where is None else _filled(labels, where)
        found = len(np.unique(labels[labels >= 0]))
        if best is None or abs(found - count) < abs(best.max() + 1 - count):
            best = _consecutive(labels)
        if abs(found - count) <= 0.05 * count:
            break
        if found < count / 3:
            # In noise the regions of any seed are dust, which is then joined: place must weigh more.
            compactness *= 4
        else:
            # Joining small fragments leaves fewer regions than seeds, in busy photos half: sow more.
            asked *= count / found
    assert best is not None
    return best


def quickshift(photo: Array, count: int) -> Array:
    """Modes of the density of colour and place (Vedaldi and Soatto 2008).

    The kernel is chosen so that about ``count`` modes are usual in photos; a mode's pixels need not touch.
    The weight of colour, 0.2, is that of LIME's reference implementation.
    """
    from skimage.segmentation import quickshift as scikit_quickshift

    kernel = np.sqrt(photo.shape[0] * photo.shape[1] / max(count, 1)) / _KERNELS_PER_REGION
    labels = scikit_quickshift(photo, ratio=0.2, kernel_size=max(1.0, float(kernel)), max_dist=np.inf)
    return _consecutive(labels)


def painted_regions(photo: Array, painted: Array | None, count: int) -> Array:
    """The user's own regions: every connected piece of paint is one, in reading order; the rest is split by
    SLIC into as many as ``count`` leaves, or is one background region where that is none.

    Pieces that touch at a corner are one.

    Raises:
        BadInput: nothing is painted, or the paint has another size than the photo.
    """
    if painted is None or not painted.any():
        raise BadInput("Nothing is painted. Paint the regions to compare, or choose another kind of regions.")
    if painted.shape != photo.shape[:2]:
        raise BadInput(
            f"The paint is {painted.shape[1]} x {painted.shape[0]} and the photo {photo.shape[1]} x "
            f"{photo.shape[0]} pixels. Use paint of the photo's size."
        )
    pieces, found = ndimage.label(painted > 0, structure=np.ones((3, 3), int))
    labels = pieces.astype(np.int32) - 1
    rest = labels < 0
    if not rest.any():
        if found < 2:
            raise BadInput("The paint covers the whole photo as one region. Leave some of it unpainted.")
        return labels
    split = count - found
    if split > 1 and np.count_nonzero(rest) >= max(_SMALLEST_REST, 2 * split):
        labels[rest] = found + slic(photo, split, rest)[rest]
    else:
        labels[rest] = found
    return _consecutive(labels)


def _filled(labels: Array, where: Array) -> Array:
    """Labels from 0, -1 outside ``where``; a pixel that SLIC left out joins the region nearest to it."""
    left_out = labels <= 0
    if (left_out & where).any() and not left_out.all():
        nearest = ndimage.distance_transform_edt(left_out, return_distances=False, return_indices=True)
        labels = labels[tuple(nearest)]
    return np.where(where, np.maximum(labels, 1) - 1, -1)


def _consecutive(labels: Array) -> Array:
    """The same regions numbered 0 to n - 1 in the order of their numbers; -1 stays."""
    names, numbered = np.unique(labels, return_inverse=True)
    shift = 1 if names[0] < 0 else 0
    return (numbered.reshape(labels.shape) - shift).astype(np.int32)
