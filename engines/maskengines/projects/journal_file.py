"""The append-only file of an autosave journal: checksummed records in batches, good up to a torn tail.

A record is ``length, checksum, kind`` (little-endian u32, u32, u8) and ``length`` bytes of payload; the
checksum is the CRC-32 of kind and payload. A batch counts once its closing record is whole.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

MAGIC = b"MaskStudio journal 1\n"
_HEAD = struct.Struct("<IIB")
_CLOSE = 0
TILE, BLOB, STATE = 1, 2, 3
"""Kinds of records: a tile of a mask, a named blob, the state as JSON."""


class Record(NamedTuple):
    kind: int
    payload: bytes


class JournalFile:
    """Appends batches. One thread uses it at a time."""

    def __init__(self, path: Path) -> None:
        """Open for appending; a torn tail that a crash left is cut off first. Raises ``OSError``."""
        self.path = path
        self._good = sum_of_whole_batches(path)
        self._stream: BinaryIO = path.open("r+b" if path.exists() else "w+b")
        self._stream.truncate(self._good)
        if not self._good:
            self._stream.write(MAGIC)
            self._stream.flush()
            self._good = len(MAGIC)
        self._stream.seek(self._good)

    @property
    def size(self) -> int:
        """Bytes of the whole batches so far."""
        return self._good

    def append(self, records: Iterable[Record]) -> None:
        """Write one batch and flush it to the disk; all of it counts or none.

        Raises:
            OSError: a full disk, say. What was there before stays good.
        """
        try:
            for record in records:
                self._write(record)
            self._write(Record(_CLOSE, b""))
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._good = self._stream.tell()
        except BaseException:
            with contextlib.suppress(OSError):
                self._stream.seek(self._good)
                self._stream.truncate(self._good)
            raise

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.close()

    def _write(self, record: Record) -> None:
        checksum = zlib.crc32(record.payload, zlib.crc32(bytes([record.kind])))
        self._stream.write(_HEAD.pack(len(record.payload), checksum, record.kind))
        self._stream.write(record.payload)


def read_batches(path: Path) -> Iterator[list[Record]]:
    """The whole batches of a journal, oldest first; stops silently where the file is torn."""
    for batch, _ in _walk(path):
        yield batch


def sum_of_whole_batches(path: Path) -> int:
    """Bytes from the start to the end of the last whole batch; 0 if there is no journal at all."""
    end = 0
    with contextlib.suppress(FileNotFoundError), path.open("rb") as stream:
        if stream.read(len(MAGIC)) == MAGIC:
            end = len(MAGIC)
    if end:
        for _, end in _walk(path):  # noqa: B007
            pass
    return end


def _walk(path: Path) -> Iterator[tuple[list[Record], int]]:
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        if stream.read(len(MAGIC)) != MAGIC:
            return
        batch: list[Record] = []
        while len(head := stream.read(_HEAD.size)) == _HEAD.size:
            length, checksum, kind = _HEAD.unpack(head)
            if length > size - stream.tell():
                return
            payload = stream.read(length)
            if zlib.crc32(payload, zlib.crc32(bytes([kind]))) != checksum:
                return
            if kind == _CLOSE:
                yield batch, stream.tell()
                batch = []
            else:
                batch.append(Record(kind, payload))
