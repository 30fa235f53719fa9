"""Where events of the runtime's threads wait until the event loop has time for them.

A plugin that reports progress ten thousand times a second must not be felt in the window: progress and
previews are kept newest-per-job, and mail is brought at most `RATE` times a second. What is neither, such as
an answer to a hand that moves, does not wait because progress was brought a moment ago.
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
        self._hurried = False
        self._closed = False
        self._last = self._last_hurried = 0.0
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
                if self._awake:
                    return
            else:
                self._keep_order(event)
                if self._hurried:
                    return
                self._hurried = True
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
        last = self._last_hurried if self._hurried else self._last
        rest = max(0, round(1000 * (1.0 / RATE - (time.monotonic() - last))))
        if not self._timer.isActive() or rest < self._timer.remainingTime():
            self._timer.start(rest)

    def _flush(self) -> None:
        self._last = time.monotonic()
        with self._lock:
            if self._hurried:
                self._hurried, self._last_hurried = False, self._last
        while time.monotonic() - self._last < BUDGET:
            event = self._next()
            if event is None:
                return
            self._deliver(event)
        with self._lock:
            self._hurried = bool(self._ordered)
        self._schedule()

    def _next(self) -> JobEvent | None:
        with self._lock:
            if self._ordered:
                return self._ordered.popleft()
            if self._newest:
                return self._newest.pop(next(iter(self._newest)))
            self._awake = False
            return None
