"""Commands as data: one registry feeds menus, keys, toolbar, palette and docs.

The shape follows the idea of app-model (an action is a description plus a callback, and whoever shows
it reads the same description). Nothing here imports Qt, so the docs and most tests need no window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

MENUS = ("File", "Edit", "Mask", "Tools", "View", "Pose", "Scene", "Engine", "Help")
"""Menus from left to right."""


@dataclass(frozen=True, eq=False)
class Command:
    """Something a user can ask for.

    Attributes:
        id: dotted name, ``menu.verb``; stable, used by tests and settings.
        title: as menus and the palette show it, without ``...`` and without a shortcut.
        run: does it. Called only while `reason` is None.
        menu: one of `MENUS`; ``None`` keeps it out of the menus (the palette still finds it).
        group: commands of one menu with different groups are parted by a line, in order of appearance.
        shortcuts: key sequences as Qt writes them (``"Ctrl+Shift+S"``); the first is shown.
        icon: name of an icon, see ``window.icons``.
        enabled: returns None when the command can run, else one short sentence why not and what to do.
        checked: for commands that are on or off: tells which. None for the others.
        release: for commands that last while the key is held: ends them.
        asks: a dialog follows, menus show an ellipsis.
        words: further words the palette finds it by.
        submenu: entry of the menu that it is found under; the palette and the docs say it before the title.
        hint: one sentence for the tooltip and the docs, where the title says too little.
    """

    id: str
    title: str
    run: Callable[[], object]
    menu: str | None = None
    group: str = ""
    shortcuts: tuple[str, ...] = ()
    icon: str | None = None
    enabled: Callable[[], str | None] | None = None
    checked: Callable[[], bool] | None = None
    release: Callable[[], object] | None = None
    asks: bool = False
    words: str = ""
    hint: str = ""
    submenu: str = ""

    @property
    def full_title(self) -> str:
        """The title where no menu around it says the rest: ``"Generate mask: box"``."""
        return f"{self.submenu}: {self.title[:1].lower()}{self.title[1:]}" if self.submenu else self.title

    @property
    def reason(self) -> str | None:
        """Why the command cannot run now; None when it can."""
        return self.enabled() if self.enabled is not None else None

    @property
    def label(self) -> str:
        """The title with an ellipsis where a dialog follows."""
        return f"{self.title}…" if self.asks else self.title


class CommandRegistry:
    """All commands of a window, in the order they were added."""

    def __init__(self, commands: Iterable[Command] = ()) -> None:
        self._commands: dict[str, Command] = {}
        self._by_key: dict[str, Command] = {}
        self.refused: Callable[[Command, str], object] | None = None
        """Told of a command that was asked for while it could not run, and the reason."""
        for command in commands:
            self.add(command)

    def add(self, command: Command) -> None:
        """Register a command.

        Raises:
            ValueError: the id or one of the shortcuts is taken, or the menu is unknown.
        """
        if command.id in self._commands:
            raise ValueError(f"Two commands are called '{command.id}'.")
        if command.menu is not None and command.menu not in MENUS:
            raise ValueError(f"'{command.id}' names an unknown menu '{command.menu}'.")
        for shortcut in command.shortcuts:
            other = self._by_key.get(normal_shortcut(shortcut))
            if other is not None:
                raise ValueError(f"'{command.id}' and '{other.id}' both want {shortcut}.")
        self._commands[command.id] = command
        for shortcut in command.shortcuts:
            self._by_key[normal_shortcut(shortcut)] = command

    def __iter__(self) -> Iterator[Command]:
        return iter(self._commands.values())

    def __len__(self) -> int:
        return len(self._commands)

    def __contains__(self, command_id: object) -> bool:
        return command_id in self._commands

    def __getitem__(self, command_id: str) -> Command:
        return self._commands[command_id]

    def for_shortcut(self, shortcut: str) -> Command | None:
        """The command a key sequence stands for."""
        return self._by_key.get(normal_shortcut(shortcut))

    def in_menu(self, menu: str) -> list[list[Command]]:
        """Commands of a menu, one list a group; groups in order of first appearance."""
        groups: dict[str, list[Command]] = {}
        for command in self:
            if command.menu == menu:
                groups.setdefault(command.group, []).append(command)
        return list(groups.values())

    def run(self, command_id: str) -> bool:
        """Run a command if it can run now; otherwise tell `refused` why not. Returns whether it ran."""
        command = self._commands[command_id]
        reason = command.reason
        if reason is not None:
            if self.refused is not None:
                self.refused(command, reason)
            return False
        command.run()
        return True


def normal_shortcut(shortcut: str) -> str:
    """One spelling per key sequence: ``"shift+ctrl+Z"`` and ``"Ctrl+Shift+Z"`` are the same."""
    plus = shortcut.endswith("+")
    parts = [part for part in shortcut.rstrip("+").split("+") if part]
    if plus:
        parts.append("+")
    *modifiers, key = [part.lower() for part in parts]
    key = {"enter": "return", "escape": "esc", "delete": "del"}.get(key, key)
    return "+".join([*sorted(modifiers), key])
