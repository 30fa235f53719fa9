"""The command palette: type a few letters, press Enter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from maskstudio.commands.fuzzy import search
from maskstudio.commands.registry import Command, CommandRegistry
from maskstudio.window import theme
from maskstudio.window.actions import shown_shortcut
from maskstudio.window.icons import icon

WIDTH, ROW = 560, 36
_Index = QModelIndex | QPersistentModelIndex
COMMAND = Qt.ItemDataRole.UserRole


class _Found(QAbstractListModel):
    def __init__(self) -> None:
        super().__init__()
        self.commands: list[Command] = []

    def show(self, commands: list[Command]) -> None:
        self.beginResetModel()
        self.commands = commands
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.commands)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        command = self.commands[index.row()]
        if role == COMMAND:
            return command
        if role == Qt.ItemDataRole.DisplayRole:
            return command.full_title
        if role == Qt.ItemDataRole.ToolTipRole:
            return command.reason or command.hint or None
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{command.full_title} {shown_shortcut(command)} {command.reason or ''}".strip()
        return None


class _Row(QStyledItemDelegate):
    """Icon, title, why it cannot run, and the shortcut at the right."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        colours = theme.current()
        command: Command = index.data(COMMAND)
        rect: QRect = option.rect.adjusted(4, 1, -4, -1)
        reason = command.reason
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.hover))
            painter.drawRoundedRect(rect, 6, 6)
        if command.icon:
            place = QRect(rect.x() + 10, rect.y() + (rect.height() - 18) // 2, 18, 18)
            icon(command.icon, "faint" if reason else "second").paint(painter, place)
        text = rect.adjusted(40, 0, -12, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        keys = shown_shortcut(command)
        metrics = painter.fontMetrics()
        painter.setPen(QColor(colours.second))
        painter.drawText(text, middle | Qt.AlignmentFlag.AlignRight, keys)
        painter.setPen(QColor(colours.faint if reason else colours.text))
        painter.drawText(text, middle, command.full_title)
        beside = reason or (f"{command.menu}" if command.menu else "")
        left = metrics.horizontalAdvance(command.full_title) + 12
        room = text.width() - left - metrics.horizontalAdvance(keys) - 12
        painter.setPen(QColor(colours.warning if reason else colours.faint))
        painter.drawText(
            text.adjusted(left, 0, 0, 0),
            middle,
            metrics.elidedText(beside, Qt.TextElideMode.ElideRight, room),
        )
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(WIDTH - 32, ROW)


class CommandPalette(QFrame):
    """Floats over the window; closes when it loses the focus."""

    def __init__(
        self, registry: CommandRegistry, parent: QWidget, more: Callable[[], list[Command]] = list
    ) -> None:
        """``more`` is asked at every key for commands of the moment, which no menu has."""
        super().__init__(parent)
        self._more = more
        self._over = parent
        self._had_focus: QWidget | None = None
        self.setObjectName("palette")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._registry = registry
        self.field = QLineEdit()
        self.field.setPlaceholderText("Type a command")
        self.field.setAccessibleName("Command")
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        self.list = QListView()
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._found = _Found()
        self.list.setModel(self._found)
        self.list.setItemDelegate(_Row(self.list))
        self.list.clicked.connect(self._run)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 4)
        layout.setSpacing(0)
        layout.addWidget(self.field)
        layout.addWidget(self.list)
        self.hide()

    @property
    def commands(self) -> list[Command]:
        """What is listed now, best first."""
        return self._found.commands

    def open(self) -> None:
        """Show it empty, ready to type."""
        parent = self._over
        self._had_focus = QApplication.focusWidget()
        width = min(WIDTH, parent.width() - 32)
        height = min(420, parent.height() - 96)
        self.setGeometry((parent.width() - width) // 2, 56, width, height)
        self.field.clear()
        self._search("")
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _give_back(self) -> None:
        """Hide, and let the keys go to where they went before: a viewport has some of its own."""
        self.hide()
        had = self._had_focus
        if had is not None and isValid(had) and had.isVisible():
            had.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._over.setFocus()

    def _search(self, text: str) -> None:
        commands = [command for command in self._registry if command.id != "help.palette"]
        found = search(text, commands + self._more())
        if not text.strip():
            found.sort(key=lambda command: command.reason is not None)
        self._found.show(found)
        self.list.setCurrentIndex(self._found.index(0))

    def _run(self, index: QModelIndex) -> None:
        if index.isValid():
            command: Command = index.data(COMMAND)
            self._give_back()
            if command.id in self._registry:
                self._registry.run(command.id)
            else:
                command.run()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut:
            self.hide()
        elif event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
        elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
        key = Qt.Key(event.key())
        if key in steps and self._found.commands:
            last = len(self._found.commands) - 1
            row = min(last, max(0, self.list.currentIndex().row() + steps[key]))
            self.list.setCurrentIndex(self._found.index(row))
            return True
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._run(self.list.currentIndex())
            return True
        if key == Qt.Key.Key_Escape:
            self._give_back()
            return True
        return False
