"""Work that is done while the user does nothing, in slices too short to be felt."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QTimer

_QUIET_MS = 200
_PAUSE_MS = 2
_SLICE_S = 0.0025


class IdleWork(QObject):
    """Runs what ``begin`` gives, step by step, once nothing has happened for a fifth of a second.

    A slice ends with the step that passes two and a half milliseconds; between slices events are served.
    """

    def __init__(self, begin: Callable[[], Iterator[None]], parent: QObject) -> None:
        super().__init__(parent)
        self._begin = begin
        self._steps: Iterator[None] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._slice)

    @property
    def pending(self) -> bool:
        """Whether there may be work left."""
        return self._timer.isActive()

    def postpone(self) -> None:
        """Something happened: drop what is left, and look again when it is quiet."""
        self._steps = None
        self._timer.start(_QUIET_MS)

    def _slice(self) -> None:
        if self._steps is None:
            self._steps = self._begin()
        end = time.perf_counter() + _SLICE_S
        for _ in self._steps:
            if time.perf_counter() >= end:
                self._timer.start(_PAUSE_MS)
                return
        self._steps = None
