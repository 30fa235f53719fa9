"""What all methods give: a map that is refined sample by sample, with how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy import ndimage

Array = np.ndarray[Any, Any]

"""Half the width of a 95 % interval of a normal distribution, in standard errors."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """A finished map.

    Attributes:
        values: ``(H, W)`` float32, how much a part of the photo speaks for the target (above 0) or against it
            (below 0), in the target's unit.
        band: ``(H, W)`` float32, half the width of the 95 % interval around ``values``.
        coefficients, errors: ``(regions,)`` float64, value and standard error of every region.
        fit: weighted R squared of the surrogate; ``None`` for methods that fit none.
        stability: 0..1, see `stability`.
    """

    values: Array
    band: Array
    coefficients: Array
    errors: Array
    fit: float | None
    stability: float


class Estimate(Protocol):
    """An explanation in the making."""

    def add(self, start: int, scores: Array) -> None:
        """Take in the target's values of samples ``start`` onwards, ``(N,)``; each sample once, in order."""

    def values(self) -> Array:
        """The map so far, ``(H, W)`` float32."""

    def explanation(self) -> Explanation:
        """All that can be said so far; at least one sample was added."""


def stability(first: Array, second: Array) -> float:
    """How alike a second run would come out, 0..1: the correlation ``r`` between the maps of the samples of
    even and of odd number, carried from half the samples to all of them by Spearman-Brown,
    ``2 r / (1 + r)`` (Spearman 1910; Brown 1910). Maps that are flat or opposed have 0.
    """
    a, b = first - first.mean(), second - second.mean()
    length = float(np.sqrt((a * a).sum() * (b * b).sum()))
    r = float((a * b).sum()) / length if length > 0 else 0.0
    return min(1.0, 2 * r / (1 + r)) if r > 0 else 0.0


def region_means(values: Array, labels: Array) -> Array:
    """Mean of ``(H, W)`` values over every region: ``(regions,)`` float64."""
    return np.asarray(ndimage.mean(values.astype(np.float64), labels, np.arange(labels.max() + 1)))
