"""Which mask to generate: kind, share, seed and what becomes of the old one, with a picture of it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from maskengines.errors import StudioError
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from maskstudio.commands.generate_commands import KINDS
from maskstudio.panels.controls import QuietButton, SlimSlider
from maskstudio.panels.style import Note
from maskstudio.panels.thumbs import to_qimage
from maskstudio.window.generate_flow import MAX_SEED, Wish
from maskstudio.window.generate_preview import Backdrop, backdrop, preview
from maskstudio.window.icons import icon

if TYPE_CHECKING:
    from maskstudio.documents.document import Document
    from maskstudio.window.main_window import MainWindow

WIDTH, HEIGHT = 360, 240
MODES = (
    ("replace", "Replace the mask"),
    ("add", "Add to the mask"),
    ("subtract", "Take away from the mask"),
)


class GenerateDialog(QDialog):
    """Previews are drawn off the GUI thread, the latest wish first; those in between are left out."""

    def __init__(self, window: MainWindow, document: Document, start: Wish) -> None:
        from maskengines.masks.samplers.generating import CELLED, smallest_cell

        super().__init__(window)
        self.setWindowTitle("Generate mask")
        self._window, self._celled = window, frozenset(CELLED)
        self._behind: Backdrop | None = None
        self._drawing: Wish | None = None
        self._shown: Wish | None = None
        self._open = True
        ratio = window.devicePixelRatioF()
        self.picture = QLabel()
        self.picture.setFixedSize(WIDTH, HEIGHT)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setAccessibleName("Preview")
        self.share = Note()
        self.kind = QComboBox()
        for kind in KINDS:
            self.kind.addItem(icon(kind.icon), kind.title, kind.name)
        self.kind.setCurrentIndex(self.kind.findData(start.kind))
        self.ratio, ratio_row = _slid(1, 100, round(100 * start.ratio), " %")
        self.ratio.setToolTip("How much of the picture the generated mask covers")
        height, width = document.mask.shape
        least = smallest_cell(height, width)
        self.cell, self._cell_row = _slid(least, max(least, 256), start.cell, " px")
        self.cell.setToolTip("Side of the squares that the noise is made of")
        self.seed = QSpinBox()
        self.seed.setRange(0, MAX_SEED)
        self.seed.setValue(start.seed)
        self.seed.setToolTip("The same seed gives the same mask again")
        self.roll = QuietButton("seed", "Another mask of this kind")
        self.roll.clicked.connect(lambda: self.seed.setValue(secrets.randbelow(MAX_SEED + 1)))
        self.mode = QComboBox()
        for name, title in MODES:
            self.mode.addItem(title, name)
        self.mode.setCurrentIndex(self.mode.findData(start.mode))
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(24)
        self._form.setVerticalSpacing(12)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        for title, field, row in (
            ("Kind", self.kind, self.kind),
            ("Share", self.ratio, ratio_row),
            ("Cell", self.cell, self._cell_row),
            ("Seed", self.seed, _beside(self.seed, self.roll)),
            ("Old mask", self.mode, self.mode),
        ):
            field.setAccessibleName(title)
            self._form.addRow(title, row)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setText("Generate")
        self.ok.setProperty("primary", True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(self.picture)
        layout.addWidget(self.share)
        layout.addLayout(self._form)
        layout.addWidget(buttons)
        for box in (self.kind, self.mode):
            box.currentIndexChanged.connect(self._changed)
        for spin in (self.ratio, self.cell, self.seed):
            spin.valueChanged.connect(self._changed)
        self.finished.connect(self._end)
        pixels, mask = document.subject.pixels, document.mask.snapshot()
        size = (round(WIDTH * ratio), round(HEIGHT * ratio))
        self.picture.setText("Drawing…")
        window.background.do(lambda: backdrop(pixels, mask, *size), self._begin, self._failed)
        self._changed()

    @property
    def wish(self) -> Wish:
        """What is asked for now."""
        return Wish(
            self.kind.currentData(),
            self.ratio.value() / 100,
            self.seed.value(),
            self.cell.value(),
            self.mode.currentData(),
        )

    @property
    def settled(self) -> bool:
        """Whether the preview shows what is asked for."""
        return self._shown == self.wish and self._drawing is None

    def _begin(self, behind: Backdrop) -> None:
        self._behind = behind
        self._draw()

    def _changed(self, *_: object) -> None:
        self._form.setRowVisible(self._cell_row, self.kind.currentData() in self._celled)
        self._draw()

    def _draw(self) -> None:
        behind = self._behind
        # Once closed, the fields that say what is wished for may be gone.
        if not self._open or behind is None or self._drawing is not None or self.wish == self._shown:
            return
        wish, settings = self.wish, self._window.settings
        self._drawing = wish
        overlay = QColor(settings.overlay_colour)
        colour, opacity = (overlay.red(), overlay.green(), overlay.blue()), settings.overlay_opacity
        self._window.background.do(lambda: preview(behind, wish, colour, opacity), self._show, self._failed)

    def _show(self, drawn: tuple[Any, float]) -> None:
        self._shown, self._drawing = self._drawing, None
        if not self._open:
            return
        pixels, share = drawn
        shown = QPixmap.fromImage(to_qimage(pixels))
        shown.setDevicePixelRatio(self._window.devicePixelRatioF())
        self.picture.setPixmap(shown)
        self.share.say(f"{100 * share:.1f} % of the picture will be masked.")
        self.ok.setEnabled(True)
        self._draw()

    def _failed(self, error: StudioError) -> None:
        self._shown, self._drawing = self._drawing, None
        if self._open:
            self.share.say(error.message, "warning")
            self.ok.setEnabled(False)
            self._draw()

    def _end(self) -> None:
        self._open = False


def _slid(low: int, high: int, value: int, unit: str) -> tuple[QSpinBox, QWidget]:
    """A number with its unit, and the row in which a slider stands beside it."""
    box = QSpinBox()
    box.setRange(low, high)
    box.setSuffix(unit)
    box.setValue(value)
    slider = SlimSlider()
    slider.setRange(low, high)
    slider.setValue(box.value())
    slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    slider.valueChanged.connect(box.setValue)
    box.valueChanged.connect(slider.setValue)
    return box, _beside(slider, box)


def _beside(wide: QWidget, narrow: QWidget) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(12)
    layout.addWidget(wide, 1)
    layout.addWidget(narrow)
    return row
