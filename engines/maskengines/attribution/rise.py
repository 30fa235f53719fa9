"""RISE: what the network says on average when a pixel is given.

Petsiuk, Das and Saenko 2018, RISE: Randomized Input Sampling for Explanation of Black-box Models.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from maskengines.attribution.estimates import Explanation, region_means, stability
from maskengines.attribution.sampling import ShiftedGrids
from maskengines.results.maps import Z95

Array = np.ndarray[Any, Any]


class _Sums:
    """Sums of 1, the score and its square: over all samples, and at every pixel over those that give it."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.all = np.zeros(3)
        self.given = np.zeros((3, *shape))

    def add(self, seen: Array, scores: Array) -> None:
        powers = np.stack([np.ones_like(scores), scores, scores**2])
        self.all += powers.sum(axis=1)
        rows = seen.reshape(len(seen), -1).astype(np.float64)
        self.given += (powers @ rows).reshape(self.given.shape)

    def values(self) -> Array:
        count = self.given[0]
        mean = self.all[1] / max(self.all[0], 1)
        return np.where(count > 0, self.given[1] / np.maximum(count, 1) - mean, 0.0)


class Rise:
    """``E[f | pixel given] - E[f]`` at every pixel; an `Estimate`.

    The first term is equation 4, estimated as the mean over the masks that give the pixel: equation 6 with
    the share of masks in which it really was given for its expectation. Taking the mean of all samples away
    leaves the order of pixels as it is and makes 0 mean that the pixel does not matter.

    Args:
        labels: ``(H, W)`` label map, for the values of regions.
        whole: the target's value of the whole photo.
    """

    def __init__(self, sampler: ShiftedGrids, labels: Array, whole: float) -> None:
        # Sums of squares are taken around the whole photo's value, or logits far from 0 would lose digits.
        self._sampler, self._labels, self._whole = sampler, labels, whole
        self._halves = (_Sums(sampler.shape), _Sums(sampler.shape))

    def add(self, start: int, scores: Array) -> None:
        seen = self._sampler.visible(start, start + len(scores))
        for parity, half in enumerate(self._halves):
            mine = np.arange(start, start + len(scores)) % 2 == parity
            half.add(seen[mine], scores[mine] - self._whole)

    def values(self) -> Array:
        return self._both().values().astype(np.float32)

    def explanation(self) -> Explanation:
        """The map, with the standard error of a difference of means: the value is ``(1 - q)`` times the mean
        of the samples that give the pixel less the mean of those that hide it, ``q`` the share that gives it,
        so ``se^2 = (1 - q)^2 (s1^2 / n1 + s0^2 / n0)``. Where fewer than two gave or hid it, the spread of
        all samples stands in."""
        sums = self._both()
        given, hidden = sums.given, sums.all[:, None, None] - sums.given
        overall = _variance(sums.all)
        share = given[0] / max(sums.all[0], 1)
        squared = sum(
            np.where(part[0] < 2, overall, _variance(part)) / np.maximum(part[0], 1)
            for part in (given, hidden)
        )
        values, errors = sums.values(), (1 - share) * np.sqrt(squared)
        first, second = (half.values() for half in self._halves)
        return Explanation(
            values=values.astype(np.float32),
            band=(Z95 * errors).astype(np.float32),
            coefficients=region_means(values, self._labels),
            errors=region_means(errors, self._labels),
            fit=None,
            stability=stability(first, second),
        )

    def _both(self) -> _Sums:
        sums = _Sums(self._sampler.shape)
        sums.all = self._halves[0].all + self._halves[1].all
        sums.given = self._halves[0].given + self._halves[1].given
        return sums


def _variance(sums: Array) -> Array:
    """Of the samples behind ``(3, ...)`` sums of 1, x and x^2; 0 for fewer than two."""
    count = np.maximum(sums[0], 1)
    return np.asarray(np.maximum(sums[2] - sums[1] ** 2 / count, 0) / np.maximum(sums[0] - 1, 1))
