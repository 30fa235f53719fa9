"""Which photos are compared, and which of their points look alike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from maskengines.scene.sfm.features import Features

Array = np.ndarray[Any, Any]

LEAST = 15
"""Points alike below which two photos tell nothing of each other; as in COLMAP."""

PARTNERS = 40
"""Photos that each is compared with; up to one more, all are compared with all."""

_NEIGHBOURS = 3
"""Photos before and after one that it is always compared with: most were taken in a row."""

_COARSE = 300
"""Coarse points that tell which photos may show the same (Wu, "Towards Linear-time Incremental Structure
from Motion", 3DV 2013)."""

_RATIO = 0.8
"""How much nearer the best must be than the second best (Lowe 2004)."""


def alike(one: Features, other: Features) -> Array:
    """``(M, 2)`` uint32 numbers of points that are each other's nearest, and clearly so."""
    return _mutual(one.signs, other.signs)


def pairs(features: Sequence[Features]) -> list[tuple[int, int]]:
    """The photos to be compared, each pair once with the lower number first."""
    count = len(features)
    if count <= PARTNERS + 1:
        return list(combinations(range(count), 2))
    heads = [one.signs[:_COARSE] for one in features]
    scores = np.zeros((count, count), int)
    for one, other in combinations(range(count), 2):
        near = other - one <= _NEIGHBOURS
        scores[one, other] = scores[other, one] = (
            _COARSE + 1 if near else len(_mutual(heads[one], heads[other]))
        )
    best = np.argsort(-scores, axis=1, kind="stable")[:, :PARTNERS]
    chosen = {
        (min(one, int(other)), max(one, int(other)))
        for one, row in enumerate(best)
        for other in row
        if scores[one, other] > 0 and other != one
    }
    return sorted(chosen)


def _mutual(one: Array, other: Array) -> Array:
    if min(len(one), len(other)) < 2:
        return np.zeros((0, 2), np.uint32)
    likeness = one @ other.T
    nearest = likeness.max(axis=0)
    rows = np.arange(len(one))
    there = likeness.argmax(axis=1)
    best = likeness[rows, there]
    likeness[rows, there] = -1
    second = likeness.max(axis=1)
    # Squared distances of unit vectors: 2 - 2 likeness.
    clear = (1 - best) < _RATIO**2 * (1 - second)
    good = rows[clear & (best >= nearest[there])]
    return np.stack([good, there[good]], axis=1).astype(np.uint32)
