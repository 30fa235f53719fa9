"""Where events of the runtime's threads wait until the event loop has time for them.

A plugin that reports progress ten thousand times a second must not be felt in the window: progress and
previews are kept newest-per-job, and mail is brought at most `RATE` times a second.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from maskengines.runtime.events import JobEvent, Preview, Progress
from PySide6.QtCore import QObject, Qt, QTimer, Signal

RATE = 30.0
BUDGET = 0.008
"""Seconds that one delivery may take before the rest waits for the next one."""


class Mailbox(QObject):
    """`post` from any thread; ``deliver`` is called in the thread that made the mailbox.

    Order per job is kept, except that a progress or preview which a newer one overtook is dropped.
    """

    _woken = Signal()

    def __init__(self, deliver: Callable[[JobEvent], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._deliver = deliver
        self._lock = threading.Lock()
        self._ordered: deque[JobEvent] = deque()
        self._newest: dict[tuple[str, type[JobEvent]], JobEvent] = {}
        self._awake = False
        self._closed = False
        self._last = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._flush)
        self._woken.connect(self._schedule, Qt.ConnectionType.QueuedConnection)

    def post(self, event: JobEvent) -> None:
        """Leave an event; cheap, callable from any thread."""
        with self._lock:
            if self._closed:
                return
            if isinstance(event, Progress | Preview):
                self._newest[event.job_id, type(event)] = event
            else:
                self._keep_order(event)
            if self._awake:
                return
            self._awake = True
            self._woken.emit()

    def close(self) -> None:
        """Drop what waits and what still comes."""
        with self._lock:
            self._closed = True
            self._ordered.clear()
            self._newest.clear()
        self._timer.stop()

    def _keep_order(self, event: JobEvent) -> None:
        for kind in (Progress, Preview):
            waiting = self._newest.pop((event.job_id, kind), None)
            if waiting is not None:
                self._ordered.append(waiting)
        self._ordered.append(event)

    def _schedule(self) -> None:
        if not self._timer.isActive():
            rest = 1.0 / RATE - (time.monotonic() - self._last)
            self._timer.start(max(0, round(1000 * rest)))

    def _flush(self) -> None:
        self._last = time.monotonic()
        while time.monotonic() - self._last < BUDGET:
            event = self._next()
            if event is None:
                return
            self._deliver(event)
        self._schedule()

    def _next(self) -> JobEvent | None:
        with self._lock:
            if self._ordered:
                return self._ordered.popleft()
            if self._newest:
                return self._newest.pop(next(iter(self._newest)))
            self._awake = False
            return None
