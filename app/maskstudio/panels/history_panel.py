"""The undo history of a document: click a step to go there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QStackedWidget, QUndoView, QVBoxLayout, QWidget
from shiboken6 import isValid

from maskstudio.panels.style import MARGIN, STEP, Note

if TYPE_CHECKING:
    from maskstudio.documents.document import Document


class HistoryPanel(QWidget):
    """Every step since the document was opened, the present one marked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stack: QUndoStack | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN - STEP, STEP, MARGIN - STEP, 2 * STEP)
        self._pages = QStackedWidget()
        column.addWidget(self._pages)
        self.view = QUndoView()
        self.view.setEmptyLabel(self.tr("As opened"))
        self.view.setAccessibleName(self.tr("History"))
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setStyleSheet("QListView { background: transparent; }")
        empty = Note(self.tr("Every stroke and every kept answer is listed here, and can be taken back."))
        empty.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        empty.setContentsMargins(STEP, 3 * STEP, STEP, STEP)
        self._pages.addWidget(empty)
        self._pages.addWidget(self.view)

    def set_document(self, document: Document | None) -> None:
        """Show another document's history, or none."""
        if self._stack is not None and isValid(self._stack):
            self._stack.indexChanged.disconnect(self._refresh)
        self._stack = document.undo_stack if document is not None else None
        if self._stack is not None:
            self.view.setStack(self._stack)
            self._stack.indexChanged.connect(self._refresh)
        else:
            self.view.setStack(QUndoStack(self.view))
        self._refresh()

    def _refresh(self, _: int = 0) -> None:
        alive = self._stack is not None and isValid(self._stack)
        self._pages.setCurrentIndex(1 if alive and self._stack is not None and self._stack.count() else 0)
