"""The way back to a tab that was closed with answers nobody had kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QTimer

if TYPE_CHECKING:
    from maskstudio.documents.closed import ClosedDocument
    from maskstudio.window.document_view import DocumentView
    from maskstudio.window.main_window import MainWindow


class ClosedTab(QObject):
    """Closes tabs that need no question, and offers them again until the banner was answered."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._closed: list[ClosedDocument] = []
        window.banner.installEventFilter(self)

    @property
    def offered(self) -> bool:
        """Whether there is a document to be had again; it takes memory as long."""
        return bool(self._closed)

    def close(self, view: DocumentView) -> None:
        """Close a tab without asking; answers in it that are in no file can be had again."""
        window, document = self._window, view.document
        closed: ClosedDocument | None = None
        if document is not None and document.candidates:
            from maskstudio.documents.closed import ClosedDocument

            closed = ClosedDocument.of(document)
        window.remove_view(view)
        if closed is None:
            return
        self._closed.append(closed)
        answers = "an answer that was" if closed.unkept == 1 else f"{closed.unkept} answers that were"
        text = f"“{closed.title}” was closed with {answers} not kept."
        window.banner.offer(text, {"Reopen": lambda: self._reopen(closed)}, lasting=True)
        if window.view is not None:
            # Enter belongs to the picture that is in front now.
            (window.view.canvas or window.view).setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Hide:
            # Its button hides the banner before it does what it says.
            QTimer.singleShot(0, self, self._let_go)
        return super().eventFilter(watched, event)

    def _reopen(self, closed: ClosedDocument) -> None:
        from maskstudio.window.document_view import DocumentView

        if closed in self._closed:
            self._closed.remove(closed)
        view = DocumentView(closed.title, closed.path or closed.source_path)
        self._window.add_view(view)
        self._window.fill_view(view, closed.make())

    def _let_go(self) -> None:
        if self._window.banner.isHidden():
            self._closed.clear()
