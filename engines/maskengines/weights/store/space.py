"""Whether a disk has room, asked before gigabytes are on their way; what to say when it runs out."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from maskengines.errors import NotReady

SPARE = 64 << 20
"""Bytes that stay free for everything else."""


def check_room(folder: Path, needed: int) -> None:
    """Raises:
    NotReady: the disk that ``folder`` is on has no room for ``needed`` bytes.
    """
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise unwritable(folder, error) from error
    if needed + SPARE > free:
        raise NotReady(
            f"This takes {size_words(needed)} and {size_words(max(0, free - SPARE))} are free in {folder}. "
            "Free some space, or let MASKSTUDIO_MODELS name a folder on a larger disk."
        )


def unwritable(folder: Path, error: OSError) -> NotReady:
    """What to say of a folder of models that does not take what is written to it."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return NotReady(
            f"The disk is full at {folder}. Free some space, or let MASKSTUDIO_MODELS name a folder on a "
            "larger disk."
        )
    return NotReady(
        f"The models' folder {folder} cannot be used: {error.strerror or error}. Make it yours and writable, "
        "or let MASKSTUDIO_MODELS name another."
    )


def size_words(count: int) -> str:
    """Bytes as people say them: 5.2 GB, 340 MB, 12 kB."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= unit:
            share = count / unit
            return f"{share:.1f} {name}" if share < 10 else f"{share:.0f} {name}"
    return f"{count} bytes"
