"""Networks whose answers can be worked out by hand, for tests of explanations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from maskengines.attribution.segments import grid

Array = np.ndarray[Any, Any]

LABELS = ("cat, house cat", "dog", "crane", "crane")


def noise(side: int = 32, seed: int = 3) -> Array:
    """A photo of noise, ``(side, side, 3)`` uint8."""
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3)).astype(np.uint8)


class ClosedForm:
    """A network that looks at nothing but which share of every region is visible.

    Args:
        answer: ``(N, regions)`` shares in 0..1 to ``(N, classes)`` logits.
        rows: the regions are the cells of a grid of so many rows and columns.

    Attributes:
        asked: how many masks were scored so far.
    """

    def __init__(
        self,
        answer: Callable[[Array], Array],
        *,
        side: int = 32,
        rows: int = 4,
        names: Sequence[str] = LABELS[:2],
    ) -> None:
        self.shape = (side, side)
        self.photo = noise(side)
        self.labels = list(names)
        self.regions = grid(self.shape, rows)
        self.asked = 0
        self._answer = answer
        self._sizes = np.bincount(self.regions.ravel())

    def logits(self, visible: Array) -> Array:
        assert visible.dtype == bool
        assert visible.shape[1:] == self.shape
        self.asked += len(visible)
        counts = [np.bincount(self.regions.ravel(), weights=one.ravel()) for one in visible]
        return self._answer(np.array(counts) / self._sizes).astype(np.float32)


def linear(weights: Array, intercept: float = 0.0, **values: Any) -> ClosedForm:
    """The logit of class 0 is a weighted sum of the regions, the others' are 0."""

    def answer(shares: Array) -> Array:
        others = np.zeros((len(shares), len(values.get("names", LABELS[:2])) - 1))
        return np.concatenate([(intercept + shares @ weights)[:, None], others], axis=1)

    return ClosedForm(answer, **values)


def needs(rule: Callable[[Array], Array], **values: Any) -> ClosedForm:
    """Class 0 has a probability of 0.9 where ``rule`` of the ``(N, regions)`` fully visible regions is True,
    and of 0.1 elsewhere."""
    odds = float(np.log(9))

    def answer(shares: Array) -> Array:
        won = rule(shares >= 1)
        return np.stack([np.where(won, odds, -odds), np.zeros(len(shares))], axis=1)

    return ClosedForm(answer, **values)


def share_of(region: int, **values: Any) -> ClosedForm:
    """The probability of class 0 is the visible share of one region."""

    def answer(shares: Array) -> Array:
        p = np.clip(shares[:, region], 1e-9, 1 - 1e-9)
        return np.stack([np.log(p), np.log1p(-p)], axis=1)

    return ClosedForm(answer, **values)
