"""A job as the window sees it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from maskengines.errors import Cancelled, StudioError
from maskengines.runtime.events import CandidateReady, Failed, Finished, JobEvent, Preview, Progress, Started
from PySide6.QtCore import QObject, Signal

from maskstudio.jobs.errand import Errand

if TYPE_CHECKING:
    from maskengines.contract import Box, MaskArray
    from maskengines.runtime.session import Job

SHOW_SECONDS = 0.5
"""Progress is announced this often at most. Each time costs the window about a millisecond of drawing, which
a timer in it feels; a percentage that changes faster cannot be read."""
ETA_AFTER = 0.08
"""Share of the work after which a guess of the time left is worth showing."""


def _at_once(errand: Errand) -> None:
    errand()


class JobItem(QObject):
    """State of one job, with signals in the window's thread.

    Signals:
        changed: `state` or `answers` is another one.
        moved: `fraction` or `text` is another one; at most every `SHOW_SECONDS`.
        preview: what the engine is at.
        candidate: a finished `Candidate`.
        ended: there will be nothing more.

    Attributes:
        state: ``queued``, ``running``, ``done``, ``failed`` or ``cancelled``.
        fraction: 0..1, or None while the amount of work is unknown.
        text: what the engine says it is doing.
        error: why it failed, or None.
        live: it goes on until closed and is not listed.
    """

    changed = Signal()
    moved = Signal()
    preview = Signal(object)
    candidate = Signal(object)
    ended = Signal()

    def __init__(
        self,
        engine_id: str,
        title: str,
        *,
        live: bool,
        parent: QObject | None = None,
        send: Callable[[Errand], None] = _at_once,
    ) -> None:
        super().__init__(parent)
        self._send = send
        self.engine_id = engine_id
        self.title = title
        self.live = live
        self.state = "queued"
        self.fraction: float | None = None
        self.text = ""
        self.error: StudioError | None = None
        self.answers = 0
        self._job: Job | None = None
        self._shown_at = 0.0
        self._asked = time.monotonic()
        self._started: float | None = None
        self._ended: float | None = None

    def attach(self, job: Job) -> None:
        """Name the runtime's job behind this item; called in the thread that submitted it."""
        self._job = job

    @property
    def active(self) -> bool:
        """Waiting or at work."""
        return self.state in ("queued", "running")

    @property
    def elapsed(self) -> float:
        """Seconds of work so far, not counting the time in the queue."""
        if self._started is None:
            return 0.0
        return (self._ended or time.monotonic()) - self._started

    @property
    def waiting(self) -> float:
        """Seconds since it was asked for."""
        return (self._ended or time.monotonic()) - self._asked

    @property
    def eta(self) -> float | None:
        """Seconds left by straight extrapolation; None while that would be a wild guess."""
        if self.state != "running" or not self.fraction or self.fraction < ETA_AFTER:
            return None
        return self.elapsed * (1 - self.fraction) / self.fraction

    def cancel(self) -> None:
        """Ask the job to stop; `ended` follows."""
        if self.active:
            self.text = "Stopping"
            self._tell(lambda job: job.cancel())
            self.changed.emit()

    def finish(self) -> None:
        """Close a live job."""
        if self.active:
            self._tell(lambda job: job.finish())

    def update_mask(self, space: str, box: Box, data: MaskArray) -> None:
        """Hand a changed rectangle of a mask to a live job; ``data`` is a copy that nobody writes to."""
        if self.active:
            self._tell(lambda job: job.update_mask(space, box, data))

    def update(
        self,
        masks: Mapping[str, MaskArray] | None = None,
        params: Mapping[str, Any] | None = None,
        **values: Any,
    ) -> None:
        """Hand new masks, parameters or free values to a live job."""
        if self.active:
            self._tell(lambda job: job.update(masks=masks, params=params, values=values or None))

    def _tell(self, what: Callable[[Job], None]) -> None:
        def errand() -> None:
            # The job may have ended in its own thread while that news was still on its way here.
            if self._job is not None:
                with contextlib.suppress(StudioError):
                    what(self._job)

        self._send(errand)

    def receive(self, event: JobEvent) -> None:
        """Take one event of the runtime; called in the window's thread, in order."""
        if not self.active:
            return
        if isinstance(event, Started):
            self.state = "running"
            self._started = time.monotonic()
        elif isinstance(event, Progress):
            self.fraction = min(1.0, max(0.0, event.done / event.total)) if event.total > 0 else None
            self.text = event.text
            now = time.monotonic()
            if now - self._shown_at >= SHOW_SECONDS:
                self._shown_at = now
                self.moved.emit()
            return
        elif isinstance(event, Preview):
            self.preview.emit(event.result)
            return
        elif isinstance(event, CandidateReady):
            self.answers += 1
            self.candidate.emit(event.candidate)
        elif isinstance(event, Finished):
            self._end("done")
            return
        elif isinstance(event, Failed):
            self.error = event.error
            self._end("cancelled" if isinstance(event.error, Cancelled) else "failed")
            return
        self.changed.emit()

    def refuse(self, error: StudioError) -> None:
        """End before it began: the runtime would not take it."""
        self.error = error
        self._end("failed")

    def _end(self, state: str) -> None:
        self.state = state
        self._ended = time.monotonic()
        self.changed.emit()
        self.ended.emit()
