"""The question asked once before a plugin runs."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from maskstudio.panels.style import STEP, Note

if TYPE_CHECKING:
    from maskengines.runtime.registry import RegisteredEngine


class TrustDialog(QDialog):
    """Names the plugin and its folder and says plainly what trusting it means. Declining is the default.
    ``news`` is a sentence on why it is asked again.
    """

    def __init__(
        self, title: str, folder: Path | None, parent: QWidget | None = None, *, news: str = ""
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Trust this plugin?"))
        self.setMinimumWidth(440)
        column = QVBoxLayout(self)
        column.setContentsMargins(5 * STEP, 5 * STEP, 5 * STEP, 4 * STEP)
        column.setSpacing(3 * STEP)
        heading = QLabel(self.tr("Run the plugin “{0}”?").format(title))
        font = heading.font()
        font.setPixelSize(17)
        font.setWeight(font.Weight.DemiBold)
        heading.setFont(font)
        column.addWidget(heading)
        changed = Note()
        changed.say(news, "warning")
        column.addWidget(changed)
        where = Note(str(folder) if folder else self.tr("Its folder is unknown."), "text")
        where.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(where)
        column.addWidget(
            Note(
                self.tr(
                    "A plugin is a program. It can read, change and send everything that you can on this "
                    "computer. Trust it only if you know where it comes from. If its files change, you "
                    "are asked again."
                )
            )
        )
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        self.decline = QPushButton(self.tr("Do not run"))
        self.decline.setDefault(True)
        self.decline.clicked.connect(self.reject)
        self.trust = QPushButton(self.tr("Trust and run"))
        self.trust.setAutoDefault(False)
        self.trust.clicked.connect(self.accept)
        buttons.addWidget(self.trust)
        buttons.addWidget(self.decline)
        column.addSpacing(STEP)
        column.addLayout(buttons)
        self.decline.setFocus()


def ask_to_trust(engine: RegisteredEngine, parent: QWidget | None = None) -> bool:
    """Show the question and return whether the user trusts the plugin."""
    from maskengines.errors import BadInput
    from maskengines.runtime import plugins

    news = ""
    with contextlib.suppress(BadInput):
        if plugins.find(engine.plugin).status == "changed":
            news = "Its files have changed since you trusted it."
    dialog = TrustDialog(engine.info.title, engine.location, parent, news=news)
    return dialog.exec() == QDialog.DialogCode.Accepted
