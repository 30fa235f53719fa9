"""How far each joint of many bodies may be: bars, the least certain joint first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from maskengines.subjects.pose_skeleton import JOINTS
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from maskstudio.canvas.pose_colours import joint_colour
from maskstudio.panels.style import STEP, tone
from maskstudio.window import theme

Array = np.ndarray[Any, Any]

ROW = 18
_BAR, _NAME, _NUMBER, _MARK = 6, 108, 56, 3


@dataclass(frozen=True)
class JointSpread:
    """A joint, how far it is from its mean place in millimetres, and whether it was painted over."""

    joint: int
    millimetres: float
    painted: bool


def widest_first(spread: Array, painted: Array) -> list[JointSpread]:
    """``(17,)`` millimetres and ``(17,)`` bool as rows; the hip, which all is told from, has none."""
    order = sorted(range(1, len(JOINTS)), key=lambda joint: (-spread[joint], joint))
    return [JointSpread(joint, float(spread[joint]), bool(painted[joint])) for joint in order]


def joint_words(joint: int) -> str:
    """``LWrist`` as ``Left wrist``."""
    name = JOINTS[joint]
    side = {"L": "Left ", "R": "Right "}.get(name[0], "") if name[1].isupper() else ""
    return f"{side}{name[1:].lower()}" if side else name


class SpreadBars(QWidget):
    """The first rows; `show_more` tells all of them. A painted joint has a dot of the mask's colour."""

    FEW = 5

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._all: list[JointSpread] = []
        self._more = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changes.switched.connect(self.update)

    @property
    def rows(self) -> Sequence[JointSpread]:
        """Those that are shown, from the top."""
        return self._all if self._more else self._all[: self.FEW]

    def show_spread(self, rows: Sequence[JointSpread]) -> None:
        """Show these in place of the last ones."""
        self._all = list(rows)
        self._tell()

    def show_more(self, more: bool) -> None:
        """Show all joints, or the first few."""
        self._more = more
        self._tell()

    def sizeHint(self) -> QSize:
        return QSize(200, ROW * len(self.rows))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPixelSize(12)
        painter.setFont(font)
        widest = max((row.millimetres for row in self._all), default=0.0)
        for number, row in enumerate(self.rows):
            _paint_row(painter, QRectF(0, number * ROW, self.width(), ROW), row, widest)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            at = event.pos().y() // ROW
            if 0 <= at < len(self.rows):
                QToolTip.showText(event.globalPos(), told(self.rows[at]), self)
            return True
        return super().event(event)

    def _tell(self) -> None:
        self.setAccessibleDescription("; ".join(told(row) for row in self.rows))
        self.updateGeometry()
        self.update()


def told(row: JointSpread) -> str:
    """A row in words."""
    painted = ", painted over" if row.painted else ""
    return f"{joint_words(row.joint)}: {row.millimetres:.0f} mm from its mean place{painted}"


def _paint_row(painter: QPainter, line: QRectF, row: JointSpread, widest: float) -> None:
    middle = line.center().y()
    left = line.left() + 4 * _MARK
    if row.painted:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.current().overlay))
        painter.drawEllipse(QPointF(line.left() + _MARK, middle), _MARK, _MARK)
    painter.setPen(tone("text"))
    sides = Qt.AlignmentFlag.AlignVCenter
    name = QRectF(left, line.top(), _NAME - left, line.height())
    painter.drawText(name, Qt.AlignmentFlag.AlignLeft | sides, joint_words(row.joint))
    number = QRectF(line.right() - _NUMBER, line.top(), _NUMBER, line.height())
    painter.drawText(number, Qt.AlignmentFlag.AlignRight | sides, f"{row.millimetres:.0f} mm")
    room = QRectF(_NAME + STEP, middle - _BAR / 2, line.width() - _NAME - _NUMBER - 2 * STEP, _BAR)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(tone("line"))
    painter.drawRoundedRect(room, _BAR / 2, _BAR / 2)
    if widest > 0:
        painter.setBrush(joint_colour(row.joint))
        filled = QRectF(room.left(), room.top(), max(_BAR, room.width() * row.millimetres / widest), _BAR)
        painter.drawRoundedRect(filled, _BAR / 2, _BAR / 2)
