"""Text under a button that must leave room for what is around it, however much there is to say."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent, QTextLayout, QTextOption
from PySide6.QtWidgets import QSizePolicy, QWidget

from maskstudio.panels.style import Note, tone

MOST_LINES = 3


class BriefNote(Note):
    """A note of one to three whole lines; what is longer ends in an ellipsis and is whole in the tooltip.

    ``text()`` is the whole text, so that screen readers have it too.
    """

    def __init__(self, text: str = "", role: str = "second", parent: QWidget | None = None) -> None:
        super().__init__(text, role, parent)
        # A label that wraps asks for the width of its longest word, and a path may be one of 300 letters.
        self.setWordWrap(False)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._lines: list[str] = []
        self._cut = False
        self._fit()

    @property
    def cut(self) -> bool:
        """Whether there is more to it than shows."""
        return self._cut

    @property
    def lines(self) -> list[str]:
        """What shows, line by line."""
        return list(self._lines)

    def say(self, text: str, role: str = "second") -> None:
        super().say(text, role)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(0, self.minimumHeight())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_lines"):
            self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(tone(self.role))
        metrics = self.fontMetrics()
        for number, line in enumerate(self._lines):
            painter.drawText(QPoint(0, number * metrics.lineSpacing() + metrics.ascent()), line)

    def _tint(self) -> None:
        # Painted here; a style sheet would colour the tooltip as well.
        self.update()

    def _fit(self) -> None:
        words = " ".join(self.text().split())
        metrics = self.fontMetrics()
        layout = QTextLayout(words, self.font())
        layout.setTextOption(_wrapping())
        layout.beginLayout()
        starts = []
        while (line := layout.createLine()).isValid():
            line.setLineWidth(max(1, self.width()))
            starts.append(line.textStart())
        layout.endLayout()
        self._cut = len(starts) > MOST_LINES
        ends = [*starts[1:MOST_LINES], len(words)]
        self._lines = [words[start:end].rstrip() for start, end in zip(starts, ends, strict=False)]
        if self._cut:
            self._lines[-1] = metrics.elidedText(self._lines[-1], Qt.TextElideMode.ElideRight, self.width())
        self.setToolTip(words if self._cut else "")
        self.setFixedHeight(max(1, len(self._lines)) * metrics.lineSpacing())
        self.update()


def _wrapping() -> QTextOption:
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    return option
