"""What the window says: a quiet banner over the canvas, with the details one click away.

Nothing here is modal, and nothing shows a bare exception: an error is one sentence of what happened
and one of what to do; the log hides behind "Details".
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable
from types import TracebackType

from maskengines.errors import Cancelled, EngineFault, StudioError
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QFontDatabase, QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from maskstudio.window.icons import icon

WIDTH = 520
"""Widest banner, in device-independent pixels."""

TOGETHER_SECONDS = 10.0
MOST_TOGETHER = 5
"""Within how long, and how many, errors of one act are read together."""


class _Choice(QPushButton):
    """Enter presses it, as in a dialog."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
            return
        super().keyPressEvent(event)


class Banner(QWidget):
    """One message at a time, floating at the bottom of its parent; the newest replaces the older one.

    A lasting offer comes back once what replaced it is gone, until it is answered."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._over = parent
        self.setObjectName("banner")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._icon = QLabel()
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._buttons = [_Choice(), _Choice()]
        self._details = QPushButton("Details")
        self._details.setCheckable(True)
        self._details.setProperty("quiet", True)
        self._details.toggled.connect(self._show_log)
        close = QToolButton()
        close.setIcon(icon("close", "second"))
        close.setToolTip("Dismiss")
        close.clicked.connect(self._leave)
        self._log = QPlainTextEdit()
        self._log.setReadOnly(True)
        self._log.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._log.setFixedHeight(180)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)
        for button in (*self._buttons, self._details, close):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.addLayout(row)
        layout.addWidget(self._log)
        self._choices: dict[str, Callable[[], object]] = {}
        for button in self._buttons:
            button.clicked.connect(lambda _on=False, each=button: self._choose(each))
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._leave)
        self._lasting: str | None = None
        self._aside: list[tuple[str, dict[str, Callable[[], object]]]] = []
        self._errors: list[StudioError] = []
        self._erred_at = 0.0
        parent.installEventFilter(self)
        self.hide()

    @property
    def text(self) -> str:
        """What it says now; empty while hidden."""
        return self._text.text() if not self.isHidden() else ""

    @property
    def log(self) -> str:
        """What "Details" shows."""
        return self._log.toPlainText()

    def show_error(self, error: StudioError, *, together: bool = False) -> None:
        """Say what happened; stays until dismissed. A cancelled job is no news.

        Args:
            together: it is one of several that may come of one act, as of opening many files; none of them
                hides another.
        """
        if isinstance(error, Cancelled):
            return
        now = time.monotonic()
        if not together or self.isHidden() or now - self._erred_at > TOGETHER_SECONDS:
            self._errors = []
        if error.message not in [each.message for each in self._errors]:
            self._errors.append(error)
        self._erred_at = now
        shown = self._errors[:MOST_TOGETHER]
        lines = [each.message for each in shown]
        if len(self._errors) > len(shown):
            lines.append(f"{len(self._errors) - len(shown)} more are in the log.")
        level = "error" if any(isinstance(each, EngineFault) for each in shown) else "warning"
        self._say("\n".join(lines), level, log="\n".join(each.log for each in shown if each.log.strip()))

    def tell(self, text: str, *, seconds: float = 5.0) -> None:
        """A passing remark."""
        self._say(text, "info")
        self._timer.start(int(seconds * 1000))

    def offer(self, text: str, choices: dict[str, Callable[[], object]], *, lasting: bool = False) -> None:
        """A remark with up to two things to do about it; stays until one is used or it is dismissed.

        Args:
            lasting: whatever else is said meanwhile, it comes back afterwards; errors that stand there are
                read first.
        """
        if lasting and self._errors and not self.isHidden():
            self._aside.append((text, choices))
            return
        self._say(text, "info", choices=choices)
        self._lasting = text if lasting else None
        self._buttons[0].setFocus()

    def _say(
        self, text: str, level: str, *, log: str = "", choices: dict[str, Callable[[], object]] | None = None
    ) -> None:
        self._timer.stop()
        if self._lasting is not None and not self.isHidden():
            self._aside.append((self._lasting, self._choices))
        if level == "info":
            self._errors = []
        self._lasting, self._choices = None, choices or {}
        role = "accent" if level == "info" else level
        self._icon.setPixmap(icon(level, role).pixmap(18, 18))
        self._text.setText(text)
        self._log.setPlainText(log)
        self._details.setChecked(False)
        self._details.setVisible(bool(log.strip()))
        self._log.hide()
        names = list(self._choices)
        for index, button in enumerate(self._buttons):
            button.setVisible(index < len(names))
            if index < len(names):
                button.setText(names[index])
        self.setProperty("level", level)
        self.style().unpolish(self)
        self.style().polish(self)
        self.setAccessibleName(text)
        self._place()
        self.show()
        self.raise_()

    def _leave(self) -> None:
        """Make room for what waits to be answered."""
        self.hide()
        self._lasting = None
        if self._aside:
            text, choices = self._aside.pop()
            self._say(text, "info", choices=choices)
            self._lasting = text

    def _choose(self, button: QPushButton) -> None:
        choice = self._choices.get(button.text())
        self._leave()
        if choice is not None:
            choice()

    def _show_log(self, shown: bool) -> None:
        self._log.setVisible(shown)
        self._timer.stop()
        self._place()

    def _place(self) -> None:
        parent = self._over
        width = max(240, min(WIDTH, parent.width() - 32))
        self.setFixedWidth(width)
        layout = self.layout()
        assert layout is not None
        layout.activate()
        height = max(44, layout.totalHeightForWidth(width))
        self.setGeometry((parent.width() - width) // 2, parent.height() - height - 16, width, height)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and not self.isHidden():
            self._place()
        return super().eventFilter(watched, event)


def install_excepthook(show_error: Callable[[StudioError], object]) -> Callable[[], None]:
    """Send what nobody caught to ``show_error``; returns what puts the old hook back.

    A `StudioError` shows its own sentence; anything else becomes an `EngineFault` that keeps the
    traceback for "Details". The old hook still runs, so the terminal tells as well.
    """
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        before(kind, error, trace)
        if isinstance(error, KeyboardInterrupt):
            return
        if not isinstance(error, StudioError):
            log = "".join(traceback.format_exception(kind, error, trace))
            error = EngineFault(
                "The studio met an error of its own. Your work is kept; save it and carry on.", log=log
            )
        show_error(error)

    def restore() -> None:
        sys.excepthook = before

    sys.excepthook = hook
    return restore
