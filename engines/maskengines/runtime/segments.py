"""Shared memory that cannot leak.

On Linux a segment is an anonymous file in memory whose descriptor is passed to the worker: it has no
name, is not limited by the size of ``/dev/shm``, and the kernel frees it with the last process that
maps it, however that process ends. What the studio uploads is sealed, so a worker can only read it.
Elsewhere `multiprocessing.shared_memory` is used, owned and unlinked by the studio.
"""

from __future__ import annotations

import contextlib
import itertools
import mmap
import os
import sys
import threading
from collections.abc import Callable
from multiprocessing import shared_memory
from typing import Any, Protocol

if sys.platform == "linux":
    import fcntl

HAS_ANONYMOUS = hasattr(os, "memfd_create")

# Linux 5.1; the constant is missing from Python's fcntl module.
_SEAL_FUTURE_WRITE = 0x10
_STEPS_PER_DOUBLING = 8

_numbers = itertools.count(1)


class Segment(Protocol):
    """A block of shared memory that this process owns. ``buffer`` is writable here."""

    id: int
    size: int
    writable_by_worker: bool
    name: str | None
    handle: int
    buffer: Any

    def close(self) -> None:
        """Give the memory back. Arrays that still look into it stay valid until they are gone."""


class AnonymousSegment:
    """A sealed memory file (see memfd_create(2)); ``handle`` is its descriptor."""

    def __init__(self, size: int, *, writable_by_worker: bool = False) -> None:
        self.id = next(_numbers)
        self.name: str | None = None
        self.size = size
        self.writable_by_worker = writable_by_worker
        self.handle = os.memfd_create("maskstudio", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(self.handle, size)
            self.buffer: Any = mmap.mmap(self.handle, size)
            fcntl.fcntl(self.handle, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
            if not writable_by_worker:
                with contextlib.suppress(OSError):
                    fcntl.fcntl(self.handle, fcntl.F_ADD_SEALS, _SEAL_FUTURE_WRITE)
        except BaseException:
            os.close(self.handle)
            raise

    def close(self) -> None:
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1
            del self.buffer


class _Named(shared_memory.SharedMemory):
    """The standard class complains aloud when it goes while arrays still look into it; the memory is
    unmapped with the last of them all the same."""

    def __del__(self) -> None:
        with contextlib.suppress(BufferError, OSError):
            self.close()


class NamedSegment:
    """A named block; Python's resource tracker unlinks it if this process dies."""

    def __init__(self, size: int, *, writable_by_worker: bool = False) -> None:
        self.id = next(_numbers)
        self.writable_by_worker = writable_by_worker
        self.handle = -1
        self._memory = _Named(create=True, size=size)
        self.size = self._memory.size
        self.name: str | None = self._memory.name
        self.buffer: Any = self._memory.buf

    def close(self) -> None:
        if self.name is not None:
            self.name = None
            self._memory.unlink()
            with contextlib.suppress(BufferError):
                self._memory.close()


def new_segment(size: int, *, writable_by_worker: bool = False) -> Segment:
    """A fresh segment of at least ``size`` bytes, of the best kind this system has."""
    kind: Callable[..., Segment] = AnonymousSegment if HAS_ANONYMOUS else NamedSegment
    return kind(max(rounded(size), mmap.PAGESIZE), writable_by_worker=writable_by_worker)


def rounded(size: int) -> int:
    """``size`` rounded up by at most an eighth, so that segments fit again for similar subjects."""
    step = max(mmap.PAGESIZE, (1 << max(0, size - 1).bit_length()) // (2 * _STEPS_PER_DOUBLING))
    return -(-size // step) * step


class SegmentPool:
    """Segments kept for the next upload: touching fresh memory costs ten times a copy.

    Args:
        spare_bytes: how much may lie unused.
    """

    def __init__(self, spare_bytes: int) -> None:
        self._spare_bytes = spare_bytes
        self._spare: list[Segment] = []
        self._open: set[int] = set()
        self._lock = threading.Lock()

    def take(self, size: int) -> Segment:
        """The smallest spare segment that holds ``size`` bytes without wasting three quarters of it,
        or a fresh one."""
        with self._lock:
            fitting = [one for one in self._spare if size <= one.size <= max(4 * size, 1 << 20)]
            if fitting:
                best = min(fitting, key=lambda one: one.size)
                self._spare.remove(best)
                return best
        fresh = new_segment(size)
        with self._lock:
            self._open.add(fresh.id)
        return fresh

    @property
    def open_segments(self) -> set[int]:
        """Ids of all segments that came from here and are not closed."""
        with self._lock:
            return set(self._open)

    def give(self, segment: Segment) -> None:
        """Put a segment back; the ones unused for longest are closed past the limit."""
        with self._lock:
            self._spare.append(segment)
            surplus = []
            while self._spare and sum(one.size for one in self._spare) > self._spare_bytes:
                surplus.append(self._spare.pop(0))
            self._open -= {one.id for one in surplus}
        for one in surplus:
            one.close()

    def close(self) -> None:
        with self._lock:
            spare, self._spare = self._spare, []
            self._open -= {one.id for one in spare}
        for one in spare:
            one.close()


class MappedSegment:
    """A segment of the studio, seen from a worker."""

    def __init__(self, size: int, *, writable: bool, name: str | None, handle: int) -> None:
        self._memory: _Named | None = None
        if name is not None:
            self._memory = _Named(name)
            memory: Any = self._memory.buf
            self.buffer: Any = memory if writable else memory.toreadonly()
            return
        try:
            access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
            self.buffer = mmap.mmap(handle, size, access=access)
        finally:
            os.close(handle)
