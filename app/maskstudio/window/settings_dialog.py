"""The settings of the window; every change shows at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskengines.runtime.paths import config_folder
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from maskstudio.window.graphics_card import trial_file

if TYPE_CHECKING:
    from maskstudio.window.main_window import MainWindow


class SettingsDialog(QDialog):
    """Theme, overlay colour and opacity, and whether the graphics card may draw."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.setWindowTitle("Settings")
        self._window = window
        settings = window.settings
        self.theme = QComboBox()
        self.theme.addItem("Dark", "dark")
        self.theme.addItem("Light", "light")
        self.theme.setCurrentIndex(self.theme.findData(settings.theme))
        self.theme.currentIndexChanged.connect(lambda: window.look.set_theme(self.theme.currentData()))
        self.colour = QPushButton()
        self.colour.setFixedWidth(64)
        self.colour.setAccessibleName("Mask colour")
        self.colour.clicked.connect(self._ask_colour)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(5, 100)
        self.opacity.setValue(round(100 * settings.overlay_opacity))
        self.opacity.setAccessibleName("Mask opacity")
        self._percent = QLabel()
        self._percent.setMinimumWidth(44)
        self.opacity.valueChanged.connect(self._take)
        self.card = QCheckBox("Draw scenes, where there is one")
        self.card.setChecked(settings.use_graphics_card)
        self.card.setToolTip("Takes effect when the studio is started again.")
        self.card.toggled.connect(self._use_card)
        form = QFormLayout()
        form.setHorizontalSpacing(24)
        form.setVerticalSpacing(12)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.addRow("Theme", self.theme)
        form.addRow("Mask colour", self.colour)
        form.addRow("Mask opacity", _beside(self.opacity, self._percent))
        form.addRow("Graphics card", self.card)
        place = QLabel(f"Settings are kept in {config_folder()}")
        place.setObjectName("secondText")
        place.setWordWrap(True)
        place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(20)
        layout.addLayout(form)
        layout.addWidget(place)
        layout.addWidget(buttons)
        self.setMinimumWidth(420)
        self._show()

    def _ask_colour(self) -> None:
        old = QColor(self._window.settings.overlay_colour)
        colour = QColorDialog.getColor(old, self, "Mask colour")
        if colour.isValid():
            self._window.look.set_overlay(colour, self.opacity.value() / 100)
            self._show()

    def _take(self) -> None:
        colour = QColor(self._window.settings.overlay_colour)
        self._window.look.set_overlay(colour, self.opacity.value() / 100)
        self._show()

    def _use_card(self, wanted: bool) -> None:
        settings = self._window.settings
        settings.use_graphics_card = wanted
        settings.save()
        if wanted:
            trial_file().unlink(missing_ok=True)

    def _show(self) -> None:
        self._percent.setText(f"{self.opacity.value()} %")
        self.colour.setStyleSheet(f"background: {self._window.settings.overlay_colour}")


def _beside(*widgets: QWidget) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(12)
    for widget in widgets:
        layout.addWidget(widget)
    return row
