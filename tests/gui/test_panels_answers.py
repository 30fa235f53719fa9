"""Engine panel, gallery, heat, jobs bar and history, as a user meets them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from maskengines.contract import Box, Candidate, ImagePatch, Provenance
from maskengines.errors import EngineFault
from maskengines.runtime.events import Failed, Finished, Progress, Started
from maskengines.subjects.image import ImageSubject
from maskstudio.documents.document import Document
from maskstudio.jobs.item import JobItem
from maskstudio.jobs.service import JobService
from maskstudio.panels.candidates_panel import CandidatesPanel
from maskstudio.panels.engine_panel import EnginePanel
from maskstudio.panels.gallery_model import GalleryModel
from maskstudio.panels.history_panel import HistoryPanel
from maskstudio.panels.jobs_bar import JobsBar, progress_words
from maskstudio.panels.remembered import RememberedValues
from maskstudio.panels.result_views import register, view_for
from maskstudio.panels.thumbs import framing, image_thumbnail
from maskstudio.panels.trust_dialog import TrustDialog
from maskstudio.panels.words import percent, remaining, seconds
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

WAIT = 30_000
HOLE = Box(40, 30, 24, 20)


@pytest.fixture(scope="module")
def service(qapp: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobService]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MASKSTUDIO_PLUGINS", str(tmp_path_factory.mktemp("no-plugins")))
        made = JobService()
        made.start()
        end = time.monotonic() + 20
        while not made.ready and time.monotonic() < end:
            qapp.processEvents()
            time.sleep(0.01)
        assert made.ready
        yield made
        made.close()


@pytest.fixture
def document(service: JobService) -> Iterator[Document]:
    ramp = np.linspace(0, 255, 160, dtype=np.uint8)
    pixels = np.repeat(np.repeat(ramp[None, :, None], 120, axis=0), 3, axis=2)
    made = Document(ImageSubject(np.ascontiguousarray(pixels), None, None, None, "PNG"))
    yield made
    service.release(made)
    made.close()


@pytest.fixture
def engine_panel(service: JobService, qtbot: QtBot, tmp_path: Path) -> EnginePanel:
    made = EnginePanel(service, memory=RememberedValues(tmp_path / "values.json"))
    qtbot.addWidget(made)
    made.resize(320, 480)
    made.show()
    return made


@pytest.fixture
def candidates(service: JobService, document: Document, qtbot: QtBot) -> Iterator[CandidatesPanel]:
    made = CandidatesPanel(service)
    qtbot.addWidget(made)
    made.resize(320, 480)
    made.show()
    made.set_document(document)
    yield made
    made.set_document(None)


def paint(document: Document, box: Box = HOLE) -> None:
    mask = document.mask.data.copy()
    mask[box.slices] = 255
    document.replace_mask(mask, "Brush stroke")


def answer(value: int, box: Box = HOLE, **more: Any) -> Candidate:
    pixels = np.full((box.height, box.width, 3), value, np.uint8)
    return Candidate("image", ImagePatch(box.x, box.y, pixels), seed=value, **more)


# --- engine panel -------------------------------------------------------------------------------


def test_run_says_why_it_cannot_and_then_it_can(engine_panel: EnginePanel, document: Document) -> None:
    assert engine_panel.disabled_reason() == "Open a picture first: Ctrl+O"
    engine_panel.set_document(document)
    assert engine_panel.disabled_reason() == "Paint a mask first: B"
    assert not engine_panel.run_button.isEnabled()
    assert engine_panel._reason.text() == "Paint a mask first: B"
    paint(document)
    engine_panel._refresh()
    assert engine_panel.disabled_reason() is None
    assert engine_panel.run_button.isEnabled()
    document.replace_mask(np.full(document.mask.shape, 255, np.uint8), "All")
    reason = engine_panel.disabled_reason()
    assert reason is not None
    assert "Everything is masked" in reason


def test_the_chooser_offers_engines_that_answer_once_and_not_the_live_one(engine_panel: EnginePanel) -> None:
    assert engine_panel.choose("exemplar")
    assert not engine_panel.choose("live-fill")
    assert engine_panel.engine is not None
    assert engine_panel._summary.text() == engine_panel.engine.info.summary


def test_a_click_on_run_brings_candidates_and_the_button_cancels_meanwhile(
    engine_panel: EnginePanel, document: Document, qtbot: QtBot
) -> None:
    engine_panel.set_document(document)
    paint(document)
    engine_panel._refresh()
    form = engine_panel.form
    assert form is not None
    form.set_values({"method": "navier-stokes"})
    engine_panel._count.setValue(2)
    engine_panel._lock.setChecked(True)
    engine_panel._seed.setValue(17)
    qtbot.mouseClick(engine_panel.run_button, Qt.MouseButton.LeftButton)
    assert engine_panel.run_button.working
    assert engine_panel.run_button.text().startswith("Cancel")
    assert engine_panel.disabled_reason() is not None
    qtbot.waitUntil(lambda: len(document.candidates) == 2, timeout=WAIT)
    qtbot.waitUntil(lambda: not engine_panel.run_button.working, timeout=WAIT)
    assert [candidate.seed for candidate in document.candidates] == [17, 18]
    assert document.settings["engine"] == "exemplar"


def test_every_run_takes_a_new_seed_unless_it_is_kept(
    engine_panel: EnginePanel, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_panel.set_document(document)
    paint(document)
    seeds: list[int] = []
    asker = engine_panel._asker
    assert asker is not None
    monkeypatch.setattr(asker, "run", lambda *given: seeds.append(given[3]))
    for _ in range(4):
        engine_panel.run()
    engine_panel._lock.setChecked(True)
    engine_panel.run()
    engine_panel.run()
    assert len(set(seeds[:4])) > 1
    assert seeds[4] == seeds[3]
    assert seeds[5] == seeds[3]


def test_settings_of_an_engine_are_back_in_the_next_window(
    service: JobService, document: Document, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for round_ in range(2):
        panel = EnginePanel(service, memory=RememberedValues(tmp_path / "values.json"))
        qtbot.addWidget(panel)
        panel.set_document(document)
        assert panel.form is not None
        if round_ == 0:
            panel.form.set_values({"variety": 0.25})
            paint(document)
            asker = panel._asker
            assert asker is not None
            monkeypatch.setattr(asker, "run", lambda *given: None)
            panel.run()
        assert panel.form.values()["variety"] == 0.25


def test_a_failure_is_shown_in_words_with_details(
    engine_panel: EnginePanel, document: Document, qtbot: QtBot
) -> None:
    engine_panel.set_document(document)
    paint(document)
    asker = engine_panel._asker
    assert asker is not None
    asker.failed.emit(EngineFault("The engine stopped. Run it again.", log="line one"))
    assert engine_panel._reason.text() == "The engine stopped. Run it again."
    assert engine_panel._reason.role == "error"
    assert engine_panel._details.isVisible()
    qtbot.mouseClick(engine_panel._details, Qt.MouseButton.LeftButton)
    from maskstudio.panels.details import DetailsDialog

    dialog = next(each for each in engine_panel.window().findChildren(DetailsDialog))
    assert dialog.log.toPlainText() == "line one"
    dialog.accept()


def test_a_plugin_question_names_its_folder_and_declines_by_default(qtbot: QtBot) -> None:
    dialog = TrustDialog("Glitter", Path("/home/ann/plugins/glitter"))
    qtbot.addWidget(dialog)
    words = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert "Glitter" in words
    assert "/home/ann/plugins/glitter" in words
    assert "everything that you can" in words
    assert dialog.decline.isDefault()
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.result() == 0


# --- gallery ------------------------------------------------------------------------------------


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
    heat = heats[-1]
    assert heat.shape == document.mask.shape
    assert heat[40, 60] > 0.5
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
    asker._answer(layers, answer(80))
    assert "earlier picture" in candidates._note.text()
    document.undo()
    assert candidates._note.text() == ""
    assert [candidate.seed for candidate in document.candidates] == [80]


# --- thumbnails ---------------------------------------------------------------------------------


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


def test_a_new_kind_of_result_gets_its_view_without_touching_the_gallery(
    candidates: CandidatesPanel, document: Document
) -> None:
    class CurveView:
        kind = "curve"

        def thumbnail(self, candidate: Candidate, document: Document, size: QSize) -> QImage:
            image = QImage(size, QImage.Format.Format_RGB32)
            image.fill(QColor("#00ff00"))
            return image

        def patch(self, candidate: Candidate) -> ImagePatch | None:
            return None

    model: GalleryModel = candidates.gallery.gallery
    document.add_candidate(Candidate("curve", [1, 2, 3], 5))
    assert model.thumbnail(0) is None
    register(CurveView())
    try:
        image = model.thumbnail(0)
        assert image is not None
        assert image.pixelColor(3, 3) == QColor("#00ff00")
    finally:
        from maskstudio.panels import result_views

        result_views._views.pop("curve")
    assert view_for("curve") is None


# --- jobs bar and history -----------------------------------------------------------------------


def test_the_bar_shows_progress_and_its_cross_cancels(
    service: JobService, document: Document, qtbot: QtBot
) -> None:
    bar = JobsBar(service)
    qtbot.addWidget(bar)
    bar.show()
    paint(document)
    job = service.asker(document).run("exemplar", {"method": "patches", "starts": 8}, 16, 1)
    assert job is not None
    qtbot.waitUntil(lambda: job.state == "running", timeout=WAIT)
    assert bar.title.text() == "Exemplar fill"
    assert bar.line.isVisible()
    qtbot.mouseClick(bar.stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: job.state == "cancelled", timeout=WAIT)
    assert not bar.line.isVisible()
    assert not bar.stop.isVisible()


def test_the_list_tells_failures_in_words(service: JobService, qtbot: QtBot) -> None:
    bar = JobsBar(service)
    qtbot.addWidget(bar)
    item = JobItem("broken", "Broken plugin", live=False, parent=service)
    service._list(item)
    item.receive(Started("x"))
    item.receive(Failed("x", EngineFault("The engine stopped. Tell its author.", log="Traceback")))
    bar.refresh()
    assert bar.title.text() == "Broken plugin failed"
    popup = bar.open_list()
    row = popup.rows[0]
    assert row.sentence.text() == "The engine stopped. Tell its author."
    assert not row.details.isHidden()
    popup.close()
    assert bar.title.text() == "Jobs"


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([], "waiting"),
        ([Started("a"), Progress("a", 31, 50, "")], "62 %"),
        ([Started("a"), Progress("a", 9999, 10000, "")], "99 %"),
    ],
)
def test_progress_in_words(events: list[Any], words: str, qtbot: QtBot) -> None:
    item = JobItem("a", "A", live=False)
    for event in events:
        item.receive(event)
    assert progress_words(item).startswith(words)
    item.receive(Started("a"))
    item.receive(Finished("a"))
    assert item.eta is None


def test_numbers_read_well() -> None:
    assert [seconds(value) for value in (0.421, 7.52, 42.4, 65)] == ["0.42 s", "7.5 s", "42 s", "1:05 min"]
    assert [percent(value) for value in (0, 0.999, 1)] == ["0 %", "99 %", "100 %"]
    assert [remaining(value) for value in (0.2, 8.1, 30.2, 100)] == [
        "1 s left",
        "9 s left",
        "31 s left",
        "1:40 min left",
    ]


def test_history_lists_steps_and_a_click_goes_back(document: Document, qtbot: QtBot) -> None:
    panel = HistoryPanel()
    qtbot.addWidget(panel)
    panel.set_document(document)
    assert panel._pages.currentIndex() == 0
    paint(document)
    paint(document, Box(0, 0, 5, 5))
    assert panel._pages.currentIndex() == 1
    model = panel.view.model()
    assert model is not None
    assert model.rowCount() == 3
    panel.view.setCurrentIndex(model.index(1, 0))
    assert document.mask.data[2, 2] == 0
    assert document.mask.data[35, 50] == 255
    panel.set_document(None)
    assert panel._pages.currentIndex() == 0


def test_provenance_lets_a_candidate_be_asked_again(
    candidates: CandidatesPanel, document: Document, qtbot: QtBot
) -> None:
    paint(document)
    asker = candidates._asker
    assert asker is not None
    made = Provenance("exemplar", "1", {"method": "navier-stokes"}, 23)
    job = asker.run_again(answer(23, provenance=made))
    assert job is not None
    qtbot.waitUntil(lambda: job.state == "done", timeout=WAIT)
    assert [candidate.seed for candidate in document.candidates] == [23]
    assert document.candidates[0].provenance is not None
    assert document.candidates[0].provenance.params["method"] == "navier-stokes"


def test_the_live_preview_of_a_document_stops_when_another_comes_to_the_front(
    engine_panel: EnginePanel, document: Document, service: JobService, qtbot: QtBot
) -> None:
    engine_panel.set_document(document)
    live = service.asker(document).live
    paint(document)
    qtbot.waitUntil(lambda: live.running, timeout=WAIT)
    other = Document(document.subject)
    engine_panel.set_document(other)
    assert not live.running
    assert service.asker(other).live.enabled
    engine_panel.set_document(document)
    assert live.enabled
    engine_panel.set_live(False)
    assert not live.enabled
    engine_panel.set_document(None)
    service.release(other)
    other.close()


def test_the_window_process_never_loads_the_kernels_of_an_engine() -> None:
    code = """
import sys
from PySide6.QtWidgets import QApplication
app = QApplication([])
from maskstudio.jobs.service import JobService
from maskstudio.panels.candidates_panel import CandidatesPanel
from maskstudio.panels.engine_panel import EnginePanel
service = JobService()
panels = EnginePanel(service), CandidatesPanel(service)
service.engines_changed.connect(app.quit)
service.start()
app.exec()
assert panels[0].choose("exemplar")
print([name for name in ("numba", "torch", "skimage", "scipy") if name in sys.modules])
service.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
