"""The 44-pixel strip of tools at the left."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from maskstudio.window.icons import SIZE

WIDTH = 44


class ToolStrip(QWidget):
    """One button per tool command; exactly one is on."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("toolStrip")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(WIDTH)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(4, 8, 4, 8)
        self._layout.setSpacing(4)
        self._layout.addStretch(1)
        self._group = QActionGroup(self)

    def set_tools(self, tools: Iterable[QAction], below: Iterable[QAction] = ()) -> None:
        """Show the tools from the top down, and further commands at the lower end."""
        for place, action in enumerate(tools):
            self._group.addAction(action)
            button = self._button(action)
            button.setProperty("tool", True)
            self._layout.insertWidget(place, button)
        for action in below:
            self._layout.addWidget(self._button(action))

    @staticmethod
    def _button(action: QAction) -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(action)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        button.setIconSize(QSize(SIZE, SIZE))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(action.text())
        return button
