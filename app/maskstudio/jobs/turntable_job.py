"""A turntable being rendered in the background: pictures come from a job and go into a sequence."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskengines.errors import Cancelled, EngineFault, StudioError
from PySide6.QtCore import QObject, Qt, Signal

if TYPE_CHECKING:
    from collections.abc import Callable

    from maskengines.contract import Candidate

    from maskstudio.jobs.item import JobItem
    from maskstudio.picture_sequences import Sequence


class TurntableJob(QObject):
    """Pictures are written in a thread of its own, in their order. The job itself is listed as all are, where
    it shows how far it is and can be cancelled.

    Signals (in the GUI thread):
        done: list of `pathlib.Path`, what was written.
        failed: a `StudioError`; nothing was left behind. `Cancelled` where the user ended it.
    """

    done = Signal(list)
    failed = Signal(object)
    _over = Signal(object)
    _stopped = Signal()

    def __init__(
        self, item: JobItem, count: int, begin: Callable[[], Sequence], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.item = item
        self._count = count
        self._added = 0
        self._closed = False
        self._error: StudioError | None = None
        self._sequence: Sequence | None = None
        self._thread = ThreadPoolExecutor(1, "turntable")
        self._over.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._stopped.connect(item.cancel, Qt.ConnectionType.QueuedConnection)
        self._do(lambda: self._begin(begin))
        item.candidate.connect(self._came)
        item.ended.connect(self._ended)

    def close(self) -> None:
        """The window closes: end it without effect, and wait until nothing is left behind."""
        self._closed = True
        self.item.cancel()
        self._do(self._drop)
        self._thread.shutdown(wait=True)

    # --- in the GUI thread ----------------------------------------------------------------------

    def _came(self, candidate: Candidate) -> None:
        pixels = candidate.result.pixels
        if not self._closed:
            self._do(lambda: self._add(pixels))

    def _ended(self) -> None:
        item = self.item
        error = item.error if item.state != "done" else None
        if item.state == "cancelled" and error is None:
            error = Cancelled()
        if not self._closed:
            self._thread.submit(self._finish, error)

    def _deliver(self, result: list[Path] | StudioError) -> None:
        self._thread.shutdown(wait=False)
        if isinstance(result, StudioError):
            self.failed.emit(result)
        else:
            self.done.emit(result)

    # --- in the thread --------------------------------------------------------------------------

    def _do(self, work: Callable[[], None]) -> Future[None]:
        return self._thread.submit(self._guarded, work)

    def _guarded(self, work: Callable[[], None]) -> None:
        if self._error is not None:
            return
        try:
            work()
        except Exception as error:
            self._error = _as_studio_error(error)
            self._stopped.emit()

    def _begin(self, begin: Callable[[], Sequence]) -> None:
        self._sequence = begin()

    def _add(self, pixels: Any) -> None:
        if self._sequence is not None:
            self._sequence.add(pixels)
            self._added += 1

    def _drop(self) -> None:
        if self._sequence is not None:
            self._sequence.drop()
        self._sequence = None

    def _finish(self, error: StudioError | None) -> None:
        result: list[Path] | StudioError
        error = self._error or error
        if error is None and self._added < self._count:
            error = EngineFault(f"{self._added} of {self._count} pictures came, and no reason why.")
        try:
            if error is None and self._sequence is not None:
                result, self._sequence = self._sequence.finish(), None
            else:
                result = error or EngineFault("The pictures could not be written.")
        except Exception as trouble:
            result = _as_studio_error(trouble)
        self._drop()
        self._over.emit(result)


def _as_studio_error(error: Exception) -> StudioError:
    if isinstance(error, StudioError):
        return error
    return EngineFault(f"The pictures could not be written: {error}. Choose another folder.")
