"""Ctrl+C and a polite kill stop a command once, and never in the middle of writing a file."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _State:
    holding = False
    asked = False


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Inside, the first SIGINT or SIGTERM raises KeyboardInterrupt; later ones change nothing, so that
    stopping the workers is not interrupted in its turn."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may catch signals; elsewhere somebody else does
        return
    _State.asked = _State.holding = False
    # A shell script's background job starts with SIGINT ignored; being told to stop still means stop.
    before = {number: signal.signal(number, _stop) for number in SIGNALS}
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


def _stop(number: int, frame: FrameType | None) -> None:
    if _State.asked:
        return
    _State.asked = True
    if not _State.holding:
        raise KeyboardInterrupt
