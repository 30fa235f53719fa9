"""Where the runtime keeps things for this user, beside the folders that every layer may know."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from maskengines.places import APP, cache_folder, config_folder, data_folder, made, models_folder

__all__ = [
    "APP", "cache_folder", "config_folder", "data_folder", "log_file", "models_folder", "numba_cache_folder",
]  # fmt: skip


def numba_cache_folder() -> Path:
    """Where compiled kernels are kept between runs; goes into ``NUMBA_CACHE_DIR`` before numba loads.
    Whoever set that variable already is obeyed. Without a cache folder that can be written, a folder of
    this user under the temporary one."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return made(Path(chosen))
    folder = made(cache_folder() / "numba")
    return folder if os.access(folder, os.W_OK) else _private_temporary()


def log_file() -> Path:
    """The window's log; it belongs to a report of something that went wrong."""
    return made(data_folder() / "logs") / "maskstudio.log"


def _private_temporary() -> Path:
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"{APP}-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or (hasattr(os, "getuid") and folder.stat().st_uid != user):
        # Compiled kernels are code: never take them from a folder that somebody else made.
        return Path(tempfile.mkdtemp(prefix=f"{APP}-"))
    return folder
