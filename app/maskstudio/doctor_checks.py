"""Each check says in words what is so, and if it is bad, what to do about it."""

from __future__ import annotations

import importlib.metadata
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from maskstudio.doctor_qt import QtState
from maskstudio.qt_libraries import apt_line, missing_libraries

WRITTEN = ("cache", "settings", "data", "models", "kernels")
OTHER_OPENCV = ("opencv-python", "opencv-contrib-python")


@dataclass(frozen=True)
class Check:
    """One finding; ``advice`` is what to do when it is not ``ok``."""

    name: str
    ok: bool
    text: str
    advice: str = ""


def check_qt(qt: QtState) -> list[Check]:
    """Whether Qt loads, whether it reaches a display, and whether its libraries are there."""
    missing = missing_libraries()
    if missing:
        libraries = Check(
            "qt-libraries", False, f"Qt misses {', '.join(library.soname for library in missing)}.",
            f"Type: {apt_line(missing)}",
        )  # fmt: skip
    else:
        libraries = Check("qt-libraries", True, "All system libraries that Qt opens are here.")
    if qt.version is None:
        start = Check(
            "qt", False, f"Qt does not start: {qt.error or 'it said nothing'}",
            "Mend the libraries above first; without a window, 'maskstudio run' still works.",
        )  # fmt: skip
    else:
        start = Check("qt", True, f"Qt {qt.version} starts on '{qt.platform}'.")
    if qt.wanted == "none":
        display = Check(
            "display", False, "There is no display, so the window cannot open.",
            "Log in to a desktop, or set DISPLAY; 'maskstudio run' needs none.",
        )  # fmt: skip
    elif qt.version is None:
        display = Check(
            "display", False, f"The window cannot open through '{qt.wanted}', as Qt does not start.",
            "If the libraries are all here, check that the display is running and that you may use it.",
        )  # fmt: skip
    else:
        display = Check("display", True, f"The window opens through '{qt.wanted}'.")
    return [libraries, start, display]


def check_opencv() -> Check:
    """OpenCV must be the build without a Qt of its own: two Qts in one process break the window."""
    for name in OTHER_OPENCV:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        return Check(
            "opencv", False, f"The package {name} is installed and brings a second Qt.",
            f"Type: pip uninstall {name} && pip install --force-reinstall opencv-python-headless",
        )  # fmt: skip
    return Check("opencv", True, "OpenCV is the build without a Qt of its own.")


def check_folders(folders: Mapping[str, Path]) -> list[Check]:
    """Whether what the studio writes between runs can be written."""
    return [_check_folder(name, folders[name]) for name in WRITTEN]


def _check_folder(name: str, folder: Path) -> Check:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as handle:
            handle.write(b"x")
    except OSError as error:
        return Check(
            f"{name}-folder", False, f"The {name} folder {folder} cannot be written ({error.strerror}).",
            "Make it yours and writable, or set MASKSTUDIO_HOME to a folder that is.",
        )  # fmt: skip
    return Check(f"{name}-folder", True, f"The {name} folder can be written.")
