"""What is asked about models. Tests replace these functions, so each asks one thing."""

from __future__ import annotations

from pathlib import Path

from maskengines.weights.store.pulling import Offer
from maskengines.weights.store.space import size_words
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from maskstudio.panels.style import STEP, Note


class LicenceDialog(QDialog):
    """Shows under which terms a model comes, and how much is fetched. Declining is the default."""

    def __init__(self, offer: Offer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        licence = offer.licence
        self.setWindowTitle("Licence")
        self.resize(560, 440 if licence.text else 240)
        heading = QLabel(f"Agree to “{licence.name}”?" if licence.name else "No licence is stated")
        font = heading.font()
        font.setPixelSize(17)
        font.setWeight(font.Weight.DemiBold)
        heading.setFont(font)
        column = QVBoxLayout(self)
        column.setContentsMargins(5 * STEP, 5 * STEP, 5 * STEP, 4 * STEP)
        column.setSpacing(3 * STEP)
        column.addWidget(heading)
        column.addWidget(Note(f"{offer.id}, {size_words(offer.bytes)} to fetch from {offer.hub}", "text"))
        link = Note(licence.link or f"{offer.hub}/{offer.id}")
        link.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(link)
        if licence.text:
            self.text = QPlainTextEdit(licence.text)
            self.text.setReadOnly(True)
            column.addWidget(self.text, 1)
        else:
            column.addWidget(
                Note(
                    "The model brings no text of it along. Read it at this address before you agree.",
                    "warning",
                )
            )
            column.addStretch(1)
        column.addWidget(Note("You are asked once; what you agree to is written down."))
        self.decline = QPushButton("Do not fetch")
        self.decline.setDefault(True)
        self.decline.clicked.connect(self.reject)
        self.agree = QPushButton("Agree and fetch")
        self.agree.setAutoDefault(False)
        self.agree.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.agree)
        buttons.addWidget(self.decline)
        column.addLayout(buttons)
        self.decline.setFocus()


def ask_licence(parent: QWidget, offer: Offer) -> bool:
    """Whether the user agrees to the licence of a model."""
    return LicenceDialog(offer, parent).exec() == QDialog.DialogCode.Accepted


def ask_remove(parent: QWidget, name: str, count: int) -> bool:
    """Whether a model may be deleted."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle("Remove a model")
    box.setText(f"Remove “{name}”?")
    box.setInformativeText(f"Its files are deleted, which frees {size_words(count)}. This cannot be undone.")
    remove = box.addButton("Remove", QMessageBox.ButtonRole.DestructiveRole)
    keep = box.addButton("Keep", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.exec()
    return box.clickedButton() is remove


def ask_folder(parent: QWidget, folder: str) -> Path | None:
    """A folder with a model in it."""
    name = QFileDialog.getExistingDirectory(parent, "Import a model from a folder", folder)
    return Path(name) if name else None
