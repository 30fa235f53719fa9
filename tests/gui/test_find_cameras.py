"""A folder of photos in the window: its cameras are offered, found, undone, and Esc ends the search."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from maskstudio.window.camera_flow import ENGINE, FIND
from maskstudio.window.main_window import MainWindow
from maskstudio.window.scene_tab import SceneTab
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

WAIT = 120_000
COUNT = 5


@pytest.fixture
def tab(window: MainWindow, qtbot: QtBot, tmp_path: Path, data_dir: Path) -> SceneTab:
    pytest.importorskip("pycolmap")
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(COUNT):
        shutil.copy(data_dir / "scene" / "garden_occ" / "images" / f"g{number:02d}.png", photos)
    window.opening.open_paths([photos])
    qtbot.waitUntil(lambda: window.scenes.front is not None, timeout=20_000)
    window.after_first_paint()
    service = window.engines.service
    assert service is not None
    qtbot.waitUntil(lambda: service.ready, timeout=WAIT)
    assert window.scenes.front is not None
    return window.scenes.front


def choice(window: MainWindow) -> QPushButton:
    return next(
        button for button in window.banner.findChildren(QPushButton) if button.text().replace("&", "") == FIND
    )


def test_cameras_are_offered_stopped_found_and_undone(
    window: MainWindow, tab: SceneTab, qtbot: QtBot
) -> None:
    assert f"{COUNT} photos" in window.banner.text
    document = tab.document
    choice(window).click()
    asker = window.engines.asker
    assert asker is not None
    job = asker.job
    assert job is not None
    assert job.engine_id == ENGINE
    assert window.cameras.cannot_find() == "Already at work: Esc cancels"
    qtbot.waitUntil(lambda: "photo" in job.text, timeout=WAIT)
    begun = time.monotonic()
    assert window.registry.run("engine.cancel")
    qtbot.waitUntil(lambda: not job.active, timeout=10_000)
    assert time.monotonic() - begun < 2
    assert job.state == "cancelled"
    assert document.work.scene.cameras == ()

    assert window.cameras.cannot_find() is None
    assert window.registry.run("scene.find-cameras")
    qtbot.waitUntil(lambda: len(document.work.scene.cameras) == COUNT, timeout=WAIT)
    assert len(tab.view.cameras) == COUNT
    assert len(document.work.scene.points) > 100
    stands = tab.view.eye.orbit
    assert window.registry.run("scene.frame")
    assert tab.view.eye.orbit == stands, "all of it is seen, not the first camera from right behind it"
    assert f"{COUNT} of {COUNT} photos" in window.banner.text
    assert window.cameras.cannot_find() is not None

    window.undo()
    assert document.work.scene.cameras == ()
    assert tab.view.cameras == ()
    window.redo()
    assert len(tab.view.cameras) == COUNT


def test_a_scene_whose_cameras_are_known_is_not_asked_about(
    window: MainWindow, qtbot: QtBot, data_dir: Path
) -> None:
    window.opening.open_paths([data_dir / "scene" / "garden_occ"])
    qtbot.waitUntil(lambda: window.scenes.front is not None, timeout=20_000)
    assert window.cameras.cannot_find() is not None
    assert not any(
        button.text().replace("&", "") == FIND for button in window.banner.findChildren(QPushButton)
    )
