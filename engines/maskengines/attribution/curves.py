"""Deletion and insertion: is what a map points at what the network uses?

Petsiuk et al. 2018, section 4.3: hide the photo's most important part first and the target's probability
should drop at once (deletion, a small area is good); show it first and it should rise at once (insertion, a
large area is good). Insertion begins with everything hidden in the scorer's own way, where the paper begins
with a blurred photo.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from maskengines.attribution.asking import BATCH, Checkpoint, ask_all, unattended
from maskengines.attribution.estimates import region_means
from maskengines.attribution.scoring import Scorer
from maskengines.attribution.targets import Target

Array = np.ndarray[Any, Any]
CurveKind = Literal["deletion", "insertion"]

STEPS = 20


@dataclass(frozen=True, eq=False)
class Curve:
    """``chances`` of the target, ``(steps + 1,)`` in 0..1, when the ``shares`` of the photo's area, rising
    from 0 to 1, are hidden or shown; ``area`` under it by the trapezoid rule, 0..1."""

    kind: CurveKind
    shares: Array
    chances: Array
    area: float

    def plain(self) -> dict[str, Any]:
        """As plain data."""
        return {"kind": self.kind, "shares": self.shares, "chances": self.chances, "area": self.area}


def pixel_ranks(values: Array) -> Array:
    """Rank of every pixel, 0 for the highest value; equal ones in reading order: ``(H, W)`` int64."""
    ranks = np.empty(values.size, np.int64)
    ranks[np.argsort(-values, axis=None, kind="stable")] = np.arange(values.size)
    return ranks.reshape(values.shape)


def region_order(values: Array, labels: Array) -> Array:
    """Regions by their mean value, highest first; equal ones by number: ``(regions,)`` int64."""
    return np.argsort(-region_means(values, labels), kind="stable")


def region_ranks(values: Array, labels: Array) -> Array:
    """Ranks of pixels such that whole regions follow each other by their mean value: ``(H, W)`` int64."""
    order = region_order(values, labels)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return pixel_ranks(-place[labels])


def curve(
    scorer: Scorer,
    target: Target,
    ranks: Array,
    kind: CurveKind,
    steps: int = STEPS,
    *,
    labels: Array | None = None,
    batch: int = BATCH,
    checkpoint: Checkpoint = unattended,
) -> Curve:
    """Hide or show the photo step by step in the order of ``ranks``.

    Args:
        ranks: ``(H, W)``, `pixel_ranks` or `region_ranks`.
        steps: how many, of equal area as near as whole pixels, or whole regions, allow.
        labels: ``(H, W)`` label map; with it every step ends with a whole region, so there are no more steps
            than regions.
    """
    counts = np.rint(np.linspace(0, ranks.size, steps + 1)).astype(np.int64)
    if labels is not None:
        firsts = np.full(int(labels.max()) + 1, ranks.size, np.int64)
        np.minimum.at(firsts, labels.ravel(), ranks.ravel())
        ends = np.append(np.sort(firsts), ranks.size)
        nearest = np.abs(ends[None, :] - counts[:, None]).argmin(axis=1)
        counts = np.unique(ends[nearest])
    counts = np.unique(counts)

    def visible(start: int, stop: int) -> Array:
        touched = ranks[None] < counts[start:stop, None, None]
        return ~touched if kind == "deletion" else touched

    answers = ask_all(scorer, visible, 0, len(counts), batch=batch, checkpoint=checkpoint)
    chances = np.concatenate([target.chances(logits) for _, logits in answers])
    shares = counts / ranks.size
    return Curve(kind, shares, chances, float(np.trapezoid(chances, shares)))


def both_curves(
    scorer: Scorer,
    target: Target,
    values: Array,
    steps: int = STEPS,
    *,
    labels: Array | None = None,
    batch: int = BATCH,
    checkpoint: Checkpoint = unattended,
) -> tuple[Curve, Curve]:
    """Deletion and insertion of a map ``(H, W)``, by region where ``labels`` are given, else by pixel."""
    ranks = pixel_ranks(values) if labels is None else region_ranks(values, labels)
    deletion, insertion = (
        curve(scorer, target, ranks, kind, steps, labels=labels, batch=batch, checkpoint=checkpoint)
        for kind in ("deletion", "insertion")
    )
    return deletion, insertion
