"""The system libraries that Qt opens on Linux, and which of them are missing."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class QtLibrary:
    """A shared library, the part of Qt that needs it (``core`` or ``xcb``) and its Debian package."""

    part: str
    soname: str
    package: str


def qt_libraries() -> list[QtLibrary]:
    """All of them, from the table that `make setup` reads as well."""
    lines = Path(__file__).with_name("qt-libraries.txt").read_text(encoding="utf-8").splitlines()
    rows = (line.split() for line in lines if line.strip() and not line.startswith("#"))
    return [QtLibrary(part, soname, package) for part, soname, package in rows]


def missing_libraries() -> list[QtLibrary]:
    """Those that cannot be loaded here; always empty elsewhere than on Linux."""
    return [library for library in qt_libraries() if not _loads(library.soname)]


def missing_xcb() -> list[QtLibrary]:
    """Those that only a window on X11 needs. Importing Qt already fails without the core ones."""
    return [library for library in qt_libraries() if library.part == "xcb" and not _loads(library.soname)]


def apt_line(libraries: Sequence[QtLibrary]) -> str:
    """The one line that installs them on Debian and Ubuntu."""
    packages = sorted({library.package for library in libraries})
    return f"sudo apt-get install -y {' '.join(packages)}"


def _loads(soname: str) -> bool:
    if not sys.platform.startswith("linux"):
        return True
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True
