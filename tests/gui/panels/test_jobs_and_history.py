"""Jobs bar, list of jobs, history."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from maskengines.contract import Box, Provenance
from maskengines.errors import EngineFault
from maskengines.runtime.events import Failed, Finished, Progress, Started
from maskstudio.documents.document import Document
from maskstudio.jobs.item import JobItem
from maskstudio.jobs.service import JobService
from maskstudio.panels.candidates_panel import CandidatesPanel
from maskstudio.panels.engine_panel import EnginePanel
from maskstudio.panels.history_panel import HistoryPanel
from maskstudio.panels.jobs_bar import JobsBar, progress_words
from maskstudio.panels.words import percent, remaining, seconds
from panel_answers import WAIT, answer, paint
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot


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


def test_what_a_job_says_of_its_progress_keeps_its_room(service: JobService, qtbot: QtBot) -> None:
    bar = JobsBar(service)
    qtbot.addWidget(bar)
    item = JobItem("probe", "Probe", live=False, parent=service)
    service._list(item)
    item.receive(Started("x"))
    rooms, words = [], []
    for step in (50, 51, 7):
        item._shown_at = 0.0
        item.receive(Progress("x", step, 100))
        words.append(bar.text.text())
        rooms.append(bar.text.minimumSize())
        assert bar.text.minimumSize() == bar.text.maximumSize()
    assert words[0].startswith("50 %")
    assert words[2].startswith("7 %")
    assert rooms[2].width() >= rooms[0].width() > 0
    item.receive(Finished("x"))
    bar.refresh()
    assert bar.text.minimumWidth() == 0


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


def test_a_failure_is_told_until_its_document_is_left(
    service: JobService, document: Document, qtbot: QtBot
) -> None:
    bar = JobsBar(service)
    qtbot.addWidget(bar)
    bar.set_document(document)
    other = Document(document.subject)
    item = JobItem("broken", "Broken plugin", live=False, parent=service)
    service._list(item)
    service.asker(other).job = item
    item.receive(Started("x"))
    item.receive(Failed("x", EngineFault("The engine stopped.")))
    bar.refresh()
    assert bar.title.text() == "Broken plugin failed", "also while it works at the back"
    bar.set_document(other)
    assert bar.title.text() == "Broken plugin failed"
    bar.set_document(document)
    assert bar.title.text() == "Jobs"
    bar.set_document(other)
    assert bar.title.text() == "Jobs"
    service.release(other)
    other.close()


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
