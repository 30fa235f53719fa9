"""Commands about how things look, and help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskstudio.commands.registry import Command

if TYPE_CHECKING:
    from maskstudio.window.main_window import MainWindow


def view_commands(window: MainWindow) -> list[Command]:
    """The View menu."""
    look, document, flat = window.look, window.needs_document, window.needs_picture
    return [
        Command("view.fit", "Fit to window", look.zoom_fit, "View", "zoom", ("Ctrl+0",), "fit", document),
        Command("view.actual", "Actual pixels", look.zoom_actual, "View", "zoom", ("Ctrl+1",), "actual",
                flat, words="100 % 1:1"),
        Command("view.zoom-in", "Zoom in", look.zoom_in, "View", "zoom", ("Ctrl+=", "Ctrl++"), "zoom-in",
                document),
        Command("view.zoom-out", "Zoom out", look.zoom_out, "View", "zoom", ("Ctrl+-",), "zoom-out",
                document),
        Command("view.compare", "Compare with the original", lambda: look.hold_compare(True), "View",
                "compare",
                ("C", "\\"), "compare", flat, release=lambda: look.hold_compare(False),
                words="before after", hint="Shows the photo as it was while the key is held."),
        Command("view.panels", "Show panels", look.toggle_panels, "View", "window", ("Tab",), "panels",
                checked=lambda: look.panels_shown, words="hide"),
        Command("view.next-tab", "Next tab", lambda: window.top.tabs.turn(1), "View", "window",
                ("Ctrl+Tab", "Ctrl+PgDown"), "next", window.needs_tabs, words="switch document"),
        Command("view.previous-tab", "Previous tab", lambda: window.top.tabs.turn(-1), "View", "window",
                ("Ctrl+Shift+Tab", "Ctrl+PgUp"), "previous", window.needs_tabs, words="switch document"),
        Command("view.theme", "Light theme", look.toggle_theme, "View", "window", (), "theme",
                checked=lambda: window.settings.theme == "light", words="dark appearance colours"),
        Command("view.fullscreen", "Full screen", look.toggle_fullscreen, "View", "window", ("F11",),
                "fullscreen", checked=window.isFullScreen),
    ]  # fmt: skip


def help_commands(window: MainWindow) -> list[Command]:
    """The Help menu."""
    help_ = window.help
    return [
        Command("help.palette", "Find a command", help_.open_palette, "Help", "find", ("Ctrl+Shift+P", "F3"),
                "search", asks=True, words="palette search"),
        Command("help.shortcuts", "Keyboard shortcuts", help_.show_shortcuts, "Help", "find", ("F1",),
                "keyboard",
                words="keys"),
        Command("help.doctor", "About this machine", help_.show_doctor, "Help", "about", (), "doctor",
                words="doctor versions devices folders plugins"),
        Command("help.about", "About MaskStudio", help_.show_about, "Help", "about", (), "info"),
    ]  # fmt: skip
