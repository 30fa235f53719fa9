"""Asking a network many questions, a few at a time, so that a stop is seen in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from maskengines.attribution.scoring import Scorer
from maskengines.errors import EngineFault

Array = np.ndarray[Any, Any]
Checkpoint = Callable[[], None]

BATCH = 4
"""On one thread of a CPU larger batches fall out of its cache: 16 masks of MobileNetV2 at 224 take 1.4 times
as long each, and a stop waits for the batch."""


def unattended() -> None:
    """The checkpoint of a script that nobody stops."""


def ask(scorer: Scorer, visible: Array) -> Array:
    """Logits of ``(N, H, W)`` masks: ``(N, classes)`` float32.

    Raises:
        EngineFault: the network gave numbers that are none, or not one row for each mask.
    """
    logits = np.asarray(scorer.logits(visible), np.float32)
    if logits.shape != (len(visible), len(scorer.labels)):
        raise EngineFault(
            f"The network gave scores of the shape {logits.shape} where {len(visible)} rows of "
            f"{len(scorer.labels)} classes are needed."
        )
    if not np.isfinite(logits).all():
        raise EngineFault(
            "The network gave scores that are not numbers. It may be damaged; load another copy."
        )
    return logits


def ask_all(
    scorer: Scorer,
    visible: Callable[[int, int], Array],
    start: int,
    stop: int,
    *,
    batch: int = BATCH,
    checkpoint: Checkpoint = unattended,
) -> Iterator[tuple[int, Array]]:
    """Ask samples ``start .. stop`` of ``visible(start, stop)`` in batches.

    Batches begin at multiples of ``batch`` wherever the run begins, so that a run that goes on asks exactly
    as one that was never stopped, to the last bit.

    Yields:
        Number of the first sample of a batch, and its logits.
    """
    begin = start
    while begin < stop:
        checkpoint()
        end = min(stop, (begin // batch + 1) * batch)
        yield begin, ask(scorer, visible(begin, end))
        begin = end
