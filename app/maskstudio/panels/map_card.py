"""What belongs to a map: a legend with numbers, how strongly it shows, a threshold, and ways on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from maskengines.contract import Candidate
from maskengines.errors import BadInput
from maskengines.results.maps import MapResult
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from maskstudio.canvas.heat import Heat
from maskstudio.jobs.background import Background
from maskstudio.panels.controls import QuietButton, SlimSlider
from maskstudio.panels.curve_plot import CurvePlot
from maskstudio.panels.facts import FactRows
from maskstudio.panels.floating import FloatingCard
from maskstudio.panels.legend import MapLegend, short_number
from maskstudio.panels.style import MARGIN, STEP, Note
from maskstudio.window.icons import icon

if TYPE_CHECKING:
    from maskstudio.documents.document import Document

Array = np.ndarray[Any, Any]

OPACITY = 70
SETTLE_MS = 40
ALONG = np.linspace(0, 1, 256, dtype=np.float32)
"""The places of a palette's colours."""


class MapCard(FloatingCard):
    """Shows one map over the canvas and says what it holds.

    Signals:
        shown: the `Heat` to lay over the canvas, or None.
        mask_made: the mask was replaced by a choice from the map.
        export_wanted: a `Candidate` to write to a file.
    """

    shown = Signal(object)
    mask_made = Signal()
    export_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document: Document | None = None
        self._candidate: Candidate | None = None
        self._map: MapResult | None = None
        self._plane: Array | None = None
        self._work = Background(self._came, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, 2 * STEP, MARGIN, MARGIN)
        column.setSpacing(STEP)
        self._title = Note("", "text")
        column.addWidget(self._title)
        self._subtitle = Note()
        column.addWidget(self._subtitle)
        self._legend = MapLegend()
        column.addWidget(self._legend)
        self._sliders = QWidget()
        grid = QGridLayout(self._sliders)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(STEP)
        grid.setColumnStretch(1, 1)
        self.opacity, self._opacity_number = self._slider(grid, 0, self.tr("Opacity"), OPACITY, 100)
        self.opacity.valueChanged.connect(self._fade)
        self.threshold, self._threshold_number = self._slider(grid, 1, self.tr("Above"), 0, 99)
        self.threshold.valueChanged.connect(self._slid)
        column.addWidget(self._sliders)
        self._foot = QWidget()
        foot = QHBoxLayout(self._foot)
        foot.setContentsMargins(0, 0, 0, 0)
        foot.setSpacing(STEP)
        self.button = QPushButton(self.tr("Make it the mask"))
        self.button.clicked.connect(self.make_mask)
        self.more = QuietButton("down", self.tr("Other masks that this map proposes"))
        self.more.setFixedSize(28, 28)
        self.more.clicked.connect(self._propose)
        self.export_button = QuietButton("export", self.tr("Write this map to a file"))
        self.export_button.setFixedSize(28, 28)
        self.export_button.clicked.connect(lambda: self.export_wanted.emit(self._candidate))
        foot.addWidget(self.button, 1)
        foot.addWidget(self.more)
        foot.addWidget(self.export_button)
        column.addWidget(self._foot)
        self._warnings = Note("", "warning")
        column.addWidget(self._warnings)
        self._unfold = QPushButton(self.tr("Details"))
        self._unfold.setProperty("quiet", True)
        self._unfold.setStyleSheet("QPushButton { padding: 0 8px 0 0; text-align: left; }")
        self._unfold.setCheckable(True)
        self._unfold.toggled.connect(self._show_details)
        column.addWidget(self._unfold, 0, Qt.AlignmentFlag.AlignLeft)
        self._facts = FactRows()
        column.addWidget(self._facts)
        self.plot = CurvePlot()
        column.addWidget(self.plot)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._paint_plane)

    # --- what the panel calls -------------------------------------------------------------------

    def begin(self, document: Document, candidate: Candidate) -> None:
        """Show a candidate of kind ``map``."""
        try:
            shape = (document.subject.height, document.subject.width)
            read = MapResult.read(candidate.result, shape)
        except BadInput as error:
            self.end()
            self._title.say(error.message, "error")
            return
        self._candidate = candidate
        self.threshold.setValue(0)
        self._take(document, read)
        self._tell(read)

    def preview(self, document: Document, at: MapResult) -> None:
        """Show a map that is still being refined; there is nothing to do with it yet."""
        self._candidate = None
        self._take(document, at)
        self._tell(None)

    def end(self) -> None:
        """Show no map."""
        self._work.forget()
        self._settle.stop()
        self._document = self._candidate = self._map = self._plane = None
        self.shown.emit(None)

    @property
    def share(self) -> float:
        """0..1; what lies below this share of the way up is neither shown nor masked."""
        return self.threshold.value() / 100

    def make_mask(self) -> None:
        """Ask for what the map marks: one undoable change of the mask."""
        if self._map is not None and self._document is not None:
            self._replace_mask(self._map.at_least(self.share), self.tr("Mask from map"))

    # --- inside ---------------------------------------------------------------------------------

    def _slider(
        self, grid: QGridLayout, row: int, name: str, value: int, most: int
    ) -> tuple[SlimSlider, QLabel]:
        slider, number = SlimSlider(), QLabel()
        slider.setRange(0, most)
        slider.setValue(value)
        slider.setAccessibleName(name)
        number.setMinimumWidth(44)
        grid.addWidget(QLabel(name), row, 0)
        grid.addWidget(slider, row, 1)
        grid.addWidget(number, row, 2)
        return slider, number

    def _take(self, document: Document, read: MapResult) -> None:
        self._document, self._map, self._plane = document, read, None
        self._title.say(read.title, "text")
        self._subtitle.say(read.subtitle)
        self._legend.show_palette(read.scale.table(), (read.scale.low, read.scale.high))
        self._fade()
        self._slid()
        self._paint_plane()

    def _tell(self, read: MapResult | None) -> None:
        """Everything that is known once a map is finished; nothing while it is refined."""
        self._sliders.setVisible(read is not None)
        self._foot.setVisible(read is not None)
        self.more.setVisible(read is not None and bool(read.proposals))
        self._warnings.say("\n".join(read.warnings) if read is not None else "", "warning")
        self._facts.show_facts(read.facts if read is not None else {})
        self.plot.show_curves(read.curves if read is not None else ())
        self._unfold.setVisible(read is not None and bool(read.facts or read.curves))
        self._show_details(self._unfold.isChecked())
        self.settle()

    def _show_details(self, unfolded: bool) -> None:
        self._unfold.setIcon(icon("down" if unfolded else "next", "second"))
        wanted = unfolded and not self._unfold.isHidden()
        self._facts.setVisible(wanted and not self._facts.empty)
        self.plot.setVisible(wanted and not self.plot.empty)
        self.settle()

    def _fade(self) -> None:
        self._opacity_number.setText(f"{self.opacity.value()} %")
        self._show()

    def _slid(self) -> None:
        if self._map is None:
            return
        low, high = self._map.scale.low, self._map.scale.high
        start = 0.0 if self._map.signed else low
        value = start + self.share * (high - start)
        self._threshold_number.setText(short_number(value) if self.share else self.tr("all"))
        self._legend.cut((value - low) / (high - low) if self.share else 0.0)
        self._settle.start()

    def _paint_plane(self) -> None:
        read, document, share = self._map, self._document, self.share
        if read is not None and document is not None:
            shape = (document.subject.height, document.subject.width)
            self._work.start(lambda: _plane(read, shape, share))

    def _came(self, plane: Array) -> None:
        self._plane = plane
        self.button.setEnabled(bool(plane.any()))
        self._show()

    def _show(self) -> None:
        if self._map is not None and self._plane is not None:
            opacity = self.opacity.value() / 100
            scale = self._map.scale
            self.shown.emit(Heat.of_palette(self._plane, scale.table(), opacity * scale.strengths(ALONG)))

    def _propose(self) -> None:
        if self._map is None:
            return
        menu = QMenu(self)
        for name, chosen in self._map.proposals.items():
            menu.addAction(name).triggered.connect(partial(self._replace_mask, chosen, name))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def _replace_mask(self, chosen: Array, label: str, _: bool = False) -> None:
        if self._map is None or self._document is None:
            return
        shape = (self._document.subject.height, self._document.subject.width)
        self._document.replace_mask(self._map.mask(chosen, shape), label)
        self.mask_made.emit()


def _plane(read: MapResult, shape: tuple[int, int], share: float) -> Array:
    """Bytes 1..255 along the palette at the photo's size, 0 outside the map and below the threshold."""
    shares = read.to_photo(1 + 254 * read.scale.fractions(read.values), shape)
    plane: Array = np.rint(shares).astype(np.uint8)
    if share:
        plane[read.mask(read.at_least(share), shape) == 0] = 0
    return plane
