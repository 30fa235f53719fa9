"""The two palettes of the studio and how they reach Qt.

`current()` is the one place where a colour comes from. `apply()` switches at run time; whoever paints
by hand listens to ``changes.switched``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from maskstudio.window.theme_sheet import style_sheet

ThemeName = Literal["dark", "light"]


@dataclass(frozen=True)
class Colours:
    """Colours by role, as ``#rrggbb``. Greys are neutral: colour is judged against them."""

    name: ThemeName
    window: str
    panel: str
    raised: str
    line: str
    text: str
    second: str
    faint: str
    canvas: str
    hover: str
    accent: str = "#4c8dff"
    accent_text: str = "#ffffff"
    overlay: str = "#ff3b3b"
    warning: str = "#e0a03a"
    error: str = "#e8716c"
    good: str = "#62b77f"

    def colour(self, role: str) -> QColor:
        """The colour of a role as Qt wants it."""
        return QColor(getattr(self, role))


DARK = Colours(
    name="dark", window="#1f2023", panel="#27282c", raised="#303238", line="#3a3c43", text="#e6e7ea",
    second="#a3a6ae", faint="#6d7079", canvas="#18191b", hover="#3a3d44",
)  # fmt: skip
LIGHT = Colours(
    name="light", window="#f4f5f7", panel="#ffffff", raised="#eceef1", line="#d5d8de", text="#1d1f23",
    second="#5c616b", faint="#9a9fa8", canvas="#e3e5e8", hover="#e0e3e8", accent="#2f74ee",
    warning="#a86b00", error="#c23a34", good="#2c8a4e",
)  # fmt: skip
THEMES: dict[str, Colours] = {"dark": DARK, "light": LIGHT}


class _Changes(QObject):
    switched = Signal()


changes = _Changes()
_current = DARK


def current() -> Colours:
    """Colours in use."""
    return _current


def qt_palette(colours: Colours) -> QPalette:
    """The palette for widgets that the style sheet does not reach."""
    palette = QPalette()
    role = QPalette.ColorRole
    pairs = {
        role.Window: "panel", role.WindowText: "text", role.Base: "raised", role.AlternateBase: "panel",
        role.Text: "text", role.Button: "raised", role.ButtonText: "text", role.ToolTipBase: "raised",
        role.ToolTipText: "text", role.PlaceholderText: "faint", role.Highlight: "accent",
        role.HighlightedText: "accent_text", role.Link: "accent", role.Mid: "line", role.Dark: "line",
        role.Light: "hover", role.BrightText: "error",
    }  # fmt: skip
    for each, name in pairs.items():
        palette.setColor(each, colours.colour(name))
    for each in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, each, colours.colour("faint"))
    return palette


def studio_font() -> QFont:
    """System font at 13 px with digits of one width."""
    font = QFont(QGuiApplication.font())
    font.setPixelSize(13)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def apply(app: QApplication, name: str) -> None:
    """Give the whole application one of the two themes; an unknown name means dark. One that it has
    already costs nothing: a style sheet is laid on every widget anew."""
    global _current
    standing = app.property("maskstudio_theme")
    _current = THEMES.get(name, DARK)
    if standing == _current.name:
        return
    if standing is None:
        app.setStyle(QStyleFactory.create("Fusion"))
        app.setFont(studio_font())
    app.setProperty("maskstudio_theme", _current.name)
    app.setPalette(qt_palette(_current))
    app.setStyleSheet(style_sheet(_current))
    changes.switched.emit()
