"""Frames from the card while it works, from the worker where it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from maskengines.results.frames import SceneFrame
from maskengines.subjects.cameras import Camera
from maskengines.subjects.scene import SceneSubject
from maskstudio.canvas.gl import splat_painter
from maskstudio.jobs.scene_link import SceneLink
from maskstudio.window import graphics_card as cards
from maskstudio.window.card_frames import CardFrames
from maskstudio.window.graphics_card import Card, trial_file
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot
from some_scene import around, some_gaussians


class Painter:
    """Stands in for the card's own; fails when told to."""

    made: list[Painter] = []

    def __init__(self, graphics: Any, texels: Any) -> None:
        self.count, self.broken, self.closed = len(texels), False, False
        self.selected = np.zeros(0, bool)
        Painter.made.append(self)

    def show(
        self, shown: np.ndarray, selected: np.ndarray, locked: np.ndarray, tint: tuple[float, float, float]
    ) -> None:
        self.selected = selected

    def frame(self, camera: Camera, number: int) -> SceneFrame:
        if self.broken:
            raise RuntimeError("lost")
        pixels = np.zeros((camera.height, camera.width, 4), np.uint8)
        return SceneFrame(number, pixels, np.zeros((4, 6), np.float32))

    def close(self) -> None:
        self.closed = True


class Software:
    """A card by its name only."""

    def __init__(self, renderer: str) -> None:
        self.renderer = renderer
        self.software = "llvmpipe" in renderer


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path))
    monkeypatch.delenv(cards.VARIABLE, raising=False)
    monkeypatch.setattr(splat_painter, "SplatPainter", Painter)
    Painter.made.clear()


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "open_graphics", lambda: Software("A real card"))


class Item(QObject):
    preview, candidate, ended = Signal(object), Signal(object), Signal()
    state, error = "running", None

    def __init__(self) -> None:
        super().__init__()
        self.told: list[dict[str, Any]] = []

    def update(self, **values: Any) -> None:
        self.told.append(values)

    def finish(self) -> None: ...

    def cancel(self) -> None: ...


class Service(QObject):
    engines_changed = Signal()
    ready = True

    def __init__(self) -> None:
        super().__init__()
        self.item = Item()

    def engine(self, name: str) -> object:
        return object()

    def submit(self, *_: Any) -> Item:
        return self.item


@pytest.fixture
def service(qapp: object) -> Service:
    return Service()


def linked(service: Service) -> tuple[SceneLink, CardFrames, list[SceneFrame]]:
    frames = CardFrames(Card())
    link = SceneLink(cast(Any, service), frames)
    seen: list[SceneFrame] = []
    link.frame.connect(seen.append)
    return link, frames, seen


CAMERA = around(1, 48, 32)[0]


def from_worker(service: Service, number: int) -> None:
    pixels, depth = np.zeros((32, 48, 4), np.uint8), np.zeros((4, 6), np.float32)
    service.item.preview.emit(SceneFrame(number, pixels, depth))


def test_the_worker_draws_until_the_card_is_ready(qtbot: QtBot, service: Service, fast: None) -> None:
    link, frames, seen = linked(service)
    link.show(SceneSubject(some_gaussians(20)))
    first = link.look(CAMERA)
    assert service.item.told[-1]["camera"]["number"] == first
    from_worker(service, first)
    assert [frame.number for frame in seen] == [first]
    qtbot.wait_until(lambda: frames.draws)
    qtbot.wait_until(lambda: len(seen) == 2)
    told = len(service.item.told)
    second = link.look(CAMERA)
    qtbot.wait_until(lambda: len(seen) == 3)
    assert seen[-1].number == second
    assert len(service.item.told) == told, "the worker has nothing to draw"
    from_worker(service, first)
    assert len(seen) == 3, "a late frame of the worker is not shown over a newer one"


def test_a_selection_shows_and_is_told_to_both(qtbot: QtBot, service: Service, fast: None) -> None:
    link, frames, seen = linked(service)
    link.show(SceneSubject(some_gaussians(20)))
    link.look(CAMERA)
    qtbot.wait_until(lambda: frames.draws and len(seen) == 1)
    selected = np.arange(20) < 5
    link.tell(np.ones(20, bool), selected, np.zeros(20, bool), (1.0, 0.0, 0.0))
    qtbot.wait_until(lambda: len(seen) == 2)
    assert np.array_equal(Painter.made[-1].selected, selected)
    assert "state" in service.item.told[-1]


def test_what_is_being_edited_is_drawn_by_the_worker(qtbot: QtBot, service: Service, fast: None) -> None:
    link, frames, seen = linked(service)
    link.show(SceneSubject(some_gaussians(20)))
    link.look(CAMERA)
    qtbot.wait_until(lambda: frames.draws and len(seen) == 1)
    link.edit({"kind": "move"})
    number = link.look(CAMERA)
    assert service.item.told[-1]["camera"]["number"] == number
    from_worker(service, number)
    assert seen[-1].number == number
    link.edit({})
    link.look(CAMERA)
    qtbot.wait_until(lambda: len(seen) == 3)


def test_a_card_that_is_lost_is_replaced_by_the_worker(qtbot: QtBot, service: Service, fast: None) -> None:
    link, frames, seen = linked(service)
    link.show(SceneSubject(some_gaussians(20)))
    link.look(CAMERA)
    qtbot.wait_until(lambda: frames.draws and len(seen) == 1)
    Painter.made[-1].broken = True
    number = link.look(CAMERA)
    assert service.item.told[-1]["camera"]["number"] == number
    from_worker(service, number)
    assert seen[-1].number == number
    assert not frames.draws


def test_another_scene_gives_the_memory_back(qtbot: QtBot, service: Service, fast: None) -> None:
    link, frames, _ = linked(service)
    link.show(SceneSubject(some_gaussians(20)))
    qtbot.wait_until(lambda: frames.draws)
    link.show(SceneSubject(some_gaussians(30)))
    assert Painter.made[0].closed
    qtbot.wait_until(lambda: frames.draws)
    assert Painter.made[-1].count == 30
    link.close()
    assert Painter.made[-1].closed


def test_a_cpu_that_pretends_to_be_a_card_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "open_graphics", lambda: Software("llvmpipe (LLVM 15)"))
    assert Card().graphics() is None
    assert not trial_file().exists()
    monkeypatch.setenv(cards.VARIABLE, "any")
    assert Card().graphics() is not None


def test_a_card_that_ended_the_studio_is_not_tried_again(fast: None) -> None:
    first = Card()
    assert first.graphics() is not None
    assert trial_file().exists(), "should the driver end the studio here, the next one knows"
    assert Card().graphics() is None
    first.proved()
    assert Card().graphics() is not None


@pytest.mark.parametrize("why", ["setting", "variable"])
def test_a_card_that_is_not_wanted_is_not_opened(
    why: str, fast: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if why == "variable":
        monkeypatch.setenv(cards.VARIABLE, "cpu")
    assert Card(allowed=why != "setting").graphics() is None
    assert not trial_file().exists()
