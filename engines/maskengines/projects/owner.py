"""Whose a journal is: held by a living process, or left behind by a dead one.

The operating system's file lock ends with its process, whatever ended it. Where there is none, process
id and start time tell.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

_NAME = "owner.json"
_TRIES = 8


class Ownership:
    """The exclusive hold on a journal folder; `acquire` makes it, ``release`` or death ends it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def release(self) -> None:
        self._stream.close()


def acquire(folder: Path) -> Ownership | None:
    """Take a journal folder for this process; ``None`` if a living process has it."""
    path = folder / _NAME
    try:
        stream = path.open("r+b" if path.exists() else "w+b")
    except OSError:
        return None
    if not _lock(stream, path):
        stream.close()
        return None
    with contextlib.suppress(OSError):
        stream.seek(0)
        stream.truncate()
        stream.write(json.dumps({"pid": os.getpid(), "started": _start_of(os.getpid())}).encode())
        stream.flush()
    return Ownership(stream)


def owned_folder(root: Path, prefix: str) -> tuple[Path, Ownership]:
    """A new folder under ``root`` that this process has.

    Between its making and its taking somebody who looks for what is left behind may take it for an empty
    journal and remove it; then another one is made.

    Raises:
        OSError: none can be made or taken.
    """
    root.mkdir(parents=True, exist_ok=True)
    for _ in range(_TRIES):
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=root))
        ownership = acquire(folder)
        if ownership is not None:
            if (folder / _NAME).exists():
                return folder, ownership
            ownership.release()
    raise OSError(f"no folder under {root} can be locked")


def _lock(stream: BinaryIO, path: Path) -> bool:
    if fcntl is not None:
        try:
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            pass
        else:
            return True
    try:
        owner = json.loads(path.read_bytes())
        started = _start_of(int(owner["pid"]))
        return started is None or abs(started - float(owner["started"])) > 2
    except (OSError, ValueError, KeyError, TypeError):
        return True


def _start_of(pid: int) -> float | None:
    import psutil

    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None
