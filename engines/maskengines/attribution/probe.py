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
from maskengines.contract import Box, Candidate
from maskengines.results.tables import Column, TableNote, TableResult

Array = np.ndarray[Any, Any]
COLUMNS = (
    Column("label", "Class"),
    Column("index", "Index", "number"),
    Column("p", "Now", "share"),
    Column("p_before", "Before", "share"),
    Column("change", "Change", "change"),
)
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

    @property
    def frame(self) -> Box:
        """The part of the photo that the network sees, in whole pixels."""
        left, top, width, height = self.network.preprocessing.window(*self.size)
        x, y = round(left), round(top)
        seen = Box(x, y, round(left + width) - x, round(top + height) - y)
        return seen.clipped(self.size[1], self.size[0])

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
) -> TableResult:
    """What a probe found, the five likeliest classes first; ``beside`` is what other strategies say."""
    network = probe.network
    order = np.argsort(-look.p, kind="stable")[:TOP]
    rows = tuple(
        (
            network.labels[index], int(index), float(look.p[index]), float(look.before[index]),
            float(look.p[index] - look.before[index]),
        )
        for index in order
    )  # fmt: skip
    first = int(look.before.argmax())
    answers = {look.top, *(each["index"] for each in beside)}
    hidden = 1 - float(visible.mean())
    return TableResult(
        columns=COLUMNS,
        rows=rows,
        name="probe",
        rows_name="top",
        title=f"{network.name}, {f'{100 * hidden:.1f} % hidden' if hidden else 'nothing hidden'}",
        notes=_notes(network, look, beside),
        facts={
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
        },
        chooses=("target", "contrast"),
    )


def _notes(network: Network, look: Look, beside: list[dict[str, Any]]) -> tuple[TableNote, ...]:
    height, width = network.shape
    seen = f"It sees {width} x {height} pixels and knows {len(network.labels)} classes."
    badge = TableNote(
        f"{network.check.badge()['text']} {seen}", "good" if network.check.passed else "warning"
    )
    if not beside:
        return (badge,)
    others = [each for each in beside if each["index"] != look.top]
    if not others:
        return (TableNote("All ways of hiding put the same class first."), badge)
    told = ", ".join(f"{each['strategy']} says {each['label']} ({each['p']:.0%})" for each in others)
    return (TableNote(f"The ways of hiding disagree: {told}.", "warning"), badge)


def candidate(found: TableResult, seed: int) -> Candidate:
    """The table as an answer: its label and metrics say what comes first."""
    label, _, p, _, change = found.rows[0]
    assert isinstance(p, float)
    assert isinstance(change, float)
    return Candidate(
        kind="table",
        result=found.to_plain(),
        seed=seed,
        label=f"{label} {p:.0%}",
        metrics={
            "top": str(label),
            "p": round(p, 4),
            "change": round(change, 4),
            "visible": round(found.facts["visible_share"], 4),
            "strategy": found.facts["used"],
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


def others(strategy: Strategy) -> list[Strategy]:
    """The quick strategies to show beside one."""
    return [each for each in SIDE_BY_SIDE if each != strategy]
