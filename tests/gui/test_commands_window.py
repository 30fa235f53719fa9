"""The commands of a real window: menus, keys, palette, page of shortcuts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from maskengines.subjects.image import ImageSubject
from maskstudio.commands.docs import markdown
from maskstudio.commands.registry import MENUS
from maskstudio.documents.document import Document
from maskstudio.window import dialogs
from maskstudio.window.document_view import DocumentView
from maskstudio.window.icons import glyph
from maskstudio.window.main_window import NO_MASK, MainWindow
from maskstudio.window.mask_flow import Amount
from maskstudio.window.settings import WindowSettings
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLineEdit, QMenu
from pytestqt.qtbot import QtBot

ROOT = Path(__file__).resolve().parents[2]
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def document(window: MainWindow, qtbot: QtBot) -> Document:
    """A grey picture of 80 x 60 in a tab."""
    view = DocumentView("grey.png", None)
    window.add_view(view)
    made = Document(ImageSubject(np.full((60, 80, 3), 128, np.uint8)))
    window.fill_view(view, made)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=60_000)
    return made


def paint(document: Document) -> None:
    mask = np.zeros(document.mask.shape, np.uint8)
    mask[20:40, 20:40] = 255
    document.replace_mask(mask, "Brush stroke")


def test_every_command_is_in_its_menu_with_its_shortcut(window: MainWindow) -> None:
    menus = {
        action.text().replace("&", ""): action.menu()
        for action in window.top.menus.actions()
        if isinstance(action.menu(), QMenu)
    }
    assert list(menus) == list(MENUS)
    for command in window.registry:
        assert command.menu is not None
        menu = menus[command.menu]
        if command.submenu:
            inner = [action.menu() for action in menu.actions() if action.text() == command.submenu]
            assert len(inner) == 1
            assert isinstance(inner[0], QMenu)
            menu = inner[0]
        names = [action.objectName() for action in menu.actions()]
        assert command.id in names
        action = window.action_set[command.id]
        assert action.text() == command.label
        if command.release is None:
            assert action.shortcuts() == [QKeySequence(each) for each in command.shortcuts]
            assert all(not sequence.isEmpty() for sequence in action.shortcuts())


def test_every_icon_exists(window: MainWindow) -> None:
    for command in window.registry:
        if command.icon is not None:
            assert glyph(command.icon)


def test_the_page_of_shortcuts_is_what_the_registry_says(window: MainWindow) -> None:
    page = (ROOT / "docs" / "shortcuts.md").read_text("utf-8")
    assert page == markdown(window.registry), "run: python -m maskstudio.commands.docs > docs/shortcuts.md"


def test_a_disabled_command_says_why_in_its_tooltip_and_when_its_key_is_pressed(
    window: MainWindow, document: Document, qtbot: QtBot
) -> None:
    window.action_set.refresh()
    clear = window.action_set["mask.clear"]
    assert not clear.isEnabled()
    assert NO_MASK in clear.toolTip()
    qtbot.keyClick(window.look.canvas, Qt.Key.Key_D, CONTROL)
    assert NO_MASK in window.banner.text
    paint(document)
    qtbot.waitUntil(clear.isEnabled)


def test_letters_choose_tools(window: MainWindow, document: Document, qtbot: QtBot) -> None:
    canvas = window.look.canvas
    assert canvas is not None
    for key, name in (("E", "eraser"), ("M", "rectangle"), ("L", "lasso"), ("H", None), ("B", "brush")):
        qtbot.keyClick(canvas, key)
        assert (canvas.tool.name if canvas.tool is not None else None) == name
        checked = [each.id for each in window.registry if each.id.startswith("tool.") and each.checked()]
        assert len(checked) == 1


def test_brackets_change_the_brush(window: MainWindow, document: Document, qtbot: QtBot) -> None:
    size = window.tools.brush.size
    qtbot.keyClick(window.look.canvas, Qt.Key.Key_BracketRight)
    assert window.tools.brush.size > size
    qtbot.keyClick(window.look.canvas, Qt.Key.Key_BracketLeft)
    assert window.tools.brush.size == size


def test_typing_in_a_field_does_not_change_tools_or_hide_panels(
    window: MainWindow, document: Document, qtbot: QtBot
) -> None:
    field = QLineEdit()
    window.side["engine"].set_body(field)
    field.setFocus()
    qtbot.keyClicks(field, "eq[")
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    assert field.text() == "eq["
    assert window.tools.chosen == "tool.brush"
    assert window.look.panels_shown
    assert window.look.overlay_shown


def test_tab_on_the_canvas_hides_all_panels_and_brings_them_back(
    window: MainWindow, document: Document, qtbot: QtBot
) -> None:
    canvas = window.look.canvas
    width = canvas.width()
    qtbot.keyClick(canvas, Qt.Key.Key_Tab)
    assert not window.side.isVisible()
    assert not window.tool_strip.isVisible()
    assert not window.status.isVisible()
    qtbot.waitUntil(lambda: canvas.width() > width)
    qtbot.keyClick(canvas, Qt.Key.Key_Tab)
    assert window.side.isVisible()


def test_compare_lasts_while_its_key_is_held(
    window: MainWindow, document: Document, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    canvas = window.look.canvas
    seen: list[bool] = []
    monkeypatch.setattr(canvas, "set_compare", seen.append)
    qtbot.keyPress(canvas, Qt.Key.Key_C)
    assert seen == [True]
    qtbot.keyRelease(canvas, Qt.Key.Key_C)
    assert seen == [True, False]


def test_undo_and_both_redo_keys(window: MainWindow, document: Document, qtbot: QtBot) -> None:
    canvas = window.look.canvas
    paint(document)
    qtbot.waitUntil(window.action_set["edit.undo"].isEnabled)
    qtbot.keyClick(canvas, Qt.Key.Key_Z, CONTROL)
    assert document.mask.selected_count == 0
    qtbot.waitUntil(window.action_set["edit.redo"].isEnabled)
    qtbot.keyClick(canvas, Qt.Key.Key_Y, CONTROL)
    assert document.mask.selected_count == 400
    document.undo()
    qtbot.waitUntil(window.action_set["edit.redo"].isEnabled)
    qtbot.keyClick(canvas, Qt.Key.Key_Z, CONTROL | SHIFT)
    assert document.mask.selected_count == 400


@pytest.mark.parametrize(
    "case",
    [
        ("mask.grow", 3, 401, 900),
        ("mask.shrink", 3, 100, 399),
        ("mask.feather", 4, 401, 1600),
        ("mask.border", 4, 100, 500),
        ("mask.threshold", 200, 400, 400),
    ],
    ids=lambda case: case[0],
)
def test_mask_commands_change_the_mask_in_one_undo_step(
    window: MainWindow, document: Document, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch,
    case: tuple[str, int, int, int],
) -> None:  # fmt: skip
    command, amount, least, most = case
    paint(document)
    mask = document.mask.snapshot()
    mask[20:40, 40:44] = 90
    document.replace_mask(mask, "Soft edge")
    before, steps = document.mask.snapshot(), document.undo_stack.count()
    asked: list[Amount] = []
    monkeypatch.setattr(dialogs, "ask_amount", lambda _parent, what: asked.append(what) or amount)
    if command != "mask.threshold":
        document.undo()
        before, steps = document.mask.snapshot(), document.undo_stack.index()
    window.registry.run(command)
    qtbot.waitUntil(lambda: document.undo_stack.index() == steps + 1, timeout=60_000)
    assert least <= document.mask.selected_count <= most
    assert asked[0].title.lower() in command
    document.undo()
    assert np.array_equal(document.mask.data, before)


def test_select_all_invert_and_fill_holes(window: MainWindow, document: Document, qtbot: QtBot) -> None:
    window.registry.run("mask.all")
    assert document.mask.selected_fraction() == 1
    window.registry.run("mask.invert")
    qtbot.waitUntil(lambda: document.mask.selected_count == 0, timeout=60_000)
    ring = np.zeros(document.mask.shape, np.uint8)
    ring[10:30, 10:30] = 255
    ring[15:25, 15:25] = 0
    document.replace_mask(ring, "Ring")
    window.registry.run("mask.fill-holes")
    qtbot.waitUntil(lambda: document.mask.selected_count == 400, timeout=60_000)


def test_a_slow_mask_command_does_not_overwrite_what_was_painted_meanwhile(
    window: MainWindow, document: Document, qtbot: QtBot
) -> None:
    paint(document)
    window.registry.run("mask.invert")
    later = np.zeros(document.mask.shape, np.uint8)
    later[0:2] = 255
    document.replace_mask(later, "Brush stroke")
    qtbot.waitUntil(lambda: "dropped" in window.banner.text, timeout=60_000)
    assert np.array_equal(document.mask.data, later)


def test_the_palette_finds_runs_and_explains(window: MainWindow, document: Document, qtbot: QtBot) -> None:
    qtbot.keyClick(window.look.canvas, Qt.Key.Key_P, CONTROL | SHIFT)
    palette = window.help.palette
    assert palette.isVisible()
    qtbot.keyClicks(palette.field, "sel all")
    assert palette.commands[0].id == "mask.all"
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert not palette.isVisible()
    assert document.mask.selected_fraction() == 1
    window.registry.run("help.palette")
    qtbot.keyClicks(palette.field, "redo")
    assert palette.commands[0].reason == "Nothing to redo"
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert "Nothing to redo" in window.banner.text
    window.registry.run("help.palette")
    qtbot.keyClick(palette.field, Qt.Key.Key_Escape)
    assert not palette.isVisible()


def test_zoom_commands_show_in_the_status_line(window: MainWindow, document: Document) -> None:
    window.registry.run("view.actual")
    assert window.status.zoom.text() == "zoom 100 %"
    window.registry.run("view.zoom-in")
    canvas = window.look.canvas
    assert canvas is not None
    assert canvas.zoom > 1
    assert window.status.zoom.text() == f"zoom {100 * canvas.zoom:.0f} %"
    window.registry.run("view.fit")
    assert window.status.zoom.text() == f"zoom {100 * canvas.zoom:.0f} %"


def test_theme_and_overlay_are_switched_at_once_and_remembered(
    window: MainWindow, document: Document, qtbot: QtBot
) -> None:
    from maskstudio.window import theme

    canvas = window.look.canvas
    assert canvas is not None
    try:
        before = canvas.grab().toImage().pixelColor(2, canvas.height() // 2)
        window.registry.run("view.theme")
        assert theme.current() is theme.LIGHT
        assert window.palette().windowText().color().name() == theme.LIGHT.text
        after = canvas.grab().toImage().pixelColor(2, canvas.height() // 2)
        assert after.lightness() > before.lightness() + 80
        assert WindowSettings.load().theme == "light"
    finally:
        window.look.set_theme("dark")
    dialog = window.help.ask_settings()
    dialog.opacity.setValue(80)  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: WindowSettings.load().overlay_opacity == 0.8, timeout=60_000)
    dialog.close()


def test_help_dialogs_open(window: MainWindow, qtbot: QtBot) -> None:
    shortcuts = window.help.show_shortcuts()
    shortcuts.field.setText("undo")  # type: ignore[attr-defined]
    assert shortcuts.table.item(0, 2).text() == "Ctrl+Z"  # type: ignore[attr-defined]
    shortcuts.close()
    window.help.show_about().close()
    doctor = window.help.show_doctor()
    qtbot.waitUntil(lambda: "PySide6" in doctor.text.toPlainText(), timeout=60_000)  # type: ignore[attr-defined]
    doctor.close()
