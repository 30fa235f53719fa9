"""One editor per JSON schema type. An editor shows a value, gives it back and says when it changed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from maskstudio.panels.controls import ColorWell, QuietButton, SlimSlider, Switch, guard_wheel
from maskstudio.panels.style import CONTROL_HEIGHT

SLIDER_STEPS = 1000
NUMBER_SHEET = """
QAbstractSpinBox { padding: 0 4px; }
QAbstractSpinBox QLineEdit { padding: 0; border: none; min-height: 0; background: transparent; }
"""
"""The line inside a spin box has no frame of its own; the theme's frame for lines would hide the digits."""
INT_LIMIT = 2**31 - 1
LOG_RATIO = 200
"""Bounds further apart than this get a slider in equal ratios instead of equal steps."""


class FieldEditor(QWidget):
    """Base of the editors. ``changed`` is emitted for what the user does, not for `set_value`."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)

    def value(self) -> Any:
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        raise NotImplementedError


class NumberEditor(FieldEditor):
    """A number: a spin box, with a slider before it when both ends are known.

    The value is kept as it was given until the user edits it, so that showing 0.123456 with three
    decimals changes nothing.
    """

    def __init__(self, schema: Mapping[str, Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._integer = schema.get("type") == "integer"
        low, high, step, decimals = number_bounds(schema)
        self._ends = (low or 0.0, high or 0.0)
        self._value: float = 0
        self._slider: SlimSlider | None = None
        self._log = low is not None and high is not None and low > 0 and high / low >= LOG_RATIO
        if low is not None and high is not None:
            self._slider = SlimSlider()
            span = high - low
            count = round(span / step) if self._integer and span / step <= SLIDER_STEPS else SLIDER_STEPS
            self._slider.setRange(0, SLIDER_STEPS if self._log else max(1, count))
            self._slider.setPageStep(max(1, self._slider.maximum() // 10))
            self._slider.valueChanged.connect(self._slid)
            self._row.addWidget(self._slider, 1)
        self._spin: QSpinBox | QDoubleSpinBox
        if self._integer:
            self._spin = QSpinBox()
            self._spin.setRange(
                int(-INT_LIMIT if low is None else low), int(INT_LIMIT if high is None else high)
            )
            self._spin.setSingleStep(max(1, int(step)))
        else:
            self._spin = QDoubleSpinBox()
            self._spin.setDecimals(decimals)
            self._spin.setRange(-1e12 if low is None else low, 1e12 if high is None else high)
            self._spin.setSingleStep(step)
        self._spin.setFixedHeight(CONTROL_HEIGHT)
        self._spin.setKeyboardTracking(False)
        self._spin.setStyleSheet(NUMBER_SHEET)
        self._spin.setAlignment(Qt.AlignmentFlag.AlignRight)
        guard_wheel(self._spin)
        if self._slider:
            self._spin.setFixedWidth(58)
        self._row.addWidget(self._spin, 0 if self._slider else 1)
        self.setFocusProxy(self._spin)
        self._spin.valueChanged.connect(self._typed)

    def value(self) -> int | float:
        return int(self._value) if self._integer else float(self._value)

    def set_value(self, value: Any) -> None:
        self._value = value
        self._show()

    def _show(self) -> None:
        for widget in (self._spin, self._slider):
            if widget is not None:
                widget.blockSignals(True)
        self._spin.setValue(int(self._value) if self._integer else self._value)  # type: ignore[arg-type]
        if self._slider:
            self._slider.setValue(self._position(self._value))
        for widget in (self._spin, self._slider):
            if widget is not None:
                widget.blockSignals(False)

    def _position(self, value: float) -> int:
        low, high = self._ends
        value = min(high, max(low, value))
        share = math.log(value / low) / math.log(high / low) if self._log else (value - low) / (high - low)
        return round(share * self._slider.maximum()) if self._slider else 0

    def _slid(self, position: int) -> None:
        low, high = self._ends
        share = position / self._slider.maximum() if self._slider else 0.0
        value = low * (high / low) ** share if self._log else low + share * (high - low)
        step = self._spin.singleStep()
        value = round(value / step) * step if self._integer or not self._log else float(f"{value:.3g}")
        value = min(high, max(low, value))
        if not self._integer:
            value = round(value, 12)
        if value != self._value:
            self._value = value
            self._show()
            self.changed.emit()

    def _typed(self, value: float) -> None:
        self._value = value
        self._show()
        self.changed.emit()


class SwitchEditor(FieldEditor):
    """A boolean."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._switch = Switch()
        self._row.addStretch(1)
        self._row.addWidget(self._switch)
        self.setFocusProxy(self._switch)
        self._switch.clicked.connect(self.changed)

    def value(self) -> bool:
        return self._switch.isChecked()

    def set_value(self, value: Any) -> None:
        self._switch.setChecked(bool(value))


class ChoiceEditor(FieldEditor):
    """One of a few values, of any type."""

    def __init__(self, choices: list[Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices = choices
        self._combo = QComboBox()
        self._combo.setFixedHeight(CONTROL_HEIGHT)
        self._combo.setMinimumContentsLength(6)
        self._combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._combo.addItems([readable(choice) for choice in choices])
        guard_wheel(self._combo)
        self._row.addWidget(self._combo, 1)
        self.setFocusProxy(self._combo)
        self._combo.activated.connect(self.changed)

    def value(self) -> Any:
        return self._choices[self._combo.currentIndex()]

    def set_value(self, value: Any) -> None:
        if value in self._choices:
            self._combo.setCurrentIndex(self._choices.index(value))


class TextEditor(FieldEditor):
    """A string."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line = QLineEdit()
        self._line.setFixedHeight(CONTROL_HEIGHT)
        self._row.addWidget(self._line, 1)
        self.setFocusProxy(self._line)
        self._line.textEdited.connect(self.changed)

    def value(self) -> Any:
        return self._line.text()

    def set_value(self, value: Any) -> None:
        self._line.setText(str(value))

    def set_hint(self, text: str) -> None:
        """What stands in the empty field: what leaving it empty means."""
        self._line.setPlaceholderText(text)


class FolderEditor(TextEditor):
    """The name of a folder: typed, or chosen in a dialog."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._browse = QuietButton("open", "Choose a folder")
        self._browse.clicked.connect(self._choose)
        self._row.addWidget(self._browse)

    def _choose(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self.window(), "Choose a folder", self._line.text())
        if chosen:
            self._line.setText(chosen)
            self.changed.emit()


class JsonEditor(TextEditor):
    """A list or an object, written as JSON; what is not JSON is handed on as text and refused there."""

    def value(self) -> Any:
        try:
            return json.loads(self._line.text())
        except ValueError:
            return self._line.text()

    def set_value(self, value: Any) -> None:
        self._line.setText(json.dumps(value))


class ColorEditor(FieldEditor):
    """A colour as ``#rrggbb``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._well = ColorWell()
        self._row.addWidget(self._well, 1)
        self.setFocusProxy(self._well)
        self._well.picked.connect(self.changed)

    def value(self) -> str:
        return self._well.color()

    def set_value(self, value: Any) -> None:
        self._well.set_color(str(value))


class OptionalEditor(FieldEditor):
    """A value that may be absent: a switch before its editor."""

    def __init__(self, inner: FieldEditor, start: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._inner = inner
        self._inner.set_value(start)
        self._switch = Switch()
        self._switch.setToolTip("Off leaves the choice to the engine")
        self._row.addWidget(self._switch)
        self._row.addWidget(inner, 1)
        self._switch.clicked.connect(self._toggled)
        inner.changed.connect(self.changed)
        inner.setEnabled(False)

    def value(self) -> Any:
        return self._inner.value() if self._switch.isChecked() else None

    def set_value(self, value: Any) -> None:
        self._switch.setChecked(value is not None)
        self._inner.setEnabled(value is not None)
        if value is not None:
            self._inner.set_value(value)

    def _toggled(self, on: bool) -> None:
        self._inner.setEnabled(on)
        self.changed.emit()


def readable(choice: Any) -> str:
    """``"best_patch"`` reads as ``"Best patch"``."""
    text = str(choice).replace("_", " ").replace("-", " ").strip()
    return text[:1].upper() + text[1:] if text else "None"


def number_bounds(schema: Mapping[str, Any]) -> tuple[float | None, float | None, float, int]:
    """Lowest and highest value, step and decimals of a number's schema.

    An excluded end is moved inwards by one step, because a slider must be able to stand on its end.
    """
    integer = schema.get("type") == "integer"
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if schema.get("multipleOf"):
        step = float(schema["multipleOf"])
    elif integer:
        step = 1.0
    elif low is not None and high is not None and high > low:
        step = 10.0 ** math.floor(math.log10((high - low) / 50))
    else:
        step = 0.1
    decimals = 0 if integer else max(0, -math.floor(math.log10(step)))
    default = schema.get("default")
    if not integer and isinstance(default, float):
        decimals = min(6, max(decimals, len(repr(default).partition(".")[2].rstrip("0"))))
        step = min(step, 10.0**-decimals) if default and abs(default) < step else step
    if "minimum" not in schema and low is not None:
        low += step
    if "maximum" not in schema and high is not None:
        high -= step
    return low, high, step, decimals
