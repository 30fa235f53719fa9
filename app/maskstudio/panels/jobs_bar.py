"""What runs, at the right end of the status bar; a click opens the list of recent jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from maskstudio.jobs.item import JobItem
from maskstudio.panels.controls import QuietButton
from maskstudio.panels.jobs_list import JobsList
from maskstudio.panels.style import STEP, tone
from maskstudio.panels.words import percent, remaining, seconds

if TYPE_CHECKING:
    from maskstudio.documents.document import Document
    from maskstudio.jobs.service import JobService

TICK_MS = 1000
"""Without news for so long, the seconds alone are shown anew."""
SHOW_ETA_FROM = 3.0
"""Seconds of a whole job from which the time left is worth saying."""


class ProgressLine(QWidget):
    """A slim bar; while the amount of work is unknown it is drawn as a quiet full line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fraction: float | None = None
        self.setFixedSize(QSize(96, 12))

    def set_fraction(self, fraction: float | None) -> None:
        """0..1, or None for unknown."""
        if fraction != self.fraction:
            self.fraction = fraction
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        track = QRectF(0, self.height() / 2 - 2, self.width(), 4)
        painter.setBrush(tone("line"))
        painter.drawRoundedRect(track, 2, 2)
        painter.setBrush(tone("accent"))
        if self.fraction is None:
            painter.setOpacity(0.35)
            painter.drawRoundedRect(track, 2, 2)
        elif self.fraction > 0:
            track.setWidth(max(4.0, track.width() * self.fraction))
            painter.drawRoundedRect(track, 2, 2)


class StillLabel(QLabel):
    """Text that changes several times a second: it keeps the room of the widest so far, as another size would
    lay out the whole status bar anew each time."""

    def say(self, text: str) -> None:
        """Show ``text``; none takes no room."""
        if text == self.text():
            return
        self.setText(text)
        wanted = self.sizeHint() if text else QSize(0, 0)
        room = self.minimumSize()
        if not text or wanted.width() > room.width() or wanted.height() > room.height():
            self.setFixedSize(wanted)


class JobsBar(QWidget):
    """The job at work with progress, time and a way to stop it; the last failure until it was seen, or the
    document that it is about was left or closed."""

    def __init__(self, service: JobService, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._service = service
        self._seen: set[int] = set()
        self._document: Document | None = None
        self._popup: JobsList | None = None
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.setToolTip(self.tr("Jobs"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * STEP)
        self.title = QLabel()
        self.line = ProgressLine()
        self.text = StillLabel()
        self.stop = QuietButton("close", self.tr("Cancel this job (Esc)"))
        self.stop.clicked.connect(self._stop_first)
        for widget in (self.title, self.line, self.text, self.stop):
            row.addWidget(widget)
        self._tick = QTimer(self)
        self._tick.setInterval(TICK_MS)
        self._tick.setSingleShot(True)
        self._tick.timeout.connect(self.refresh)
        service.job_added.connect(self._added)
        service.jobs_changed.connect(self.refresh)
        self.refresh()

    def set_document(self, document: Document | None) -> None:
        """Another document comes to the front: failures count as seen, but for one that is about this."""
        if document is self._document:
            return
        self._document = document
        own = self._service.asker(document).job if document is not None else None
        self._seen |= {id(item) for item in self._service.jobs if item.state == "failed" and item is not own}
        self.refresh()

    def refresh(self) -> None:
        """Show the state of the moment."""
        active = self._service.active_jobs
        running = next((item for item in active if item.state == "running"), None)
        item = running or (active[0] if active else None)
        failed = self._unseen_failure()
        self.setVisible(bool(self._service.jobs))
        self.line.setVisible(item is not None)
        self.stop.setVisible(item is not None)
        if item is not None:
            more = len(active) - 1
            self.title.setText(item.title + (f"  +{more}" if more else ""))
            self._tint("")
            self.line.set_fraction(item.fraction if item.state == "running" else 0.0)
            self.text.say(progress_words(item))
            self._tick.start()
            return
        self._tick.stop()
        self.text.say("")
        if failed is not None:
            self.title.setText(self.tr("{0} failed").format(failed.title))
            self._tint(f"color: {tone('error').name()};")
        else:
            self.title.setText(self.tr("Jobs"))
            self._tint("")

    def _tint(self, sheet: str) -> None:
        # Qt styles a widget anew even where its sheet stays the same.
        if self.title.styleSheet() != sheet:
            self.title.setStyleSheet(sheet)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.open_list()

    def open_list(self) -> JobsList:
        """Open the list of recent jobs above the bar; what failed counts as seen."""
        self._seen = {id(item) for item in self._service.jobs}
        popup = self._popup = JobsList(self._service, self.window())
        size = popup.sizeHint()
        corner = self.mapToGlobal(QPoint(self.width() - size.width(), -size.height() - STEP))
        popup.move(max(0, corner.x()), max(0, corner.y()))
        popup.show()
        self.refresh()
        return popup

    def _added(self, item: JobItem) -> None:
        item.changed.connect(self.refresh)
        item.moved.connect(self.refresh)

    def _stop_first(self) -> None:
        active = self._service.active_jobs
        running = [item for item in active if item.state == "running"] or active
        if running:
            running[0].cancel()

    def _unseen_failure(self) -> JobItem | None:
        jobs = self._service.jobs
        return jobs[0] if jobs and jobs[0].state == "failed" and id(jobs[0]) not in self._seen else None


def progress_words(item: JobItem) -> str:
    """``62 %   4.2 s left``, or what there is to say."""
    if item.state == "queued":
        return "waiting"
    words = []
    if item.fraction is not None:
        words.append(percent(item.fraction))
    if item.eta is not None and item.elapsed + item.eta > SHOW_ETA_FROM:
        words.append(remaining(item.eta))
    elif item.elapsed > SHOW_ETA_FROM or item.fraction is None:
        words.append(seconds(item.elapsed))
    return "   ".join(words)
