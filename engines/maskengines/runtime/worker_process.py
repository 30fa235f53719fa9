"""The studio's handle on one worker process."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from multiprocessing import reduction
from multiprocessing.connection import wait
from typing import Any

from maskengines.errors import EngineFault, StudioError, error_from_kind
from maskengines.runtime.log_tail import LogTail
from maskengines.runtime.mailbox import Mailbox
from maskengines.runtime.messages import (
    AddSegment,
    AddSubject,
    Cancel,
    Ended,
    Free,
    Grant,
    Message,
    ProtocolError,
    decode,
    encode,
)
from maskengines.runtime.segments import Segment, new_segment
from maskengines.runtime.subject_store import StoredSubject
from maskengines.runtime.worker_context import CANCELLED_JOB
from maskengines.runtime.worker_entry import WorkerSettings, main

_STARTUP_FAILED = -1
_MAX_FRAME = 64 << 20
_MAX_SLOTS = 8
_UNTOUCHED = "Your image and mask are untouched, and you can run it again."
_SPAWN = multiprocessing.get_context("spawn")


class WorkerGone(Exception):
    """The worker's end of the pipe is closed."""


class WorkerProcess:
    """Starts a worker and talks to it. Make it in a thread that lives as long as the worker shall:
    the kernel ends the worker with that thread.

    Args:
        settings: ``flag_segment`` and ``parent`` are filled in here.
        title: the engine's, for sentences.
    """

    def __init__(self, settings: WorkerSettings, title: str) -> None:
        self.title = title
        self.used = False
        self.trusted_hash = settings.trusted_hash
        self._sending = threading.Lock()
        self._flag: Segment = new_segment(CANCELLED_JOB.size)
        CANCELLED_JOB.pack_into(self._flag.buffer, 0, _STARTUP_FAILED)
        self._slots: dict[int, Segment] = {}
        self._segments: set[int] = set()
        self._subjects: dict[str, int] = {}
        self._mailbox: Mailbox | None = None
        self._mailbox_lock = threading.Lock()
        self._gone = threading.Event()
        self.killed = False
        self._startup_error: StudioError | None = None
        self._protocol_broken = False

        self._connection, theirs = _SPAWN.Pipe()
        log, their_log = _SPAWN.Pipe(duplex=False)
        settings = WorkerSettings(
            **{**settings.__dict__, "parent": os.getpid(), "flag_segment": self._flag.id}
        )
        self._process = _SPAWN.Process(
            target=main, args=(settings, theirs, their_log), name=f"engine {title}", daemon=True
        )
        try:
            self._process.start()
        finally:
            theirs.close()
            their_log.close()
        self.log = LogTail(log)
        with contextlib.suppress(WorkerGone):
            self.add_segment(self._flag)
        threading.Thread(target=self._read, name=f"reader of {title}", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    @property
    def alive(self) -> bool:
        return not self._gone.is_set()

    # Telling it.

    def send(self, message: Message) -> None:
        """Raises:
        WorkerGone: nobody is there to read it.
        """
        frame = encode(message)
        with self._sending:
            try:
                self._connection.send_bytes(frame)
            except OSError as error:
                raise WorkerGone from error

    def add_segment(self, segment: Segment) -> None:
        """Share a segment, once."""
        if segment.id in self._segments:
            return
        message = AddSegment(
            segment=segment.id,
            size=segment.size,
            writable=segment.writable_by_worker,
            name=segment.name,
        )
        with self._sending:
            try:
                self._connection.send_bytes(encode(message))
                if segment.name is None:
                    reduction.send_handle(self._connection, segment.handle, self.pid)
            except OSError as error:
                raise WorkerGone from error
        self._segments.add(segment.id)

    def add_subject(self, subject: StoredSubject) -> None:
        """Share a subject, once."""
        if self._subjects.get(subject.digest) == subject.serial:
            return
        self.add_segment(subject.segment)
        self.send(
            AddSubject(
                digest=subject.digest,
                kind=subject.kind,
                meta=subject.meta,
                layout=subject.layout,
                names=subject.names,
                segment=subject.segment.id,
            )
        )
        self._subjects[subject.digest] = subject.serial

    def keep_only(self, subjects: set[str], segments: set[int]) -> tuple[list[str], list[int]]:
        """Forget what is no longer there; returns what a `Run` tells the worker to keep."""
        mine = {self._flag.id, *(slot.id for slot in self._slots.values())}
        self._subjects = {key: value for key, value in self._subjects.items() if key in subjects}
        self._segments &= segments | mine
        return list(self._subjects), list(self._segments)

    def raise_flag(self, job: int) -> None:
        """Make the job's next ``checkpoint()`` raise. Never blocks."""
        with contextlib.suppress(AttributeError, ValueError):
            CANCELLED_JOB.pack_into(self._flag.buffer, 0, job)

    def wake(self, job: int) -> None:
        """Let a job that waits look at the flag."""
        with contextlib.suppress(WorkerGone):
            self.send(Cancel(job=job))

    def grant(self, slot: int, size: int) -> None:
        """Give a slot memory of at least ``size`` bytes.

        Raises:
            EngineFault: there is not that much.
        """
        if not 0 <= slot < _MAX_SLOTS or size <= 0:
            raise EngineFault(f"{self.title} spoke out of turn and was stopped.")
        old = self._slots.pop(slot, None)
        if old is not None:
            self._segments.discard(old.id)
            old.close()
        try:
            segment = new_segment(size, writable_by_worker=True)
        except (OSError, OverflowError, ValueError, MemoryError) as error:
            raise EngineFault(f"{self.title} gave an answer too large to hold ({size} bytes).") from error
        self._slots[slot] = segment
        self.add_segment(segment)
        self.send(Grant(slot=slot, segment=segment.id))

    def slot_buffer(self, slot: int) -> Any:
        """The memory in which a result lies.

        Raises:
            EngineFault: that slot has none.
        """
        if slot not in self._slots:
            raise EngineFault(f"{self.title} spoke out of turn and was stopped.")
        return self._slots[slot].buffer

    def free(self, slot: int) -> None:
        with contextlib.suppress(WorkerGone):
            self.send(Free(slot=slot))

    def kill(self) -> None:
        """End it at once. It counts as told to, so that nobody calls it a crash."""
        self.killed = True
        with contextlib.suppress(OSError, ValueError, AttributeError):
            self._process.kill()

    # Hearing from it.

    def listen(self, mailbox: Mailbox | None) -> None:
        """Where what it says goes from now on."""
        with self._mailbox_lock:
            self._mailbox = mailbox
            if mailbox is not None and not self.alive:
                mailbox.hang_up()

    def fault(self, mark: int) -> StudioError:
        """Why it is gone, in a sentence, with what it printed after ``mark``."""
        self._gone.wait(5)
        self.log.settle()
        log = self.log.since(mark)
        if self._startup_error is not None:
            return error_from_kind(self._startup_error.kind, self._startup_error.message, log)
        if self._protocol_broken:
            return EngineFault(f"{self.title} spoke out of turn and was stopped.", log=log)
        return EngineFault(f"{self.title} {_why(self._process.exitcode)}", log=log)

    def join(self, timeout: float) -> None:
        self._gone.wait(timeout)

    def dispose(self) -> None:
        """Give its memory back once no job uses it any more."""
        for segment in (*self._slots.values(), self._flag):
            segment.close()
        self._slots = {}

    def _read(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                frame = self._connection.recv_bytes(_MAX_FRAME)
                try:
                    message = decode(frame)
                except ProtocolError:
                    self._protocol_broken = True
                    break
                if isinstance(message, Ended) and message.job == _STARTUP_FAILED:
                    self._startup_error = error_from_kind(message.kind, message.message)
                with self._mailbox_lock:
                    if self._mailbox is not None:
                        self._mailbox.put(message)
        if not wait([self._process.sentinel], 1.0):
            # It no longer listens, or speaks without end, and goes on working.
            self._protocol_broken = True
            self._process.kill()
        self._process.join(5)
        self._connection.close()
        with self._mailbox_lock:
            self._gone.set()
            if self._mailbox is not None:
                self._mailbox.hang_up()


def _why(exit_code: int | None) -> str:
    if exit_code is None or exit_code == -signal.SIGKILL:
        return (
            "was stopped by the system, most likely because memory ran out. "
            "Close other documents, or use a smaller image or mask."
        )
    if exit_code < 0:
        try:
            name = signal.Signals(-exit_code).name
        except ValueError:
            name = f"signal {-exit_code}"
        return f"crashed ({name}). {_UNTOUCHED}"
    return f"ended by itself with exit code {exit_code}. {_UNTOUCHED}"
