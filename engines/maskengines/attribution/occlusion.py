"""Occlusion: how far the target falls when a window hides a part of the photo.

Zeiler and Fergus 2014, Visualizing and Understanding Convolutional Networks, section 4.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from maskengines.attribution.estimates import Explanation, region_means, stability
from maskengines.attribution.sampling import SlidingWindows
from maskengines.results.maps import Z95

Array = np.ndarray[Any, Any]


class _Sums:
    """Number, sum and sum of squares of the falls at every pixel, over the windows that hide it."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.count, self.total, self.squares = np.zeros(shape), np.zeros(shape), np.zeros(shape)

    def mean(self) -> Array:
        return self.total / np.maximum(self.count, 1)


class Occlusion:
    """Mean fall over the windows that hide a pixel; an `Estimate`.

    Args:
        labels: ``(H, W)`` label map, for the values of regions.
        whole: the target's value of the whole photo.
    """

    def __init__(self, sampler: SlidingWindows, labels: Array, whole: float) -> None:
        self._sampler, self._labels, self._whole = sampler, labels, whole
        self._halves = (_Sums(sampler.shape), _Sums(sampler.shape))
        self._falls: list[float] = []

    def add(self, start: int, scores: Array) -> None:
        for index, fall in enumerate(self._whole - scores, start):
            top, left = self._sampler.corner(index)
            hidden = slice(top, top + self._sampler.height), slice(left, left + self._sampler.width)
            sums = self._halves[index % 2]
            sums.count[hidden] += 1
            sums.total[hidden] += fall
            sums.squares[hidden] += fall**2
            self._falls.append(float(fall))

    def values(self) -> Array:
        """The map so far; 0 where no window has been."""
        return self._all().mean().astype(np.float32)

    def explanation(self) -> Explanation:
        """The map, and how far it may lie from that of all positions a window could take: ``s / sqrt(n)`` of
        the ``n`` windows over a pixel. Where fewer than two were, their spread is taken from all falls."""
        sums = self._all()
        mean = sums.mean()
        variance = (sums.squares - sums.count * mean**2) / np.maximum(sums.count - 1, 1)
        overall = (
            float(np.mean(np.square(self._falls))) if len(self._falls) < 2 else np.var(self._falls, ddof=1)
        )
        variance = np.where(sums.count < 2, overall, np.maximum(variance, 0))
        errors = np.sqrt(variance / np.maximum(sums.count, 1))
        first, second = self._halves
        both = (first.count > 0) & (second.count > 0)
        return Explanation(
            values=mean.astype(np.float32),
            band=(Z95 * errors).astype(np.float32),
            coefficients=region_means(mean, self._labels),
            errors=region_means(errors, self._labels),
            fit=None,
            stability=stability(first.mean()[both], second.mean()[both]) if both.any() else 0.0,
        )

    def _all(self) -> _Sums:
        first, second = self._halves
        sums = _Sums(self._sampler.shape)
        sums.count = first.count + second.count
        sums.total = first.total + second.total
        sums.squares = first.squares + second.squares
        return sums
