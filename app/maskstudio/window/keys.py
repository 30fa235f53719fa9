"""Keys that shortcuts alone get wrong: held ones, typing in fields, and reasons for a dead key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from maskstudio.commands.registry import Command

if TYPE_CHECKING:
    from maskstudio.window.main_window import MainWindow

FIELDS = (QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit, QTextEdit)
_QUIET = ("Return", "Enter", "Esc", "Del")
"""Keys that mean other things too; any other was meant for its command."""
_FIELD_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab, Qt.Key.Key_Delete)


class KeyWatcher(QObject):
    """Looks at the keys of one window before Qt's shortcuts do.

    - A command with ``release`` starts at the press and ends at the release of its key.
    - In a field, Enter, Tab and Delete belong to the field; on a button of the panels Tab moves on.
    - A shortcut whose command cannot run says why instead of doing nothing.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._held: tuple[int, Command] | None = None
        app = QApplication.instance()
        assert app is not None
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.WindowDeactivate and watched is self._window:
            self._let_go()
        if kind not in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            return False
        if not isinstance(event, QKeyEvent) or not isinstance(watched, QWidget):
            return False
        if watched.window() is not self._window:
            return False
        if kind == QEvent.Type.ShortcutOverride:
            if self._belongs_to_field(watched, event):
                event.accept()
            return False
        if kind == QEvent.Type.KeyRelease:
            return self._release(event)
        return self._press(watched, event)

    def _belongs_to_field(self, watched: QWidget, event: QKeyEvent) -> bool:
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if isinstance(watched, FIELDS):
            return plain and event.key() in _FIELD_KEYS
        inside = self._window.side.isAncestorOf(watched) or self._window.top.isAncestorOf(watched)
        return plain and event.key() == Qt.Key.Key_Tab and (inside or isinstance(watched, QAbstractButton))

    def _press(self, watched: QWidget, event: QKeyEvent) -> bool:
        if self._held is not None and event.key() == self._held[0]:
            return True
        name = _name(event)
        command = self._window.registry.for_shortcut(name)
        if command is None or (isinstance(watched, FIELDS) and event.text().isprintable() and event.text()):
            return False
        if command.release is not None:
            if not event.isAutoRepeat() and self._window.registry.run(command.id):
                self._held = (event.key(), command)
            return True
        if command.reason is not None and name not in _QUIET and not event.isAutoRepeat():
            self._window.registry.run(command.id)
            return True
        return False

    def _release(self, event: QKeyEvent) -> bool:
        if self._held is None or event.key() != self._held[0]:
            return False
        if not event.isAutoRepeat():
            self._let_go()
        return True

    def _let_go(self) -> None:
        if self._held is not None:
            command, self._held = self._held[1], None
            if command.release is not None:
                command.release()


def _name(event: QKeyEvent) -> str:
    """The key sequence of an event as the registry writes it."""
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if event.key() in (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, 0):
        return "none"
    return QKeySequence(int(event.key()) | modifiers.value).toString(QKeySequence.SequenceFormat.PortableText)
