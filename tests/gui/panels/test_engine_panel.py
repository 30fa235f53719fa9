"""Choosing an engine, setting it, running it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from maskengines.errors import BadInput, EngineFault, NotReady
from maskstudio.documents.document import Document
from maskstudio.jobs.service import JobService
from maskstudio.panels.details import DetailsDialog
from maskstudio.panels.engine_panel import FORM_HEIGHT, EnginePanel
from maskstudio.panels.remembered import RememberedValues
from maskstudio.panels.style import Note
from maskstudio.panels.trust_dialog import TrustDialog
from panel_answers import WAIT, paint
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot


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
    dialog = next(each for each in engine_panel.window().findChildren(DetailsDialog))
    assert dialog.log.toPlainText() == "line one"
    dialog.accept()


def test_a_long_failure_is_three_whole_lines_and_the_rest_is_one_click_away(
    engine_panel: EnginePanel, document: Document, qtbot: QtBot
) -> None:
    engine_panel.set_document(document)
    paint(document)
    asker = engine_panel._asker
    assert asker is not None
    note, spoken = engine_panel._reason, "The mask reaches over more than this engine answers for. " * 6
    asker.failed.emit(BadInput("Paint less."))
    qtbot.waitUntil(lambda: engine_panel._reason.text() == "Paint less.")
    assert note.lines == ["Paint less."]
    assert not engine_panel._details.isVisible()
    asker.failed.emit(BadInput(spoken.strip()))
    line = note.fontMetrics().lineSpacing()
    qtbot.waitUntil(lambda: note.height() == 3 * line, timeout=WAIT)
    assert len(note.lines) == 3
    assert note.lines[-1].endswith("…")
    assert all(note.fontMetrics().horizontalAdvance(each) <= note.width() for each in note.lines)
    assert note.y() >= engine_panel.run_button.geometry().bottom()
    assert note.toolTip() == note.text() == spoken.strip()
    assert engine_panel._scroll.height() >= FORM_HEIGHT
    qtbot.mouseClick(engine_panel._details, Qt.MouseButton.LeftButton)
    dialog = next(each for each in engine_panel.window().findChildren(DetailsDialog))
    assert dialog.findChildren(Note)[0].text() == spoken.strip()
    dialog.accept()


def test_a_failure_in_one_endless_word_does_not_widen_the_panel(
    engine_panel: EnginePanel, document: Document, qtbot: QtBot
) -> None:
    engine_panel.set_document(document)
    asker = engine_panel._asker
    assert asker is not None
    asker.failed.emit(BadInput("/folder" * 60))
    qtbot.waitUntil(lambda: engine_panel._reason.cut, timeout=WAIT)
    assert engine_panel.width() == 320
    assert engine_panel.minimumSizeHint().width() <= 320


def test_what_is_missing_stays_said_and_the_form_as_it_is_once_plugins_were_looked_at_again(
    engine_panel: EnginePanel, document: Document, service: JobService, qtbot: QtBot
) -> None:
    engine_panel.set_document(document)
    paint(document)
    form, asker = engine_panel.form, engine_panel._asker
    assert form is not None
    assert asker is not None
    form.set_values({"variety": 7})
    assert form.problem is not None
    asker.failed.emit(NotReady("The weights are missing. Put them into its folder."))
    with qtbot.waitSignal(service.engines_changed, timeout=WAIT):
        service.refresh_engines()
    assert engine_panel._reason.text() == "The weights are missing. Put them into its folder."
    assert engine_panel._reason.role == "error"
    assert engine_panel.form is not None
    assert engine_panel.form.values()["variety"] == 7
    assert engine_panel.choose(engine_panel.offered[1].info.id)
    assert "weights" not in engine_panel._reason.text()


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
