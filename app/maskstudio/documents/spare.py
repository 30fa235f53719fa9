"""A copy of a large picture, made ahead of time, for the next change to be written into.

A subject never changes, so what saves, uploads and draws may go on with the one it has. A change of a
few pixels would therefore wait for a copy of all of them; made in a thread beforehand, nobody waits.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from maskengines.subjects.image import ImageSubject

Array = np.ndarray[Any, Any]
# Smaller ones are copied in about a millisecond; of larger ones memory may not hold two.
_LEAST, _MOST = 4 << 20, 1 << 30


class SparePixels:
    """At most one copy, of the subject it was last asked for."""

    def __init__(self) -> None:
        self._subject: ImageSubject | None = None
        self._copy: Future[Array] | None = None
        self._thread: ThreadPoolExecutor | None = None

    def prepare(self, subject: ImageSubject) -> None:
        """Begin to copy the pixels of ``subject``, unless that was done or they are not worth it."""
        if subject is self._subject or not _LEAST <= subject.pixels.nbytes <= _MOST:
            return
        if self._copy is not None:
            self._copy.cancel()
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "spare-pixels")
        self._subject, self._copy = subject, self._thread.submit(_copied, subject.pixels)

    def take(self, subject: ImageSubject) -> Array | None:
        """The copy, which is the caller's from now on; ``None`` if none of ``subject`` was begun, or
        memory did not hold it. Waits for one that is being made."""
        copy, self._copy = self._copy, None
        prepared, self._subject = self._subject, None
        if copy is None or prepared is not subject:
            return None
        try:
            return copy.result()
        except MemoryError:
            return None

    def close(self) -> None:
        """Let go of the copy and the thread."""
        self._subject = self._copy = None
        if self._thread is not None:
            self._thread.shutdown(wait=True, cancel_futures=True)
            self._thread = None


def _copied(pixels: Array) -> Array:
    # Copied in one call that lets other threads run; mapping pages ahead would hold them up.
    copy = np.empty_like(pixels)
    np.copyto(copy, pixels)
    return copy
