"""A live engine that fails, or that is named and not there, says so under the switch of the preview."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from maskengines.contract import Box
from maskengines.runtime import plugins
from maskstudio.documents.document import Document
from maskstudio.jobs.service import JobService
from maskstudio.panels.engine_panel import EnginePanel
from maskstudio.panels.remembered import RememberedValues
from panel_answers import WAIT, paint
from plugin_lab import GOOD, Lab
from pytestqt.qtbot import QtBot
from started_service import started_service

LIVE = 'live = true\nweight = "light"'
MOODY = """
if (request.masks["pixels"] > 0).mean() > 0.5:
    raise NotReady("The weights are missing. Put them into its folder.")
yield Candidate('image', pixels // 2, request.seed)
while context.changes() is not None:
    pass
"""


@pytest.fixture
def lab_service(qapp: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobService]:
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MASKSTUDIO_PLUGINS", str(tmp_path / "plugins"))
    lab = Lab(tmp_path / "plugins")
    lab.plugin("moody", MOODY, LIVE)
    lab.plugin("led", GOOD, 'live_companion = "moody"')
    lab.plugin("alone", GOOD, 'live_companion = "nobody"')
    with started_service(qapp) as service:
        yield service


@pytest.fixture
def panel(lab_service: JobService, document: Document, qtbot: QtBot, tmp_path: Path) -> Iterator[EnginePanel]:
    made = EnginePanel(lab_service, memory=RememberedValues(tmp_path / "values.json"))
    qtbot.addWidget(made)
    made.show()
    made.set_document(document)
    yield made
    made.set_document(None)


def test_why_a_live_engine_failed_is_said_until_it_answers(
    panel: EnginePanel, document: Document, qtbot: QtBot
) -> None:
    assert panel.choose("led")
    paint(document, Box(0, 0, 150, 100))
    said = "The weights are missing. Put them into its folder."
    qtbot.waitUntil(lambda: panel._live_problem.text() == said, timeout=WAIT)
    assert panel._live_problem.isVisible()
    document.undo()
    panel.set_live(False)
    assert not panel._live_problem.isVisible()
    panel.set_live(True)
    paint(document)
    asker = panel._asker
    assert asker is not None
    qtbot.waitUntil(lambda: asker.showing.patch is not None, timeout=WAIT)
    assert not panel._live_problem.isVisible()


def test_a_live_engine_that_is_not_there_is_named_and_found_once_it_is(
    panel: EnginePanel, document: Document, lab_service: JobService, qtbot: QtBot, tmp_path: Path
) -> None:
    assert panel.choose("alone")
    paint(document)
    qtbot.waitUntil(lambda: "no engine 'nobody'" in panel._live_problem.text(), timeout=WAIT)
    Lab(tmp_path / "plugins").write("nobody", MOODY, LIVE)
    plugins.trust("nobody")
    with qtbot.waitSignal(lab_service.engines_changed, timeout=WAIT):
        lab_service.refresh_engines()
    paint(document, Box(10, 10, 30, 30))
    qtbot.waitUntil(lambda: not panel._live_problem.isVisible(), timeout=WAIT)
    asker = panel._asker
    assert asker is not None
    qtbot.waitUntil(lambda: asker.showing.patch is not None, timeout=WAIT)
