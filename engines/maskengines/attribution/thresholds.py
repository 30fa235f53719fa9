"""Where a map falls into two."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def otsu(values: Array) -> Array | None:
    """The upper of the two classes that differ most (Otsu 1979, equation 14), as a mask of ``values``' shape,
    bool: the cut between sorted values that makes ``n0 n1 (mean1 - mean0)^2`` largest, found among all cuts,
    with no histogram. ``None`` for a flat map, which no threshold divides.
    """
    if not np.ptp(values) > 0:
        return None
    ordered = np.sort(values.astype(np.float64), axis=None)
    below = np.arange(1, ordered.size)
    sums = np.cumsum(ordered)
    above = ordered.size - below
    apart = below * above * ((sums[-1] - sums[:-1]) / above - sums[:-1] / below) ** 2
    apart[ordered[1:] == ordered[:-1]] = -1
    return np.asarray(values > ordered[int(np.argmax(apart))])
