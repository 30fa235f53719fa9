"""What a live engine says about the picture while the user paints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from maskengines.contract import Candidate
from maskengines.errors import BadInput, StudioError
from maskengines.results.tables import TableResult
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget
from shiboken6 import isValid

from maskstudio.panels.style import MARGIN, STEP, Note
from maskstudio.panels.table_card import TableCard

if TYPE_CHECKING:
    from maskstudio.documents.document import Document
    from maskstudio.jobs.asking import Asker
    from maskstudio.jobs.service import JobService


class ReadoutPanel(QWidget):
    """The newest table of the live engine of the document in front.

    ``wanted`` is emitted with whether there is anything to show, so that its section can come and go;
    ``chosen`` with a parameter of the engine and the value that the row clicked gives it.
    """

    wanted = Signal(bool)
    chosen = Signal(str, object)

    def __init__(self, service: JobService, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._service = service
        self._asker: Asker | None = None
        self._links: list[Any] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, STEP, MARGIN, MARGIN)
        column.setSpacing(STEP)
        self.card = TableCard()
        self.card.rows.chosen.connect(self.chosen)
        column.addWidget(self.card)
        self._problem = Note("", "error")
        self._problem.hide()
        column.addWidget(self._problem)
        column.addStretch(1)

    def set_document(self, document: Document | None) -> None:
        """Listen to another document's live engine, or to none."""
        for signal, slot in self._links:
            if self._asker is not None and isValid(self._asker):
                signal.disconnect(slot)
        self._links = []
        self._asker = self._service.asker(document) if document is not None else None
        self._show(None)
        if self._asker is not None:
            live = self._asker.live
            for signal, slot in ((live.readout, self._show), (live.failed, self._failed)):
                signal.connect(slot)
                self._links.append((signal, slot))
            self._show(live.newest)

    def _show(self, candidate: Candidate | None) -> None:
        self._problem.say("")
        if candidate is None or candidate.kind != "table":
            self.card.show_table(None)
            self.wanted.emit(False)
            return
        try:
            self.card.show_table(TableResult.read(candidate.result))
        except BadInput as error:
            self._failed(error)
        else:
            self.wanted.emit(True)

    def _failed(self, error: StudioError) -> None:
        if self._asker is None or self._asker.live.fills:
            return  # a preview that does not come is missed by nobody
        self.card.show_table(None)
        self._problem.say(error.message, "error")
        self.wanted.emit(True)
