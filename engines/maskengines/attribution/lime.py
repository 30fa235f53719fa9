"""LIME: which regions carry a decision, by a weighted linear fit to what the network says of subsets of them.

Ribeiro, Singh and Guestrin 2016, "Why Should I Trust You?": Explaining the Predictions of Any Classifier,
algorithm 1 with the squared loss of equation 2, the exponential kernel on the cosine distance, and the ridge
penalty of the authors' implementation for images.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from maskengines.attribution.estimates import Explanation, stability
from maskengines.attribution.sampling import RegionSubsets
from maskengines.results.maps import Z95

Array = np.ndarray[Any, Any]

KERNEL_WIDTH_SQUARED = 0.125
"""sigma squared; the authors' 0.25 under the square root that their code takes of the kernel."""
RIDGE = 1.0
"""Weight of the penalty on the coefficients; the intercept is free."""

_MOST_LEVERAGE = 0.999


def kernel(subsets: Array) -> Array:
    """Nearness of ``(N, regions)`` subsets to the whole photo: ``exp(-D^2 / sigma^2)``, ``(N,)`` float64,
    with ``D = 1 - cos(z, 1) = 1 - sqrt(share of the regions that is visible)``."""
    distance = 1 - np.sqrt(subsets.mean(axis=1))
    return np.asarray(np.exp(-(distance**2) / KERNEL_WIDTH_SQUARED))


class NormalEquations:
    """Weighted ridge regression with a free intercept, kept as sums, so that samples can be added at the cost
    of their own number and a solution costs the same whatever came before."""

    def __init__(self, regions: int) -> None:
        self.gram = np.zeros((regions + 1, regions + 1))
        self.moments = np.zeros(regions + 1)

    def add(self, design: Array, scores: Array, weights: Array) -> None:
        """Rows of ``(N, regions + 1)``, the last column 1, with their scores and weights."""
        weighted = design * weights[:, None]
        self.gram += weighted.T @ design
        self.moments += weighted.T @ scores

    def __add__(self, other: NormalEquations) -> NormalEquations:
        total = NormalEquations(len(self.moments) - 1)
        total.gram, total.moments = self.gram + other.gram, self.moments + other.moments
        return total

    def penalised(self) -> Array:
        """``X' W X + P`` with the penalty ``P`` of all but the intercept."""
        penalty = np.full(len(self.moments), RIDGE)
        penalty[-1] = 0.0
        return self.gram + np.diag(penalty)

    def solve(self) -> Array:
        """Coefficients of the regions and, last, the intercept; zeros before anything was added."""
        if not self.gram[-1, -1] > 0:
            return np.zeros_like(self.moments)
        return np.asarray(linalg.solve(self.penalised(), self.moments, assume_a="pos"))


class Lime:
    """The fit in the making; an `Estimate`.

    Args:
        whole: the target's value of the whole photo, which is a sample of weight 1.
    """

    def __init__(self, sampler: RegionSubsets, whole: float) -> None:
        self._sampler, self._labels = sampler, sampler.labels
        self._halves = (NormalEquations(sampler.regions), NormalEquations(sampler.regions))
        self._designs: list[Array] = []
        self._scores: list[Array] = []
        everything = np.ones((1, sampler.regions), bool)
        for half in self._halves:
            self._take(half, everything, np.array([whole]), 0.5)
        self._designs.append(everything)
        self._scores.append(np.array([whole]))

    def add(self, start: int, scores: Array) -> None:
        subsets = self._sampler.subsets(start, start + len(scores))
        for parity, half in enumerate(self._halves):
            mine = np.arange(start, start + len(scores)) % 2 == parity
            self._take(half, subsets[mine], scores[mine], 1.0)
        self._designs.append(subsets)
        self._scores.append(scores)

    def values(self) -> Array:
        return self._painted(self._total().solve()[:-1])

    def explanation(self) -> Explanation:
        """The fit, its weighted R squared, and a standard error of every coefficient:

            se^2 = diag(A^-1 (sum_i u_i^2 x_i x_i') A^-1) + (A^-1 P b)^2,    A = X' W X + P,
            u_i = w_i e_i / (1 - h_i),    h_i = w_i x_i' A^-1 x_i,

        the sandwich that does not ask a linear fit to be right (White 1980) with the residuals ``e`` freed
        from their own pull, HC3 (MacKinnon and White 1985), plus the square of what the ridge takes away
        (Hoerl and Kennard 1970, equation 4.4, with the fit ``b`` in place of the truth).
        """
        total = self._total()
        design = _with_one(np.concatenate(self._designs))
        scores = np.concatenate(self._scores)
        weights = kernel(design[:, :-1])
        fit = total.solve()
        inverse = linalg.inv(total.penalised())
        residuals = scores - design @ fit
        projected = design @ inverse
        leverage = np.minimum(weights * (projected * design).sum(axis=1), _MOST_LEVERAGE)
        pulls = projected * (weights * residuals / (1 - leverage))[:, None]
        shrunk = RIDGE * inverse[:, :-1] @ fit[:-1]
        errors = np.sqrt((pulls**2).sum(axis=0) + shrunk**2)[:-1]
        centred = scores - np.average(scores, weights=weights)
        spread = float((weights * centred**2).sum())
        unexplained = float((weights * residuals**2).sum())
        first, second = (half.solve()[:-1] for half in self._halves)
        return Explanation(
            values=self._painted(fit[:-1]),
            band=self._painted(Z95 * errors),
            coefficients=fit[:-1],
            errors=errors,
            fit=1 - unexplained / spread if spread > 0 else 0.0,
            stability=stability(first, second),
        )

    def _take(self, half: NormalEquations, subsets: Array, scores: Array, share: float) -> None:
        half.add(_with_one(subsets), scores, share * kernel(subsets))

    def _total(self) -> NormalEquations:
        return self._halves[0] + self._halves[1]

    def _painted(self, regions: Array) -> Array:
        return regions.astype(np.float32)[self._labels]


def _with_one(subsets: Array) -> Array:
    return np.concatenate([subsets.astype(np.float64), np.ones((len(subsets), 1))], axis=1)
