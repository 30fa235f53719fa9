"""Dialogs to read: shortcuts, this machine, about."""

from __future__ import annotations

from importlib.metadata import version

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from maskstudio.commands.fuzzy import search
from maskstudio.commands.registry import CommandRegistry
from maskstudio.window.actions import shown_shortcut
from maskstudio.window.icons import app_icon


class ShortcutsDialog(QDialog):
    """Every command that has a key, with a field to narrow the list."""

    def __init__(self, registry: CommandRegistry, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.resize(520, 560)
        self._registry = registry
        self.field = QLineEdit()
        self.field.setPlaceholderText("Find")
        self.field.setAccessibleName("Find a shortcut")
        self.field.textChanged.connect(self._fill)
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels(["Menu", "Command", "Keys"])
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(30)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(self.field)
        layout.addWidget(self.table)
        self._fill("")

    def _fill(self, text: str) -> None:
        commands = [command for command in search(text, self._registry) if command.shortcuts]
        self.table.setRowCount(len(commands))
        for row, command in enumerate(commands):
            first = shown_shortcut(command)
            keys = " or ".join([first, *command.shortcuts[1:]]) + (" (hold)" if command.release else "")
            for column, cell in enumerate((command.menu or "", command.full_title, keys)):
                self.table.setItem(row, column, QTableWidgetItem(cell))


class DoctorDialog(QDialog):
    """The report of ``maskstudio doctor``."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("About this machine")
        self.resize(640, 480)
        self.text = QPlainTextEdit("Looking around…")
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text.toPlainText()))
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(self.text)
        layout.addWidget(buttons)

    @staticmethod
    def collect() -> str:
        """The report as text; a few hundred milliseconds, off the GUI thread."""
        import contextlib
        import io

        from maskstudio.cli import main

        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            main(["doctor"])
        return out.getvalue()

    def show_text(self, text: str) -> None:
        """Put the report in, unless the dialog was closed meanwhile."""
        import shiboken6

        if shiboken6.isValid(self.text):
            self.text.setPlainText(text)


class AboutDialog(QDialog):
    """Name, version and licence."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("About MaskStudio")
        picture = QLabel()
        picture.setPixmap(app_icon().pixmap(72, 72))
        name = QLabel("MaskStudio")
        name.setObjectName("startTitle")
        text = QLabel(
            f"Version {version('maskstudio')}\n\nA mask is a question: what is visible is given,\n"
            "what is masked is asked. Engines answer.\n\nApache License 2.0"
        )
        text.setObjectName("startText")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(40, 32, 40, 24)
        layout.setSpacing(12)
        for label in (picture, name, text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(label)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.setCenterButtons(True)
        buttons.rejected.connect(self.close)
        layout.addWidget(buttons)
