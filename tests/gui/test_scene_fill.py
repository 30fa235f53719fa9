"""A hole in the window: deleted, filled while one watches, tried on, kept, undone, saved and opened again."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from maskengines.projects.scene_state import SceneState
from maskengines.projects.scene_writing import SceneFolder
from maskengines.subjects.scene_files import load_scene
from maskengines.subjects.splat_files import load_gaussians
from maskstudio.documents.saving import export_scene, save_scene_project, wait_for_saves
from maskstudio.window.fill_flow import ENGINE
from maskstudio.window.main_window import MainWindow
from maskstudio.window.scene_tab import SceneTab
from pytestqt.qtbot import QtBot
from staged_room import Staged, staged, write_folder

WAIT = 240_000

pytestmark = pytest.mark.usefixtures("warm_workers")


@pytest.fixture(scope="module")
def room() -> Staged:
    return staged(8)


@pytest.fixture
def tab(window: MainWindow, qtbot: QtBot, tmp_path: Path, room: Staged) -> SceneTab:
    write_folder(room, tmp_path / "photos")
    scene = load_scene(tmp_path / "photos").subject.with_gaussians(room.scene)
    none = np.zeros(len(room.scene), bool)
    SceneFolder(tmp_path / "room.maskscene").write(SceneState(scene, none, none, none))
    return opened(window, qtbot, tmp_path / "room.maskscene")


def opened(window: MainWindow, qtbot: QtBot, path: Path) -> SceneTab:
    before = window.scenes.front
    window.opening.open_paths([path])
    qtbot.waitUntil(lambda: window.scenes.front not in (None, before), timeout=20_000)
    window.after_first_paint()
    service = window.engines.service
    assert service is not None
    qtbot.waitUntil(lambda: service.ready, timeout=WAIT)
    assert window.scenes.front is not None
    return window.scenes.front


def delete_the_box(window: MainWindow, tab: SceneTab, room: Staged) -> None:
    tab.document.change("Pick", selected=room.removed)
    assert window.registry.run("scene.delete")


def test_what_was_removed_is_filled_tried_on_kept_undone_and_saved(
    window: MainWindow, tab: SceneTab, room: Staged, qtbot: QtBot, tmp_path: Path
) -> None:
    document = tab.document
    assert window.fills.cannot_fill() == "Nothing was deleted: select Gaussians and delete them first"
    hidden = np.arange(len(room.scene)) < 5
    document.change("Hide", hidden=hidden)
    delete_the_box(window, tab, room)
    deleted = document.work
    assert window.fills.cannot_fill() is None
    assert window.registry.run("scene.fill")
    asker, panel = window.engines.asker, window.engines.candidates_panel
    assert asker is not None
    assert panel is not None
    job = asker.job
    assert job is not None
    assert job.engine_id == ENGINE
    assert window.fills.cannot_fill() == "Already at work: Esc cancels"
    qtbot.waitUntil(lambda: len(document.candidates) == 3, timeout=WAIT)
    qtbot.waitUntil(lambda: not job.active, timeout=WAIT)
    assert job.error is None
    assert panel.shown() is document.candidates[0], "the first that came shows"
    shown = tab.gaussians
    assert shown is not None
    assert len(shown) == document.candidates[0].metrics["gaussians"]
    assert document.work is deleted, "trying on changes nothing"

    window.engines.next()
    fill = document.candidates[1]
    assert panel.shown() is fill
    window.engines.keep()
    kept = document.work
    added = int(fill.metrics["added"])
    assert len(kept) == fill.metrics["gaussians"]
    assert not kept.deleted.any()
    assert kept.hidden.sum() == 5
    assert kept.shown[-added:].all()
    assert window.fills.cannot_fill() is not None, "it was filled"

    window.undo()
    assert document.work.scene is deleted.scene
    assert np.array_equal(document.work.deleted, deleted.deleted)
    assert np.array_equal(document.work.hidden, hidden)
    window.redo()
    target = tmp_path / "filled.ply"
    export_scene(document, target)
    save_scene_project(document, tmp_path / "filled.maskscene")
    wait_for_saves()
    assert len(load_gaussians(target).gaussians) == len(kept)
    shutil.copytree(tmp_path / "filled.maskscene", tmp_path / "again.maskscene")
    again = opened(window, qtbot, tmp_path / "again.maskscene").document.work
    assert len(again) == len(kept)
    assert again.hidden.sum() == 5


def test_a_fill_is_stopped_and_asked_for_from_where_the_eye_is(
    window: MainWindow, tab: SceneTab, room: Staged, qtbot: QtBot
) -> None:
    document = tab.document
    delete_the_box(window, tab, room)
    assert window.registry.run("scene.fill")
    asker = window.engines.asker
    assert asker is not None
    job = asker.job
    assert job is not None
    qtbot.waitUntil(lambda: "Fitting" in job.text or bool(document.candidates), timeout=WAIT)
    assert window.registry.run("engine.cancel")
    qtbot.waitUntil(lambda: not job.active, timeout=20_000)
    assert job.state == "cancelled"
    document.clear_candidates()

    tab.view.eye.look_from(room.cameras[2])
    assert window.registry.run("scene.fill-here")
    qtbot.waitUntil(lambda: bool(document.candidates), timeout=WAIT)
    made = document.candidates[0].provenance
    assert made is not None
    assert np.allclose(made.params["camera"]["w2c"], room.cameras[2].world_to_camera)
    form = window.engines.engine_panel.form if window.engines.engine_panel is not None else None
    assert form is not None
    assert form.values()["camera"] == {}, "the next fill is from the best view again"
    assert window.registry.run("engine.cancel")


def test_what_is_deleted_can_be_filled_after_the_project_was_opened_again(
    window: MainWindow, tab: SceneTab, room: Staged, qtbot: QtBot, tmp_path: Path
) -> None:
    delete_the_box(window, tab, room)
    save_scene_project(tab.document, tmp_path / "holed.maskscene")
    wait_for_saves()
    shutil.copytree(tmp_path / "holed.maskscene", tmp_path / "again.maskscene")
    again = opened(window, qtbot, tmp_path / "again.maskscene")
    assert again.document.work.deleted.sum() == room.removed.sum()
    kept = again.document.work.kept
    assert kept is not None
    assert np.array_equal(kept.means, room.scene.means[~room.removed])
    assert window.fills.cannot_fill() is None
