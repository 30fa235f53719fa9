"""Finding one's way: the palette, the shortcuts, the settings, what this machine has."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QDialog

    from maskstudio.window.main_window import MainWindow
    from maskstudio.window.palette import CommandPalette


class HelpFlow:
    """What the Help menu does. Dialogs stay open beside the work; none of them is modal."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def open_palette(self) -> None:
        """Type a command."""
        self.palette.open()

    @cached_property
    def palette(self) -> CommandPalette:
        """Made when it is first asked for."""
        from maskstudio.window.palette import CommandPalette

        return CommandPalette(self._window.registry, self._window, self._window.engines.choices)

    def ask_settings(self) -> QDialog:
        """Theme and mask overlay."""
        from maskstudio.window.settings_dialog import SettingsDialog

        return self._show(SettingsDialog(self._window))

    def show_shortcuts(self) -> QDialog:
        """All shortcuts in one table."""
        from maskstudio.window.help_dialogs import ShortcutsDialog

        return self._show(ShortcutsDialog(self._window.registry, self._window))

    def show_doctor(self) -> QDialog:
        """What ``maskstudio doctor`` prints, ready to copy into a report."""
        from maskstudio.window.help_dialogs import DoctorDialog

        dialog = DoctorDialog(self._window)
        self._window.background.do(dialog.collect, dialog.show_text, self._window.show_error)
        return self._show(dialog)

    def show_about(self) -> QDialog:
        """Name, version, licence."""
        from maskstudio.window.help_dialogs import AboutDialog

        return self._show(AboutDialog(self._window))

    def _show(self, dialog: QDialog) -> QDialog:
        from PySide6.QtCore import Qt

        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()
        return dialog
