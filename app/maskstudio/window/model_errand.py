"""One errand about models at a time, in a thread: a pull, an import, a removal."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from maskengines.errors import Cancelled, EngineFault, StudioError
from PySide6.QtCore import QObject, Qt, QTimer, Signal

GLANCE_MS = 100


class ModelErrand(QObject):
    """Goes on while the dialog that started it is closed.

    Signals:
        changed: it began or ended.
        moved: it came further.
        asked: a pull waits for `answer` about the licence of this offer.
        succeeded: with what came of it: the model, or the bytes freed.
        failed: with the error; a `Cancelled` too.

    Attributes:
        title: what is being done, such as ``Fetching owner/name``; empty while nothing is.
        done, total: bytes; a total of 0 means that nobody knows yet.
        file: the file at hand.
    """

    changed = Signal()
    moved = Signal()
    asked = Signal(object)
    succeeded = Signal(object)
    failed = Signal(object)
    _over = Signal(object)
    _question = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.title = ""
        self.done = self.total = 0
        self.file = ""
        self.offer: Any = None
        """The offer that waits for an answer."""
        self._stop = threading.Event()
        self._answered = threading.Event()
        self._agreed = False
        self._latest = (0, 0, "")
        self._begun: tuple[float, int] | None = None
        self._thread: threading.Thread | None = None
        self._timer = QTimer(self, interval=GLANCE_MS)
        self._timer.timeout.connect(self._look)
        self._over.connect(self._end, Qt.ConnectionType.QueuedConnection)
        self._question.connect(self._ask, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        return bool(self.title)

    @property
    def seconds_left(self) -> float | None:
        """How long it will take at the pace so far; None until that can be told."""
        if self._begun is None:
            return None
        since, first = self._begun
        passed, came = time.monotonic() - since, self.done - first
        return (self.total - self.done) * passed / came if passed > 3 and came > 0 else None

    def pull(self, model_id: str, precision: str) -> None:
        """Fetch a model from the hub."""
        from maskengines.weights.store import ModelStore

        self._start(
            f"Fetching {model_id}",
            lambda: ModelStore().pull(
                model_id,
                self._agree,
                self._told,
                self._stop.is_set,
                "full" if precision == "full" else "half",
            ),
        )

    def import_folder(self, path: Path) -> None:
        """Copy a model from a folder."""
        from maskengines.weights.store import ModelStore

        self._start(
            f"Importing {path.name}", lambda: ModelStore().import_folder(path, self._told, self._stop.is_set)
        )

    def remove(self, model_id: str) -> None:
        """Delete a model."""
        from maskengines.weights.store import ModelStore

        self._start(f"Removing {model_id}", lambda: ModelStore().remove(model_id))

    def answer(self, agreed: bool) -> None:
        """Tell the pull that waits whether the user agrees to the licence."""
        self.offer = None
        self._agreed = agreed
        self._answered.set()

    def cancel(self) -> None:
        """Stop soon; what was fetched is kept for the next time."""
        self._stop.set()

    def close(self) -> None:
        """Stop and wait for it; nobody is told any more."""
        self.blockSignals(True)
        self.cancel()
        if self._thread is not None:
            self._thread.join(10)

    def _start(self, title: str, work: Callable[[], Any]) -> None:
        if self.busy:
            return
        self.title, self.done, self.total, self.file = title, 0, 0, ""
        self._latest, self._begun = (0, 0, ""), None
        self._stop.clear()
        self._timer.start()
        self._thread = threading.Thread(target=self._run, args=(work,), name="models", daemon=True)
        self._thread.start()
        self.changed.emit()

    def _look(self) -> None:
        if self._latest == (self.done, self.total, self.file):
            return
        self.done, self.total, self.file = self._latest
        if self._begun is None and self.total:
            self._begun = (time.monotonic(), self.done)
        self.moved.emit()

    def _end(self, answer: object) -> None:
        self._timer.stop()
        self.title, self.offer = "", None
        if isinstance(answer, StudioError):
            self.failed.emit(answer)
        else:
            self.succeeded.emit(answer)
        self.changed.emit()

    def _ask(self, offer: object) -> None:
        self.offer = offer
        self.asked.emit(offer)

    # --- in the thread --------------------------------------------------------------------------

    def _run(self, work: Callable[[], Any]) -> None:
        answer: object
        try:
            answer = work()
        except StudioError as error:
            answer = error
        except Exception as error:
            log = "".join(traceback.format_exception(error))
            logging.getLogger(__name__).error("%s", log)
            answer = EngineFault("The studio met an error of its own; the model was not changed.", log=log)
        self._over.emit(answer)

    def _told(self, done: int, total: int, file: str) -> None:
        self._latest = (done, total, file)

    def _agree(self, offer: object) -> bool:
        self._answered.clear()
        self._question.emit(offer)
        while not self._answered.wait(0.05):
            if self._stop.is_set():
                raise Cancelled()
        return self._agreed
