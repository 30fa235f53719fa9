"""Work off the GUI thread whose result comes back as a call in it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from maskengines.errors import EngineFault, StudioError
from PySide6.QtCore import QObject, Qt, Signal


class Background(QObject):
    """Runs callables in two threads, so that a mask need not wait for a big photo to open.

    Attributes:
        busy: how many are waiting or running.
    """

    _ready = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="window")
        self.busy = 0
        self._closed = False
        self._ready.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def do(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], object],
        failed: Callable[[StudioError], object],
    ) -> None:
        """Call ``work()`` in the thread, then ``done(result)`` or ``failed(error)`` in the GUI thread.

        After `close` nothing is done, as an answer that was under way may still ask for more.
        """
        if self._closed:
            return
        self.busy += 1
        future = self._pool.submit(work)
        future.add_done_callback(lambda each: self._ready.emit((each, done, failed)))

    def close(self) -> None:
        """Wait for what runs, drop what waits."""
        self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _deliver(
        self, mail: tuple[Future[Any], Callable[[Any], object], Callable[[StudioError], object]]
    ) -> None:
        self.busy -= 1
        future, done, failed = mail
        if future.cancelled():
            return
        error = future.exception()
        if error is None:
            done(future.result())
        elif isinstance(error, StudioError):
            failed(error)
        else:
            log = "".join(traceback.format_exception(error))
            logging.getLogger(__name__).error("%s", log)
            failed(EngineFault("The studio met an error of its own. Your work is kept.", log=log))
