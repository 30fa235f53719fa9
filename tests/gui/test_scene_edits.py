"""Editing what is selected in a scene: locks, moves by mouse and keys, colours, looks, votes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clumps import COUNT, LEFT, open_clumps
from maskengines.errors import BadInput
from maskengines.projects.scene_reading import load_scene_project
from maskengines.subjects.splat_edits import Recolour, Similarity, mean_colour
from maskengines.subjects.splat_files import load_gaussians
from maskstudio.documents.saving import export_scene, save_scene_project, wait_for_saves
from maskstudio.window import dialogs
from maskstudio.window.looks_dialog import LooksDialog
from maskstudio.window.main_window import MainWindow
from maskstudio.window.scene_tab import SceneTab
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

Array = np.ndarray[Any, Any]
WAIT = 120_000

pytestmark = pytest.mark.usefixtures("warm_workers")


@pytest.fixture
def tab(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> SceneTab:
    return open_clumps(window, qtbot, tmp_path)


def picture(tab: SceneTab) -> Array:
    """What the viewport shows, ``(h, w, 3)``."""
    return tab.document.subject.pixels


def drawn(window: MainWindow, tab: SceneTab, qtbot: QtBot) -> None:
    """Until the worker has drawn the front."""
    window.after_first_paint()
    window.registry.run("scene.front")
    qtbot.waitUntil(lambda: tab.document.subject.width > 100 and bool(picture(tab).any()), timeout=WAIT)


def means(tab: SceneTab) -> Array:
    gaussians = tab.document.work.scene.gaussians
    assert gaussians is not None
    return gaussians.means


# --- locks --------------------------------------------------------------------------------------


def test_what_is_locked_is_neither_selected_nor_changed(window: MainWindow, tab: SceneTab) -> None:
    document, run = tab.document, window.registry.run
    assert not run("scene.unlock"), "nothing is locked"
    document.change("Pick", selected=LEFT)
    assert run("scene.lock")
    assert np.array_equal(document.work.locked, LEFT)
    assert not document.work.selected.any()
    run("mask.all")
    assert np.array_equal(document.work.selected, ~LEFT)
    run("mask.invert")
    assert not document.work.selected.any()
    document.change("Pick", selected=np.ones(COUNT, bool))
    run("scene.delete")
    assert np.array_equal(document.work.deleted, ~LEFT), "what is locked stays"
    window.undo()
    document.change("Pick", selected=np.ones(COUNT, bool))
    document.edit_selected("Move", Similarity(shift=(0, 5, 0)))
    assert means(tab)[LEFT, 1].max() < 2
    assert means(tab)[~LEFT, 1].min() > 2
    assert "locked" in document.asked_told()
    assert run("scene.unlock")
    assert not document.work.locked.any()


# --- moves --------------------------------------------------------------------------------------


def test_g_and_the_mouse_move_what_is_selected_and_show_it_meanwhile(
    window: MainWindow, tab: SceneTab, qtbot: QtBot
) -> None:
    drawn(window, tab, qtbot)
    view, document = tab.view, tab.document
    QTest.keyClick(view, Qt.Key.Key_G)
    assert not view.hold.active, "nothing is selected"
    document.change("Pick", selected=LEFT)
    before, count = document.work.scene.gaussians, document.undo_stack.count()
    start = QPoint(view.width() // 2, view.height() // 2)
    QTest.mouseMove(view, start)
    QTest.keyClick(view, Qt.Key.Key_G)
    assert view.hold.active
    QTest.mouseMove(view, start + QPoint(1, 0))
    QTest.mouseMove(view, start + QPoint(1, 120))
    assert view.hold.words.startswith("Move")
    tall = picture(tab).shape[0]

    def height() -> float:
        red = (picture(tab)[..., 0] > 120) & (picture(tab)[..., 2] < 90)
        return float(np.flatnonzero(red.any(axis=1)).mean()) if red.any() else 0.0

    qtbot.waitUntil(lambda: abs(height() - tall / 2) > 80 * tall / view.height(), timeout=WAIT)
    assert document.work.scene.gaussians is before, "the document waits for the end"
    assert document.undo_stack.count() == count
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=start + QPoint(1, 120))
    assert not view.hold.active
    assert document.undo_stack.count() == count + 1
    went = means(tab)[LEFT] - before.means[LEFT]  # type: ignore[union-attr]
    down = view.eye.orbit.axes[1] @ view.eye.stage.turn
    pixels = float(went.mean(axis=0) @ down) * view.eye.stage.scale * view.eye.orbit.focal
    assert pixels / view.eye.orbit.distance == pytest.approx(120, rel=0.03)
    assert np.array_equal(means(tab)[~LEFT], before.means[~LEFT])  # type: ignore[union-attr]
    window.undo()
    assert np.array_equal(means(tab), before.means)  # type: ignore[union-attr]
    window.redo()
    assert np.allclose(means(tab)[LEFT], before.means[LEFT] + went, atol=1e-6)  # type: ignore[union-attr]


def test_numbers_and_axes_are_typed_and_esc_gives_up(window: MainWindow, tab: SceneTab) -> None:
    view, document = tab.view, tab.document
    document.change("Pick", selected=LEFT)
    first, count = means(tab), document.undo_stack.count()
    for keys in ("x2", "z"):
        QTest.keyClick(view, Qt.Key.Key_G)
        QTest.keyClicks(view, keys)
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert not view.hold.active
    assert means(tab) is first
    assert document.undo_stack.count() == count

    QTest.keyClick(view, Qt.Key.Key_G)
    QTest.keyClicks(view, "x-1.5")
    assert "-1.5" in view.hold.words
    QTest.keyClick(view, Qt.Key.Key_Return)
    # Without photos the stage lies as the scene does, so X is its x.
    assert np.allclose(means(tab)[LEFT] - first[LEFT], [-1.5, 0, 0], atol=1e-5)
    window.undo()

    QTest.keyClick(view, Qt.Key.Key_S)
    QTest.keyClicks(view, "3")
    QTest.keyClick(view, Qt.Key.Key_Return)
    gaussians = document.work.scene.gaussians
    assert gaussians is not None
    assert np.allclose(gaussians.scales[LEFT], np.log(0.15), atol=1e-4)
    assert np.allclose(gaussians.scales[~LEFT], np.log(0.05), atol=1e-4)
    window.undo()

    QTest.keyClick(view, Qt.Key.Key_R)
    QTest.keyClicks(view, "z90")
    QTest.keyClick(view, Qt.Key.Key_Return)
    middle = first[LEFT].mean(axis=0)
    around = first[LEFT] - middle
    # Z points up, which is -y here: right goes to ahead, counter-clockwise as seen from above.
    wanted = np.column_stack([-around[:, 2], around[:, 1], around[:, 0]])
    assert np.allclose(means(tab)[LEFT] - middle, wanted, atol=1e-4)
    assert document.undo_stack.count() == count + 1


def test_a_right_click_and_a_lost_focus_give_up(window: MainWindow, tab: SceneTab) -> None:
    view, document = tab.view, tab.document
    document.change("Pick", selected=LEFT)
    first = means(tab)
    for end in (
        lambda: QTest.mouseClick(view, Qt.MouseButton.RightButton),
        lambda: document.change("Pick", selected=~LEFT),
    ):
        QTest.keyClick(view, Qt.Key.Key_R)
        QTest.mouseMove(view, QPoint(100, 100))
        QTest.mouseMove(view, QPoint(130, 240))
        assert view.hold.active
        end()
        assert not view.hold.active
        assert means(tab) is first


def test_undo_steps_of_moves_weigh_what_moved(window: MainWindow, tab: SceneTab) -> None:
    document = tab.document
    few = np.arange(COUNT) < 10
    document.change("Pick", selected=few)
    first = means(tab)
    for _ in range(5):
        document.edit_selected("Move", Similarity(shift=(1, 0, 0)))
    document.edit_selected("Turn", Similarity(turn=(0.8, 0.6, 0, 0)))
    weights = [sum(bag.nbytes for bag in command.bags) for command in commands(tab)[1:]]
    assert 10 * 3 * 4 <= weights[0] < COUNT * 3
    assert 10 * (3 + 4) * 4 <= weights[-1] < COUNT * 3
    for _ in range(6):
        window.undo()
    assert np.array_equal(means(tab), first)


def commands(tab: SceneTab) -> list[Any]:
    stack = tab.document.undo_stack
    return [stack.command(number) for number in range(stack.count())]


def test_edits_are_in_what_is_exported_saved_and_recovered(
    window: MainWindow, tab: SceneTab, tmp_path: Path
) -> None:
    document = tab.document
    document.change("Pick", selected=LEFT)
    document.edit_selected("Move", Similarity(shift=(0, 3, 0)))
    document.edit_selected("Recolour", Recolour((0.2, 0.6, 0.2)))
    document.change("Lock", locked=LEFT)
    wanted = document.work.scene.gaussians
    assert wanted is not None
    keeper = document.keeper
    assert keeper is not None
    keeper.look()
    keeper.autosave.flush()
    folder = keeper.autosave._journal.folder / "work"  # type: ignore[union-attr]
    state, _ = load_scene_project(folder)
    assert state.scene.gaussians is not None
    assert np.array_equal(state.scene.gaussians.means, wanted.means)
    assert np.allclose(state.scene.gaussians.harmonics, wanted.harmonics)
    assert np.array_equal(state.locked, LEFT)
    export_scene(document, tmp_path / "out.ply")
    wait_for_saves()
    written = load_gaussians(tmp_path / "out.ply").gaussians
    assert np.array_equal(written.means, wanted.means)
    assert np.allclose(mean_colour(written, LEFT), (0.2, 0.6, 0.2), atol=0.02)


def chosen(monkeypatch: pytest.MonkeyPatch, name: str, answer: object) -> None:
    monkeypatch.setattr(dialogs, name, lambda *_: answer)


def test_an_export_is_no_save(
    window: MainWindow, tab: SceneTab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document, run = tab.document, window.registry.run
    document.change("Pick", selected=LEFT)
    run("scene.delete")
    lossy = tmp_path / "k.splat"
    chosen(monkeypatch, "ask_kind", (lossy, "Splat"))
    assert run("file.export-scene")
    wait_for_saves()
    assert len(load_gaussians(lossy).gaussians) == COUNT - LEFT.sum()
    assert "Exported" in window.banner.text
    assert document.modified
    assert document.path is None
    assert document.title == "clumps.ply"

    written = lossy.read_bytes()
    project = tmp_path / "clumps.maskscene"
    chosen(monkeypatch, "ask_save", project)
    assert run("file.save")
    wait_for_saves()
    assert lossy.read_bytes() == written
    assert document.path == project
    assert not document.modified


def test_what_is_hidden_and_locked_is_so_again_in_a_saved_scene_without_photos(
    window: MainWindow, tab: SceneTab, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = np.arange(COUNT) % 3 == 0
    tab.document.change("Lock", locked=some & ~LEFT)
    tab.document.change("Pick", selected=LEFT)
    assert window.registry.run("scene.hide")
    project = tmp_path / "clumps.maskscene"
    chosen(monkeypatch, "ask_save", project)
    assert window.registry.run("file.save")
    wait_for_saves()
    window.registry.run("file.close")
    assert window.view is None
    assert window.settings.recent_files()[0] == project
    # A dialog of files walks into the folder.
    window.opening.open_paths([next(project.glob("*.json"))])
    qtbot.waitUntil(lambda: window.scenes.front is not None, timeout=20_000)
    assert window.scenes.document is not None
    work = window.scenes.document.work
    assert np.array_equal(work.hidden, LEFT)
    assert np.array_equal(work.locked, some & ~LEFT)
    assert not window.scenes.document.modified


def test_a_project_is_not_written_under_the_name_of_another_kind_of_file(
    tab: SceneTab, tmp_path: Path
) -> None:
    for name in ("k.splat", "k.ora", "k.png"):
        with pytest.raises(BadInput, match=r"'k(\.png)?\.maskscene'"):
            save_scene_project(tab.document, tmp_path / name)
        assert not (tmp_path / name).exists()


# --- colours ------------------------------------------------------------------------------------


def test_a_colour_is_seen_while_it_is_chosen_and_stays_when_it_was(
    window: MainWindow, tab: SceneTab, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn(window, tab, qtbot)
    document = tab.document
    document.change("Pick", selected=LEFT)
    before = document.work.scene.gaussians

    def green() -> int:
        pixels = picture(tab).astype(int)
        return int(((pixels[..., 1] > 100) & (pixels[..., 0] < 90) & (pixels[..., 2] < 90)).sum())

    def choose(answer: QColor | None) -> Callable[..., QColor | None]:
        def ask(_parent: object, _title: str, start: QColor, tried: Callable[[QColor], object]) -> Any:
            assert start.redF() == pytest.approx(0.9, abs=0.02)
            tried(QColor.fromRgbF(0.1, 0.6, 0.1))
            qtbot.waitUntil(lambda: green() > 100, timeout=WAIT)
            return answer

        return ask

    monkeypatch.setattr(dialogs, "ask_colour", choose(None))
    window.registry.run("scene.recolour")
    assert document.work.scene.gaussians is before
    qtbot.waitUntil(lambda: green() < 50, timeout=WAIT)
    monkeypatch.setattr(dialogs, "ask_colour", choose(QColor.fromRgbF(0.1, 0.6, 0.1)))
    window.registry.run("scene.recolour")
    after = document.work.scene.gaussians
    assert after is not None
    assert np.allclose(mean_colour(after, LEFT), (0.1, 0.6, 0.1), atol=0.03)
    window.undo()
    assert np.array_equal(document.work.scene.gaussians.harmonics, before.harmonics)  # type: ignore[union-attr]


# --- selections ---------------------------------------------------------------------------------


def test_what_is_alike_is_added_by_its_colour(window: MainWindow, tab: SceneTab, qtbot: QtBot) -> None:
    drawn(window, tab, qtbot)
    tab.document.change("Pick", selected=np.arange(COUNT) < 5)
    assert window.registry.run("scene.alike")
    qtbot.waitUntil(lambda: int(tab.document.work.selected.sum()) > 5, timeout=WAIT)
    assert np.array_equal(tab.document.work.selected, LEFT)


def test_looks_are_tried_in_the_viewport_and_selected_at_the_end(
    window: MainWindow, tab: SceneTab, qtbot: QtBot
) -> None:
    drawn(window, tab, qtbot)
    document = tab.document
    document.change("Pick", selected=~LEFT)
    document.edit_selected("Scale", Similarity(scale=4.0))
    count = document.undo_stack.count()
    dialog = LooksDialog(window, tab)
    qtbot.addWidget(dialog)
    assert dialog.looks["colour"][2] == pytest.approx(0.9, abs=0.02), "the colour of what is selected"
    dialog.well.set_color("#e61a1a")
    dialog.well.picked.emit("#e61a1a")
    told: list[Array] = []
    real = tab.preview_selection
    tab.preview_selection = lambda selected: (told.append(selected), real(selected))  # type: ignore[assignment,method-assign,func-returns-value]
    dialog.sizes.least.setValue(150)
    assert set(dialog.looks) == {"colour", "sizes"}
    qtbot.waitUntil(lambda: bool(told) and not told[-1].any(), timeout=WAIT)
    dialog._ticks["sizes"].setChecked(False)
    qtbot.waitUntil(lambda: np.array_equal(told[-1], LEFT), timeout=WAIT)
    assert document.undo_stack.count() == count
    dialog.how.setCurrentIndex(1)
    dialog.accept()
    qtbot.waitUntil(lambda: document.undo_stack.count() == count + 1, timeout=WAIT)
    assert document.work.selected.all()
    assert told[-1] is None


def test_votes_of_several_views_make_one_selection_and_undo_takes_one_back(
    window: MainWindow, tab: SceneTab, qtbot: QtBot
) -> None:
    drawn(window, tab, qtbot)
    view, document, run = tab.view, tab.document, window.registry.run
    run("tool.rectangle")
    run("scene.reach.through")
    run("scene.votes")
    assert window.scenes.selection.voting
    assert "Votes" in view.hint

    def paint(left: float, right: float) -> None:
        near = QPoint(int(left * view.width()), 4)
        far = QPoint(int(right * view.width()), view.height() - 4)
        done = document.undo_stack.index()
        QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=near)
        QTest.mouseMove(view, far)
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=far)
        qtbot.waitUntil(lambda: document.undo_stack.index() > done, timeout=WAIT)
        qtbot.waitUntil(lambda: not tab.asking.busy, timeout=WAIT)

    paint(0.02, 0.98)
    both = document.work.selected
    assert both.all()
    assert "1 view" in view.hint
    run("scene.top")
    paint(0.02, 0.5)
    assert "2 views" in view.hint
    # Of two views both must mean it.
    assert np.array_equal(document.work.selected, LEFT)
    window.undo()
    assert document.work.selected is both
    assert "1 view" in view.hint
    paint(0.5, 0.98)
    assert np.array_equal(document.work.selected, ~LEFT), "the vote that was undone does not count"
    run("scene.votes")
    assert not view.hint


def test_taking_away_in_a_view_needs_a_vote_there(window: MainWindow, tab: SceneTab, qtbot: QtBot) -> None:
    drawn(window, tab, qtbot)
    window.registry.run("scene.votes")
    mask = np.full((tab.view.height(), tab.view.width()), 255, np.uint8)
    tab.view.painted.emit(mask, True)
    assert not tab.asking.busy
    assert "Paint in this view first" in window.banner.text


def test_keys_of_the_viewport_work_after_the_palette(window: MainWindow, tab: SceneTab, qtbot: QtBot) -> None:
    tab.document.change("Pick", selected=LEFT)
    tab.view.setFocus()
    qtbot.waitUntil(tab.view.hasFocus, timeout=5000)
    window.registry.run("help.palette")
    assert not tab.view.hasFocus()
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Escape)
    assert tab.view.hasFocus()
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_G)
    assert tab.view.hold.active
