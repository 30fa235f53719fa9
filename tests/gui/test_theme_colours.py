"""The two themes: readable, complete, remembered; and the PySide6 that they run on."""

from __future__ import annotations

import sys
from dataclasses import asdict

import pytest
from maskstudio.window import theme
from maskstudio.window.app import make_app
from maskstudio.window.icons import NAMES, glyph, icon
from maskstudio.window.theme_sheet import style_sheet
from PySide6.QtCore import QObject, QRect, QRectF, QTimer, Signal
from PySide6.QtGui import QColor, QIcon, QImage, QPainter
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot


def _luminance(name: str) -> float:
    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4

    colour = QColor(name)
    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF())


def _contrast(first: str, second: str) -> float:
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [theme.DARK, theme.LIGHT], ids=lambda each: each.name)
def test_text_is_readable_on_every_ground(colours: theme.Colours) -> None:
    for ground in (colours.window, colours.panel, colours.raised, colours.hover):
        assert _contrast(colours.text, ground) >= 7
        assert _contrast(colours.second, ground) >= 4.0
    for role in ("warning", "error", "good"):
        assert _contrast(getattr(colours, role), colours.panel) >= 3.5


@pytest.mark.parametrize("colours", [theme.DARK, theme.LIGHT], ids=lambda each: each.name)
def test_greys_are_neutral_and_the_sheet_is_filled_in(colours: theme.Colours) -> None:
    for role in ("window", "panel", "raised", "canvas"):
        red, green, blue, _ = QColor(getattr(colours, role)).getRgb()
        assert max(red, green, blue) - min(red, green, blue) <= 10
    sheet = style_sheet(colours)
    assert "$" not in sheet
    assert colours.accent in sheet


def test_both_themes_name_the_same_roles() -> None:
    assert asdict(theme.DARK).keys() == asdict(theme.LIGHT).keys()


def test_icons_exist_and_follow_the_theme(qtbot: QtBot) -> None:
    app = make_app()
    for name in NAMES:
        assert glyph(name), name
    with pytest.raises(KeyError):
        glyph("no such icon")

    def brightest(picture: QIcon, mode: QIcon.Mode = QIcon.Mode.Normal) -> int:
        image = picture.pixmap(36, 36, mode).toImage()
        inked = [
            image.pixelColor(x, y).lightness()
            for x in range(image.width())
            for y in range(image.height())
            if image.pixelColor(x, y).alpha() > 250
        ]
        assert inked, "nothing was drawn"
        return max(inked)

    brush = icon("brush")
    try:
        theme.apply(app, "dark")
        dark = brightest(brush)
        assert brightest(brush, QIcon.Mode.Disabled) < dark
        theme.apply(app, "light")
        assert brightest(brush) < dark - 100
    finally:
        theme.apply(app, "dark")


def test_a_theme_that_is_on_already_changes_no_widget(qtbot: QtBot) -> None:
    app = make_app()
    switched: list[str] = []

    def note() -> None:
        switched.append(theme.current().name)

    theme.changes.switched.connect(note)
    try:
        for name in ("light", "light", "dark", "dark", "no such theme"):
            theme.apply(app, name)
    finally:
        theme.apply(app, "dark")
        theme.changes.switched.disconnect(note)
    assert switched == ["light", "dark"]


def test_pyside_keeps_its_references_to_none(qtbot: QtBot) -> None:
    """PySide6 6.12.0 on Python 3.10 and 3.11 loses one with every void call and aborts after thousands."""
    app = QApplication.instance()
    assert app is not None
    widget = QWidget()
    qtbot.addWidget(widget)
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    painter = QPainter(image)

    class Sender(QObject):
        sent = Signal()

    sender, timer, calls = Sender(), QTimer(), 400
    sender.sent.connect(lambda: None)
    void_calls = {
        "processEvents": app.processEvents,
        "update": widget.update,
        "resize": lambda: widget.resize(10, 10),
        "fillRect": lambda: painter.fillRect(QRect(0, 0, 2, 2), QColor("black")),
        "drawImage": lambda: painter.drawImage(QRectF(0, 0, 2, 2), image, QRectF(0, 0, 2, 2)),
        "emit": sender.sent.emit,
        "timer": lambda: (timer.start(10_000), timer.stop()),
    }
    for name, call in void_calls.items():
        call()
        before = sys.getrefcount(None)
        for _ in range(calls):
            call()
        # Immortal from Python 3.12 on, where this is equal by construction.
        assert abs(sys.getrefcount(None) - before) < calls // 2, name
    painter.end()
