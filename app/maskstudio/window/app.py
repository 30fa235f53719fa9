"""Starts the window: first the picture, then everything else."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

from maskstudio.window import theme
from maskstudio.window.importing import import_plainly
from maskstudio.window.main_window import MainWindow
from maskstudio.window.messages import install_excepthook
from maskstudio.window.open_flow import Once

EXIT_AFTER_FIRST_PAINT = "MASKSTUDIO_EXIT_AFTER_FIRST_PAINT"
"""Set by the start-up benchmark: leave as soon as the first picture is on screen; with the value
``canvas`` once it can be painted on."""
ENGINES_AT_LAST_MS = 2000


def run_app(files: Sequence[Path] = (), mask: Path | None = None) -> int:
    """Open the window with ``files`` as tabs and stay until it is closed.

    Args:
        mask: painted on the first file, as ``make run`` does with the sample.

    Returns:
        The exit code for the process.
    """
    app = make_app()
    window = MainWindow()
    window.opening.open_paths(files, mask=mask)
    restore = install_excepthook(window.show_error)
    _FirstPaint(window)
    window.show()
    code = app.exec()
    restore()
    return code


def make_app() -> QApplication:
    """The application object with the studio's name and the theme the user chose last."""
    import_plainly()
    from maskstudio.window.settings import WindowSettings

    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("maskstudio")
    app.setApplicationDisplayName("MaskStudio")
    app.setDesktopFileName("maskstudio")
    theme.apply(app, WindowSettings.load().theme)
    return app


class _FirstPaint(QObject):
    """Waits for the first paint of what the user came for, the photo or the start page."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._exit = os.environ.get(EXIT_AFTER_FIRST_PAINT, "")
        self._app = QApplication.instance()
        assert self._app is not None
        self._app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self._awaited(watched):
            assert self._app is not None
            self._app.removeEventFilter(self)
            QTimer.singleShot(0, self._window, self._painted)
        return False

    def _awaited(self, watched: QObject) -> bool:
        view = self._window.view
        if view is None:
            return watched is self._window.start_page
        if watched is view.surface:
            return True
        if watched is not view.first_look or self._exit == "canvas":
            return False
        # A file that takes long to read must not hold back the engines; the benchmark waits for it.
        return view.first_look.look is not None or (view.waited_long and not self._exit)

    def _painted(self) -> None:
        if self._exit:
            sys.stdout.flush()
            os._exit(0)
        view = self._window.view
        if view is None or view.document is not None:
            self._window.after_first_paint()
            return
        # Only looked at so far: the canvas comes first, unless the file takes really long.
        start = Once(self._window.after_first_paint)
        view.document_set.connect(lambda: QTimer.singleShot(0, self._window, start))
        QTimer.singleShot(ENGINES_AT_LAST_MS, self._window, start)
