"""A job as its owner sees it: state, cancel, live updates."""

from __future__ import annotations

import contextlib
import itertools
import logging
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from maskengines.contract import Box, EngineInfo
from maskengines.errors import BadInput, Cancelled, StudioError
from maskengines.params import Params
from maskengines.runtime.events import Failed, Finished, JobEvent, Started
from maskengines.runtime.mailbox import Mailbox
from maskengines.runtime.plain import as_rows
from maskengines.runtime.worker_process import WorkerProcess

State = Literal["queued", "running", "done", "failed", "cancelled"]
Listener = Callable[[JobEvent], None]
Array = np.ndarray[Any, Any]

GRACE_SECONDS = 2.0

_log = logging.getLogger(__name__)
_numbers = itertools.count(1)


@dataclass(slots=True)
class Pending:
    """News that the worker has not been told."""

    boxes: dict[str, Box] = field(default_factory=dict)
    params: Params | None = None
    values: dict[str, Any] = field(default_factory=dict)
    close: bool = False

    def __bool__(self) -> bool:
        return bool(self.boxes or self.values or self.params is not None or self.close)


class Job:
    """One question on its way. Made by `Runtime.submit`; every method may be called from any thread
    and none blocks for long."""

    def __init__(
        self,
        info: EngineInfo,
        masks: dict[str, Array],
        params: Params,
        listener: Listener,
        spaces: Mapping[str, tuple[int, ...]],
    ) -> None:
        self.number = next(_numbers)
        self.id = f"{info.id}-{self.number}"
        self.info = info
        self.params = params
        self.state: State = "queued"
        self.error: StudioError | None = None
        self.live_masks: dict[str, Array] = {}
        self._masks = masks
        self._spaces = spaces
        self._listener = listener
        self._lock = threading.Lock()
        self._pending = Pending()
        self._workers: list[tuple[WorkerProcess, Mailbox, int]] = []
        self._cancelled = threading.Event()
        self._kill_timer: threading.Timer | None = None
        self._over = threading.Event()
        self.work: Callable[[], None] = _nothing
        self._withdraw: Callable[[Job], bool] = lambda _: False

    @property
    def engine_id(self) -> str:
        return self.info.id

    @property
    def cancelled(self) -> bool:
        """Whether it was asked to stop; it may still be on its way to doing so."""
        return self._cancelled.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Block until the last event was delivered; ``False`` if ``timeout`` seconds passed before."""
        return self._over.wait(timeout)

    def cancel(self) -> None:
        """Ask the engine to stop; one that has not after two seconds is killed. The job ends with
        `Failed` and `Cancelled`."""
        self.stop(GRACE_SECONDS)

    def finish(self) -> None:
        """Close a live job: it answers what it has been told and ends with `Finished`."""
        with self._lock:
            self._pending.close = True
        self._poke()

    def update(
        self,
        masks: Mapping[str, Array] | None = None,
        params: Mapping[str, Any] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        """Tell a live job what is new; only the newest of each key is kept until the engine looks.

        Raises:
            BadInput: a mask of another shape, an unknown space, a parameter that does not fit.
        """
        read = None if params is None else self.info.params.read(params)
        for space, mask in (masks or {}).items():
            shape = self.shape(space)
            if mask.shape != shape:
                raise BadInput(f"The mask is {mask.shape}, but the one it replaces is {shape}.")
            rows = as_rows(mask)
            self.update_mask(space, Box(0, 0, rows.shape[1], rows.shape[0]), rows)
        with self._lock:
            if read is not None:
                self._pending.params = self.params = read
            self._pending.values.update(values or {})
        self._poke()

    def update_mask(self, space: str, box: Box, data: Array) -> None:
        """Tell a live job that its mask has become ``data``, ``(box.height, box.width)`` uint8, in ``box``.
        The mask of a space that none was submitted for begins empty.

        Raises:
            BadInput: the box reaches outside the mask, or the data does not fit it.
        """
        shape = self.shape(space)
        height, width = math.prod(shape[:-1]), shape[-1]
        if box.clipped(width, height) != box or data.shape != (box.height, box.width):
            raise BadInput(
                f"The changed part of the mask ({data.shape[1]} x {data.shape[0]}) does not fit its place "
                f"in a mask of {width} x {height}."
            )
        if data.dtype != np.uint8:
            raise BadInput(f"A mask holds whole numbers from 0 to 255, not {data.dtype}.")
        if box.empty:
            return
        with self._lock:
            if space not in self.live_masks:
                begun = self._masks.get(space)
                self.live_masks[space] = np.zeros(shape, np.uint8) if begun is None else begun.copy()
            as_rows(self.live_masks[space])[box.slices] = data
            self._pending.boxes[space] = self._pending.boxes.get(space, Box(0, 0, 0, 0)).union(box)
        self._poke()

    # For the runtime.

    def stop(self, grace: float) -> None:
        """Cancel, with ``grace`` seconds before the workers are killed."""
        if self._over.is_set():
            return
        with self._lock:
            first = not self._cancelled.is_set()
            self._cancelled.set()
            for worker, _, number in self._workers:
                worker.raise_flag(number)
            if first and grace > 0:
                self._kill_timer = threading.Timer(grace, self._kill)
                self._kill_timer.daemon = True
                self._kill_timer.start()
        if grace <= 0:
            self._kill()
        if self._withdraw(self):
            threading.Thread(target=self.work, name=f"end of {self.id}", daemon=True).start()
        self._poke()

    def plan(self, work: Callable[[], None], withdraw: Callable[[Job], bool]) -> None:
        """``work`` runs the job to its end in a thread of its own; ``withdraw`` takes it out of the queue
        and says whether it still waited there."""
        self.work = work
        self._withdraw = withdraw

    def attach(self, worker: WorkerProcess, mailbox: Mailbox, number: int) -> None:
        """From now on, cancelling reaches this worker.

        Raises:
            Cancelled: it is too late to begin.
        """
        with self._lock:
            if self._cancelled.is_set():
                raise Cancelled
            self._workers.append((worker, mailbox, number))
        worker.listen(mailbox)

    def detach(self, worker: WorkerProcess) -> None:
        """The worker is no longer this job's; cancelling must not reach it."""
        with self._lock:
            self._workers = [entry for entry in self._workers if entry[0] is not worker]
        worker.listen(None)

    def take_pending(self) -> tuple[Pending, dict[str, Array]]:
        """What the worker has not been told, with copies of the changed parts of the masks."""
        with self._lock:
            pending, self._pending = self._pending, Pending()
            parts = {
                space: as_rows(self.live_masks[space])[box.slices].copy()
                for space, box in pending.boxes.items()
            }
        return pending, parts

    def mask_part(self, space: str, box: Box) -> Array:
        """A copy of the newest mask in ``box``."""
        with self._lock:
            mask = self.live_masks[space] if space in self.live_masks else self._masks[space]
            return np.array(as_rows(mask)[box.slices])

    @property
    def masks(self) -> dict[str, Array]:
        """The masks as they were submitted."""
        return self._masks

    def begin(self) -> None:
        self.state = "running"
        self.tell(Started(self.id))

    def end(self, error: StudioError | None) -> None:
        """Tell the end, once."""
        with self._lock:
            if self._kill_timer is not None:
                self._kill_timer.cancel()
        if error is None:
            self.state = "done"
        else:
            self.state = "cancelled" if isinstance(error, Cancelled) else "failed"
            self.error = error
        self.tell(Finished(self.id) if error is None else Failed(self.id, error))
        # A window keeps its jobs listed; what they worked on must not stay in memory with them.
        self._masks, self.live_masks, self.work = {}, {}, _nothing
        self._over.set()

    def tell(self, event: JobEvent) -> None:
        """Call the listener; what it raises is logged and does not end the job."""
        try:
            self._listener(event)
        except Exception:
            _log.exception("The listener of job %s failed", self.id)

    def shape(self, space: str) -> tuple[int, ...]:
        """Of the mask over a space of the subject.

        Raises:
            BadInput: the subject has no such space.
        """
        if space in self._masks:
            return self._masks[space].shape
        if space not in self._spaces:
            known = ", ".join(self._spaces) or "none"
            raise BadInput(f"This job has no mask over '{space}'. Its spaces: {known}.")
        return tuple(self._spaces[space])

    def _poke(self) -> None:
        with self._lock:
            mailboxes = [mailbox for _, mailbox, _ in self._workers]
        for mailbox in mailboxes:
            mailbox.poke()

    def _kill(self) -> None:
        with self._lock:
            workers = [worker for worker, _, _ in self._workers]
        for worker in workers:
            with contextlib.suppress(OSError):
                worker.kill()


def _nothing() -> None:
    """The work of a job that has none yet, or is over."""
