"""Generating a mask from the menu: the dialog, its preview, and one undo step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from maskengines.masks.samplers.generating import Recipe, generate
from maskengines.subjects.image import ImageSubject
from maskstudio.documents.document import Document
from maskstudio.window import dialogs
from maskstudio.window.document_view import DocumentView
from maskstudio.window.generate_dialog import GenerateDialog
from maskstudio.window.generate_flow import Wish
from maskstudio.window.main_window import NO_DOCUMENT, MainWindow
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

START = Wish("blob", 0.25, 5, 4, "replace")


@pytest.fixture
def document(window: MainWindow) -> Document:
    """A grey picture of 120 x 80 in a tab, its left half masked."""
    view = DocumentView("grey.png", None)
    window.add_view(view)
    made = Document(ImageSubject(np.full((80, 120, 3), 128, np.uint8)))
    window.fill_view(view, made)
    half = np.zeros((80, 120), np.uint8)
    half[:, :60] = 255
    made.replace_mask(half, "Half")
    return made


@pytest.fixture
def dialog(window: MainWindow, document: Document, qtbot: QtBot) -> GenerateDialog:
    shown = GenerateDialog(window, document, START)
    shown.show()
    qtbot.waitUntil(lambda: shown.settled, timeout=10_000)
    return shown


def reddish(dialog: GenerateDialog) -> float:
    """Share of the preview that the overlay tints."""
    image = dialog.picture.pixmap().toImage()
    colours = [
        QColor(image.pixel(x, y)) for x in range(0, image.width(), 5) for y in range(0, image.height(), 5)
    ]
    return float(np.mean([colour.red() > colour.green() + 20 for colour in colours]))


@pytest.mark.parametrize(
    "case", [("brush", "replace"), ("box", "add"), ("green", "subtract")], ids=lambda case: case[1]
)
def test_a_generated_mask_is_one_undo_step_over_the_old_one(
    window: MainWindow, document: Document, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch,
    case: tuple[str, str],
) -> None:  # fmt: skip
    kind, mode = case
    asked: list[Wish] = []
    wish = replace(START, kind=kind, mode=mode)
    monkeypatch.setattr(dialogs, "ask_mask", lambda _window, start: asked.append(start) or wish)
    before, steps = document.mask.snapshot(), document.undo_stack.index()
    assert window.registry.run(f"mask.generate.{kind}")
    qtbot.waitUntil(lambda: document.undo_stack.index() == steps + 1, timeout=10_000)
    made = generate(Recipe(kind, 0.25, 5, 4), 80, 120)
    expected = {
        "replace": made,
        "add": np.maximum(before, made),
        "subtract": np.where(made > 0, 0, before),
    }[mode]
    np.testing.assert_array_equal(document.mask.data, expected)
    assert asked[0].kind == kind
    document.undo()
    np.testing.assert_array_equal(document.mask.data, before)


def test_share_and_mode_are_proposed_again_and_the_seed_is_a_new_one(
    window: MainWindow, document: Document, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Wish] = []
    answer = replace(START, ratio=0.6, mode="add")
    monkeypatch.setattr(dialogs, "ask_mask", lambda _window, start: asked.append(start) or answer)
    for kind in ("box", "red"):
        window.registry.run(f"mask.generate.{kind}")
        qtbot.waitUntil(lambda: window.background.busy == 0, timeout=10_000)
    assert (asked[0].ratio, asked[0].mode) == (0.25, "replace")
    assert (asked[1].kind, asked[1].ratio, asked[1].mode) == ("red", 0.6, "add")
    assert asked[0].seed != asked[1].seed


def test_cancel_changes_nothing(
    window: MainWindow, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QDialog, "exec", lambda _dialog: QDialog.DialogCode.Rejected)
    before, steps = document.mask.snapshot(), document.undo_stack.index()
    window.registry.run("mask.generate.box")
    assert document.undo_stack.index() == steps
    np.testing.assert_array_equal(document.mask.data, before)


def test_without_a_photo_the_command_says_what_to_do(window: MainWindow) -> None:
    assert not window.registry.run("mask.generate.text")
    assert window.banner.text == f"Generate mask: text: {NO_DOCUMENT}."


def test_the_dialog_opens_with_what_it_is_given_and_answers_with_what_is_set(dialog: GenerateDialog) -> None:
    assert dialog.wish == START
    dialog.kind.setCurrentIndex(dialog.kind.findData("purple"))
    dialog.ratio.setValue(40)
    dialog.seed.setValue(77)
    dialog.cell.setValue(6)
    dialog.mode.setCurrentIndex(dialog.mode.findData("subtract"))
    assert dialog.wish == Wish("purple", 0.4, 77, 6, "subtract")


def test_the_preview_follows_share_mode_and_seed(dialog: GenerateDialog, qtbot: QtBot) -> None:
    assert reddish(dialog) == pytest.approx(0.25, abs=0.05)
    assert dialog.share.text().startswith("25.")
    dialog.ratio.setValue(60)
    qtbot.waitUntil(lambda: dialog.settled, timeout=10_000)
    assert reddish(dialog) == pytest.approx(0.6, abs=0.05)
    picture = dialog.picture.pixmap().toImage()
    seed = dialog.seed.value()
    qtbot.mouseClick(dialog.roll, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.settled, timeout=10_000)
    assert dialog.seed.value() != seed
    assert dialog.picture.pixmap().toImage() != picture
    dialog.kind.setCurrentIndex(dialog.kind.findData("white"))
    dialog.ratio.setValue(100)
    dialog.mode.setCurrentIndex(dialog.mode.findData("subtract"))
    qtbot.waitUntil(lambda: dialog.settled, timeout=10_000)
    assert reddish(dialog) == 0
    assert dialog.share.text().startswith("0.0 %")


def test_only_noise_has_cells(dialog: GenerateDialog) -> None:
    for kind in ("blob", "white", "text", "blue"):
        dialog.kind.setCurrentIndex(dialog.kind.findData(kind))
        assert dialog.cell.isVisible() == (kind in ("white", "blue"))


def test_many_changes_at_once_end_with_the_last_in_the_preview(dialog: GenerateDialog, qtbot: QtBot) -> None:
    for percent in range(1, 81):
        dialog.ratio.setValue(percent)
    qtbot.waitUntil(lambda: dialog.settled, timeout=10_000)
    assert dialog.share.text().startswith("80.")
    assert reddish(dialog) == pytest.approx(0.8, abs=0.05)


def test_closing_while_a_preview_is_drawn_is_quiet(
    window: MainWindow, document: Document, qtbot: QtBot
) -> None:
    dialog = GenerateDialog(window, document, START)
    dialog.show()
    dialog.reject()
    dialog.deleteLater()
    QCoreApplication.sendPostedEvents(dialog, QEvent.Type.DeferredDelete)
    qtbot.waitUntil(lambda: window.background.busy == 0, timeout=10_000)
    assert window.banner.text == ""
