"""How to go around a scene: how many pictures, how large, from how high, as what."""

from __future__ import annotations

from dataclasses import dataclass, replace

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

from maskstudio.panels.style import Note
from maskstudio.picture_sequences import FRAMES_A_SECOND
from maskstudio.turntables import FEWEST, LARGEST, MOST, SMALLEST, STEEPEST, Turntable


@dataclass(frozen=True)
class TurntableWish:
    """A turntable, whether it is to be a film, and ``black`` or ``white`` behind it."""

    table: Turntable
    film: bool = False
    background: str = "black"


class TurntableDialog(QDialog):
    """Begins with a wish, and holds another one once it was accepted."""

    def __init__(self, parent: QWidget, start: TurntableWish) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Export turntable"))
        self._start = start
        table = start.table
        self.frames = _number(FEWEST, MOST, table.frames, "")
        self.width_box = _number(SMALLEST, LARGEST, table.width, self.tr(" px"))
        self.height_box = _number(SMALLEST, LARGEST, table.height, self.tr(" px"))
        steepest = int(STEEPEST)
        self.elevation = _number(-steepest, steepest, round(table.elevation or 0), "°")
        self.elevation.setToolTip(self.tr("How high above the level it is seen from"))
        self.kind = QComboBox()
        self.kind.addItems([self.tr("PNG pictures in a folder"), self.tr("Film (MP4)")])
        self.kind.setCurrentIndex(int(start.film))
        self.background = QComboBox()
        for word, title in (("black", self.tr("Black")), ("white", self.tr("White"))):
            self.background.addItem(title, word)
        self.background.setCurrentIndex(self.background.findData(start.background))
        size = QHBoxLayout()
        size.addWidget(self.width_box, 1)
        size.addWidget(QLabel(self.tr("by")))
        size.addWidget(self.height_box, 1)
        form = QFormLayout()
        form.setSpacing(12)
        form.addRow(self.tr("As"), self.kind)
        form.addRow(self.tr("Pictures"), self.frames)
        form.addRow(self.tr("Size"), size)
        form.addRow(self.tr("Elevation"), self.elevation)
        form.addRow(self.tr("Background"), self.background)
        self._note = Note()
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        export = buttons.button(QDialogButtonBox.StandardButton.Ok)
        export.setText(self.tr("Export…"))
        export.setProperty("primary", True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(16)
        layout.addLayout(form)
        layout.addWidget(self._note)
        layout.addWidget(buttons)
        self.setMinimumWidth(340)
        self.kind.currentIndexChanged.connect(self._tell)
        self.frames.valueChanged.connect(self._tell)
        self._tell()

    @property
    def wish(self) -> TurntableWish:
        """What is chosen."""
        table = replace(
            self._start.table, frames=self.frames.value(), width=self.width_box.value(),
            height=self.height_box.value(), elevation=float(self.elevation.value()),
        )  # fmt: skip
        return TurntableWish(table, self.kind.currentIndex() == 1, str(self.background.currentData()))

    def _tell(self) -> None:
        count = self.frames.value()
        step = self.tr("A picture every {0:.3g} degrees").format(360 / count)
        lasts = self.tr(", {0:.1f} seconds at {1} a second").format(count / FRAMES_A_SECOND, FRAMES_A_SECOND)
        self._note.setText(step + (lasts if self.kind.currentIndex() == 1 else ""))


def _number(low: int, high: int, value: int, unit: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(low, high)
    box.setSuffix(unit)
    box.setValue(value)
    return box
