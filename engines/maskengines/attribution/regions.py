"""The smallest part of a photo that is enough for the network, and the smallest that it cannot do without.

Both are sought among whole regions in the order of a map: bisection finds how many of the first ones are
needed, then those that turn out to be superfluous are taken out again. No single region of the answer can
be spared; that no other choice is smaller is not promised, for finding the smallest of all is NP-hard.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskengines.attribution.asking import Checkpoint, ask, unattended
from maskengines.attribution.curves import region_order
from maskengines.attribution.scoring import Scorer
from maskengines.attribution.targets import Target
from maskengines.errors import BadInput

Array = np.ndarray[Any, Any]

LEAST_CHANCE = 0.5


@dataclass(frozen=True, eq=False)
class Found:
    """A set of regions.

    Attributes:
        area: ``(H, W)`` bool, True in them.
        regions: their numbers, in the order of the map.
        share: of the photo's area.
        chance: of the target when only they are visible, or when they are hidden.
        asked: how many times the network was asked.
    """

    area: Array
    regions: list[int]
    share: float
    chance: float
    asked: int

    def mask(self) -> Array:
        """As an editable mask, ``(H, W)`` uint8: 255 in the regions."""
        return self.area.astype(np.uint8) * np.uint8(255)


def sufficient(
    scorer: Scorer,
    target: Target,
    values: Array,
    labels: Array,
    *,
    least: float = LEAST_CHANCE,
    checkpoint: Checkpoint = unattended,
) -> Found:
    """Regions that suffice: seen alone, they keep the class on top with a chance of at least ``least``.

    Args:
        values: ``(H, W)`` map; labels: ``(H, W)`` label map.
        least: for a contrast, the chance among the two classes.

    Raises:
        BadInput: not even the whole photo does.
    """
    asking = _Asking(scorer, target, labels, checkpoint)

    def holds(chosen: list[int]) -> bool:
        logits = asking.logits(asking.area(chosen))
        return bool(target.wins(logits)[0] and target.chances(logits)[0] >= least)

    order = [int(region) for region in region_order(values, labels)]
    if not holds(order):
        chance = float(target.chances(asking.last)[0])
        raise BadInput(
            f"Even with the whole photo visible the network does not hold {target.label} at {least:.0%} "
            f"(it is {chance:.1%}). Lower the probability to keep or choose the class on top."
        )
    chosen = _pruned(_shortest(order, holds), holds)
    return asking.found(chosen, asking.area(chosen))


def necessary(
    scorer: Scorer, target: Target, values: Array, labels: Array, *, checkpoint: Checkpoint = unattended
) -> Found:
    """Regions that the network cannot do without: with them hidden the class is no longer on top.

    Raises:
        BadInput: the class is not on top to begin with, or stays there with everything hidden.
    """
    asking = _Asking(scorer, target, labels, checkpoint)

    def flips(chosen: list[int]) -> bool:
        return not target.wins(asking.logits(~asking.area(chosen)))[0]

    order = [int(region) for region in region_order(values, labels)]
    if flips([]):
        raise BadInput(
            f"The network does not put {target.label} first to begin with. Choose the class on top."
        )
    if not flips(order):
        raise BadInput(
            f"The network says {target.label} even with everything hidden, so hiding decides nothing. Choose "
            "another strategy of hiding."
        )
    chosen = _pruned(_shortest(order, flips), flips)
    return asking.found(chosen, ~asking.area(chosen))


class _Asking:
    """Counts questions and remembers the last answer."""

    def __init__(self, scorer: Scorer, target: Target, labels: Array, checkpoint: Checkpoint) -> None:
        self._scorer, self._target, self._labels, self._checkpoint = scorer, target, labels, checkpoint
        self.asked = 0
        self.last: Array = np.empty((0, 0), np.float32)

    def area(self, chosen: list[int]) -> Array:
        inside = np.zeros(int(self._labels.max()) + 1, bool)
        inside[chosen] = True
        return inside[self._labels]

    def logits(self, visible: Array) -> Array:
        self._checkpoint()
        self.asked += 1
        self.last = ask(self._scorer, visible[None])
        return self.last

    def found(self, chosen: list[int], visible: Array) -> Found:
        chance = float(self._target.chances(self.logits(visible))[0])
        area = self.area(chosen)
        return Found(area, chosen, float(area.mean()), chance, self.asked)


def _shortest(order: list[int], holds: Callable[[list[int]], bool]) -> list[int]:
    """A beginning of ``order`` that holds while the one without its last region does not; the shortest one
    where adding regions never harms. The whole order holds."""
    if holds([]):
        return []
    fails, works = 0, len(order)
    while works - fails > 1:
        middle = (fails + works) // 2
        if holds(order[:middle]):
            works = middle
        else:
            fails = middle
    return order[:works]


def _pruned(chosen: list[int], holds: Callable[[list[int]], bool]) -> list[int]:
    """``chosen`` without what can be spared, tried from the least important on, until nothing can."""
    spared = True
    while spared:
        spared = False
        for region in reversed(chosen):
            rest = [one for one in chosen if one != region]
            if holds(rest):
                chosen, spared = rest, True
    return chosen
