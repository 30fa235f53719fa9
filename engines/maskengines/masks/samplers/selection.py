"""How many elements a ratio asks for, and which: those of the highest score."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from maskengines.errors import BadInput

BoolMask = np.ndarray[Any, np.dtype[np.bool_]]
Scores = np.ndarray[Any, np.dtype[np.floating[Any] | np.integer[Any]]]


def wanted(height: int, width: int, ratio: float) -> int:
    """``round(ratio * height * width)``, the number of elements to mask.

    Raises `BadInput` for a ratio outside 0..1 or an image without elements.
    """
    if not (math.isfinite(ratio) and 0.0 <= ratio <= 1.0):
        raise BadInput(f"The masked share must lie between 0 and 1, not {ratio:g}.")
    if height < 1 or width < 1:
        raise BadInput(
            f"An image of {width} x {height} elements has nothing to mask; each side needs at least one."
        )
    return round(ratio * height * width)


def strongest(scores: Scores, count: int) -> BoolMask:
    """A mask ``(h, w)`` of exactly ``count`` (0..h*w) elements: those of the highest ``scores`` ``(h, w)``.

    Among equal scores at the limit the first in reading order are taken.
    """
    flat = scores.reshape(-1)
    if count <= 0:
        return np.zeros(scores.shape, np.bool_)
    if count >= flat.size:
        return np.ones(scores.shape, np.bool_)
    limit = np.partition(flat, flat.size - count)[flat.size - count]
    mask = np.greater(flat, limit)
    tied = np.flatnonzero(flat == limit)
    mask[tied[: count - int(np.count_nonzero(mask))]] = True
    return mask.reshape(scores.shape)
