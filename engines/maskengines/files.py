"""Writing a user's file so that it is either all new or all old, never half of each."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from maskengines.errors import BadInput

_REASONS = {
    errno.ENOSPC: "the disk is full. Free some space or choose another folder.",
    errno.EDQUOT: "your disk quota is used up. Free some space or choose another folder.",
    errno.EFBIG: "the file is larger than this disk or account allows. Choose another folder.",
    errno.EACCES: "you may not write there. Choose another folder or change its permissions.",
    errno.EPERM: "you may not write there. Choose another folder or change its permissions.",
    errno.EROFS: "the disk is read-only. Choose another folder.",
    errno.ENAMETOOLONG: "the name is too long. Choose a shorter one.",
    errno.ENOENT: "its folder does not exist. Create it or choose another.",
    errno.ENOTDIR: "its folder is a file. Choose another folder.",
}


def check_target(path: str | os.PathLike[str]) -> Path:
    """Find out before any work is done whether ``path`` can be written; returns it as a `Path`.

    A file or folder whose write bits are all off is refused even for the superuser, who could write
    it: whoever switched them off meant it.

    Raises:
        BadInput: the folder is missing or may not be written, or the target is a folder or read-only.
    """
    target = Path(path)
    try:
        _check(target, target.parent)
    except OSError as error:
        raise _refusal(target, error) from error
    except ValueError as error:
        raise BadInput(f"Cannot write {str(target)!r}: no file can have that name.") from error
    return target


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Yield a binary file; once the block ends well it takes the place of ``path`` in one step.

    The bytes go to a temporary file in the same folder, which is flushed to the disk, given the old
    file's permissions and renamed over it; then the folder is flushed. A link is followed, so the
    file it points to is replaced. If the block raises, the temporary file goes and the old one stays.

    Raises:
        BadInput: the target cannot be written, or writing failed (full disk, quota, permissions).
    """
    target = check_target(path).resolve()
    try:
        descriptor, name = tempfile.mkstemp(prefix=".maskstudio-", suffix=".tmp", dir=target.parent)
    except OSError as error:
        raise _refusal(target, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w+b") as stream:
            yield cast(BinaryIO, stream)
            stream.flush()
            os.fchmod(stream.fileno(), _permissions(target))
            os.fsync(stream.fileno())
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _refusal(target, error) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _flush_folder(target.parent)


def _check(target: Path, folder: Path) -> None:
    if not folder.is_dir():
        raise BadInput(f"Cannot write '{target}': {_REASONS[errno.ENOENT]}")
    if target.is_dir():
        raise BadInput(f"Cannot write '{target}': it is a folder. Give a file name.")
    if target.exists() and not _writable(target):
        raise BadInput(f"Cannot write '{target}': the file is read-only. Choose another name.")
    if not _writable(folder.resolve()):
        raise BadInput(f"Cannot write '{target}': {_REASONS[errno.EACCES]}")


def _refusal(target: Path, error: OSError) -> BadInput:
    reason = _REASONS.get(error.errno or 0, f"{error.strerror or error}. Choose another place.")
    return BadInput(f"Cannot write '{target}': {reason}")


def _writable(path: Path) -> bool:
    bits = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
    return bool(path.stat().st_mode & bits) and os.access(path, os.W_OK)


def _permissions(target: Path) -> int:
    """Those of the file that is replaced, else what a plain `open` would give a new one."""
    with contextlib.suppress(OSError):
        return stat.S_IMODE(target.stat().st_mode)
    return 0o666 & ~_umask()


def _umask() -> int:
    """Linux tells it without the set-and-reset dance, which another thread could fall into."""
    with contextlib.suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("Umask:")).split()[1], 8)
    return 0o022


def _flush_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut; some file systems cannot, and that is no error."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
