"""Where the studio keeps things for this user.

``MASKSTUDIO_HOME`` puts everything under one folder, for tests and for portable use; otherwise the
platform's own places are used.
"""

from __future__ import annotations

import os
from pathlib import Path

APP = "maskstudio"


def cache_folder() -> Path:
    """What may be deleted at any time: compiled kernels, thumbnails. Created when missing."""
    return _made(_home("cache") or _platform_folder("user_cache_dir"))


def config_folder() -> Path:
    """Settings and the list of trusted plugins. Created when missing."""
    return _made(_home("config") or _platform_folder("user_config_dir"))


def data_folder() -> Path:
    """What the user would miss: plugins, weights, the autosave journal. Created when missing."""
    return _made(_home("data") or _platform_folder("user_data_dir"))


def numba_cache_folder() -> Path:
    """Where compiled kernels are kept between runs; goes into ``NUMBA_CACHE_DIR`` before numba loads.
    Whoever set that variable already is obeyed."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    return _made(Path(chosen) if chosen else cache_folder() / "numba")


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
    folder.mkdir(parents=True, exist_ok=True)
    return folder
