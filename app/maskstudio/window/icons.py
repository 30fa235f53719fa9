"""Icons of one family (Phosphor), drawn as glyphs in the text colour of the theme in use.

The font and its table of names come with qtawesome; importing that package would cost as much as the
rest of the window, so only its two files are used, and they are read at the first icon painted.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPixmap

from maskstudio.window import theme

SIZE = 18
"""Side of an icon in the window, in device-independent pixels."""

NAMES = {
    "app": "selection-background", "open": "folder-open", "save": "floppy-disk", "export": "export",
    "recent": "clock-counter-clockwise", "close": "x", "quit": "sign-out", "settings": "gear-six",
    "undo": "arrow-counter-clockwise", "redo": "arrow-clockwise", "brush": "paint-brush",
    "eraser": "eraser", "rectangle": "selection",
    "ellipse": "circle-dashed", "lasso": "scribble-loop", "hand": "hand",
    "invert": "selection-inverse", "clear": "selection-slash", "all": "selection-all",
    "grow": "arrows-out-simple", "shrink": "arrows-in-simple", "feather": "waves",
    "border": "square-half", "fill": "paint-bucket", "threshold": "circle-half", "overlay": "drop-half",
    "colour": "palette", "compare": "square-half", "fit": "frame-corners", "actual": "image-square",
    "zoom-in": "magnifying-glass-plus", "zoom-out": "magnifying-glass-minus", "panels": "layout",
    "theme": "circle-half-tilt", "fullscreen": "corners-out", "run": "play", "cancel": "stop",
    "keep": "check", "next": "caret-right", "previous": "caret-left", "down": "caret-down",
    "heat": "fire-simple", "heat-mask": "selection-plus", "help": "question", "info": "info",
    "keyboard": "keyboard", "doctor": "first-aid-kit", "search": "magnifying-glass", "photo": "image",
    "warning": "warning", "error": "warning-circle", "more": "dots-three", "history": "stack",
    "sample": "sparkle", "import": "download-simple", "plus": "plus", "size": "circle",
    "joints": "tree-structure", "person": "person-simple", "mirror": "arrows-left-right",
    "no-evidence": "eye-slash", "unpin": "push-pin-slash", "cube": "cube", "models": "package",
    "isolate": "selection-foreground", "depth": "stack-simple", "camera": "video-camera",
    "lock": "lock", "unlock": "lock-open", "move": "arrows-out-cardinal", "turn": "arrows-clockwise",
    "scale": "bounding-box", "sliders": "sliders-horizontal", "votes": "users-three", "film": "film-strip",
    "folder": "folder-open", "photos": "camera",
    "trash": "trash", "copy": "copy", "eye": "eye", "gear": "gear", "seed": "dice-five",
}  # fmt: skip
"""The studio's word for each icon, and what the family calls it. Other names of the family work too."""


@cache
def _family() -> tuple[str, dict[str, str]]:
    """Font family and the code point of each name; an empty family when the files are missing."""
    spec = find_spec("qtawesome")
    if spec is None or spec.origin is None:
        return "", {}
    folder = Path(spec.origin).parent / "fonts"
    fonts, tables = sorted(folder.glob("phosphor-*.ttf")), sorted(folder.glob("phosphor-charmap-*.json"))
    if not fonts or not tables:
        return "", {}
    families = QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(fonts[-1])))
    return (families[0] if families else ""), json.loads(tables[-1].read_text("utf-8"))


def glyph(name: str) -> str:
    """The character that draws an icon.

    Raises:
        KeyError: neither the studio nor the family knows the name.
    """
    table = _family()[1]
    return chr(int(table[NAMES.get(name, name)], 16)) if table else ""


class _GlyphEngine(QIconEngine):
    """Paints at the size asked for, in the colour of the moment, so a theme switch needs no new icons."""

    def __init__(self, name: str, role: str, on: str) -> None:
        super().__init__()
        self._name = name
        self._role = role
        self._on = on

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        colours = theme.current()
        role = self._on if state == QIcon.State.On else self._role
        if mode == QIcon.Mode.Disabled:
            role = "faint"
        family = _family()[0]
        if not family:
            return
        font = QFont(family)
        font.setPixelSize(max(1, min(rect.width(), rect.height())))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        painter.setFont(font)
        painter.setPen(QColor(getattr(colours, role)))
        painter.drawText(QRectF(rect), Qt.AlignmentFlag.AlignCenter, glyph(self._name))
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        picture = QPixmap(size)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return picture

    def clone(self) -> QIconEngine:
        return _GlyphEngine(self._name, self._role, self._on)


def icon(name: str, role: str = "text", *, on: str | None = None) -> QIcon:
    """An icon in the colour of a role of the theme (``"text"``, ``"accent"``, ``"error"``).

    ``on`` is the role while its button is switched on; a disabled one is faint.
    """
    return QIcon(_GlyphEngine(name, role, on or role))


def app_icon() -> QIcon:
    """The studio's own icon."""
    from maskengines.assets import assets_folder

    found = QIcon()
    for size in (16, 32, 48, 64, 128, 256):
        path = assets_folder() / "icons" / f"maskstudio-{size}.png"
        if path.is_file():
            found.addFile(str(path), QSize(size, size))
    return found
