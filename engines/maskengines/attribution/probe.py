"""One look: the classes of a photo with a part hidden, next to those of the whole photo."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskengines.attribution.hiding import Ask, HidingScorer
from maskengines.attribution.info import Strategy
from maskengines.attribution.networks import Network
from maskengines.attribution.scoring import probabilities
from maskengines.contract import Candidate

Array = np.ndarray[Any, Any]
COLUMNS = ("label", "index", "p", "p_before", "change")
TOP = 5
SIDE_BY_SIDE: tuple[Strategy, ...] = ("layer", "grey", "blur", "telea")
"""Strategies that are quick enough to be shown beside the chosen one."""


@dataclass(frozen=True)
class Look:
    """What a network says of one photo with a part hidden.

    Attributes:
        p: probability of every class with the part hidden, float64.
        before: the same of the whole photo.
        used: the strategy that was followed.
    """

    p: Array
    before: Array
    used: Strategy

    @property
    def top(self) -> int:
        return int(self.p.argmax())


class Probe:
    """A network bound to one photo; remembers what it says of the whole one.

    Args:
        pixels: ``(H, W, 3)`` uint8, the photo as it is shown.

    Attributes:
        photo: ``(h, w, 3)`` uint8, what the network sees of it.
        size: height and width of the photo itself.
    """

    def __init__(
        self, network: Network, pixels: Array, ask: Ask | None = None, checkpoint: Any = lambda: None
    ) -> None:
        self.network = network
        self.photo = network.preprocessing.photo(pixels)
        self.size: tuple[int, int] = pixels.shape[:2]
        self._ask = ask
        self._checkpoint: Callable[[], None] = checkpoint
        self._scorers: dict[Strategy, HidingScorer] = {}
        self.before = probabilities(self.scorer("grey").logits(np.ones((1, *network.shape), bool)))[0]

    def scorer(self, strategy: Strategy, seed: int = 0) -> HidingScorer:
        """The photo under a strategy; the same object again for the same strategy, but for exemplar."""
        found = self._scorers.get(strategy)
        if found is None or strategy == "exemplar":
            found = self._scorers[strategy] = HidingScorer(
                self.network, self.photo, strategy, ask=self._ask, checkpoint=self._checkpoint, seed=seed
            )
        return found

    def visible(self, mask: Array | None, keep: bool) -> Array:
        """``(h, w)`` bool of the network's input that is given; anything above 0 in ``(H, W)`` ``mask`` is
        hidden, or with ``keep`` all else is. No mask, and with ``keep`` an empty one, hides nothing."""
        painted = None if mask is None else mask > 0
        if painted is None or (keep and not painted.any()):
            return np.ones(self.network.shape, bool)
        return self.network.preprocessing.visible(~painted if keep else painted)

    def look(self, visible: Array, strategy: Strategy, seed: int = 0) -> Look:
        scorer = self.scorer(strategy, seed)
        if visible.all():
            return Look(self.before, self.before, scorer.used)
        return Look(probabilities(scorer.logits(visible[None]))[0], self.before, scorer.used)

    def beside(self, visible: Array, others: Iterable[Strategy]) -> list[dict[str, Any]]:
        """What other strategies put first: ``strategy``, ``label``, ``index`` and ``p`` of each."""
        found = []
        for strategy in others:
            self._checkpoint()
            look = self.look(visible, strategy)
            found.append(_first(self.network, strategy, look))
        return found


def table(
    probe: Probe, visible: Array, look: Look, strategy: Strategy, beside: list[dict[str, Any]]
) -> dict[str, Any]:
    """The result of a probe as plain data, for a candidate of kind ``table``."""
    network = probe.network
    order = np.argsort(-look.p, kind="stable")[:TOP]
    rows = [
        [
            network.labels[index], int(index), float(look.p[index]), float(look.before[index]),
            float(look.p[index] - look.before[index]),
        ]
        for index in order
    ]  # fmt: skip
    first = int(look.before.argmax())
    answers = {look.top, *(each["index"] for each in beside)}
    return {
        "columns": list(COLUMNS),
        "rows": rows,
        "before": {"label": network.labels[first], "index": first, "p": float(look.before[first])},
        "strategy": strategy,
        "used": look.used,
        "network": network.name,
        "badge": network.check.badge(),
        "visible_share": float(visible.mean()),
        "grid": list(network.shape),
        "window": list(network.preprocessing.window(*probe.size)),
        "strategies": [_first(network, strategy, look), *beside],
        "disagree": len(answers) > 1,
    }


def candidate(result: dict[str, Any], seed: int) -> Candidate:
    """The table as an answer: its label and metrics say what comes first."""
    label, _, p, _, change = result["rows"][0]
    return Candidate(
        kind="table",
        result=result,
        seed=seed,
        label=f"{label} {p:.0%}",
        metrics={
            "top": label,
            "p": round(p, 4),
            "change": round(change, 4),
            "visible": round(result["visible_share"], 4),
            "strategy": result["used"],
        },
    )


def _first(network: Network, strategy: Strategy, look: Look) -> dict[str, Any]:
    index = look.top
    return {
        "strategy": strategy,
        "used": look.used,
        "label": network.labels[index],
        "index": index,
        "p": float(look.p[index]),
    }
