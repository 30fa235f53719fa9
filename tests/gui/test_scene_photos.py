"""Photos of a scene in the window: they lie over the render, are painted on, and the training hears of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clumps import open_clumps
from maskengines.contract import BadInput, Candidate
from maskengines.results.scenes import SceneResult
from maskstudio.canvas.scene_photo import PhotoGround, across
from maskstudio.documents.photo_paint import PhotoSheet
from maskstudio.documents.recovery import journal_folder, recoverable
from maskstudio.documents.saving import save_scene_project, wait_for_saves
from maskstudio.documents.scene_document import SceneDocument
from maskstudio.documents.scene_opening import read_scene
from maskstudio.jobs.photo_feed import PhotoFeed
from maskstudio.window import dialogs
from maskstudio.window.main_window import MainWindow
from maskstudio.window.scene_tab import SceneTab
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from tiny_scene import blobs, write_scene

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
Array = np.ndarray[Any, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scene(tmp_path_factory.mktemp("photos") / "tiny")


@pytest.fixture
def tab(window: MainWindow, qtbot: QtBot, folder: Path) -> SceneTab:
    window.opening.open_paths([folder])
    qtbot.waitUntil(lambda: window.scenes.front is not None, timeout=20_000)
    assert window.scenes.front is not None
    return window.scenes.front


def ground(tab: SceneTab) -> PhotoGround:
    assert tab.view.photo is not None
    return tab.view.photo


def sheet(tab: SceneTab) -> PhotoSheet:
    assert tab.photos.sheet is not None
    return tab.photos.sheet


def drag(tab: SceneTab, start: tuple[float, float], end: tuple[float, float], button: Any = LEFT) -> None:
    """From one pixel of the photo to another."""
    first, last = (ground(tab).back(*place).toPoint() for place in (start, end))
    QTest.mousePress(tab.view, button, pos=first)
    QTest.mouseMove(tab.view, last)
    QTest.mouseRelease(tab.view, button, pos=last)


def test_a_click_on_a_camera_shows_its_photo_from_where_it_was_taken(tab: SceneTab, qtbot: QtBot) -> None:
    view, photos = tab.view, tab.document.work.scene.photos
    view.eye.look(view.eye.orbit.zoomed(0.5, view.width() / 2, view.height() / 2))
    camera = photos[2].camera
    assert camera is not None
    at = view.eye.orbit.project(view.eye.stage.place(camera.position[None]))[0]
    QTest.mouseClick(view, LEFT, pos=QPoint(int(at[0]), int(at[1])))
    assert tab.photos.shown in photos
    assert view.eye.exact == tab.photos.shown.camera
    assert view.chosen_camera is not None


def test_page_keys_go_round_the_photos_and_esc_or_turning_leaves(
    window: MainWindow, tab: SceneTab, qtbot: QtBot
) -> None:
    names = [photo.name for photo in tab.document.work.scene.photos]
    window.registry.run("scene.photo.next")
    assert tab.photos.shown is not None
    start = names.index(tab.photos.shown.name)
    window.registry.run("scene.photo.next")
    assert tab.photos.shown.name == names[(start + 1) % len(names)]
    for _ in range(2):
        window.registry.run("scene.photo.previous")
    assert tab.photos.shown.name == names[(start - 1) % len(names)]
    QTest.keyClick(tab.view, Qt.Key.Key_Escape)
    assert tab.photos.shown is None
    window.registry.run("scene.photo")
    assert tab.photos.shown is not None
    QTest.keyClick(tab.view, Qt.Key.Key_Left)
    assert tab.photos.shown is None
    assert tab.view.photo is None


def test_the_photo_lies_where_its_camera_sees_it(tab: SceneTab) -> None:
    photo = tab.document.work.scene.photos[1]
    tab.photos.show(photo)
    assert photo.camera is not None
    view = tab.view
    seen = view.eye.camera(view.width(), view.height())
    points = blobs().means[:30].astype(float)
    there, _ = seen.project(points)
    pixels, _ = photo.camera.project(points)
    laid = np.array([(p.x(), p.y()) for p in (ground(tab).back(*pixel) for pixel in pixels)])
    assert np.allclose(there, laid, atol=1e-6)


def test_the_photos_own_pixels_are_drawn_left_of_the_line(tab: SceneTab, qtbot: QtBot, folder: Path) -> None:
    photo = tab.document.work.scene.photos[1]
    tab.photos.show(photo)
    qtbot.waitUntil(lambda: ground(tab)._image is not None, timeout=20_000)
    from PIL import Image

    true = np.asarray(Image.open(folder / "images" / "p01.png").convert("RGB")).astype(int)
    assert not ground(tab).catches(QPointF(ground(tab).line, ground(tab).rect.center().y())), "no render yet"
    assert ground(tab).line == ground(tab).rect.right()
    ground(tab).compared = True
    assert ground(tab).line == pytest.approx(tab.view.width() / 2, abs=1), "it begins in the middle"
    drawn = tab.view.grab().toImage()
    ratio = tab.view.devicePixelRatioF()

    def colour(x: int, y: int) -> Array:
        at = ground(tab).back(x + 0.5, y + 0.5) * ratio
        return np.array(QColor(drawn.pixel(at.toPoint())).getRgb()[:3])

    places = [(x, y) for x in range(3, 20, 4) for y in range(3, 30, 4)]
    off = [np.abs(colour(x, y) - true[y, x]).max() for x, y in places]
    assert np.median(off) <= 2
    right = [np.abs(colour(x + 26, y) - true[y, x + 26]).max() for x, y in places]
    assert np.median(right) > 10, "right of the line there is no photo"


def test_the_line_is_dragged_and_stays_for_the_next_photo(window: MainWindow, tab: SceneTab) -> None:
    photos = tab.document.work.scene.photos
    tab.photos.show(photos[0])
    window.registry.run("tool.brush")
    ground(tab).compared = True
    knob = QPointF(ground(tab).line, ground(tab).rect.center().y())
    assert ground(tab).catches(knob)
    target = ground(tab).rect.left() + 0.25 * ground(tab).rect.width()
    QTest.mousePress(tab.view, LEFT, pos=knob.toPoint())
    QTest.mouseMove(tab.view, QPoint(int(target), int(knob.y())))
    QTest.mouseRelease(tab.view, LEFT, pos=QPoint(int(target), int(knob.y())))
    assert ground(tab).wipe == pytest.approx(0.25, abs=0.01)
    assert not sheet(tab).mask.data.any(), "the line was dragged, nothing was painted"


def test_tools_paint_on_the_photo_that_shows_and_undo_takes_it_back(
    window: MainWindow, tab: SceneTab
) -> None:
    document, photos = tab.document, tab.document.work.scene.photos
    tab.photos.show(photos[0])
    window.registry.run("tool.rectangle")
    drag(tab, (10, 8), (20, 18))
    first = sheet(tab).mask.snapshot()
    assert first[9:17, 11:19].min() == 255
    assert np.count_nonzero(first) < 15 * 15
    assert document.modified

    tab.photos.show(photos[1])
    assert not sheet(tab).mask.data.any(), "each photo has a mask of its own"
    window.registry.run("tool.brush")
    window.tools.brush.size, window.tools.brush.hardness = 6, 1.0
    drag(tab, (24, 20), (30, 20))
    assert sheet(tab).mask.data[20, 26] == 255
    masks = document.question()[1]
    assert set(masks) == {photos[0].space, photos[1].space}
    assert np.array_equal(masks[photos[0].space], first)

    window.registry.run("tool.eraser")
    drag(tab, (24, 20), (27, 20))
    assert sheet(tab).mask.data[20, 24] == 0
    window.undo()
    assert sheet(tab).mask.data[20, 24] == 255
    window.undo()
    window.undo()
    assert document.question()[1] == {}
    assert not document.modified
    window.redo()
    assert np.array_equal(document.question()[1][photos[0].space], first)


def test_the_right_button_erases_on_a_photo_and_looks_around_in_the_scene(
    window: MainWindow, tab: SceneTab
) -> None:
    tab.photos.show(tab.document.work.scene.photos[0])
    window.registry.run("mask.all")
    window.registry.run("tool.brush")
    window.tools.brush.size, window.tools.brush.hardness = 6, 1.0
    drag(tab, (24, 12), (30, 12), RIGHT)
    assert sheet(tab).mask.data[12, 27] == 0
    assert tab.photos.shown is not None
    tab.photos.leave()
    before = tab.view.eye.orbit
    QTest.mousePress(tab.view, RIGHT, pos=QPoint(200, 200))
    QTest.mouseMove(tab.view, QPoint(260, 200))
    QTest.mouseRelease(tab.view, RIGHT, pos=QPoint(260, 200))
    assert tab.view.eye.orbit != before


def test_mask_commands_work_on_the_photo_that_shows(window: MainWindow, tab: SceneTab, qtbot: QtBot) -> None:
    tab.photos.show(tab.document.work.scene.photos[0])
    window.registry.run("mask.all")
    assert sheet(tab).mask.data.min() == 255
    window.registry.run("mask.invert")
    qtbot.waitUntil(lambda: not sheet(tab).mask.data.any(), timeout=20_000)
    window.undo()
    assert sheet(tab).mask.data.min() == 255
    QTest.keyClick(tab.view, Qt.Key.Key_Delete)
    assert not sheet(tab).mask.data.any()
    assert not tab.document.work.deleted.any()


def test_the_mask_of_a_photo_is_exported_under_its_name_and_imported(
    window: MainWindow, tab: SceneTab, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not window.registry.run("file.export-mask"), "no photo shows"
    tab.photos.show(tab.document.work.scene.photos[2])
    window.registry.run("tool.rectangle")
    drag(tab, (10, 8), (20, 18))
    mask, proposed = sheet(tab).mask.snapshot(), []

    def ask(_: Any, __: str, proposal: Path, ___: str) -> Path:
        proposed.append(proposal.name)
        return tmp_path / proposal.name

    monkeypatch.setattr(dialogs, "ask_save", ask)
    monkeypatch.setattr(dialogs, "ask_picture", lambda *_: tmp_path / "p02.png")
    assert window.registry.run("file.export-mask")
    wait_for_saves()
    assert proposed == ["p02.png"]
    window.undo()
    assert not sheet(tab).mask.data.any()
    assert window.registry.run("file.import-mask")
    qtbot.waitUntil(lambda: bool(sheet(tab).mask.data.any()), timeout=20_000)
    assert np.array_equal(sheet(tab).mask.data, mask)
    assert "1 photo painted" in tab.document.asked_told()


def test_paint_follows_a_photo_whose_copy_has_another_size(window: MainWindow, tab: SceneTab) -> None:
    document, scene = tab.document, tab.document.work.scene
    tab.photos.show(scene.photos[0])
    window.registry.run("tool.rectangle")
    drag(tab, (10, 8), (20, 18))
    before = sheet(tab).mask.snapshot()
    halved = [
        replace(photo, width=24, height=20, camera=photo.camera and photo.camera.resized(24, 20))
        for photo in scene.photos
    ]
    document.replace_scene(replace(scene, photos=tuple(halved)), "Find cameras")
    assert tab.photos.shown is None, "the photo is another one"
    mask = document.question()[1][halved[0].space]
    assert mask.shape == (20, 24)
    assert mask[5:8, 6:9].min() == 255
    assert not mask[:, 12:].any()
    window.undo()
    assert np.array_equal(document.question()[1][scene.photos[0].space], before)


def test_photos_without_cameras_are_looked_at_and_painted_on_too(
    window: MainWindow, qtbot: QtBot, folder: Path
) -> None:
    window.opening.open_paths([folder / "images"])
    qtbot.waitUntil(lambda: window.scenes.front is not None, timeout=20_000)
    tab = window.scenes.front
    assert tab is not None
    assert window.registry.run("scene.photo")
    assert tab.photos.shown is not None
    assert tab.photos.shown.camera is None
    window.registry.run("tool.rectangle")
    drag(tab, (10, 8), (30, 30))
    assert sheet(tab).mask.data[20, 25] == 255
    assert not ground(tab).catches(QPointF(ground(tab).line, ground(tab).rect.center().y()))
    QTest.keyClick(tab.view, Qt.Key.Key_Left)
    assert tab.photos.shown is None


class Job:
    """What a job hears."""

    active = True

    def __init__(self) -> None:
        self.masks: dict[str, Array] = {}
        self.told = 0

    def update_mask(self, space: str, box: Any, data: Array) -> None:
        self.told += 1
        self.masks.setdefault(space, np.zeros((40, 48), np.uint8))[box.slices] = data


def test_a_training_hears_of_paint_while_it_runs(window: MainWindow, tab: SceneTab, qtbot: QtBot) -> None:
    photos = tab.document.work.scene.photos
    tab.photos.show(photos[0])
    window.registry.run("tool.rectangle")
    drag(tab, (4, 4), (8, 8))
    feed, job = PhotoFeed(tab.document.paint, window), Job()
    feed.follow(job)  # type: ignore[arg-type]
    qtbot.wait(200)
    assert not job.told, "it was asked with what was painted before"
    drag(tab, (20, 20), (30, 30))
    tab.photos.show(photos[1])
    drag(tab, (10, 10), (14, 14))
    qtbot.waitUntil(lambda: len(job.masks) == 2, timeout=5000)
    assert job.masks[photos[0].space][25, 25] == 255
    assert job.masks[photos[1].space][12, 12] == 255
    window.undo()
    qtbot.waitUntil(lambda: not job.masks[photos[1].space].any(), timeout=5000)


def test_what_was_learned_lies_over_the_photo_in_another_colour(
    window: MainWindow, tab: SceneTab, qtbot: QtBot
) -> None:
    photo = tab.document.work.scene.photos[0]
    found = np.zeros((20, 24), np.uint8)
    found[5:10, 2:10] = 255
    result = SceneResult(blobs(), extra={"masks": {photo.name: found}})
    window.scenes.take(Candidate("scene", result.to_plain(), 1))
    tab.photos.show(photo)
    shown = ground(tab)
    assert shown.learned is not None
    assert np.array_equal(shown.learned, found)
    window.registry.run("scene.learned")
    assert shown.learned is None
    window.registry.run("scene.learned")
    assert shown.learned is not None
    shown.set_overlay(QColor(255, 0, 0), 1.0)
    drawn = tab.view.grab().toImage()
    at = (shown.back(10, 15) * tab.view.devicePixelRatioF()).toPoint()
    assert drawn.pixel(at) == across(QColor(255, 0, 0)).rgb()
    window.undo()
    assert ground(tab).learned is None, "the scene that said so is undone"


def test_what_was_learned_shows_in_a_project_that_is_opened(
    window: MainWindow, tab: SceneTab, qtbot: QtBot, tmp_path: Path
) -> None:
    found = np.full((20, 24), 255, np.uint8)
    result = SceneResult(blobs(), extra={"masks": {"p01": found}})
    window.scenes.take(Candidate("scene", result.to_plain(), 1))
    save_scene_project(tab.document, tmp_path / "tiny.maskscene")
    wait_for_saves()
    window.saving.close_current()
    window.opening.open_paths([tmp_path / "tiny.maskscene"])
    qtbot.waitUntil(lambda: window.scenes.front is not None, timeout=20_000)
    opened = window.scenes.front
    assert opened is not None
    opened.photos.show(opened.document.work.scene.photo("p01"))
    learned = ground(opened).learned
    assert learned is not None
    assert np.array_equal(learned, found)


def test_the_nearest_photo_is_one_that_is_learned_from(window: MainWindow, tab: SceneTab) -> None:
    test = tab.document.work.scene.photo("p03")
    assert test.split == "test"
    assert test.camera is not None
    tab.view.eye.look_from(test.camera)
    window.registry.run("scene.photo")
    assert tab.photos.shown is not None
    assert tab.photos.shown.name in ("p02", "p04")


@pytest.mark.parametrize("colour", ["#ff3b3b", "#00ff00", "#2030ff", "#ffffff", "#808080", "#101010"])
def test_the_colour_across_differs(colour: str) -> None:
    one, other = QColor(colour), across(QColor(colour))
    apart = max(abs(a - b) for a, b in zip(one.getRgb()[:3], other.getRgb()[:3], strict=True))
    assert apart > 80


def test_paint_is_saved_with_the_project_and_opens_again(
    window: MainWindow, tab: SceneTab, qtbot: QtBot, tmp_path: Path
) -> None:
    photo = tab.document.work.scene.photos[0]
    tab.photos.show(photo)
    window.registry.run("tool.rectangle")
    drag(tab, (10, 8), (20, 18))
    mask = sheet(tab).mask.snapshot()
    target = tmp_path / "tiny.maskscene"
    save_scene_project(tab.document, target)
    wait_for_saves()
    assert not tab.document.modified
    assert tab.document.path == target
    window.undo()
    assert tab.document.modified
    opened = read_scene(target).make()
    assert isinstance(opened, SceneDocument)
    assert opened.path == target
    assert not opened.modified
    assert np.array_equal(opened.question()[1][photo.space], mask)
    opened.close()
    with pytest.raises(BadInput, match="something else"):
        save_scene_project(tab.document, tmp_path)


def test_paint_survives_a_studio_that_dies(window: MainWindow, tab: SceneTab, qtbot: QtBot) -> None:
    photo = tab.document.work.scene.photos[0]
    tab.photos.show(photo)
    window.registry.run("tool.rectangle")
    drag(tab, (10, 8), (20, 18))
    mask = sheet(tab).mask.snapshot()
    journals = journal_folder()
    qtbot.waitUntil(lambda: bool(list(journals.glob("scene-*/work/masks/*.png"))), timeout=20_000)
    keeper = tab.document.keeper
    assert keeper is not None
    keeper.autosave.abandon()  # as the end of the process does
    (left,) = recoverable()
    assert left.title == tab.document.title
    recovered = left.read().make()
    assert isinstance(recovered, SceneDocument)
    assert recovered.modified
    assert np.array_equal(recovered.question()[1][photo.space], mask)
    recovered.close()
    assert not recoverable()


def test_paint_that_is_undone_leaves_no_journal(window: MainWindow, tab: SceneTab, qtbot: QtBot) -> None:
    tab.photos.show(tab.document.work.scene.photos[0])
    window.registry.run("mask.all")
    journals = journal_folder()
    qtbot.waitUntil(lambda: bool(list(journals.glob("scene-*/work/project.json"))), timeout=20_000)
    window.undo()
    qtbot.waitUntil(lambda: not list(journals.glob("scene-*")), timeout=20_000)


def test_the_strip_shows_small_pictures_and_a_click_looks_from_there(
    window: MainWindow, tab: SceneTab, qtbot: QtBot
) -> None:
    strip, photos = tab.photos.strip, tab.document.work.scene.photos
    assert strip.isVisible()
    assert strip.count() == len(photos)
    assert strip.currentRow() == -1

    def read() -> int:
        pictures = [strip.item(row).data(Qt.ItemDataRole.UserRole) for row in range(strip.count())]
        return sum(picture is not None and not picture.isNull() for picture in pictures)

    qtbot.waitUntil(lambda: read() == len(photos), timeout=20_000)
    place = strip.visualItemRect(strip.item(2)).center()
    QTest.mouseClick(strip.viewport(), LEFT, pos=place)
    assert tab.photos.shown is photos[2]
    assert tab.view.eye.exact is photos[2].camera
    window.registry.run("scene.photo.next")
    assert strip.currentRow() == 3
    tab.photos.leave()
    assert strip.currentRow() == -1
    window.registry.run("scene.strip")
    assert not strip.isVisible()
    window.registry.run("scene.strip")
    assert strip.isVisible()


def test_the_strip_marks_what_is_painted_on(window: MainWindow, tab: SceneTab, qtbot: QtBot) -> None:
    strip, photos = tab.photos.strip, tab.document.work.scene.photos

    def dots() -> list[bool]:
        return [bool(strip.item(row).data(Qt.ItemDataRole.UserRole + 1)) for row in range(strip.count())]

    tab.photos.show(photos[1])
    sheet(tab).replace_mask(np.full((photos[1].height, photos[1].width), 255, np.uint8), "All")
    qtbot.waitUntil(lambda: dots() == [row == 1 for row in range(len(photos))], timeout=5000)
    window.undo()
    qtbot.waitUntil(lambda: not any(dots()), timeout=5000)


def test_a_scene_without_photos_has_no_strip(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    tab = open_clumps(window, qtbot, tmp_path)
    assert not tab.photos.strip.isVisible()
