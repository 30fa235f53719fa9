"""Start-up: from the start of the process to the first paint with the photo, against a bare window.

The bare window is what PySide6 alone costs: a QMainWindow with menus and docks of form fields. Both run in
fresh processes on the same platform, one after the other in turns; the figures are medians. The studio
leaves right after its first paint because ``MASKSTUDIO_EXIT_AFTER_FIRST_PAINT`` is set.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "assets" / "samples" / "sample.jpg"
LIMIT = 2.5

BARE = """
import os
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QApplication, QDockWidget, QDoubleSpinBox, QFormLayout, QLabel, QMainWindow, QWidget
)

class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        QTimer.singleShot(0, lambda: os._exit(0))

app = QApplication([])
window = Window()
window.resize(1280, 800)
for name in "File Edit Mask Tools View Engine Help".split():
    menu = window.menuBar().addMenu(name)
    for index in range(12):
        menu.addAction(f"{name} {index}")
for index in range(4):
    body = QWidget()
    form = QFormLayout(body)
    for row in range(10):
        form.addRow(f"value {row}", QDoubleSpinBox())
    dock = QDockWidget(f"Panel {index}")
    dock.setWidget(body)
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
window.setCentralWidget(QLabel("canvas"))
window.show()
app.exec()
"""

STUDIO = "import sys; from maskstudio.cli import main; sys.exit(main(['--open', sys.argv[1]]))"
READY = "import os; os.environ['MASKSTUDIO_EXIT_AFTER_FIRST_PAINT'] = 'canvas'; "
EMPTY = "import sys; from maskstudio.cli import main; sys.exit(main([]))"


def table(quick: bool) -> str:
    """The table of CPU and wall seconds to the first paint, with ratios to the bare window."""
    rounds = 5 if quick else 15
    programs = {
        "bare PySide6 window with menus and docks": [BARE],
        "the studio, no file": [EMPTY],
        "the studio, `--open` a photo of 1 megapixel, on screen": [STUDIO, str(SAMPLE)],
        "the same, until it can be painted on": [READY + STUDIO, str(SAMPLE)],
    }
    with tempfile.TemporaryDirectory() as home:
        environment = _environment(home)
        for words in programs.values():  # fill the caches of file system and byte code
            _seconds(words, environment)
        runs: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
        for _ in range(rounds):
            for name, words in programs.items():
                runs[name].append(_seconds(words, environment))
    medians = {
        name: tuple(statistics.median(run[part] for run in figures) for part in (0, 1))
        for name, figures in runs.items()
    }
    bare = next(iter(medians.values()))
    rows = [
        f"| {name} | {cpu:.2f} | {cpu / bare[0]:.2f} | {wall:.2f} | {wall / bare[1]:.2f} |"
        for name, (cpu, wall) in medians.items()
    ]
    return "\n".join(
        [
            "## Start-up",
            "",
            f"From the start of the process to the end of the first paint that shows the photo, median of "
            f"{rounds}, Qt platform `{environment['QT_QPA_PLATFORM']}`. Wanted: the photo on screen within "
            f"{LIMIT} of the bare window.",
            "",
            "| window | CPU s | ratio | wall s | ratio |",
            "|---|---|---|---|---|",
            *rows,
        ]
    )


def _environment(home: str) -> dict[str, str]:
    platform = "xcb" if os.environ.get("DISPLAY") else "offscreen"
    return {
        **os.environ,
        "MASKSTUDIO_HOME": home,
        "MASKSTUDIO_EXIT_AFTER_FIRST_PAINT": "1",
        "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", platform),
    }


def _seconds(words: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """CPU and wall seconds of one process."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", *words], env=environment, check=True, timeout=120)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall
