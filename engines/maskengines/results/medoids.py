"""A few hypotheses that stand for all of them.

Weighted k-medoids: partitioning around medoids (Kaufman and Rousseeuw 1990), greedily built and then improved
by the best swap there is until none is left, all swaps of a round at once (Schubert and Rousseeuw, "Faster
k-Medoids Clustering", SISAP 2019, equation 7). Two bodies are as far apart as their joints are on average,
both from the hip and without any alignment: a body that is turned is another answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from maskengines.results.hypotheses import Hypotheses

Array = np.ndarray[Any, Any]

NEAR = 30.0
"""Millimetres: bodies this near to each other look alike in a small picture, where they are two or three
pixels apart."""

COVERED = 0.98
"""The share of all weight that has to be `NEAR` its medoid for the hypotheses to agree."""

WORTH = 0.05
"""What part of the mean distance a further medoid has to take away, past the least number."""

COMPARED = 400
"""Of more hypotheses than these, as many are drawn for the search; all are then shared out."""

_ROUNDS = 50


@dataclass(frozen=True, eq=False)
class Medoid:
    """A hypothesis and those that it stands for.

    Attributes:
        index: its number among the hypotheses.
        weight: the share of all weight that is nearest to it, in 0..1.
        members: numbers of the hypotheses nearest to it, in order; it is one of them.
    """

    index: int
    weight: float
    members: Array


def medoids(hypotheses: Hypotheses, most: int = 8, least: int = 5) -> tuple[Medoid, ...]:
    """The hypotheses that stand for all others, the one that stands for most first.

    How many depends on what there is to tell apart. They are added one by one, always the one that brings the
    rest nearest to their medoids, and the last one is in as soon as

    * `COVERED` of all weight is within `NEAR` of its medoid: so few when the hypotheses agree, or agree
      within each of a few groups; or
    * there are ``least``, and one more would take away less than `WORTH` of the mean distance: what is
      left is an even cloud, which eight parts describe no better than five; or
    * there are ``most``.

    Their weights add up to 1. The same hypotheses have the same medoids, whatever they are asked for.
    """
    tried = np.flatnonzero(hypotheses.weights > 0)
    if len(tried) > COMPARED:
        tried = np.sort(np.random.default_rng(0).choice(tried, COMPARED, replace=False))
    weights = hypotheses.weights[tried].astype(np.float64)
    bodies = _joints_first(hypotheses.poses)
    found = _search(_apart(bodies[:, tried], bodies[:, tried]), weights / weights.sum(), most, least)
    chosen = tried[found]
    owner = _apart(bodies[:, chosen], bodies).argmin(axis=0)
    owner[chosen] = np.arange(len(chosen))  # of two alike, each stands for itself
    shares: Array = np.bincount(owner, hypotheses.weights.astype(np.float64), len(chosen))
    shares = shares / shares.sum()
    order = sorted(range(len(chosen)), key=lambda number: (-shares[number], chosen[number]))
    return tuple(
        Medoid(int(chosen[number]), float(shares[number]), np.flatnonzero(owner == number))
        for number in order
    )


def _joints_first(poses: Array) -> Array:
    """``(N, 17, 3)`` to ``(17, N, 3)`` from the hip."""
    return np.ascontiguousarray(np.swapaxes(poses - poses[:, :1], 0, 1), np.float32)


def _apart(first: Array, second: Array) -> Array:
    """``(17, M, 3)`` and ``(17, N, 3)`` to ``(M, N)`` float64: mean distance of the joints."""
    total = np.zeros((first.shape[1], second.shape[1]))
    for here, there in zip(first, second, strict=True):
        squares = np.zeros(total.shape, np.float32)
        for axis in range(3):
            step = here[:, axis, None] - there[None, :, axis]
            squares += step * step
        total += np.sqrt(squares)
    return total / len(first)


def _search(apart: Array, weights: Array, most: int, least: int) -> list[int]:
    """Rows of ``apart`` ``(N, N)`` that are the medoids."""
    chosen = [int((apart @ weights).argmin())]
    nearest = apart[chosen[0]]
    while len(chosen) < most and weights[nearest <= NEAR].sum() < COVERED:
        gains = np.maximum(nearest - apart, 0) @ weights
        best = int(gains.argmax())
        enough = WORTH * (nearest @ weights) if len(chosen) >= least else 0.0
        if gains[best] <= enough:
            break
        chosen = _swapped(apart, weights, [*chosen, best])
        nearest = apart[chosen].min(axis=0)
    return chosen


def _swapped(apart: Array, weights: Array, chosen: list[int]) -> list[int]:
    """The medoids after the best swap of one of them for another row, again and again while it helps."""
    chosen = list(chosen)
    for _ in range(_ROUNDS):
        order = np.sort(apart[chosen], axis=0)
        owner = apart[chosen].argmin(axis=0)
        nearest, second = order[0], order[min(1, len(chosen) - 1)]
        # Whoever comes takes those that it is nearer to; whoever goes leaves its own to it or to the second.
        takes = np.minimum(apart - nearest, 0)
        leaves = np.minimum(apart, second) - nearest - takes
        mine = (owner[:, None] == np.arange(len(chosen))) * weights[:, None]
        change = (takes @ weights)[:, None] + leaves @ mine
        comes, goes = np.unravel_index(int(change.argmin()), change.shape)
        if change[comes, goes] > -1e-6:
            break
        chosen[int(goes)] = int(comes)
    return chosen
