"""Selects Gaussians by colour, size and opacity; what it would be is tinted in the viewport at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from maskengines.subjects.gaussians import Gaussians
from maskengines.subjects.splat_edits import mean_colour
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from maskstudio.panels.controls import ColorWell, SlimSlider
from maskstudio.panels.style import Note
from maskstudio.window.selection_flow import ALIKE

if TYPE_CHECKING:
    from maskstudio.window.scene_tab import SceneTab

Array = np.ndarray[Any, Any]

_STEPS = 200
_LEAST, _MOST = 0.05, 0.95
"""Quantiles of what is selected that are proposed."""


class RangeRow(QWidget):
    """From and to, in values that the scene has: equal steps of the sliders are equally many Gaussians.

    Args:
        values: ``(N,)`` of all Gaussians, N > 0.

    Signals:
        changed: `limits` are others.
    """

    changed = Signal()

    def __init__(self, values: Array, name: str) -> None:
        super().__init__()
        self._marks = np.quantile(values, np.linspace(0, 1, _STEPS + 1))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.least, self.most = SlimSlider(), SlimSlider()
        self._told = QLabel()
        self._told.setFixedWidth(132)
        self._told.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for slider, words in ((self.least, self.tr("{0}, from")), (self.most, self.tr("{0}, to"))):
            slider.setRange(0, _STEPS)
            slider.setAccessibleName(words.format(name))
            slider.setToolTip(words.format(name))
            slider.valueChanged.connect(self._moved)
            row.addWidget(slider, 1)
        row.addWidget(self._told)
        self.most.setValue(_STEPS)
        self._moved()

    @property
    def limits(self) -> tuple[float, float]:
        """Least and most; in order, whichever slider is farther to the right. The ends of the sliders are
        wide enough for all."""
        low, high = sorted((self.least.value(), self.most.value()))
        marks = self._marks
        return float(marks[low]) * (1 - 1e-6), float(marks[high]) * (1 + 1e-6)

    def propose(self, values: Array) -> None:
        """The usual range of some Gaussians."""
        low, high = np.quantile(values, [_LEAST, _MOST])
        self.least.setValue(int(np.searchsorted(self._marks, low, side="right")) - 1)
        self.most.setValue(int(np.searchsorted(self._marks, high)))

    def _moved(self) -> None:
        self._told.setText("{:.3g} to {:.3g}".format(*self.limits))
        self.changed.emit()


class LooksDialog(QDialog):
    """While it is open the viewport shows what would be selected; cancelled, nothing was."""

    def __init__(self, parent: QWidget, tab: SceneTab) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Select by looks"))
        self._tab = tab
        work = tab.document.work
        gaussians = work.scene.gaussians
        assert gaussians is not None
        self._asked: dict[str, Any] | None = None
        self._found: tuple[dict[str, Any], Array] | None = None
        self._accepting = False
        self._build(gaussians)
        chosen = work.selected & work.free
        self.well.set_color(QColor.fromRgbF(*mean_colour(gaussians, chosen)).name())
        if chosen.any():
            picked = gaussians.take(chosen)
            self.sizes.propose(_sizes(picked))
            self.opacities.propose(picked.alphas)
        # What is proposed does not count before it is touched.
        self.sizes.changed.connect(self._touched("sizes"))
        self.opacities.changed.connect(self._touched("opacities"))
        self._ticks["colour"].setChecked(True)
        self._try()

    def _build(self, gaussians: Gaussians) -> None:
        self.well = ColorWell()
        self.well.picked.connect(self._touched("colour"))
        self.within = SlimSlider()
        self.within.setRange(1, 100)
        self.within.setValue(round(ALIKE))
        self.within.setToolTip(self.tr("How far colours may be from it (distance in CIELAB)"))
        self.within.setAccessibleName(self.tr("Colours that are alike"))
        self.within.valueChanged.connect(self._touched("colour"))
        colour = QWidget()
        row = QHBoxLayout(colour)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.well)
        row.addWidget(self.within, 1)
        self.sizes = RangeRow(_sizes(gaussians), self.tr("Size"))
        self.opacities = RangeRow(gaussians.alphas, self.tr("Opacity"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        self._ticks: dict[str, QCheckBox] = {}
        rows = (
            ("colour", self.tr("Colour"), colour),
            ("sizes", self.tr("Size"), self.sizes),
            ("opacities", self.tr("Opacity"), self.opacities),
        )
        for number, (name, title, widget) in enumerate(rows):
            tick = self._ticks[name] = QCheckBox(title)
            tick.toggled.connect(self._try)
            grid.addWidget(tick, number, 0)
            grid.addWidget(widget, number, 1)
        self.how = QComboBox()
        for word, title in (
            ("replace", self.tr("Select these")),
            ("add", self.tr("Add these to the selection")),
            ("subtract", self.tr("Take these away from the selection")),
            ("intersect", self.tr("Keep these of the selection")),
        ):
            self.how.addItem(title, word)
        self.how.currentIndexChanged.connect(self._try)
        self._count = Note()
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.button(QDialogButtonBox.StandardButton.Ok).setText(self.tr("Select"))
        buttons.button(QDialogButtonBox.StandardButton.Ok).setProperty("primary", True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(16)
        layout.addLayout(grid)
        layout.addWidget(self.how)
        layout.addWidget(self._count)
        layout.addWidget(buttons)
        self.setMinimumWidth(460)

    def _touched(self, name: str) -> Any:
        """What a control of a row does: it counts from now on."""

        def touched(*_: object) -> None:
            self._ticks[name].setChecked(True)
            self._try()

        return touched

    # --- what is asked for ----------------------------------------------------------------------

    @property
    def looks(self) -> dict[str, Any]:
        """As `maskengines.scene.selecting` reads it."""
        found: dict[str, Any] = {}
        if self._ticks["colour"].isChecked():
            colour = QColor(self.well.color())
            found["colour"] = [colour.redF(), colour.greenF(), colour.blueF(), self.within.value()]
        if self._ticks["sizes"].isChecked():
            found["sizes"] = list(self.sizes.limits)
        if self._ticks["opacities"].isChecked():
            found["opacities"] = list(self.opacities.limits)
        return found

    @property
    def _wish(self) -> dict[str, Any]:
        return {"looks": self.looks, "how": self.how.currentData()}

    def _try(self, *_: object) -> None:
        if self._asked is None and (self._found is None or self._found[0] != self._wish):
            wish = self._wish
            if self._tab.asking.try_looks(wish["looks"], wish["how"], self._answered):
                self._asked = wish

    def _answered(self, selected: Array) -> bool:
        asked, self._asked = self._asked, None
        if asked is not None:
            self._found = asked, selected
            self._tab.preview_selection(selected)
            self._count.setText(self.tr("{0} Gaussians").format(f"{int(selected.sum()):,}"))
            self._try()
        if self._accepting and self._asked is None:
            self.accept()
        return True

    # --- the end --------------------------------------------------------------------------------

    def accept(self) -> None:
        """Select it, once what was asked for last is known."""
        self._accepting = True
        self._try()
        if self._asked is None and self._found is not None and self._found[0] == self._wish:
            self._tab.document.change(self.tr("Select by looks"), selected=self._found[1])
            super().accept()

    def done(self, result: int) -> None:
        self._asked = self._found = None
        self._accepting = False
        self._tab.preview_selection(None)
        super().done(result)


def _sizes(gaussians: Gaussians) -> Array:
    """``(N,)``: the longest standard deviation of each, in scene units."""
    sizes: Array = np.exp(gaussians.scales.max(axis=1))
    return sizes
