"""Where the candidates disagree: a legend with numbers, a threshold, and the way to the next mask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from maskstudio.canvas.heat import Heat
from maskstudio.jobs.background import Background
from maskstudio.panels.controls import SlimSlider
from maskstudio.panels.style import STEP, Note, tone

if TYPE_CHECKING:
    from maskstudio.documents.document import Document

Shares = np.ndarray[Any, np.dtype[np.float32]]

START = 0.25
SETTLE_MS = 60


class Legend(QWidget):
    """The palette of the heat, with what is below the threshold left out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.threshold = START
        self.setFixedHeight(8)

    def sizeHint(self) -> QSize:
        return QSize(160, 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = QPainterPath()
        outline.addRoundedRect(QRectF(self.rect()), 4, 4)
        painter.setClipPath(outline)
        painter.fillRect(self.rect(), tone("line"))
        gradient = QLinearGradient(0, 0, self.width(), 0)
        gradient.setStops(legend_colours())
        start = round(self.threshold * self.width())
        painter.fillRect(self.rect().adjusted(start, 0, 0, 0), gradient)


class HeatBar(QWidget):
    """Calculates the disagreement in a thread and shows what lies above the threshold.

    Signals:
        shown: the `Heat` to lay over the canvas, or None.
        mask_made: the mask was replaced; the heat has done its work.
    """

    shown = Signal(object)
    mask_made = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document: Document | None = None
        self._heat: Shares | None = None
        self._mask_wanted = False
        self._work = Background(self._came, self)
        self._cut = Background(self._cut_came, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(STEP)
        self._legend = Legend()
        column.addWidget(self._legend)
        ends = QHBoxLayout()
        ends.addWidget(Note(self.tr("0  alike")))
        ends.addWidget(Note(self.tr("differ  1")), 0, Qt.AlignmentFlag.AlignRight)
        column.addLayout(ends)
        self.slider = SlimSlider()
        self.slider.setRange(1, 99)
        self.slider.setValue(round(100 * START))
        self.slider.setAccessibleName(self.tr("Show what differs more than"))
        self.slider.valueChanged.connect(self._slid)
        self._number = QLabel()
        self._number.setMinimumWidth(36)
        self._number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout()
        row.addWidget(QLabel(self.tr("Above")))
        row.addWidget(self.slider, 1)
        row.addWidget(self._number)
        column.addLayout(row)
        self.button = QPushButton(self.tr("Make it the mask"))
        self.button.clicked.connect(self.make_mask)
        column.addWidget(self.button)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._show)
        self._slid()

    @property
    def threshold(self) -> float:
        """0..1; what differs less is neither shown nor masked."""
        return self.slider.value() / 100

    def begin(self, document: Document) -> None:
        """Calculate the disagreement of the document's candidates and show it."""
        from maskengines.disagreement import disagreement

        self._document = document
        self._heat = None
        candidates, shape = list(document.candidates), document.mask.shape
        self._work.start(lambda: disagreement(candidates, (shape[0], shape[1])))

    def end(self) -> None:
        """Show no heat."""
        self._work.forget()
        self._cut.forget()
        self._settle.stop()
        self._document = None
        self._heat = None
        self._mask_wanted = False
        self.shown.emit(None)

    def make_mask(self) -> None:
        """Ask for what the candidates disagree about: one undoable change of the mask. Waits for the
        map if it is still being calculated."""
        if self._document is None:
            return
        if self._heat is None:
            self._mask_wanted = True
            return
        mask = (self._heat >= self.threshold).view(np.uint8)
        mask *= 255
        self._document.replace_mask(mask, self.tr("Mask where candidates differ"))
        self.mask_made.emit()

    def _came(self, heat: Shares) -> None:
        self._heat = heat
        self._show()
        if self._mask_wanted:
            self._mask_wanted = False
            self.make_mask()

    def _slid(self) -> None:
        self._number.setText(f"{self.threshold:.2f}")
        self._legend.threshold = self.threshold
        self._legend.update()
        self._settle.start()

    def _show(self) -> None:
        heat, threshold = self._heat, self.threshold
        if heat is not None:
            self._cut.start(lambda: Heat.of_disagreement(above(heat, threshold)))

    def _cut_came(self, shown: Heat) -> None:
        if self._heat is not None:
            self.button.setEnabled(bool(shown.plane.any()))
            self.shown.emit(shown)


def above(heat: Shares, threshold: float) -> Shares:
    """``heat`` where it reaches ``threshold``, elsewhere 0."""
    return np.where(heat >= threshold, heat, np.float32(0))


def legend_colours(stops: int = 16) -> list[tuple[float, QColor]]:
    """Stops of inferno, the perceptually even palette that the canvas paints heat with."""
    import cv2

    at = np.linspace(0, 255, stops).round().astype(np.uint8)
    colours = cv2.applyColorMap(at[:, None], cv2.COLORMAP_INFERNO)[:, 0, ::-1].tolist()
    return [(index / 255, QColor(*colour)) for index, colour in zip(at.tolist(), colours, strict=True)]
