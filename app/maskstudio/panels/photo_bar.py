"""The small bar under a photo in the viewport: which one it is, the ones beside it, and what lies over it."""

from __future__ import annotations

from maskengines.subjects.scene import TEST
from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from maskstudio.panels.controls import QuietButton
from maskstudio.panels.style import MARGIN, RADIUS, STEP, tone

_NEARLY_OPAQUE = 240
_NAME_WIDTH = 180


class PhotoBar(QWidget):
    """Lies over the lower edge of a viewport.

    Signals:
        stepped: -1 or 1: to the photo before or after.
        learned_toggled: whether the learned mask shows.
        closed: back to the scene.
    """

    stepped = Signal(int)
    learned_toggled = Signal(bool)
    closed = Signal()

    def __init__(self, viewport: QWidget) -> None:
        super().__init__(viewport)
        self._viewport = viewport
        self.setAttribute(Qt.WidgetAttribute.WA_NoMousePropagation)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        row = QHBoxLayout(self)
        row.setContentsMargins(STEP, STEP, STEP, STEP)
        row.setSpacing(STEP)
        before = QuietButton("previous", self.tr("The photo before (Page Up)"))
        self._name = QLabel()
        self._name.setFixedWidth(_NAME_WIDTH)
        self._name.setAlignment(Qt.AlignmentFlag.AlignCenter)
        after = QuietButton("next", self.tr("The photo after (Page Down)"))
        self.learned = QuietButton("overlay", "")
        self.learned.setCheckable(True)
        close = QuietButton("close", self.tr("Back to the scene (Esc)"))
        before.clicked.connect(lambda: self.stepped.emit(-1))
        after.clicked.connect(lambda: self.stepped.emit(1))
        self.learned.clicked.connect(self.learned_toggled)
        close.clicked.connect(self.closed)
        for part in (before, self._name, after, self.learned, close):
            part.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            row.addWidget(part)
        viewport.installEventFilter(self)
        self.hide()

    def tell(self, name: str, number: int, count: int, split: str) -> None:
        """Which photo shows: ``number`` counts from 1."""
        tests = split == TEST
        words = self.tr("{0}   {1} of {2}   test") if tests else self.tr("{0}   {1} of {2}")
        taken = self._name.fontMetrics().horizontalAdvance(words.format("", number, count))
        room = self._name.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, _NAME_WIDTH - taken)
        self._name.setText(words.format(room, number, count))
        told = self.tr("A test photo: it is never learned from, so paint on it has no effect.")
        self._name.setToolTip(f"{name}\n{told}" if tests else name)
        self.settle()

    def tell_learned(self, there: bool, shown: bool) -> None:
        """Whether a training has said what of this photo is clutter, and whether that shows."""
        self.learned.setEnabled(there)
        self.learned.setChecked(shown)
        self.learned.setToolTip(
            self.tr("Show what the training takes for clutter")
            if there
            else self.tr("Run says what of this photo is clutter; nothing is learned yet")
        )

    def settle(self) -> None:
        """Take the place in the middle of the lower edge."""
        viewport = self._viewport
        self.adjustSize()
        self.move((viewport.width() - self.width()) // 2, viewport.height() - MARGIN - self.height())
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.settle()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        raised = QColor(tone("raised"))
        raised.setAlpha(_NEARLY_OPAQUE)
        painter.setPen(QPen(tone("line"), 1))
        painter.setBrush(raised)
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
