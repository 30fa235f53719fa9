"""Planes through what is seen beside a hole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

MOST = 3
_DRAWS = 200
_LEAST_SHARE, _LEAST = 0.12, 12
"""Of the rim that must lie in a plane for it to count, and in pixels."""


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane that one camera sees: inverse depth is ``a x + b y + c`` at pixel (x, y), which holds of every
    plane exactly.

    Attributes:
        terms: a, b, c in float64.
        members: ``(N,)`` bool: which of the points that it was fitted to lie in it.
    """

    terms: Array
    members: Array

    def inverse_depth(self, pixels: Array) -> Array:
        """At pixels ``(..., 2)``, x and y; not above 0 where the plane is not seen."""
        found: Array = pixels @ self.terms[:2] + self.terms[2]
        return found


def find_planes(pixels: Array, inverse: Array, within: float, random: np.random.Generator) -> list[Plane]:
    """The planes in which most points lie, one after the other (sequential RANSAC, then least squares).

    Args:
        pixels: ``(N, 2)`` float64, x and y.
        inverse: ``(N,)`` inverse depths.
        within: share of the inverse depth that a point may be off.
    """
    rows = np.column_stack([pixels, np.ones(len(pixels))])
    left = np.ones(len(pixels), bool)
    planes: list[Plane] = []
    least = max(_LEAST, int(_LEAST_SHARE * len(pixels)))
    while len(planes) < MOST and int(left.sum()) >= least:
        terms = _best(rows[left], inverse[left], within, random)
        for _ in range(3):
            members = left & (np.abs(rows @ terms - inverse) <= within * inverse)
            if int(members.sum()) < least:
                return planes
            terms = np.linalg.lstsq(rows[members], inverse[members], rcond=None)[0]
        planes.append(Plane(terms, members))
        left &= ~members
    return planes


def _best(rows: Array, inverse: Array, within: float, random: np.random.Generator) -> Array:
    """Of planes through three points each, the one with most points in it."""
    picks = random.integers(0, len(rows), (_DRAWS, 3))
    corners = rows[picks]
    good = np.abs(np.linalg.det(corners)) > 1e-6
    if not good.any():
        return np.array([0.0, 0.0, float(np.median(inverse))])
    terms = np.linalg.solve(corners[good], inverse[picks][good][..., None])[..., 0]
    inside = np.abs(terms @ rows.T - inverse) <= within * inverse
    best: Array = terms[int(inside.sum(axis=1).argmax())]
    return best
