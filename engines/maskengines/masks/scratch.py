"""A nameless file beside the journal for what undo keeps but memory need not hold."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import NamedTuple


class Extent(NamedTuple):
    """Where a block lies in the scratch file, in bytes."""

    offset: int
    length: int


class Scratch:
    """Blocks of bytes on disk, written and read from any thread.

    The file has no name (or is deleted on close), so nothing is left behind by a crash: what it holds
    is undo history, which ends with the process.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=folder, prefix="undo-")  # noqa: SIM115
        self._lock = threading.Lock()
        self._free: list[Extent] = []
        self._end = 0

    def write(self, block: bytes) -> Extent:
        """Store a block. Raises ``OSError`` (a full disk, say); what was stored before stays good."""
        with self._lock:
            extent = self._place(len(block))
            try:
                self._file.seek(extent.offset)
                self._file.write(block)
                self._file.flush()
            except OSError:
                self._release(extent)
                raise
            return extent

    def read(self, extent: Extent) -> bytes:
        with self._lock:
            self._file.seek(extent.offset)
            block = self._file.read(extent.length)
        if len(block) != extent.length:
            raise OSError("the undo file was cut short")
        return block

    def free(self, extent: Extent) -> None:
        """Let the space of a block be used again."""
        with self._lock:
            self._release(extent)

    def close(self) -> None:
        with self._lock:
            self._file.close()

    @property
    def size(self) -> int:
        """Bytes from the start of the file to the end of its last block."""
        return self._end

    def _place(self, length: int) -> Extent:
        for index, hole in enumerate(self._free):
            if hole.length >= length:
                rest = Extent(hole.offset + length, hole.length - length)
                self._free[index : index + 1] = [rest] if rest.length else []
                return Extent(hole.offset, length)
        extent = Extent(self._end, length)
        self._end += length
        return extent

    def _release(self, extent: Extent) -> None:
        merged: list[Extent] = []
        for hole in sorted([*self._free, extent]):
            if merged and merged[-1].offset + merged[-1].length == hole.offset:
                merged[-1] = Extent(merged[-1].offset, merged[-1].length + hole.length)
            else:
                merged.append(hole)
        if merged and merged[-1].offset + merged[-1].length == self._end:
            self._end = merged.pop().offset
            if not self._file.closed:
                self._file.truncate(self._end)
        self._free = merged
