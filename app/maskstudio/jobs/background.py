"""A calculation in a thread whose answer comes back to the event loop."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal


class Background(QObject):
    """Runs one calculation at a time; a newer one makes the answer of an older one unwanted."""

    _answered = Signal(int, object)

    def __init__(self, take: Callable[[Any], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._take = take
        self._wanted = 0
        self._answered.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def start(self, calculate: Callable[[], Any]) -> None:
        """Calculate in a thread, then hand the answer on. An exception is raised in the event loop."""
        self._wanted += 1
        number = self._wanted

        def work() -> None:
            try:
                answer = calculate()
            except Exception as error:
                answer = error
            # Whoever asked may be gone by now.
            with contextlib.suppress(RuntimeError):
                self._answered.emit(number, answer)

        threading.Thread(target=work, name="calculation", daemon=True).start()

    def forget(self) -> None:
        """Do not hand on what is still being calculated."""
        self._wanted += 1

    def _deliver(self, number: int, answer: Any) -> None:
        if number != self._wanted:
            return
        if isinstance(answer, Exception):
            raise answer
        self._take(answer)
