"""What happens between the command and the first picture, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "assets" / "samples" / "sample.jpg"
HEAVY = (
    "torch",
    "numba",
    "llvmlite",
    "pydantic",
    "scipy",
    "skimage",
    "PIL",
    "qtawesome",
    "multiprocessing.shared_memory",
)

PROGRAM = """
import json, os, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from maskstudio.window import app, document_view
from maskstudio.window.main_window import MainWindow

def painted(window):
    picture = window.view.grab().toImage()
    middle = picture.pixelColor(picture.width() // 2, picture.height() // 4)
    print(json.dumps({
        "modules": sorted(sys.modules), "title": window.windowTitle(), "middle": middle.getRgb()[:3],
    }), flush=True)
    os._exit(0)

# However slow the machine is today, wait for the photo.
document_view.SHOW_WAIT_MS = 100_000
app._FirstPaint._painted = lambda self: painted(self._window)
app.run_app([Path(sys.argv[1])])
"""


def test_the_photo_is_on_screen_before_anything_heavy_is_imported(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(SAMPLE)],
        env={**os.environ, "MASKSTUDIO_HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    seen = json.loads(done.stdout.splitlines()[-1])
    assert [name for name in HEAVY if name in seen["modules"]] == []
    assert "sample.jpg" in seen["title"]
    red, _, blue = seen["middle"]
    assert blue > red + 60, "the sky of the sample should be there"


def test_the_studio_opens_and_quits_by_itself_without_a_word(tmp_path: Path) -> None:
    program = PROGRAM.replace(
        "app._FirstPaint._painted = lambda self: painted(self._window)",
        "before = MainWindow.after_first_paint\n"
        "def later(window):\n"
        "    before(window)\n"
        "    QTimer.singleShot(1500, window.close)\n"
        "MainWindow.after_first_paint = later",
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(SAMPLE)],
        env={**os.environ, "MASKSTUDIO_HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    noise = [line for line in done.stderr.splitlines() if "propagateSizeHints" not in line]
    assert noise == []
    assert (tmp_path / "config" / "geometry.ini").exists()
