"""What belongs to many bodies at once: how many there are, where they differ, and the way to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from maskengines.contract import Candidate
from maskengines.errors import BadInput
from maskengines.subjects.pose import ASKED, PoseSubject
from maskengines.subjects.pose_skeleton import COUNT
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from maskstudio.panels.controls import QuietButton
from maskstudio.panels.facts import FactRows
from maskstudio.panels.hypotheses_view import Fan, fan_of
from maskstudio.panels.spread_bars import SpreadBars, widest_first
from maskstudio.panels.style import STEP, Note
from maskstudio.window.icons import icon

if TYPE_CHECKING:
    from maskstudio.documents.document import Document

Array = np.ndarray[Any, Any]


class HypothesesCard(QWidget):
    """Says what an answer of kind ``hypotheses`` holds.

    Signals:
        export_wanted: the user wants the answer in a file.
    """

    export_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fan: Fan | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(STEP)
        head = QHBoxLayout()
        head.setSpacing(STEP)
        self._title = Note("", "text")
        head.addWidget(self._title, 1)
        self.export_button = QuietButton("export", self.tr("Write the chosen body or all of them to a file"))
        self.export_button.setFixedSize(28, 28)
        self.export_button.clicked.connect(self.export_wanted)
        head.addWidget(self.export_button)
        column.addLayout(head)
        self._chosen = Note()
        column.addWidget(self._chosen)
        self.bars = SpreadBars()
        self.bars.setAccessibleName(self.tr("Spread of each joint"))
        column.addWidget(self.bars)
        self.unfold = QPushButton(self.tr("All joints"))
        self.unfold.setProperty("quiet", True)
        self.unfold.setStyleSheet("QPushButton { padding: 0 8px 0 0; text-align: left; }")
        self.unfold.setCheckable(True)
        self.unfold.toggled.connect(self._show_more)
        column.addWidget(self.unfold)
        self._facts = FactRows()
        column.addWidget(self._facts)
        self._show_more(False)

    def begin(self, document: Document, candidate: Candidate) -> None:
        """Show a candidate of kind ``hypotheses``."""
        try:
            fan = self._fan = fan_of(candidate)
        except BadInput as error:
            self._fan = None
            self._title.say(error.message, "error")
            self._tell({})
            self.bars.show_spread(())
            return
        held = fan.hypotheses
        self._title.say(self._counted(len(held.poses), len(fan.medoids)), "text")
        self.bars.show_spread(widest_first(held.spread(), painted_joints(document)))
        self._tell({**held.facts, **{_words(name): value for name, value in candidate.metrics.items()}})

    def choose(self, index: int | None) -> None:
        """Say which body is chosen, by its number among the hypotheses."""
        fan = self._fan
        if fan is None or index is None:
            self._chosen.say("")
            return
        weight = fan.standing_for(index).weight
        self._chosen.say(self.tr("Body {0} stands for {1:.0f} % of them").format(index + 1, 100 * weight))

    def _counted(self, count: int, few: int) -> str:
        if count == 1:
            return self.tr("1 body")
        stand = self.tr("one stands") if few == 1 else self.tr("{0} stand").format(few)
        return self.tr("{0} bodies: {1} for all").format(count, stand)

    def _tell(self, facts: dict[str, float | int | str]) -> None:
        self.export_button.setEnabled(self._fan is not None)
        self.unfold.setVisible(self._fan is not None)
        self._facts.show_facts(facts)
        self._chosen.say("")
        self._show_more(self.unfold.isChecked())

    def _show_more(self, more: bool) -> None:
        self.unfold.setIcon(icon("down" if more else "next", "second"))
        self.bars.show_more(more)
        self._facts.setVisible(more and not self._facts.empty)


def painted_joints(document: Document) -> Array:
    """``(17,)`` bool: joints whose evidence the paint over a pose has taken or replaced."""
    pose, masks = document.question()
    if not isinstance(pose, PoseSubject):
        return np.zeros(COUNT, bool)
    asked = masks.get("joints")
    painted: Array = pose.painted.copy()
    return painted if asked is None else painted | (asked >= ASKED)


def _words(name: str) -> str:
    """``spread_mm`` as ``Spread (mm)``."""
    said, _, unit = name.rpartition("_")
    plain = f"{said} ({unit})" if unit in ("mm", "px") else name
    return plain.replace("_", " ").capitalize()
