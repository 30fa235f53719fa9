"""A scene in the window: it is drawn by a worker, paint selects in it, edits are undone, it is exported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clumps import COUNT, LEFT, open_clumps, two_clumps
from maskengines.contract import Candidate
from maskengines.errors import BadInput
from maskengines.results.scenes import SceneResult
from maskengines.runtime.events import Failed, Started
from maskengines.subjects.splat_files import load_gaussians, save_gaussians
from maskstudio.documents.saving import export_scene, wait_for_saves
from maskstudio.jobs.item import JobItem
from maskstudio.panels.jobs_bar import JobsBar
from maskstudio.window.main_window import MainWindow
from maskstudio.window.scene_tab import SceneTab
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

WAIT = 120_000

pytestmark = pytest.mark.usefixtures("warm_workers")


@pytest.fixture
def tab(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> SceneTab:
    return open_clumps(window, qtbot, tmp_path)


def test_paint_on_the_render_selects_what_is_deleted_undone_and_saved(
    window: MainWindow, tab: SceneTab, qtbot: QtBot, tmp_path: Path
) -> None:
    window.after_first_paint()
    view, document = tab.view, tab.document
    window.registry.run("scene.front")
    qtbot.waitUntil(lambda: document.subject.width > 100, timeout=WAIT)
    picture = document.subject.pixels
    columns = np.flatnonzero((picture[..., 0] > 120).any(axis=0))
    rows = np.flatnonzero((picture[..., 0] > 120).any(axis=1))
    assert columns.mean() < picture.shape[1] / 2, "the red clump is drawn at the left"

    window.registry.run("tool.rectangle")
    window.registry.run("scene.reach.through")
    scale = view.width() / picture.shape[1]
    near = QPoint(int(columns[0] * scale) - 12, int(rows[0] * scale) - 12)
    far = QPoint(int(columns[-1] * scale) + 12, int(rows[-1] * scale) + 12)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=near)
    QTest.mouseMove(view, far)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=far)
    qtbot.waitUntil(lambda: bool(document.work.selected.any()), timeout=WAIT)
    assert np.array_equal(document.work.selected, LEFT)

    assert window.registry.run("scene.delete")
    gone = int(document.work.deleted.sum())
    qtbot.waitUntil(lambda: int((document.subject.pixels[..., 0] > 120).sum()) < 50, timeout=WAIT)
    target = tmp_path / "rest.ply"
    export_scene(document, target)
    wait_for_saves()
    assert len(load_gaussians(target).gaussians) == COUNT - gone
    window.undo()
    assert not document.work.deleted.any()
    assert np.array_equal(document.work.selected, LEFT)
    window.undo()
    assert not document.work.selected.any()


def test_edits_are_steps_that_cost_no_copy_and_come_back(window: MainWindow, tab: SceneTab) -> None:
    document = tab.document
    document.change("Pick", selected=LEFT)
    before = document.work
    assert window.registry.run("scene.isolate")
    assert not document.work.shown[~LEFT].any()
    window.registry.run("mask.invert")
    assert not document.work.selected.any(), "what is hidden is not selected"
    window.undo()
    window.undo()
    assert document.work.scene is before.scene
    assert document.work.selected is before.selected
    window.registry.run("mask.invert")
    assert np.array_equal(document.work.selected, ~LEFT)
    window.registry.run("mask.clear")
    assert not document.work.selected.any()
    assert not window.registry.run("scene.delete"), "nothing is selected"


def test_a_trained_scene_is_kept_as_one_step(window: MainWindow, tab: SceneTab) -> None:
    small = two_clumps().take(slice(0, 50))
    window.scenes.take(Candidate("scene", SceneResult(small).to_plain(), 1))
    assert len(tab.document.work) == 50
    window.undo()
    assert len(tab.document.work) == COUNT


def test_a_candidate_is_not_tried_on_any_more_once_another_tab_was_in_front(
    window: MainWindow, tab: SceneTab, qtbot: QtBot, tmp_path: Path
) -> None:
    window.after_first_paint()
    view, document = window.view, tab.document
    assert view is not None
    small = two_clumps().take(slice(0, 50))
    document.add_candidate(Candidate("scene", SceneResult(small).to_plain(), 1))
    window.registry.run("candidate.next")
    assert tab.trying
    other = tmp_path / "other.ply"
    save_gaussians(small, other)
    window.opening.open_paths([other])
    qtbot.waitUntil(lambda: window.scenes.front not in (None, tab), timeout=20_000)
    window.show_view(view)
    assert window.engines.shown is None
    assert not tab.trying, "as the gallery, which shows none"
    assert tab.gaussians is document.work.scene.gaussians


def test_the_brush_is_still_in_hand_on_a_photo_after_a_scene_was_opened(
    window: MainWindow, tab: SceneTab, qtbot: QtBot
) -> None:
    assert window.tools.chosen == "tool.hand"
    window.opening.open_sample()
    qtbot.waitUntil(lambda: window.view is not None and window.view.canvas is not None, timeout=20_000)
    assert window.tools.chosen == "tool.brush"
    window.registry.run("view.next-tab")
    window.registry.run("view.next-tab")
    assert window.tools.chosen == "tool.brush"


def test_engines_say_what_they_lack_and_what_will_come(
    window: MainWindow, tab: SceneTab, qtbot: QtBot
) -> None:
    window.after_first_paint()
    service, panel = window.engines.service, window.engines.engine_panel
    assert service is not None
    assert panel is not None
    qtbot.waitUntil(lambda: service.ready, timeout=WAIT)
    hint = window.engines.candidates_panel._hint  # type: ignore[union-attr]
    assert panel.choose("dual-3dgs")
    assert panel.disabled_reason() == "This scene has no photos: open a folder of photos"
    assert not panel.run_button.isEnabled()
    assert "from the photos" in hint.text()
    assert panel.choose("scene-fill")
    assert "Delete what should go" in hint.text()
    assert panel.choose("render-scene")
    assert panel.disabled_reason() is None
    assert "photos" not in hint.text()
    assert "Delete" not in hint.text()


def test_a_failure_goes_with_its_tab(window: MainWindow, tab: SceneTab, qtbot: QtBot) -> None:
    window.after_first_paint()
    service, asker = window.engines.service, window.engines.asker
    assert service is not None
    assert asker is not None
    bar = window.findChild(JobsBar)
    item = asker.job = JobItem("dual-3dgs", "Clean scene", live=False, parent=service)
    service._list(item)
    item.receive(Started("x"))
    item.receive(Failed("x", BadInput("There are too few photos.")))
    bar.refresh()
    assert bar.title.text() == "Clean scene failed"
    window.registry.run("file.close")
    assert bar.title.text() == "Jobs"


def test_the_wheel_comes_nearer_and_keys_show_sides(tab: SceneTab, qtbot: QtBot) -> None:
    view = tab.view
    away = view.eye.orbit.distance
    view.eye.nearer()
    assert view.eye.orbit.distance < away
    QTest.keyClick(view, Qt.Key.Key_7)
    assert view.eye.orbit.pitch == 90
    QTest.keyClick(view, Qt.Key.Key_F)
    assert view.eye.orbit.target == (0.0, 0.0, 0.0)


def test_right_button_and_w_fly_ahead(tab: SceneTab, qtbot: QtBot) -> None:
    view = tab.view
    eye, ahead = view.eye.orbit.eye, view.eye.orbit.axes[2]
    QTest.mousePress(view, Qt.MouseButton.RightButton, pos=QPoint(200, 200))
    QTest.keyPress(view, Qt.Key.Key_W)
    qtbot.waitUntil(lambda: float((view.eye.orbit.eye - eye) @ ahead) > 50, timeout=5000)
    QTest.keyRelease(view, Qt.Key.Key_W)
    QTest.mouseRelease(view, Qt.MouseButton.RightButton, pos=QPoint(200, 200))
    there = view.eye.orbit
    qtbot.wait(60)
    assert view.eye.orbit == there


def test_the_stage_camera_sees_what_the_orbit_shows(tab: SceneTab) -> None:
    view = tab.view
    camera = view.eye.camera(view.width(), view.height())
    points = two_clumps().means[:20].astype(float)
    pixels, _ = camera.project(points)
    assert np.allclose(pixels, view.eye.orbit.project(view.eye.stage.place(points)), atol=1e-6)
