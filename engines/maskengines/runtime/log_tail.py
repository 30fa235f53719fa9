"""The last of what a worker printed."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from multiprocessing.connection import Connection

LIMIT = 64 << 10


class LogTail:
    """Reads a worker's output to its end and keeps the last ``LIMIT`` bytes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._kept = bytearray()
        self._read = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._follow, name="worker log", daemon=True)
        self._thread.start()

    def mark(self) -> int:
        """A position to ask for what follows it."""
        with self._lock:
            return self._read

    def since(self, mark: int) -> str:
        """What was printed after ``mark``, at most the last ``LIMIT`` bytes."""
        with self._lock:
            count = min(self._read - mark, len(self._kept))
            kept = bytes(self._kept[len(self._kept) - count :])
        return kept.decode("utf-8", "replace").strip()

    def settle(self, seconds: float = 0.3) -> None:
        """Wait, not for long, until what was printed so far has been read."""
        deadline = time.monotonic() + seconds
        while self._thread.is_alive() and time.monotonic() < deadline:
            try:
                with self._lock:
                    if not select.select([self._connection], [], [], 0)[0]:
                        return
            except (OSError, ValueError):
                return
            time.sleep(0.002)

    def _follow(self) -> None:
        while True:
            with contextlib.suppress(OSError, ValueError):
                select.select([self._connection], [], [])
            # What left the pipe is kept before anyone can see the pipe empty.
            with self._lock:
                try:
                    chunk = os.read(self._connection.fileno(), LIMIT)
                except (OSError, ValueError):
                    chunk = b""
                if not chunk:
                    self._connection.close()
                    return
                self._read += len(chunk)
                self._kept += chunk
                del self._kept[:-LIMIT]
