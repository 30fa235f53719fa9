"""One tab: a file on its way in, then its canvas."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QProgressBar,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from maskstudio.window.first_look import FirstLook

if TYPE_CHECKING:
    from maskstudio.canvas.image_canvas import ImageCanvas
    from maskstudio.documents.document import Document

SHOW_WAIT_MS = 300
"""A wait shorter than this is not worth showing."""


class DocumentView(QWidget):
    """Signals: ``document_set()`` once the file is read."""

    document_set = Signal()

    def __init__(self, title: str, path: Path | None) -> None:
        super().__init__()
        self.setObjectName("startPage")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.title = title
        self.path = path
        self.document: Document | None = None
        self.canvas: ImageCanvas | None = None
        self.beside: QWidget | None = None
        self.surface: QWidget | None = None
        """What shows the document: the canvas, or the viewport of a scene."""
        self.waited_long = False
        self._stack = QStackedLayout(self)
        self._wait = _opening_card(title)
        self._wait.hide()
        self.first_look = FirstLook()
        column = QVBoxLayout(self.first_look)
        column.addWidget(self._wait, 0, Qt.AlignmentFlag.AlignCenter)
        self._stack.addWidget(self.first_look)
        self._late = QTimer(self, singleShot=True, interval=SHOW_WAIT_MS)
        self._late.timeout.connect(self._show_wait)
        self._late.start()

    def _show_wait(self) -> None:
        self.waited_long = True
        self._wait.show()

    def set_document(self, document: Document, canvas: ImageCanvas, beside: QWidget | None = None) -> None:
        """Replace the opening card by the canvas, and by what shows beside it in the same tab."""
        self._late.stop()
        self.document = document
        document.setParent(self)
        self.canvas = self.surface = canvas
        self.beside = beside
        shown = canvas if beside is None else _side_by_side(canvas, beside)
        self._stack.addWidget(shown)
        self._stack.setCurrentWidget(shown)
        self.setFocusProxy(canvas)
        self.document_set.emit()

    def set_viewport(self, document: Document, viewport: QWidget, shown: QWidget) -> None:
        """Replace the opening card by a scene; ``viewport`` is the part of ``shown`` that has the keys."""
        self._late.stop()
        self.document = document
        self.surface = viewport
        document.setParent(self)
        self._stack.addWidget(shown)
        self._stack.setCurrentWidget(shown)
        self.setFocusProxy(viewport)
        self.document_set.emit()

    @property
    def file(self) -> Path | None:
        """The file that this tab stands for, to find it again when one is opened twice: the project where
        there is one. What a project was made from is a file of its own, which can be opened beside it."""
        document = self.document
        project, source = (None, None) if document is None else (document.path, document.source_path)
        path = project or self.path or source
        return path.resolve() if path is not None else None


def _side_by_side(left: QWidget, right: QWidget) -> QSplitter:
    split = QSplitter(Qt.Orientation.Horizontal)
    split.setHandleWidth(1)
    split.setChildrenCollapsible(False)
    for number, part in enumerate((left, right)):
        split.addWidget(part)
        split.setStretchFactor(number, 1)
    split.setSizes([10_000, 10_000])
    return split


def _opening_card(title: str) -> QFrame:
    card = QFrame()
    card.setObjectName("busyCard")
    card.setFixedWidth(320)
    text = QLabel(f"Opening {title}…")
    text.setWordWrap(True)
    bar = QProgressBar()
    bar.setRange(0, 0)
    column = QVBoxLayout(card)
    column.setContentsMargins(20, 16, 20, 20)
    column.setSpacing(12)
    column.addWidget(text)
    column.addWidget(bar)
    return card
