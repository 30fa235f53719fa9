"""Candidates, heat and comparison, as a user meets them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from maskengines.contract import Box, Candidate, ImagePatch
from maskengines.masks.mask import Asked
from maskengines.results.scenes import SceneResult
from maskstudio.documents.document import Document
from maskstudio.panels.candidates_panel import CandidatesPanel
from maskstudio.panels.gallery_model import OPACITY_ROLE, GalleryModel
from maskstudio.panels.parts import Part
from maskstudio.panels.result_views import WholeView, register, view_for
from maskstudio.panels.thumbs import framing, image_thumbnail
from panel_answers import WAIT, answer, paint
from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPaintEvent, QRegion
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from some_scene import around, some_gaussians


def test_an_empty_gallery_teaches(candidates: CandidatesPanel) -> None:
    assert candidates._stack.currentIndex() == 0
    assert "Paint" in candidates._hint.text()


def test_candidates_stream_in_beside_empty_cells(candidates: CandidatesPanel, document: Document) -> None:
    model = candidates.gallery.gallery
    model.set_pending(3, 0.4)
    document.add_candidate(answer(60))
    assert model.candidate(0) is document.candidates[0]
    assert model.candidate(1) is None
    assert candidates._stack.currentIndex() == 1


class Painted(QObject):
    """What of a widget is painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.region = QRegion()
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.region = self.region.united(event.region())
        return False


def test_a_candidate_that_comes_takes_the_cell_that_waits_for_it_and_no_other_is_painted(
    candidates: CandidatesPanel, document: Document, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    view, model = candidates.gallery, candidates.gallery.gallery
    monkeypatch.setattr(
        candidates, "_follow_progress", lambda: model.set_pending(4 - len(document.candidates), 0.5)
    )
    candidates._follow_progress()
    document.add_candidate(answer(60))
    qtbot.waitUntil(lambda: view.visualRect(model.index(1)).width() > 100)
    qtbot.wait(300)
    painted = Painted(view.viewport())
    document.add_candidate(answer(90))
    qtbot.waitUntil(lambda: model.data(model.index(1), OPACITY_ROLE) == 1.0 and not model._fading)
    assert [model.candidate(row) is not None for row in range(4)] == [True, True, False, False]
    assert painted.region.contains(view.visualRect(model.index(1)))
    assert not painted.region.intersects(view.visualRect(model.index(0)))


def test_clicking_shows_a_candidate_in_place_and_enter_keeps_it(
    candidates: CandidatesPanel, document: Document, qtbot: QtBot
) -> None:
    paint(document)
    document.add_candidate(answer(60))
    document.add_candidate(answer(90))
    shown: list[object] = []
    candidates.candidate_shown.connect(shown.append)
    candidates.keep_requested.connect(document.keep)
    view = candidates.gallery
    qtbot.waitUntil(lambda: view.visualRect(view.gallery.index(1)).width() > 100)
    first, second = (view.visualRect(view.gallery.index(row)) for row in (0, 1))
    assert first.y() == second.y()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=second.center())
    asker = candidates._asker
    assert asker is not None
    assert shown == [document.candidates[1]]
    assert asker.showing.patch is document.candidates[1].result
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert shown[-1] is document.candidates[0]
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert document.subject.pixels[35, 50, 0] == 60
    assert candidates.shown() is None
    assert asker.showing.patch is None
    document.undo()
    assert document.subject.pixels[35, 50, 0] != 60
    assert len(view.gallery.candidates) == 2


def test_painting_takes_the_candidate_off_the_canvas(candidates: CandidatesPanel, document: Document) -> None:
    paint(document)
    document.add_candidate(answer(60))
    candidates.show_next()
    assert candidates.shown() is document.candidates[0]
    paint(document, Box(100, 50, 8, 8))
    assert candidates.shown() is None
    assert not candidates.keep_button.isEnabled()


def test_next_and_previous_go_around(candidates: CandidatesPanel, document: Document) -> None:
    for value in (10, 20, 30):
        document.add_candidate(answer(value))
    seen = []
    for _ in range(4):
        candidates.show_next()
        shown = candidates.shown()
        assert shown is not None
        seen.append(shown.seed)
    assert seen == [10, 20, 30, 10]
    candidates.show_previous()
    shown = candidates.shown()
    assert shown is not None
    assert shown.seed == 30


def test_clearing_throws_candidates_away(
    candidates: CandidatesPanel, document: Document, qtbot: QtBot
) -> None:
    document.add_candidate(answer(10))
    candidates.show_next()
    qtbot.mouseClick(candidates.clear_button, Qt.MouseButton.LeftButton)
    assert document.candidates == []
    assert candidates.shown() is None
    assert candidates._stack.currentIndex() == 0


def test_disagreement_shows_as_heat_and_becomes_the_mask(
    candidates: CandidatesPanel, document: Document, qtbot: QtBot
) -> None:
    paint(document)
    assert not candidates.heat_button.isEnabled()
    document.add_candidate(answer(60))
    half = answer(60)
    half.result.pixels[:, 12:] = 250
    document.add_candidate(half)
    heats: list[Any] = []
    candidates.heat_toggled.connect(heats.append)
    qtbot.mouseClick(candidates.heat_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(heats) and heats[-1] is not None, timeout=WAIT)
    heat = heats[-1].plane
    assert heat.shape == document.mask.shape
    assert heat[40, 60] > 127
    assert heat[40, 42] == 0
    candidates.heat_bar.make_mask()
    assert document.mask.data[40, 60] == 255
    assert document.mask.data[40, 42] == 0
    assert not candidates.heat_on
    assert heats[-1] is None
    document.undo()
    assert document.mask.data[40, 42] == 255


def test_a_mask_asked_for_before_the_heat_is_there_still_comes(
    candidates: CandidatesPanel, document: Document, qtbot: QtBot
) -> None:
    paint(document)
    document.add_candidate(answer(20))
    document.add_candidate(answer(240))
    document.replace_mask(np.zeros(document.mask.shape, np.uint8), "Clear")
    candidates.set_heat(True)
    candidates.heat_to_mask()
    qtbot.waitUntil(lambda: document.mask.selected_count > 0, timeout=WAIT)
    assert document.mask.selected_box().clipped(160, 120) == document.mask.selected_box()


def test_compare_lasts_while_the_button_is_down(
    candidates: CandidatesPanel, document: Document, qtbot: QtBot
) -> None:
    document.add_candidate(answer(10))
    held: list[bool] = []
    candidates.compare_held.connect(held.append)
    qtbot.mousePress(candidates.compare_button, Qt.MouseButton.LeftButton)
    assert held == [True]
    qtbot.mouseRelease(candidates.compare_button, Qt.MouseButton.LeftButton)
    assert held == [True, False]


def test_answers_to_an_earlier_picture_are_told_of(candidates: CandidatesPanel, document: Document) -> None:
    asker = candidates._asker
    assert asker is not None
    paint(document)
    layers = document.layers
    document.keep(answer(70))
    asker._answer(layers, Asked.of(document.mask), answer(80))
    assert "earlier picture" in candidates._note.text()
    document.undo()
    assert candidates._note.text() == ""
    assert [candidate.seed for candidate in document.candidates] == [80]


@pytest.mark.parametrize(
    "hole", [Box(0, 0, 4, 4), Box(500, 300, 100, 20), Box(0, 0, 640, 480), Box(639, 479, 1, 1)]
)
def test_a_frame_holds_the_hole_and_stays_inside_the_image(hole: Box) -> None:
    frame = framing(hole, 640, 480, 4 / 3)
    assert frame.union(hole) == frame
    assert frame.clipped(640, 480) == frame


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_thumbnail_shows_the_answer_inside_and_the_picture_around(dtype: Any, channels: int) -> None:
    top = np.iinfo(dtype).max
    pixels = np.zeros((600, 800, channels), dtype)
    patch = ImagePatch(300, 200, np.full((200, 200, channels), top, dtype))
    image = image_thumbnail(pixels, patch, Box(200, 100, 400, 400), 100)
    assert image.size() == QSize(100, 100)
    assert image.pixelColor(50, 50) == QColor("white")
    assert image.pixelColor(5, 5) == QColor("black")


def test_a_scene_shows_the_picture_that_came_with_it_else_its_gaussians_as_dots(document: Document) -> None:
    pixels = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)
    view = view_for("scene")

    def shown(picture: Any) -> QImage:
        scene = SceneResult(some_gaussians(50), tuple(around(2)), picture=picture)
        return view.thumbnail(Candidate("scene", scene.to_plain(), 1), Part(), document, QSize(80, 60))

    image = shown(pixels)
    assert (image.width(), image.height()) == (8, 6)
    assert QColor(image.pixel(5, 4)).getRgb()[:3] == tuple(pixels[4, 5].tolist())
    assert shown(None).size() == QSize(80, 60)


def test_a_new_kind_of_result_gets_its_view_without_touching_the_gallery(
    candidates: CandidatesPanel, document: Document
) -> None:
    class SoundView(WholeView):
        kind = "sound"

        def thumbnail(self, candidate: Candidate, part: Part, document: Document, size: QSize) -> QImage:
            image = QImage(size, QImage.Format.Format_RGB32)
            image.fill(QColor("#00ff00"))
            return image

        def patch(self, candidate: Candidate) -> ImagePatch | None:
            return None

    model: GalleryModel = candidates.gallery.gallery
    document.add_candidate(Candidate("sound", [1, 2, 3], 5))  # type: ignore[arg-type]
    assert model.thumbnail(0) is None
    register(SoundView())
    try:
        image = model.thumbnail(0)
        assert image is not None
        assert image.pixelColor(3, 3) == QColor("#00ff00")
    finally:
        from maskstudio.panels import result_views

        result_views._views.pop("sound")
    assert view_for("sound") is None
