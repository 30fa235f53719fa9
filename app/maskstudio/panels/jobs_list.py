"""Recent jobs in words: what they are at, what they gave, why they failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from maskstudio.jobs.item import JobItem
from maskstudio.panels.controls import PanelScroll, QuietButton
from maskstudio.panels.details import show_details
from maskstudio.panels.style import MARGIN, STEP, Note, tone
from maskstudio.panels.words import percent, seconds

if TYPE_CHECKING:
    from maskstudio.jobs.service import JobService

WIDTH = 360
MAX_HEIGHT = 380


class JobRow(QFrame):
    """One job."""

    def __init__(self, item: JobItem, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._item = item
        column = QVBoxLayout(self)
        column.setContentsMargins(0, STEP, 0, STEP)
        column.setSpacing(2)
        top = QHBoxLayout()
        top.setSpacing(2 * STEP)
        name = QLabel(item.title)
        font = name.font()
        font.setWeight(font.Weight.Medium)
        name.setFont(font)
        top.addWidget(name, 1)
        self._state = Note()
        self._state.setWordWrap(False)
        top.addWidget(self._state)
        self._stop = QuietButton("close", self.tr("Cancel this job"))
        self._stop.clicked.connect(item.cancel)
        top.addWidget(self._stop)
        column.addLayout(top)
        self.sentence = Note()
        column.addWidget(self.sentence)
        self.details = QPushButton(self.tr("Show details"))
        self.details.setProperty("quiet", True)
        self.details.setStyleSheet("QPushButton { padding: 0; }")
        self.details.clicked.connect(self._show_details)
        column.addWidget(self.details, 0, Qt.AlignmentFlag.AlignLeft)
        item.changed.connect(self.refresh)
        item.moved.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the state of the moment."""
        item = self._item
        self._stop.setVisible(item.active)
        self._state.say(state_words(item), "second")
        failed = item.state == "failed" and item.error is not None
        self.sentence.say(item.error.message if item.error and failed else "", "error")
        if item.state == "running" and item.text:
            self.sentence.say(item.text)
        self.details.setVisible(bool(failed and item.error and item.error.log))

    def _show_details(self) -> None:
        if self._item.error is not None:
            owner = self.window().parentWidget()
            show_details(self._item.error, owner.window() if owner else None)


class JobsList(QFrame):
    """A popup with the newest job on top."""

    def __init__(self, service: JobService, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("jobsList")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setStyleSheet(
            f"#jobsList {{ background: {tone('panel').name()}; border: 1px solid {tone('line').name()}; }}"
        )
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        self._scroll = PanelScroll()
        outer.addWidget(self._scroll)
        column = self._scroll.column
        column.setContentsMargins(MARGIN, 2 * STEP, MARGIN, 2 * STEP)
        column.setSpacing(STEP)
        self.rows = [JobRow(item) for item in service.jobs]
        for row in self.rows:
            column.addWidget(row)
        if not self.rows:
            column.addWidget(Note(self.tr("Nothing has run yet.")))
        column.addStretch(1)
        self.setFixedWidth(WIDTH)
        self.resize(WIDTH, self.sizeHint().height())

    def showEvent(self, event: QShowEvent) -> None:
        """Take the height that the rows turn out to need, upwards from the bar."""
        super().showEvent(event)
        bottom = self.geometry().bottom()
        missing = self._scroll.verticalScrollBar().maximum()
        height = min(MAX_HEIGHT, self.height() + missing)
        self.setGeometry(self.x(), max(0, bottom - height + 1), WIDTH, height)

    def sizeHint(self) -> QSize:
        layout = self._scroll.column
        height = (
            layout.heightForWidth(WIDTH - 2) if layout.hasHeightForWidth() else layout.sizeHint().height()
        )
        return QSize(WIDTH, min(MAX_HEIGHT, height + 2 * STEP))


def state_words(item: JobItem) -> str:
    """The state of a job in a few words."""
    if item.state == "queued":
        return "waiting"
    if item.state == "running":
        return percent(item.fraction) if item.fraction is not None else seconds(item.elapsed)
    if item.state == "done":
        answers = "1 answer" if item.answers == 1 else f"{item.answers} answers"
        return f"{answers}, {seconds(item.elapsed)}"
    return "stopped" if item.state == "cancelled" else "failed"
