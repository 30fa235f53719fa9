"""The Qt side of the command registry: one QAction per command, shared by menus, keys and buttons."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from maskstudio.commands.registry import MENUS, Command, CommandRegistry
from maskstudio.window.icons import icon


class ActionSet(QObject):
    """Actions of a registry, kept in step with what can run; ``refreshed`` after each look.

    Commands that last while a key is held (``release``) get no shortcut here: the window watches those
    keys itself, because an action hears of the press only.
    """

    refreshed = Signal()

    def __init__(self, registry: CommandRegistry, owner: QWidget) -> None:
        super().__init__(owner)
        self.registry = registry
        self._actions: dict[str, QAction] = {}
        self._told: dict[str, str | None] = {}
        self._pending = QTimer(self, singleShot=True, interval=0)
        self._pending.timeout.connect(self.refresh)
        for command in registry:
            self._actions[command.id] = self._make(command, owner)
        self.refresh()

    def __getitem__(self, command_id: str) -> QAction:
        return self._actions[command_id]

    def fill_menus(self, bar: QMenuBar) -> dict[str, QMenu]:
        """Give a menu bar all menus; returns them by name."""
        menus = {}
        for name in MENUS:
            menu = menus[name] = bar.addMenu(f"&{name}")
            menu.setToolTipsVisible(True)
            menu.aboutToShow.connect(self.refresh)
            for group in self.registry.in_menu(name):
                if menu.actions():
                    menu.addSeparator()
                inner: dict[str, QMenu] = {}
                for command in group:
                    place = self._submenu(menu, command, inner) if command.submenu else menu
                    place.addAction(self._actions[command.id])
        return menus

    def _submenu(self, menu: QMenu, command: Command, inner: dict[str, QMenu]) -> QMenu:
        """The menu within ``menu`` for a command; made when it is the first there."""
        if command.submenu not in inner:
            made = inner[command.submenu] = menu.addMenu(command.submenu)
            made.setToolTipsVisible(True)
        return inner[command.submenu]

    def soon(self, *_: object) -> None:
        """Refresh once the current event is done; cheap to call often."""
        self._pending.start()

    def refresh(self) -> None:
        """Ask every command whether it can run and whether it is on."""
        for command in self.registry:
            action = self._actions[command.id]
            reason = command.reason
            if self._told.get(command.id, "") != reason:
                self._told[command.id] = reason
                action.setEnabled(reason is None)
                action.setToolTip(tooltip(command, reason))
            if command.checked is not None:
                action.setChecked(command.checked())
        self.refreshed.emit()

    def _make(self, command: Command, owner: QWidget) -> QAction:
        action = QAction(command.label, owner)
        action.setObjectName(command.id)
        if command.icon:
            action.setIcon(icon(command.icon))
        if command.release is None:
            action.setShortcuts([QKeySequence(each) for each in command.shortcuts])
        action.setCheckable(command.checked is not None)
        # A shortcut of a menu entry alone dies with a hidden menu bar; the window owns them all.
        owner.addAction(action)
        action.triggered.connect(lambda _on=False, name=command.id: self._run(name))
        return action

    def _run(self, command_id: str) -> None:
        self.registry.run(command_id)
        self.soon()


def tooltip(command: Command, reason: str | None) -> str:
    """Title, shortcut, and either what it does or why it cannot run."""
    keys = shown_shortcut(command)
    head = f"{command.full_title}  ({keys})" if keys else command.full_title
    tail = reason or command.hint
    return f"{head}\n{tail}" if tail else head


def shown_shortcut(command: Command) -> str:
    """The first shortcut as this platform writes it; empty without one."""
    if not command.shortcuts:
        return ""
    return QKeySequence(command.shortcuts[0]).toString(QKeySequence.SequenceFormat.NativeText)
