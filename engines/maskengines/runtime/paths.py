"""Where the studio keeps things for this user.

``MASKSTUDIO_HOME`` puts everything under one folder, for tests and for portable use; otherwise the
platform's own places are used. Folders are created when missing, where that is possible.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

APP = "maskstudio"


def cache_folder() -> Path:
    """What may be deleted at any time: compiled kernels, thumbnails."""
    return _made(_home("cache") or _platform_folder("user_cache_dir"))


def config_folder() -> Path:
    """Settings and the list of trusted plugins."""
    return _made(_home("config") or _platform_folder("user_config_dir"))


def data_folder() -> Path:
    """What the user would miss: plugins, weights, the autosave journal."""
    return _made(_home("data") or _platform_folder("user_data_dir"))


def numba_cache_folder() -> Path:
    """Where compiled kernels are kept between runs; goes into ``NUMBA_CACHE_DIR`` before numba loads.
    Whoever set that variable already is obeyed. Without a cache folder that can be written, a folder of
    this user under the temporary one."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return _made(Path(chosen))
    folder = _made(cache_folder() / "numba")
    return folder if os.access(folder, os.W_OK) else _private_temporary()


def log_file() -> Path:
    """The window's log; it belongs to a report of something that went wrong."""
    return _made(data_folder() / "logs") / "maskstudio.log"


def _home(part: str) -> Path | None:
    home = os.environ.get("MASKSTUDIO_HOME")
    return Path(home).expanduser() / part if home else None


def _platform_folder(name: str) -> Path:
    import platformdirs

    return Path(getattr(platformdirs, name)(APP, appauthor=False))


def _made(folder: Path) -> Path:
    # Reading goes on without a home that can be written (a container's, say); who writes there, says so.
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def _private_temporary() -> Path:
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"{APP}-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or (hasattr(os, "getuid") and folder.stat().st_uid != user):
        # Compiled kernels are code: never take them from a folder that somebody else made.
        return Path(tempfile.mkdtemp(prefix=f"{APP}-"))
    return folder
