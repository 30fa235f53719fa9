"""The floating brush panel: size, hardness and opacity at a glance."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QLabel, QSlider, QSpinBox, QWidget

from maskstudio.tools.settings import MAX_SIZE, MIN_SIZE, BrushSettings

_SLIDER_STEPS = 400


class BrushOptions(QWidget):
    """Lies over a canvas at its top left; a number can be typed, a slider dragged.

    The size slider is logarithmic: small sizes are told apart as easily as large ones.
    """

    def __init__(self, settings: BrushSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._following = False
        self.setAccessibleName(self.tr("Brush"))
        self.setAttribute(Qt.WidgetAttribute.WA_NoMousePropagation)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 8, 8, 8)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        self.size_slider, self.size_number = self._row(
            grid,
            self.tr("Size"),
            limits=(int(MIN_SIZE), int(MAX_SIZE)),
            suffix=self.tr(" px"),
            typed=self._size_typed,
        )
        self.hardness_slider, self.hardness_number = self._row(
            grid, self.tr("Hardness"), limits=(0, 100), suffix=self.tr(" %"), typed=self._hardness_typed
        )
        self.opacity_slider, self.opacity_number = self._row(
            grid, self.tr("Opacity"), limits=(1, 100), suffix=self.tr(" %"), typed=self._opacity_typed
        )
        self.size_slider.setRange(0, _SLIDER_STEPS)
        self.size_slider.valueChanged.connect(self._size_dragged)
        self.hardness_slider.valueChanged.connect(self._hardness_typed)
        self.opacity_slider.valueChanged.connect(self._opacity_typed)
        settings.changed.connect(self._follow)
        self._follow()
        self.adjustSize()
        self.move(12, 12)

    def sizeHint(self) -> QSize:
        return QSize(max(264, super().sizeHint().width()), super().sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        raised = QColor(palette.color(palette.ColorRole.Button))
        raised.setAlpha(236)
        painter.setPen(QPen(palette.color(palette.ColorRole.Mid), 1))
        painter.setBrush(raised)
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.adjustSize()
        super().changeEvent(event)

    def _row(
        self,
        grid: QGridLayout,
        name: str,
        *,
        limits: tuple[int, int],
        suffix: str,
        typed: Callable[[int], None],
    ) -> tuple[QSlider, QSpinBox]:
        label = QLabel(name)
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(*limits)
        slider.setAccessibleName(name)
        slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        slider.setMinimumWidth(96)
        number = QSpinBox()
        number.setRange(*limits)
        number.setSuffix(suffix)
        number.setAccessibleName(name)
        number.setAlignment(Qt.AlignmentFlag.AlignRight)
        number.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        number.setFixedSize(72, 28)
        number.setKeyboardTracking(False)
        number.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        number.valueChanged.connect(typed)
        # A typed number is done with Enter; the keys belong to the canvas again.
        number.lineEdit().returnPressed.connect(self._give_back_focus)
        label.setBuddy(number)
        row = grid.rowCount()
        for column, widget in enumerate((label, slider, number)):
            grid.addWidget(widget, row, column)
        grid.setColumnStretch(1, 1)
        return slider, number

    def _give_back_focus(self) -> None:
        parent = self.parentWidget()
        if parent is not None:
            parent.setFocus(Qt.FocusReason.OtherFocusReason)

    def _size_dragged(self, step: int) -> None:
        if not self._following:
            size = MIN_SIZE * (MAX_SIZE / MIN_SIZE) ** (step / _SLIDER_STEPS)
            self._settings.size = round(size)

    def _size_typed(self, value: int) -> None:
        if not self._following:
            self._settings.size = value

    def _hardness_typed(self, value: int) -> None:
        if not self._following:
            self._settings.hardness = value / 100

    def _opacity_typed(self, value: int) -> None:
        if not self._following:
            self._settings.opacity = value / 100

    def _follow(self) -> None:
        self._following = True
        settings = self._settings
        share = math.log(settings.size / MIN_SIZE) / math.log(MAX_SIZE / MIN_SIZE)
        self.size_slider.setValue(round(share * _SLIDER_STEPS))
        self.size_number.setValue(round(settings.size))
        for slider, number, value in (
            (self.hardness_slider, self.hardness_number, settings.hardness),
            (self.opacity_slider, self.opacity_number, settings.opacity),
        ):
            slider.setValue(round(value * 100))
            number.setValue(round(value * 100))
        self._following = False
