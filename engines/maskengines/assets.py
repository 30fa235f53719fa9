"""Finds the files that ship with the studio: icons, samples, the example plugin."""

from __future__ import annotations

from pathlib import Path

import maskengines

_PACKAGE = Path(maskengines.__file__).resolve().parent


def assets_folder() -> Path:
    """``maskengines/_assets`` where the package was installed, else the repository's ``assets``."""
    packaged = _PACKAGE / "_assets"
    return packaged if packaged.is_dir() else _PACKAGE.parents[1] / "assets"


def asset(name: str) -> Path:
    """Path of a shipped file or folder, for example ``asset("samples/cup.jpg")``.

    Raises:
        FileNotFoundError: nothing of that name ships with the studio.
    """
    path = assets_folder() / name
    if not path.exists():
        raise FileNotFoundError(f"'{name}' is not among the studio's files in {assets_folder()}.")
    return path
