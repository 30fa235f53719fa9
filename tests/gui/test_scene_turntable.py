"""A turntable from the window: asked for, rendered in the background, written at once, cancelled, refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import pytest
from clumps import LEFT, open_clumps
from maskengines.errors import BadInput
from maskstudio import picture_sequences
from maskstudio.turntables import Turntable
from maskstudio.window import dialogs
from maskstudio.window.main_window import MainWindow
from maskstudio.window.scene_tab import SceneTab
from maskstudio.window.turntable_dialog import TurntableDialog, TurntableWish
from pytestqt.qtbot import QtBot

WAIT = 120_000

pytestmark = pytest.mark.usefixtures("warm_workers")


@pytest.fixture
def tab(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> SceneTab:
    tab = open_clumps(window, qtbot, tmp_path)
    window.after_first_paint()
    qtbot.waitUntil(lambda: window.scenes.turntables.needed() is None, timeout=WAIT)
    return tab


def ended(window: MainWindow) -> bool:
    return not window.scenes.turntables.running


def test_pictures_of_what_shows_are_written_to_the_folder_that_is_chosen(
    window: MainWindow, tab: SceneTab, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab.document.change("Hide", hidden=LEFT)
    asked: list[TurntableWish] = []

    def ask(_: object, start: TurntableWish) -> TurntableWish:
        asked.append(start)
        return TurntableWish(Turntable(4, 80, 60, elevation=0.0), film=False, background="white")

    monkeypatch.setattr(dialogs, "ask_turntable", ask)
    monkeypatch.setattr(dialogs, "ask_folder", lambda *_: tmp_path / "turn")
    tab.view.eye.view_top()
    assert window.registry.run("file.export-turntable")
    assert asked[0].table.elevation == 89, "as it is looked at, but not from straight above"
    qtbot.waitUntil(lambda: ended(window), timeout=WAIT)
    files = sorted((tmp_path / "turn").iterdir())
    assert [file.name for file in files] == [f"turn-000{number}.png" for number in range(1, 5)]
    for file in files:
        picture = cv2.imread(str(file)).astype(int)
        assert picture.shape == (60, 80, 3)
        assert (picture[0, 0] == 255).all()
        assert (picture[..., 0] - picture[..., 2] > 100).any(), "blue shows"
        assert not (picture[..., 2] - picture[..., 0] > 100).any(), "red is hidden"
    assert "4 pictures" in window.banner.text


def test_a_film_is_one_file(window: MainWindow, tab: SceneTab, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "turn.mp4"
    window.scenes.turntables.begin(TurntableWish(Turntable(5, 64, 48), film=True), path)
    assert not path.exists()
    qtbot.waitUntil(lambda: ended(window), timeout=WAIT)
    assert cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FRAME_COUNT) == 5


def test_a_cancelled_one_leaves_nothing_and_says_nothing(
    window: MainWindow, tab: SceneTab, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = tmp_path / "turn"
    window.scenes.turntables.begin(TurntableWish(Turntable(2000, 320, 240)), folder)
    (job,) = window.scenes.turntables.running
    assert job.item in window.engines.service.jobs  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: job.item.answers > 2, timeout=WAIT)
    job.item.cancel()
    qtbot.waitUntil(lambda: ended(window), timeout=WAIT)
    assert not folder.exists()
    assert not window.banner.text


def test_a_full_disk_ends_it_with_one_sentence_and_leaves_nothing(
    window: MainWindow, tab: SceneTab, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, count = picture_sequences.save_image, iter(range(99))

    def fills_up(*given: Any) -> None:
        if next(count) == 2:
            raise BadInput("Cannot write 'turn-0003.png': the disk is full. Free some space.")
        real(*given)

    monkeypatch.setattr(picture_sequences, "save_image", fills_up)
    window.scenes.turntables.begin(TurntableWish(Turntable(500, 160, 120)), tmp_path / "turn")
    (job,) = window.scenes.turntables.running
    qtbot.waitUntil(lambda: ended(window), timeout=WAIT)
    assert "disk is full" in window.banner.text
    assert not (tmp_path / "turn").exists()
    assert job.item.answers < 500, "the rest is not rendered"


def test_a_folder_with_such_pictures_is_refused_before_they_are_lost(
    window: MainWindow, tab: SceneTab, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "turn").mkdir()
    (tmp_path / "turn" / "turn-0001.png").write_text("mine")
    window.scenes.turntables.begin(TurntableWish(Turntable(3, 64, 48)), tmp_path / "turn")
    qtbot.waitUntil(lambda: ended(window), timeout=WAIT)
    assert "already" in window.banner.text
    assert (tmp_path / "turn" / "turn-0001.png").read_text() == "mine"


def test_closing_the_window_ends_it(window: MainWindow, tab: SceneTab, qtbot: QtBot, tmp_path: Path) -> None:
    window.scenes.turntables.begin(TurntableWish(Turntable(2000, 320, 240)), tmp_path / "turn")
    (job,) = window.scenes.turntables.running
    qtbot.waitUntil(lambda: job.item.answers > 1, timeout=WAIT)
    window.scenes.turntables.close()
    assert not (tmp_path / "turn").exists()


def test_the_dialog_holds_what_was_chosen(window: MainWindow, qtbot: QtBot) -> None:
    start = TurntableWish(Turntable(36, 640, 480, elevation=12, start=30), film=True, background="white")
    dialog = TurntableDialog(window, start)
    qtbot.addWidget(dialog)
    assert dialog.wish == start
    dialog.frames.setValue(48)
    dialog.kind.setCurrentIndex(0)
    assert dialog.wish.table.frames == 48
    assert dialog.wish.table.start == 30
    assert not dialog.wish.film
