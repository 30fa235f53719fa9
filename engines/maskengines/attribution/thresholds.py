"""From a map to an editable mask."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from maskengines.errors import BadInput

Array = np.ndarray[Any, Any]

_SMOOTH = 8.0
_HIDDEN = np.uint8(255)


def by_value(values: Array, least: float) -> Array:
    """Mask of everything at or above a value: ``(H, W)`` uint8, 255 there and 0 elsewhere."""
    return _mask(values >= least)


def by_share(values: Array, share: float) -> Array:
    """Mask of the highest ``share`` of the area, exact to half a pixel.

    Where the cut falls among equal values, as inside a region, pixels with a higher neighbourhood go first,
    so that the mask grows from what is in it already.

    Raises:
        BadInput: the share is not in 0..1.
    """
    if not 0 <= share <= 1:
        raise BadInput(f"The share of the area is {share:g}; give a number from 0 to 1.")
    wanted = int(np.floor(share * values.size + 0.5))
    around = ndimage.gaussian_filter(values.astype(np.float64), _SMOOTH, mode="nearest")
    order = np.lexsort((np.arange(values.size), -around.ravel(), -values.ravel()))
    chosen = np.zeros(values.size, bool)
    chosen[order[:wanted]] = True
    return _mask(chosen.reshape(values.shape))


def by_otsu(values: Array) -> Array:
    """Mask of the upper of the two classes that differ most (Otsu 1979, equation 14): the cut between sorted
    values that makes ``n0 n1 (mean1 - mean0)^2`` largest, found among all cuts, with no histogram.

    Raises:
        BadInput: the map is flat.
    """
    if not np.ptp(values) > 0:
        raise BadInput(
            "The map is the same everywhere, so no threshold divides it. Take a share of the area."
        )
    ordered = np.sort(values.astype(np.float64), axis=None)
    below = np.arange(1, ordered.size)
    sums = np.cumsum(ordered)
    above = ordered.size - below
    apart = below * above * ((sums[-1] - sums[:-1]) / above - sums[:-1] / below) ** 2
    apart[ordered[1:] == ordered[:-1]] = -1
    return _mask(values > ordered[int(np.argmax(apart))])


def _mask(chosen: Array) -> Array:
    return chosen.astype(np.uint8) * _HIDDEN
