"""The 44-pixel strip of tools at the left."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from maskstudio.window.icons import SIZE, icon

WIDTH = 44


class ToolButton(QToolButton):
    """Mirrors an action, but draws its icon for the accent colour behind it while it is on."""

    def __init__(self, action: QAction, name: str) -> None:
        super().__init__()
        self._action = action
        self.setProperty("tool", True)
        self.setCheckable(True)
        self.setIcon(icon(name, on="accent_text"))
        self.setIconSize(QSize(SIZE, SIZE))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(action.text())
        self.clicked.connect(action.trigger)
        action.changed.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        self.setChecked(self._action.isChecked())
        self.setToolTip(self._action.toolTip())

    def nextCheckState(self) -> None:
        """A click on the tool in hand leaves it in hand."""


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

    def set_tools(self, tools: Iterable[tuple[QAction, str]], below: Iterable[QAction] = ()) -> None:
        """Show the tools (with their icons) from the top down, further commands at the lower end."""
        for place, (action, name) in enumerate(tools):
            self._group.addAction(action)
            button = ToolButton(action, name)
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
