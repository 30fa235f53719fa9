"""Opening, saving and closing in the window, through the commands a user reaches."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from maskengines.contract import Candidate, ImagePatch
from maskengines.errors import BadInput, EngineFault
from maskstudio.documents.recovery import recoverable
from maskstudio.documents.saving import wait_for_saves
from maskstudio.window import dialogs
from maskstudio.window.main_window import NO_DOCUMENT, NO_MASK, MainWindow
from maskstudio.window.messages import install_excepthook
from maskstudio.window.settings import WindowSettings
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A small picture with a different value at every pixel of a row."""
    path = tmp_path / "a photo - été.png"
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:] = np.arange(64, dtype=np.uint8)[None, :, None]
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return path


def opened(qtbot: QtBot, window: MainWindow, *paths: Path) -> None:
    window.opening.open_paths(paths)
    qtbot.waitUntil(lambda: all(view.document is not None for view in window.views), timeout=60_000)


def answering(monkeypatch: pytest.MonkeyPatch, name: str, answer: object) -> list[tuple[object, ...]]:
    """Let a dialog answer by itself; returns what it was asked."""
    asked: list[tuple[object, ...]] = []

    def answer_it(*arguments: object) -> object:
        asked.append(arguments)
        return answer

    monkeypatch.setattr(dialogs, name, answer_it)
    return asked


def paint(window: MainWindow) -> None:
    document = window.document
    assert document is not None
    mask = np.zeros(document.mask.shape, np.uint8)
    mask[10:20, 10:30] = 255
    document.replace_mask(mask, "Brush stroke")


def test_an_empty_window_teaches_how_to_begin_and_why_run_is_off(window: MainWindow, qtbot: QtBot) -> None:
    assert window.start_page.isVisible()
    assert "Drop a photo" in window.start_page.title.text()
    assert window.registry["engine.run"].reason == NO_DOCUMENT
    assert not window.top.run.isEnabled()
    assert NO_DOCUMENT in window.top.run.toolTip()
    qtbot.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert NO_DOCUMENT in window.banner.text


def test_a_photo_opens_in_a_tab_with_its_size_and_depth_below(
    window: MainWindow, qtbot: QtBot, photo: Path
) -> None:
    opened(qtbot, window, photo)
    assert window.document is not None
    assert window.top.tabs.tabText(0) == photo.name
    assert photo.name in window.windowTitle()
    assert "64 \u00d7 48" in window.status.size_text.text()
    assert "RGB 8-bit" in window.status.size_text.text()
    assert window.status.mask_text.text() == "mask 0.0 %"
    assert (
        window.registry["engine.run"].reason == NO_MASK or "loading" in window.registry["engine.run"].reason
    )


def test_the_same_file_twice_comes_to_the_front_instead(
    window: MainWindow, qtbot: QtBot, photo: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copy(photo, tmp_path / "other.png"))
    opened(qtbot, window, photo, other)
    assert window.view is window.view_of(other)
    opened(qtbot, window, tmp_path / "." / photo.name)
    assert len(window.views) == 2
    assert window.view is window.view_of(photo)


def test_a_photo_is_opened_anew_beside_the_project_that_was_made_from_it(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(qtbot, window, photo)
    paint(window)
    project = tmp_path / "work.ora"
    answering(monkeypatch, "ask_save", project)
    window.registry.run("file.save")
    wait_for_saves()
    assert window.document is not None
    assert window.document.path == project
    opened(qtbot, window, photo)
    qtbot.waitUntil(lambda: len(window.views) == 2 and window.document is not None, timeout=60_000)
    assert window.document.path is None
    assert window.document.mask.selected_count == 0
    window.opening.open_paths([project])
    assert len(window.views) == 2
    assert window.document.path == project, "the project itself comes to the front"
    window.opening.open_paths([photo])
    assert len(window.views) == 2
    assert window.document.path is None


def test_dropping_two_files_opens_two_tabs(
    window: MainWindow, qtbot: QtBot, photo: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copy(photo, tmp_path / "other.png"))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(photo)), QUrl.fromLocalFile(str(other))])
    window.dropEvent(
        QDropEvent(
            QPointF(9, 9),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )
    qtbot.waitUntil(lambda: len([view for view in window.views if view.document]) == 2, timeout=60_000)


def test_a_broken_file_leaves_a_sentence_and_no_tab(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    window.opening.open_paths([broken])
    qtbot.waitUntil(lambda: bool(window.banner.text), timeout=60_000)
    assert "broken.png" in window.banner.text
    assert window.views == []
    assert window.start_page.isVisible()
    assert broken not in window.settings.recent_files()


def test_of_several_files_that_are_refused_each_is_named(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, photo: Path
) -> None:
    broken = [tmp_path / f"broken-{number}.png" for number in range(7)]
    for path in broken:
        path.write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    window.opening.open_paths([broken[0], photo, broken[1]])
    qtbot.waitUntil(lambda: "broken-1" in window.banner.text and len(window.views) == 1, timeout=60_000)
    assert "broken-0" in window.banner.text
    window.opening.open_paths(broken)
    qtbot.waitUntil(lambda: "2 more are in the log" in window.banner.text, timeout=60_000)


def test_an_offer_of_lost_work_comes_back_until_it_is_answered(window: MainWindow, qtbot: QtBot) -> None:
    taken: list[str] = []
    choices: dict[str, Callable[[], object]] = {"Recover": lambda: taken.append("recover")}
    close = next(button for button in window.banner.findChildren(QToolButton))
    window.banner.offer("Work was found.", choices, lasting=True)
    window.banner.tell("Exported.", seconds=0.05)
    assert window.banner.text == "Exported."
    qtbot.waitUntil(lambda: window.banner.text == "Work was found.")
    window.show_error(BadInput("Too small. Take another."))
    window.banner.tell("Saved.", seconds=60)
    close.click()
    assert window.banner.text == "Work was found."
    button = next(b for b in window.banner.findChildren(QPushButton) if b.text() == "Recover")
    assert button.isVisible()
    button.click()
    assert taken == ["recover"]
    assert window.banner.text == ""
    window.banner.offer("Work was found.", choices, lasting=True)
    close.click()
    assert window.banner.text == ""
    window.show_error(BadInput("Too small. Take another."))
    window.banner.offer("Work was found.", choices, lasting=True)
    assert window.banner.text == "Too small. Take another."
    close.click()
    assert window.banner.text == "Work was found."


def test_the_banner_stays_over_whatever_tab_comes_to_the_front(
    window: MainWindow, qtbot: QtBot, photo: Path, tmp_path: Path
) -> None:
    opened(qtbot, window, photo, Path(shutil.copy(photo, tmp_path / "other.png")))
    window.banner.offer("Work was found.", {"Recover": lambda: None}, lasting=True)
    for command in ("view.next-tab", "view.previous-tab", "file.close", "file.close"):
        window.registry.run(command)
        at = window.banner.geometry().center()
        assert window.stack.childAt(at) in (window.banner, *window.banner.findChildren(QWidget))


def test_recents_are_remembered_and_lost_files_left_out(
    window: MainWindow, qtbot: QtBot, photo: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copy(photo, tmp_path / "other.png"))
    opened(qtbot, window, photo, other)
    assert WindowSettings.load().recent_files() == [other, photo]
    other.unlink()
    assert WindowSettings.load().recent_files() == [photo]
    window._fill_recent_menu()
    assert [action.text() for action in window._recent_menu.actions()] == [photo.name]


def test_closing_an_unchanged_tab_asks_nothing(
    window: MainWindow, qtbot: QtBot, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answering(monkeypatch, "ask_unsaved", "cancel")
    opened(qtbot, window, photo)
    window.registry.run("file.close")
    assert (asked, window.views) == ([], [])
    assert window.start_page.isVisible()


def test_closing_with_changes_asks_by_name_and_cancel_keeps_the_tab(
    window: MainWindow, qtbot: QtBot, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(qtbot, window, photo)
    paint(window)
    assert window.top.tabs.tabText(0) == f"• {photo.name}"
    asked = answering(monkeypatch, "ask_unsaved", "cancel")
    window.registry.run("file.close")
    assert asked[0][1] == [photo.name]
    assert len(window.views) == 1
    assert window.document is not None
    assert window.document.mask.selected_count == 200
    assert not window.close()
    answering(monkeypatch, "ask_unsaved", "discard")
    window.registry.run("file.close")
    assert window.views == []


def give_answers(window: MainWindow, count: int) -> list[Candidate]:
    document = window.document
    assert document is not None
    for seed in range(count):
        pixels = np.full((5, 6, 3), 10 * seed, np.uint8)
        document.add_candidate(Candidate("image", ImagePatch(10, 12, pixels), seed))
    return list(document.candidates)


def test_a_tab_closed_with_answers_that_were_not_kept_can_be_had_again(
    window: MainWindow, qtbot: QtBot, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(qtbot, window, photo)
    paint(window)
    project = tmp_path / "work.ora"
    monkeypatch.setattr(dialogs, "ask_save", lambda *_: project)
    window.registry.run("file.save")
    qtbot.waitUntil(lambda: window.document is not None and not window.document.modified, timeout=60_000)
    answers = give_answers(window, 4)
    window.registry.run("file.close")
    assert window.views == []
    assert window.banner.text == "“work.ora” was closed with 4 answers that were not kept."
    button = next(each for each in window.banner.findChildren(QPushButton) if each.text() == "Reopen")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    document = window.document
    assert document is not None
    assert document.candidates == answers
    assert document.mask.selected_count == 200
    assert (document.path, document.source_path, document.modified) == (project, photo, False)
    document.keep(answers[3])
    assert (document.subject.pixels[12:17, 10:16] == 30).all()


def test_of_two_tabs_closed_with_answers_each_can_be_had_again(
    window: MainWindow, qtbot: QtBot, photo: Path, tmp_path: Path
) -> None:
    for path in (photo, Path(shutil.copy(photo, tmp_path / "other.png"))):
        opened(qtbot, window, path)
        give_answers(window, 2)
        window.registry.run("file.close")
    window.show_error(BadInput("Too small. Take another."))
    close = next(button for button in window.banner.findChildren(QToolButton))
    close.click()
    for title in ("other.png", photo.name):
        assert title in window.banner.text
        button = next(each for each in window.banner.findChildren(QPushButton) if each.text() == "Reopen")
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert window.document is not None
        assert window.document.title == title
        assert len(window.document.candidates) == 2
    assert window.banner.text == ""


def test_answers_of_a_tab_that_was_had_again_outlive_a_crash(
    window: MainWindow, qtbot: QtBot, photo: Path
) -> None:
    opened(qtbot, window, photo)
    give_answers(window, 2)
    window.registry.run("file.close")
    button = next(each for each in window.banner.findChildren(QPushButton) if each.text() == "Reopen")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.document is not None
    autosave = window.document.autosave
    assert autosave is not None
    window.document.autosave = None
    autosave.abandon()
    (left,) = recoverable()
    found = left.read().make()
    assert [candidate.seed for candidate in found.candidates] == [0, 1]
    found.close()


def test_closing_says_nothing_of_answers_that_the_project_holds_or_there_are_none(
    window: MainWindow, qtbot: QtBot, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(qtbot, window, photo)
    window.registry.run("file.close")
    assert window.banner.text == ""
    opened(qtbot, window, photo)
    give_answers(window, 1)
    project = tmp_path / "work.ora"
    monkeypatch.setattr(dialogs, "ask_save", lambda *_: project)
    window.registry.run("file.save")
    qtbot.waitUntil(lambda: "Saved" in window.banner.text, timeout=60_000)
    window.registry.run("file.close")
    assert "closed with" not in window.banner.text
    opened(qtbot, window, project)
    window.registry.run("file.close")
    assert "closed with" not in window.banner.text


def test_a_closed_tab_is_let_go_of_with_its_banner_and_leaves_the_keys_to_the_one_in_front(
    window: MainWindow, qtbot: QtBot, photo: Path, tmp_path: Path
) -> None:
    opened(qtbot, window, Path(shutil.copy(photo, tmp_path / "other.png")), photo)
    give_answers(window, 1)
    window.registry.run("file.close")
    assert window.banner.text == f"“{photo.name}” was closed with an answer that was not kept."
    assert window.focusWidget() is window.look.canvas
    offered = window.saving.closed_tab
    assert offered.offered
    window.banner.hide()
    qtbot.waitUntil(lambda: not offered.offered, timeout=60_000)


def test_save_on_closing_writes_the_project_and_reopening_brings_the_mask_back(
    window: MainWindow, qtbot: QtBot, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(qtbot, window, photo)
    paint(window)
    project = tmp_path / "work.ora"
    answering(monkeypatch, "ask_unsaved", "save")
    asked = answering(monkeypatch, "ask_save", project)
    window.registry.run("file.close")
    qtbot.waitUntil(lambda: window.views == [], timeout=60_000)
    assert asked[0][2] == photo.with_suffix(".ora")
    opened(qtbot, window, project)
    assert window.document is not None
    assert window.document.mask.selected_count == 200
    assert not window.document.modified
    assert window.settings.recent_files()[0] == project


def test_saving_again_asks_no_name_and_a_failed_save_says_so(
    window: MainWindow, qtbot: QtBot, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(qtbot, window, photo)
    paint(window)
    answering(monkeypatch, "ask_save", tmp_path / "missing" / "work.ora")
    window.registry.run("file.save")
    assert "work.ora" in window.banner.text
    assert window.document is not None
    assert window.document.modified
    answering(monkeypatch, "ask_save", tmp_path / "work.ora")
    window.registry.run("file.save")
    qtbot.waitUntil(lambda: window.document is not None and not window.document.modified, timeout=60_000)
    asked = answering(monkeypatch, "ask_save", None)
    window.registry.run("mask.invert")
    qtbot.waitUntil(lambda: window.document is not None and window.document.modified, timeout=60_000)
    window.registry.run("file.save")
    qtbot.waitUntil(lambda: window.document is not None and not window.document.modified, timeout=60_000)
    assert asked == []


def test_mask_goes_out_and_comes_back_as_a_picture(
    window: MainWindow, qtbot: QtBot, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(qtbot, window, photo)
    paint(window)
    out = tmp_path / "mask.png"
    answering(monkeypatch, "ask_save", out)
    window.registry.run("file.export-mask")
    qtbot.waitUntil(out.exists, timeout=60_000)
    assert window.document is not None
    before = window.document.mask.snapshot()
    window.registry.run("mask.clear")
    assert window.document.mask.selected_count == 0
    answering(monkeypatch, "ask_picture", out)
    window.registry.run("file.import-mask")
    qtbot.waitUntil(lambda: window.document is not None and window.document.mask.selected_count > 0)
    assert np.array_equal(window.document.mask.data, before)


def test_export_image_writes_what_was_kept(
    window: MainWindow, qtbot: QtBot, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(qtbot, window, photo)
    assert window.document is not None
    patch = ImagePatch(10, 10, np.full((4, 5, 3), 200, np.uint8))
    window.document.keep(Candidate("image", patch, 1))
    out = tmp_path / "out.png"
    asked = answering(monkeypatch, "ask_save", out)
    window.registry.run("file.export-image")
    qtbot.waitUntil(out.exists, timeout=60_000)
    assert asked[0][2] == photo.with_name(f"{photo.stem}-edited.png")
    pixels = cv2.imread(str(out))
    assert (pixels[10:14, 10:15] == 200).all()
    assert pixels[0, 5, 0] == 5


def test_the_sample_opens_with_its_mask_painted(window: MainWindow, qtbot: QtBot) -> None:
    window.registry.run("file.sample")
    qtbot.waitUntil(lambda: window.document is not None, timeout=60_000)
    assert window.document is not None
    assert 0.05 < window.document.mask.selected_fraction() < 0.3
    assert window.settings.recent_files() == []
    proposal = window.saving._proposal(window.document, "", ".ora")
    assert "assets" not in proposal.parts


def test_quitting_with_two_changed_documents_saves_both_and_then_closes(
    window: MainWindow, qtbot: QtBot, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Path(shutil.copy(photo, tmp_path / "other.png"))
    opened(qtbot, window, photo, other)
    paint(window)
    window.show_view(window.views[0])
    paint(window)
    asked = answering(monkeypatch, "ask_unsaved", "save")
    monkeypatch.setattr(dialogs, "ask_save", lambda _w, _t, proposal, _f: proposal)
    window.registry.run("file.quit")
    qtbot.waitUntil(window.isHidden, timeout=60_000)
    assert asked[0][1] == [photo.name, "other.png"]
    assert photo.with_suffix(".ora").exists()
    assert other.with_suffix(".ora").exists()


def test_an_uncaught_error_becomes_a_sentence_with_the_traceback_behind_details(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[object] = []
    monkeypatch.setattr(sys, "excepthook", lambda *arguments: printed.append(arguments))
    restore = install_excepthook(window.show_error)
    try:
        raise ZeroDivisionError("nothing to divide")
    except ZeroDivisionError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    restore()
    assert "ZeroDivisionError" not in window.banner.text
    assert "Your work is kept" in window.banner.text
    assert "ZeroDivisionError: nothing to divide" in window.banner.log
    assert len(printed) == 1
    details = next(button for button in window.banner.findChildren(QPushButton) if button.text() == "Details")
    assert details.isVisible()
    window.show_error(EngineFault("It broke. Try again."))
    assert not details.isVisible()


def test_an_offer_is_taken_with_enter(window: MainWindow, qtbot: QtBot) -> None:
    taken: list[str] = []
    choices: dict[str, Callable[[], object]] = {
        "Recover": lambda: taken.append("recover"),
        "Discard": lambda: taken.append("discard"),
    }
    window.banner.offer("Unsaved work was found.", choices)
    buttons = [button for button in window.banner.findChildren(QPushButton) if button.isVisible()]
    assert [button.text() for button in buttons] == ["Recover", "Discard"]
    qtbot.keyClick(buttons[0], Qt.Key.Key_Return)
    assert taken == ["recover"]
    assert window.banner.text == ""
