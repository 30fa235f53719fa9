"""The line at the bottom: zoom, size and depth, how much is masked, and what runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

if TYPE_CHECKING:
    from maskstudio.documents.document import Document

HEIGHT = 32


class StatusBar(QWidget):
    """Labels that change in place, with room for the jobs bar at the right."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("statusBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self.zoom = QLabel()
        self.size_text = QLabel()
        self.mask_text = QLabel()
        self.cursor_text = QLabel()
        self.zoom.setMinimumWidth(64)
        self.mask_text.setMinimumWidth(84)
        self.cursor_text.setMinimumWidth(96)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 0, 12, 0)
        self._row.setSpacing(10)
        self._lines: list[QFrame] = []
        for label in (self.zoom, self.size_text, self.mask_text, self.cursor_text):
            self._row.addWidget(label)
            if label is not self.cursor_text:
                line = QFrame()
                line.setObjectName("statusLine")
                line.setFixedSize(1, 14)
                self._lines.append(line)
                self._row.addWidget(line, 0, Qt.AlignmentFlag.AlignVCenter)
        self._row.addStretch(1)
        self.show_document(None)

    def add_right(self, widget: QWidget) -> None:
        """Place the jobs bar."""
        self._row.addWidget(widget)

    def show_document(self, document: Document | None) -> None:
        """Size, mode and depth of a document; nothing without one."""
        for line in self._lines[:-1]:
            line.setVisible(document is not None)
        if document is None:
            for label in (self.zoom, self.size_text, self.mask_text, self.cursor_text):
                label.clear()
            self._lines[-1].hide()
            return
        flat = document.kind != "scene"
        self.zoom.setVisible(flat)
        self._lines[0].setVisible(flat)
        self.size_text.setText(document.size_told())
        self.show_mask(document)

    def show_mask(self, document: Document) -> None:
        """Share of the image that is asked for."""
        self.mask_text.setText(document.asked_told())

    def show_zoom(self, scale: float) -> None:
        """Zoom in per cent."""
        self.zoom.setText(f"zoom {100 * scale:.0f} %")

    def show_cursor(self, point: QPoint | None) -> None:
        """Image pixel under the cursor; nothing outside the image."""
        self.cursor_text.setText("" if point is None else f"{point.x()}, {point.y()}")
        self._lines[-1].setVisible(point is not None)
