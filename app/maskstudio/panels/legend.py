"""The palette of a map with numbers under it."""

from __future__ import annotations

from typing import Any

import numpy as np
from maskengines.results.palettes import number
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QImage, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from maskstudio.panels.style import tone

BAR = 8
TEXT = 16


class MapLegend(QWidget):
    """From the lowest number to the highest; what is below the threshold is left out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bar = QImage()
        self._ends = (0.0, 1.0)
        self._from = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(160, BAR + TEXT + 2)

    def show_palette(self, palette: np.ndarray[Any, Any], ends: tuple[float, float]) -> None:
        """``(256, 3)`` uint8 RGB, and the numbers that its ends stand for."""
        row = np.ascontiguousarray(palette)
        self._bar = QImage(row.tobytes(), 256, 1, 768, QImage.Format.Format_RGB888).copy()
        self._ends = ends
        self.update()

    def cut(self, start: float) -> None:
        """Leave out what is below ``start`` (0..1 of the palette)."""
        self._from = start
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        outline = QPainterPath()
        bar = QRectF(0, 0, self.width(), BAR)
        outline.addRoundedRect(bar, 4, 4)
        painter.save()
        painter.setClipPath(outline)
        painter.drawImage(bar, self._bar)
        painter.fillRect(QRectF(0, 0, self._from * self.width(), BAR), tone("line"))
        painter.restore()
        font = QFont(self.font())
        font.setPixelSize(11)
        painter.setFont(font)
        painter.setPen(tone("second"))
        low, high = self._ends
        line = QRectF(0, BAR + 2, self.width(), TEXT)
        ends = [(low, Qt.AlignmentFlag.AlignLeft), (high, Qt.AlignmentFlag.AlignRight)]
        if low < 0 < high:
            ends.insert(1, (0.0, Qt.AlignmentFlag.AlignHCenter))
        for value, side in ends:
            painter.drawText(line, side | Qt.AlignmentFlag.AlignVCenter, short_number(value))


def short_number(value: float) -> str:
    """Three significant digits, with a real minus sign."""
    return number(value).replace("-", "−")  # noqa: RUF001
