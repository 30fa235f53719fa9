"""The folders of this user that every layer may need to know.

``MASKSTUDIO_HOME`` puts everything under one folder, for tests and for portable use; otherwise the
platform's own places are used. Folders are created when missing, where that is possible.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

APP = "maskstudio"


def cache_folder() -> Path:
    """What may be deleted at any time: compiled kernels, thumbnails."""
    return made(_home("cache") or _platform_folder("user_cache_dir"))


def config_folder() -> Path:
    """Settings and the list of trusted plugins."""
    return made(_home("config") or _platform_folder("user_config_dir"))


def data_folder() -> Path:
    """What the user would miss: plugins, weights, the autosave journal."""
    return made(_home("data") or _platform_folder("user_data_dir"))


def models_folder() -> Path:
    """Networks that were pulled or imported; ``MASKSTUDIO_MODELS`` puts them elsewhere, a bigger disk for
    one."""
    chosen = os.environ.get("MASKSTUDIO_MODELS")
    return made(Path(chosen).expanduser().absolute() if chosen else data_folder() / "models")


def made(folder: Path) -> Path:
    """The folder, created where that is possible."""
    # Reading goes on without a home that can be written (a container's, say); who writes there, says so.
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def _home(part: str) -> Path | None:
    home = os.environ.get("MASKSTUDIO_HOME")
    return Path(home).expanduser() / part if home else None


def _platform_folder(name: str) -> Path:
    import platformdirs

    return Path(getattr(platformdirs, name)(APP, appauthor=False))
