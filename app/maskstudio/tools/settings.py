"""How the brush is set, shared by brush, eraser and the panel."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

MIN_SIZE, MAX_SIZE = 1.0, 2000.0
_STEPS = (1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9)
_SIZES = (*range(1, 10), *(step * scale for scale in (10, 100) for step in _STEPS), 1000, 1250, 1500, 2000)


class BrushSettings(QObject):
    """Size (diameter in image pixels, 1..2000), hardness and opacity (0..1).

    Signals:
        changed: any value is another one.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._size = 40.0
        self._hardness = 0.8
        self._opacity = 1.0
        self._pressure_sets_size = True

    @property
    def size(self) -> float:
        return self._size

    @size.setter
    def size(self, value: float) -> None:
        self._set("_size", min(max(float(value), MIN_SIZE), MAX_SIZE))

    @property
    def hardness(self) -> float:
        return self._hardness

    @hardness.setter
    def hardness(self, value: float) -> None:
        self._set("_hardness", min(max(float(value), 0.0), 1.0))

    @property
    def opacity(self) -> float:
        return self._opacity

    @opacity.setter
    def opacity(self, value: float) -> None:
        self._set("_opacity", min(max(float(value), 0.01), 1.0))

    @property
    def pressure_sets_size(self) -> bool:
        """Whether a pen's pressure scales the size; a mouse always presses fully."""
        return self._pressure_sets_size

    @pressure_sets_size.setter
    def pressure_sets_size(self, value: bool) -> None:
        self._set("_pressure_sets_size", bool(value))

    def larger(self) -> None:
        """The next larger round size: about an eighth to a quarter more, and `smaller` takes it back."""
        self.size = next((size for size in _SIZES if size > self._size + 1e-6), MAX_SIZE)

    def smaller(self) -> None:
        """The next smaller round size."""
        self.size = next((size for size in reversed(_SIZES) if size < self._size - 1e-6), MIN_SIZE)

    def _set(self, name: str, value: float | bool) -> None:
        if getattr(self, name) != value:
            setattr(self, name, value)
            self.changed.emit()
