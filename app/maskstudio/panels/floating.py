"""A card that lies over the canvas in its lower left corner."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from maskstudio.panels.style import MARGIN, RADIUS, tone

WIDTH = 300
NEARLY_OPAQUE = 240


class FloatingCard(QWidget):
    """Stays in the corner of whatever canvas it is laid over, as tall as its content."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_NoMousePropagation)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setFixedWidth(WIDTH)

    def lay_over(self, canvas: QWidget | None) -> None:
        """Move to another canvas; with none there is nowhere to show."""
        before = self.parentWidget()
        if canvas is before:
            return
        shown = not self.isHidden()
        if before is not None:
            before.removeEventFilter(self)
        self.setParent(canvas)
        if canvas is not None:
            canvas.installEventFilter(self)
            self.setVisible(shown)
            self.settle()

    def settle(self) -> None:
        """Take the size that the content needs, and the place in the corner."""
        canvas = self.parentWidget()
        if canvas is None:
            return
        room = canvas.height() - 2 * MARGIN
        layout, wanted = self.layout(), self.sizeHint().height()
        if layout is not None:
            layout.activate()
            # What wraps is as tall as this width makes it, not as its own idea of a good width would.
            wanted = layout.totalHeightForWidth(WIDTH) if layout.hasHeightForWidth() else wanted
        self.resize(WIDTH, min(room, wanted))
        self.move(MARGIN, canvas.height() - MARGIN - self.height())
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.settle()
        return False

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            done = super().event(event)
            self.settle()
            return done
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        raised = QColor(tone("raised"))
        raised.setAlpha(NEARLY_OPAQUE)
        painter.setPen(QPen(tone("line"), 1))
        painter.setBrush(raised)
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
