"""Keeps the weight of undo within a budget: what is far from the present goes to disk.

QUndoStack only counts commands; here bytes count, and nothing is ever dropped.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from maskengines.masks.bag import Bag
from maskengines.masks.scratch import Scratch

DEFAULT_BUDGET = 256 << 20
_log = logging.getLogger(__name__)


class UndoWeight:
    """Parks bags of old undo steps, in a thread of its own, once they weigh more than ``budget`` bytes."""

    def __init__(self, folder: Path, budget: int = DEFAULT_BUDGET) -> None:
        self.budget = budget
        self._folder = folder
        self._scratch: Scratch | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._last: Future[None] | None = None

    def balance(self, farthest_first: Iterable[Bag]) -> None:
        """Park from the front of ``farthest_first`` until three quarters of the budget are left."""
        bags = list(farthest_first)
        weight = sum(bag.nbytes for bag in bags)
        if weight <= self.budget:
            return
        chosen: list[Bag] = []
        for bag in bags:
            if weight <= self.budget * 3 // 4:
                break
            if bag.nbytes:
                chosen.append(bag)
                weight -= bag.nbytes
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "undo-to-disk")
        self._last = self._thread.submit(self._park, chosen)

    def wait(self) -> None:
        """Until what was asked for so far is on disk."""
        if self._last is not None:
            self._last.result()

    def close(self) -> None:
        if self._thread is not None:
            self._thread.shutdown(wait=True, cancel_futures=True)
        if self._scratch is not None:
            self._scratch.close()

    def _park(self, bags: list[Bag]) -> None:
        try:
            if self._scratch is None:
                self._scratch = Scratch(self._folder)
            for bag in bags:
                bag.park(self._scratch)
        except OSError:
            _log.warning("undo steps stay in memory: the disk took no more", exc_info=True)
