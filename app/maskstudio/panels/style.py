"""Sizes of the panels, and small text in the quiet colours of the theme."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from maskstudio.window import theme

CONTROL_HEIGHT = 28
STEP = 4
MARGIN = 12
RADIUS = 6


def tone(role: str) -> QColor:
    """The theme's colour of a role (``text``, ``second``, ``line``, ...)."""
    return theme.current().colour(role)


def blended(first: QColor, second: QColor, share: float) -> QColor:
    """``first`` with ``share`` (0..1) of ``second`` mixed in."""
    pairs = ((first.red(), second.red()), (first.green(), second.green()), (first.blue(), second.blue()))
    return QColor(*(round((1 - share) * a + share * b) for a, b in pairs))


class Note(QLabel):
    """A line of text in one of the theme's colours; wraps, and follows a theme switch."""

    def __init__(self, text: str = "", role: str = "second", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._role = role
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        theme.changes.switched.connect(self._tint)
        self._tint()

    @property
    def role(self) -> str:
        return self._role

    def set_role(self, role: str) -> None:
        """Change the colour, for example to ``warning`` or ``error``."""
        if role != self._role:
            self._role = role
            self._tint()

    def say(self, text: str, role: str = "second") -> None:
        """Show ``text``; an empty one hides the line."""
        self.setText(text)
        self.set_role(role)
        self.setVisible(bool(text))

    def _tint(self) -> None:
        self.setStyleSheet(f"color: {tone(self._role).name()}; background: transparent;")
