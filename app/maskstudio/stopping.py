"""Ctrl+C, a polite kill and a closed terminal stop a command once, never in the middle of writing a file."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from maskengines.errors import Cancelled

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
STOPPING = tuple(bytes([number]) for number in SIGNALS)


class _State:
    holding = False
    asked = False


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Inside, the first of `SIGNALS` raises KeyboardInterrupt; later ones change nothing, so that
    stopping the workers is not interrupted in its turn."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may catch signals; elsewhere somebody else does
        return
    _State.asked = _State.holding = False
    # A shell script's background job starts with SIGINT ignored; being told to stop still means stop.
    before = {number: signal.signal(number, _stop) for number in _heeded()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold a stop back until the block is done: what is being written is written whole."""
    _State.holding = True
    try:
        yield
    finally:
        _State.holding = False
    if _State.asked:
        raise KeyboardInterrupt


@contextlib.contextmanager
def window_stopped_by_signals() -> Iterator[None]:
    """Inside, `SIGNALS` end Qt's event loop with exit code 130.

    Qt keeps the interpreter away from signals until something happens in the window, so a thread of ours
    waits for them on a pipe. The window asks nothing then: unsaved work is in the journal and is offered
    at the next start.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)

    def wait() -> None:
        while os.read(reader, 1) in STOPPING:
            from PySide6.QtCore import QCoreApplication

            QCoreApplication.exit(Cancelled.exit_code)

    before = {number: signal.signal(number, lambda *_: None) for number in _heeded()}
    old = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=wait, name="signals", daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(old)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(writer)


def _heeded() -> list[signal.Signals]:
    """All but the hang-up of a terminal that ``nohup`` told us to outlive."""
    return [n for n in SIGNALS if n.name != "SIGHUP" or signal.getsignal(n) is not signal.SIG_IGN]


def _stop(number: int, frame: FrameType | None) -> None:
    if _State.asked:
        return
    _State.asked = True
    if not _State.holding:
        raise KeyboardInterrupt
