"""What a worker sends while an engine works: thinned-out progress, newest previews, candidates.

Results travel through *slots*: tokens with shared memory that the studio owns. A slot is busy until the
studio has read it, so a worker never runs ahead of what is looked at, and memory stays bounded however
fast an engine is. Slot 0 carries previews, of which only the newest waits; the others carry
candidates, for which the engine waits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskengines.runtime.messages import INLINE_BYTES, Message, NeedSlot, PreviewMade, ProgressMade
from maskengines.runtime.plain import Packed

PREVIEW_SLOT = 0
CANDIDATE_SLOTS = (1, 2)
PROGRESS_SECONDS = 0.2
"""Between two messages of progress: each wakes three threads of the window's process, which shows two a
second."""
PREVIEW_SECONDS = 0.25
"""Between two previews of a job that is not live: four a second show what an engine is at, and each is read,
composited and painted in the window's process."""

_WAKE_SECONDS = 0.1


@dataclass(slots=True)
class _Slot:
    number: int
    busy: bool = False
    asked: int = 0
    size: int = 0
    buffer: Any = None


class Outbox:
    """Shared by the engine's thread, the receiver and a thread of its own that sends what waits.

    Args:
        send: thread-safe; may block while the studio is slow.
        preview_rest: seconds between two previews.
    """

    def __init__(self, send: Callable[[Message], None], preview_rest: float = PREVIEW_SECONDS) -> None:
        self._send = send
        self._preview_rest = preview_rest
        self._changed = threading.Condition()
        self._slots = [_Slot(number) for number in (PREVIEW_SLOT, *CANDIDATE_SLOTS)]
        self._progress: ProgressMade | None = None
        self._told: ProgressMade | None = None
        self._progress_due = 0.0
        self._preview: tuple[int, Packed] | None = None
        self._preview_due = 0.0
        threading.Thread(target=self._send_what_waits, name="outbox", daemon=True).start()

    # The engine's thread.

    def progress(self, job: int, done: float, total: float, text: str) -> None:
        """At most five messages a second; the newest is never lost, only late."""
        with self._changed:
            made = ProgressMade(job=job, done=float(done), total=float(total), text=str(text))
            first = self._progress is None
            if made == self._told:
                return
            self._progress = made
            if first:
                self._changed.notify_all()

    def preview(self, job: int, packed: Packed) -> None:
        """Keep a copy of the newest preview until the studio has read the one before and it had its rest."""
        with self._changed:
            old = self._preview[1].arrays if self._preview else []
            self._preview = job, Packed(packed.tree, _copies(packed.arrays, old))
            self._changed.notify_all()

    def deliver(
        self, packed: Packed, checkpoint: Callable[[], None], message: Callable[..., Message]
    ) -> None:
        """Send a candidate or a question; waits for a free slot.

        ``message`` is called with ``slot``, ``layout``, ``shared`` and ``blob``. ``checkpoint`` may
        raise to give up waiting.
        """
        slot = self._take(checkpoint)
        try:
            shared = packed.nbytes > INLINE_BYTES
            if shared:
                self._grow(slot, packed.nbytes, checkpoint)
                packed.write_into(slot.buffer)
            blob = b"" if shared else packed.to_bytes()
            self._send_progress()
            self._send(message(slot=slot.number, layout=packed.layout, shared=shared, blob=blob))
        except BaseException:
            self.free(slot.number)
            raise

    def settle(self) -> None:
        """Before a job's end is told: send its last progress, drop a preview that still waits."""
        self._send_progress()
        with self._changed:
            self._preview = None

    # The receiver.

    def free(self, slot: int) -> None:
        with self._changed:
            self._slots[slot].busy = False
            self._changed.notify_all()

    def grant(self, slot: int, size: int, buffer: Any) -> None:
        with self._changed:
            self._slots[slot].size, self._slots[slot].buffer = size, buffer
            self._changed.notify_all()

    def wake(self) -> None:
        """Let whoever waits look at its checkpoint."""
        with self._changed:
            self._changed.notify_all()

    # Inside.

    def _send_progress(self) -> None:
        """What was reported before a result must not arrive after it."""
        with self._changed:
            progress, self._progress = self._progress, None
            if progress is not None:
                self._told = progress
                self._send(progress)

    def _take(self, checkpoint: Callable[[], None]) -> _Slot:
        with self._changed:
            while True:
                for number in CANDIDATE_SLOTS:
                    if not self._slots[number].busy:
                        self._slots[number].busy = True
                        return self._slots[number]
                checkpoint()
                self._changed.wait(_WAKE_SECONDS)

    def _grow(self, slot: _Slot, size: int, checkpoint: Callable[[], None]) -> None:
        with self._changed:
            while slot.size < size:
                if slot.asked < size:
                    slot.asked = size
                    self._send(NeedSlot(slot=slot.number, size=size))
                checkpoint()
                self._changed.wait(_WAKE_SECONDS)

    def _send_what_waits(self) -> None:
        while True:
            with self._changed:
                now = time.monotonic()
                if self._progress is not None and now >= self._progress_due:
                    progress, self._progress = self._progress, None
                    self._told = progress
                    self._progress_due = now + PROGRESS_SECONDS
                    self._quietly(progress)
                elif now < self._preview_due or not self._send_preview(now):
                    self._changed.wait(self._until_due(now))

    def _until_due(self, now: float) -> float | None:
        """Seconds until there is something to send; None if that takes news."""
        due = [self._progress_due] if self._progress is not None else []
        due += [self._preview_due] if self._preview is not None and now < self._preview_due else []
        return min(due) - now if due else None

    def _send_preview(self, now: float) -> bool:
        slot = self._slots[PREVIEW_SLOT]
        if self._preview is None or slot.busy:
            return False
        job, packed = self._preview
        shared = packed.nbytes > INLINE_BYTES
        if shared and slot.size < packed.nbytes:
            if slot.asked < packed.nbytes:
                slot.asked = packed.nbytes
                self._quietly(NeedSlot(slot=slot.number, size=packed.nbytes))
            return False
        if shared:
            packed.write_into(slot.buffer)
        slot.busy, self._preview = True, None
        self._preview_due = now + self._preview_rest
        blob = b"" if shared else packed.to_bytes()
        self._quietly(
            PreviewMade(
                job=job, slot=slot.number, tree=packed.tree, layout=packed.layout, shared=shared, blob=blob
            )
        )
        return True

    def _quietly(self, message: Message) -> None:
        # When the studio is gone the receiver ends this process; there is nobody to tell.
        try:
            self._send(message)
        except (OSError, ValueError):
            self._preview = self._progress = None


def _copies(arrays: list[Any], reusable: list[Any]) -> list[Any]:
    copies = []
    for index, array in enumerate(arrays):
        old = reusable[index] if index < len(reusable) else None
        if old is not None and old.shape == array.shape and old.dtype == array.dtype:
            np.copyto(old, array)
            copies.append(old)
        else:
            copies.append(array.copy())
    return copies
