"""Looks at Qt from outside: a Qt that cannot reach a display aborts the process that asks it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass

from maskstudio.launch import screen

PROBE = """
import json
from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication
import PySide6.QtWidgets
app = QGuiApplication([])
screens = [[s.name(), s.size().width(), s.size().height(), s.devicePixelRatio()] for s in app.screens()]
print(json.dumps([qVersion(), app.platformName(), screens]))
"""


@dataclass(frozen=True)
class QtState:
    """What a fresh Qt said of itself.

    Attributes:
        version: Qt's version, or ``None`` if it did not start.
        platform: the platform plugin in use; ``offscreen`` where there is no display.
        screens: name, width, height and pixel ratio of each.
        wanted: what the environment asks for: ``xcb``, ``wayland``, ``native``, ``none``, ...
        error: the last lines it printed when it did not start.
    """

    version: str | None
    platform: str | None
    screens: list[str]
    wanted: str
    error: str = ""


def probe_qt(timeout: float = 30.0) -> QtState:
    """Start Qt in a process of its own, on the display there is, else offscreen."""
    wanted = screen()
    environment = dict(os.environ)
    if wanted == "none":
        environment["QT_QPA_PLATFORM"] = "offscreen"
    try:
        answer = subprocess.run(
            [sys.executable, "-c", PROBE],
            capture_output=True, text=True, timeout=timeout, env=environment, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        return QtState(None, None, [], wanted, str(error))
    if answer.returncode != 0:
        lines = [line for line in answer.stderr.splitlines() if line.strip()]
        # Of a traceback only the last line tells; an abort of Qt itself prints a few lines of words.
        told = lines[-1:] if any(line.startswith("Traceback") for line in lines) else lines[-3:]
        return QtState(None, None, [], wanted, " ".join(told))
    version, platform, screens = json.loads(answer.stdout.splitlines()[-1])
    names = [f"{name} {width}x{height} at {ratio:g}" for name, width, height, ratio in screens]
    return QtState(version, platform, names, wanted)
