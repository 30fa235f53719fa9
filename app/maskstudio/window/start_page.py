"""What an empty window shows: how to begin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from maskstudio.window.icons import icon

SHOWN_RECENTS = 5


class StartPage(QWidget):
    """Signals: ``open_clicked()``, ``sample_clicked()``, ``recent_clicked(Path)``."""

    open_clicked = Signal()
    sample_clicked = Signal()
    recent_clicked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("startPage")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        frame = QFrame()
        frame.setObjectName("startDrop")
        frame.setFixedWidth(480)
        picture = QLabel()
        picture.setPixmap(icon("photo", "faint").pixmap(QSize(40, 40)))
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.title = _label("Drop a photo here, or try the sample", "startTitle")
        text = _label("Paint over what should change. Several answers stream in; keep one.", "startText")
        open_button = QPushButton("Open…")
        open_button.setProperty("primary", True)
        open_button.clicked.connect(self.open_clicked)
        sample_button = QPushButton("Try the sample")
        sample_button.clicked.connect(self.sample_clicked)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(open_button)
        buttons.addWidget(sample_button)
        buttons.addStretch(1)
        inner = QVBoxLayout(frame)
        inner.setContentsMargins(32, 36, 32, 32)
        inner.setSpacing(12)
        for widget in (picture, self.title, text):
            inner.addWidget(widget)
        inner.addSpacing(8)
        inner.addLayout(buttons)
        self._recents = QVBoxLayout()
        self._recents.setSpacing(2)
        self._recent_title = _label("RECENT", "secondText")
        self._recent_title.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self._recent_title.setContentsMargins(12, 0, 0, 0)
        column = QVBoxLayout()
        column.setSpacing(16)
        column.addStretch(2)
        column.addWidget(frame)
        column.addWidget(self._recent_title)
        column.addLayout(self._recents)
        column.addStretch(3)
        row = QHBoxLayout(self)
        row.addStretch(1)
        row.addLayout(column)
        row.addStretch(1)
        self.show_recents([])
        # It takes the focus itself, so that no button wears a ring before a key was pressed.
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.setFocus()

    def show_recents(self, files: Sequence[Path]) -> None:
        """List the newest files; nothing at all when there are none."""
        while item := self._recents.takeAt(0):
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self._recent_title.setVisible(bool(files))
        for path in files[:SHOWN_RECENTS]:
            button = QPushButton(f"{path.name}     {_short(path.parent)}")
            button.setObjectName("recentButton")
            button.setIcon(icon("recent", "second"))
            button.setToolTip(str(path))
            button.clicked.connect(self._opener(path))
            self._recents.addWidget(button)

    def _opener(self, path: Path) -> Callable[[], None]:
        return lambda: self.recent_clicked.emit(path)


def _label(text: str, name: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName(name)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    return label


def _short(folder: Path) -> str:
    """A folder as people write it, with ``~`` and without a long middle."""
    try:
        text = str(Path("~") / folder.relative_to(Path.home()))
    except ValueError:
        text = str(folder)
    return text if len(text) <= 40 else f"…{text[-39:]}"
