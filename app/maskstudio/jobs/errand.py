"""Errands to the runtime, run one after the other in a thread.

Handing over a 24-megapixel mask takes up to 0.3 s (fresh shared memory is slow to touch), which
must not happen between two segments of a stroke.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

Errand = Callable[[], None]

_log = logging.getLogger(__name__)


class Errands:
    """`send` never blocks; errands are run in the order they were sent."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Errand | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def send(self, errand: Errand) -> None:
        """Have ``errand`` run soon, in the thread."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="errands", daemon=True)
            self._thread.start()
        self._waiting.put(errand)

    def close(self) -> None:
        """End the thread after what was sent so far."""
        self._waiting.put(None)

    def _run(self) -> None:
        while (errand := self._waiting.get()) is not None:
            try:
                errand()
            except Exception:
                _log.exception("An errand to the runtime failed")
