"""Small controls drawn in the studio's manner: a slim slider, a switch, a colour well, a quiet button."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QColorDialog,
    QFrame,
    QPushButton,
    QScrollArea,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from maskstudio.panels.style import CONTROL_HEIGHT, tone
from maskstudio.window.icons import icon


class _WheelGuard(QObject):
    """Lets the wheel scroll the panel instead of changing a value that nobody clicked on."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def guard_wheel(widget: QWidget) -> None:
    """The wheel changes ``widget`` only while it has the keyboard focus."""
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    widget.installEventFilter(_WheelGuard(widget))


class SlimSlider(QSlider):
    """A horizontal slider: thin track, round handle, jumps to where it is clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setFixedHeight(CONTROL_HEIGHT)
        self.setMinimumWidth(40)
        guard_wheel(self)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, CONTROL_HEIGHT)

    def _span(self) -> tuple[float, float]:
        return 7.0, max(8.0, self.width() - 7.0)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._follow(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self._follow(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.setSliderDown(False)

    def _follow(self, event: QMouseEvent) -> None:
        left, right = self._span()
        share = min(1.0, max(0.0, (event.position().x() - left) / (right - left)))
        self.setValue(round(self.minimum() + share * (self.maximum() - self.minimum())))

    def paintEvent(self, event: QPaintEvent) -> None:
        left, right = self._span()
        middle = self.height() / 2
        span = max(1, self.maximum() - self.minimum())
        at = left + (right - left) * (self.value() - self.minimum()) / span
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(1.0 if self.isEnabled() else 0.4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tone("line"))
        painter.drawRoundedRect(QRectF(left, middle - 1.5, right - left, 3), 1.5, 1.5)
        painter.setBrush(tone("second"))
        painter.drawRoundedRect(QRectF(left, middle - 1.5, at - left, 3), 1.5, 1.5)
        painter.setBrush(tone("text"))
        painter.setPen(QPen(tone("accent"), 2) if self.hasFocus() else QPen(tone("panel"), 2))
        painter.drawEllipse(QRectF(at - 6, middle - 6, 12, 12))


class Switch(QAbstractButton):
    """A boolean as a switch."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setFixedSize(36, CONTROL_HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        return QSize(36, CONTROL_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(1.0 if self.isEnabled() else 0.4)
        track = QRectF(2, (self.height() - 18) / 2, 32, 18)
        painter.setPen(QPen(tone("accent"), 1.5) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(tone("second") if self.isChecked() else tone("line"))
        painter.drawRoundedRect(track, 9, 9)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tone("panel") if self.isChecked() else tone("second"))
        at = track.right() - 16 if self.isChecked() else track.left() + 2
        painter.drawEllipse(QRectF(at, track.top() + 2, 14, 14))


class ColorWell(QAbstractButton):
    """A colour, shown as itself; a click opens the colour dialog."""

    picked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._color = QColor("#000000")
        self.setFixedHeight(CONTROL_HEIGHT)
        self.setMinimumWidth(64)
        self.clicked.connect(self._choose)

    def sizeHint(self) -> QSize:
        return QSize(96, CONTROL_HEIGHT)

    def color(self) -> str:
        return self._color.name()

    def set_color(self, name: str) -> None:
        color = QColor(name)
        if color.isValid():
            self._color = color
            self.update()

    def _choose(self) -> None:
        color = QColorDialog.getColor(self._color, self)
        if color.isValid():
            self.set_color(color.name())
            self.picked.emit(color.name())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(tone("accent") if self.hasFocus() else tone("line"), 1))
        painter.setBrush(self._color)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 3.5, -0.5, -3.5), 4, 4)


class QuietButton(QToolButton):
    """An icon without a frame until the pointer is over it."""

    def __init__(self, name: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.set_icon(name)
        self.setIconSize(QSize(16, 16))
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        self.setAutoRaise(True)
        self.setFixedSize(24, 24)

    def set_icon(self, name: str) -> None:
        """Show another icon of ``window.icons``."""
        self.setIcon(icon(name, "second"))


class PanelScroll(QScrollArea):
    """Scrolls its `column` vertically; as wide as the panel, as tall as its content if there is room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        content = self._content = QWidget()
        content.setObjectName("panelContent")
        content.setStyleSheet("#panelContent { background: transparent; }")
        self.column = QVBoxLayout(content)
        self.setWidget(content)
        self.viewport().setAutoFillBackground(False)

    def sizeHint(self) -> QSize:
        return self._content.sizeHint()

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 64)


class RunButton(QPushButton):
    """Runs; while a job is at work it is the way to stop it and shows how far it is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fraction: float | None = None
        self._working = False
        self.setMinimumHeight(32)
        self.set_idle()

    @property
    def working(self) -> bool:
        return self._working

    def set_idle(self) -> None:
        """Offer to run."""
        self._look(False, "Run")

    def set_working(self, fraction: float | None, text: str) -> None:
        """Offer to cancel; ``fraction`` 0..1 of the work is done, None while unknown."""
        self._fraction = fraction
        self._look(True, text)
        self.update()

    def _look(self, working: bool, text: str) -> None:
        if self.text() != text:
            self.setText(text)
        if self.property("primary") is working or self.property("primary") is None:
            self.setProperty("primary", not working)
            self.style().unpolish(self)
            self.style().polish(self)
        self._working = working

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._working or not self._fraction:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = QPainterPath()
        outline.addRoundedRect(QRectF(self.rect()), 6, 6)
        painter.setClipPath(outline)
        painter.fillRect(QRectF(0, self.height() - 3, self.width() * self._fraction, 3), tone("accent"))
