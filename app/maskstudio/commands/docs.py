"""``docs/shortcuts.md``, written from the registry.

``python -m maskstudio.commands.docs > docs/shortcuts.md``
"""

from __future__ import annotations

from maskstudio.commands.registry import MENUS, Command, CommandRegistry

_HEAD = """# Keyboard shortcuts

Written from the command registry (`python -m maskstudio.commands.docs`); a test keeps the two equal.
Every command is also in the menus and in the palette: <kbd>Ctrl</kbd>+<kbd>Shift</kbd>+<kbd>P</kbd>.
"""


def markdown(registry: CommandRegistry) -> str:
    """The page: one table a menu."""
    parts = [_HEAD]
    for menu in MENUS:
        rows = [_row(command) for group in registry.in_menu(menu) for command in group]
        parts.append(f"## {menu}\n\n| command | keys | |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _row(command: Command) -> str:
    keys = " or ".join(_keys(shortcut) for shortcut in command.shortcuts)
    held = " (hold)" if command.release is not None else ""
    return f"| {command.full_title} | {keys}{held} | {command.hint} |"


def _keys(shortcut: str) -> str:
    body = shortcut.removesuffix("++")
    parts = [*body.split("+"), "+"] if body != shortcut else shortcut.split("+")
    return "+".join(f"<kbd>{part}</kbd>" for part in parts).replace("\\", "\\\\")


def main() -> None:
    """Print the page of a window that is never shown."""
    import os
    import sys
    import tempfile

    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory() as home:
        os.environ["MASKSTUDIO_HOME"] = home
        from PySide6.QtWidgets import QApplication

        from maskstudio.window.main_window import MainWindow

        app = QApplication.instance() or QApplication([])
        window = MainWindow()
        sys.stdout.write(markdown(window.registry))
        window.deleteLater()
        app.processEvents()


if __name__ == "__main__":
    main()
