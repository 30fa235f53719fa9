"""Names and values, one pair a line."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from maskstudio.panels.legend import short_number
from maskstudio.panels.style import STEP, Note


class FactRows(QWidget):
    """Names in the second colour at the left, values at the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2 * STEP)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(1, 1)

    @property
    def empty(self) -> bool:
        """There is nothing to tell."""
        return not self._grid.count()

    def show_facts(self, facts: Mapping[str, float | int | str]) -> None:
        """Tell these in place of the last ones."""
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for row, (name, value) in enumerate(facts.items()):
            said = QLabel(short_number(value) if isinstance(value, float) else str(value))
            said.setAlignment(Qt.AlignmentFlag.AlignRight)
            said.setWordWrap(True)
            said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            known = Note(name)
            known.setWordWrap(False)
            self._grid.addWidget(known, row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(said, row, 1)
