"""Fetches one file: goes on where it stopped, tries again when the connection breaks, checks every byte."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Protocol

from maskengines.errors import Cancelled, NotReady
from maskengines.weights.store.copying import Stopped
from maskengines.weights.store.hub_errors import is_transport
from maskengines.weights.store.offline import require_online
from maskengines.weights.store.space import unwritable
from maskengines.weights.store.streaming import Stream

WAITS = (1.0, 2.0, 4.0, 8.0, 8.0)
"""Seconds before each new try; a try that brought something starts over."""
_BLOCK = 1 << 22
_LOOK = 0.5
"""Seconds between two looks at the offline switch."""
_NO_MORE = "nothing more is fetched"


class Digest(Protocol):
    """What hashlib gives."""

    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


@dataclass(frozen=True)
class HubFile:
    """A file on the hub.

    Attributes:
        name: path in the repository.
        size: bytes.
        sha256: of a file in large-file storage; empty for the others.
        git_id: git's SHA-1 of the others.
    """

    name: str
    size: int
    sha256: str = ""
    git_id: str = ""

    @property
    def key(self) -> str:
        """A name for the content, whatever the file is called."""
        return self.sha256 or self.git_id

    def digest(self) -> Digest:
        """A hash that ends as `key` when all bytes were right."""
        if self.sha256:
            return hashlib.sha256()
        return hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False)


@dataclass(frozen=True)
class Download:
    """One file on its way.

    Attributes:
        headers: who asks.
        folder: where the file comes to lie, under its `HubFile.key`.
        arrived: told how many of the file's bytes are there.
        stopped: whether the user wants to stop.
    """

    file: HubFile
    url: str
    headers: Mapping[str, str]
    folder: Path
    arrived: Callable[[int], object]
    stopped: Stopped

    @property
    def part(self) -> Path:
        """What is there so far."""
        return self.folder / f"{self.file.key}.part"

    def run(self) -> Path:
        """Have the file; returns where it is.

        Raises:
            NotReady: the content is not the hub's, or there is no room.
            Cancelled: ``stopped`` said so; what is there is kept for the next time.
            Exception: what the hub's library raises when the server refuses, or the connection breaks again
                and again without anything having come.
        """
        whole = self.folder / self.file.key
        if _size(whole) == self.file.size:
            self.arrived(self.file.size)
            return whole
        tries = 0
        while True:
            before = _size(self.part)
            try:
                right = self._go_on()
                break
            except Exception as error:
                if not _passing(error):
                    raise
                tries = 1 if _size(self.part) > before else tries + 1
                if tries > len(WAITS):
                    raise
            _wait(WAITS[tries - 1], self.stopped)
        if not right:
            self.part.unlink()
            raise NotReady(
                f"'{self.file.name}' arrived damaged: its checksum is not the hub's. It was thrown away; "
                "pull again."
            )
        self.part.replace(whole)
        return whole

    def _go_on(self) -> bool:
        """Add what is missing; returns whether all of it is what the hub has.

        Raises:
            ConnectionError: the server stopped before the end.
        """
        size = self.file.size
        digest = self.file.digest()
        there = _hash_again(self.part, digest, size, self.stopped)
        self.arrived(there)
        require_online(_NO_MORE)
        stream = Stream(self.url, self.headers, there, self.stopped)
        if stream.start != there:
            digest, there = self.file.digest(), 0
        try:
            with _opened(self.part, there) as writing:
                looked = time.monotonic()
                for block in stream:
                    if time.monotonic() > looked + _LOOK:  # the switch may be in another process
                        require_online(_NO_MORE)
                        looked = time.monotonic()
                    _write(writing, block, self.folder)
                    digest.update(block)
                    there += len(block)
                    self.arrived(min(there, size))
                    if there > size:
                        return False
                os.fsync(writing.fileno())
        finally:
            stream.close()
        if there < size:
            raise ConnectionError(f"{size - there} bytes did not come")
        return digest.hexdigest() == self.file.key


def _hash_again(part: Path, digest: Digest, size: int, stopped: Stopped) -> int:
    """Take what is there into the digest; returns how much that is. A part that has all its bytes was not
    found right before, so it begins anew."""
    there = _size(part)
    if there <= 0 or there >= size:
        return 0
    with part.open("rb") as reading:
        while block := reading.read(_BLOCK):
            if stopped():
                raise Cancelled()
            digest.update(block)
    return there


def _opened(part: Path, there: int) -> FileIO:
    """The part, to be written from byte ``there`` on; unbuffered, so that what arrived is on the disk when
    the connection breaks."""
    try:
        writing = FileIO(part, "r+" if there else "w")
        writing.seek(there)
    except OSError as error:
        raise unwritable(part.parent, error) from error
    return writing


def _write(writing: FileIO, block: bytes, folder: Path) -> None:
    left = memoryview(block)
    try:
        while left:
            left = left[writing.write(left) :]
    except OSError as error:
        raise unwritable(folder, error) from error


def _passing(error: Exception) -> bool:
    """Whether another try may do better."""
    response = getattr(error, "response", None)
    return is_transport(error) or getattr(response, "status_code", 0) in (408, 429, 500, 502, 503, 504)


def _wait(seconds: float, stopped: Stopped) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if stopped():
            raise Cancelled()
        time.sleep(0.05)


def _size(path: Path) -> int:
    """Bytes of a file; -1 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return -1
