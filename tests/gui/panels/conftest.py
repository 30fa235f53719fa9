"""A document and the panels around it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from maskengines.subjects.image import ImageSubject
from maskstudio.documents.document import Document
from maskstudio.jobs.service import JobService
from maskstudio.panels.candidates_panel import CandidatesPanel
from maskstudio.panels.engine_panel import EnginePanel
from maskstudio.panels.remembered import RememberedValues
from pytestqt.qtbot import QtBot
from started_service import started_service


@pytest.fixture(scope="module")
def service(qapp: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobService]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MASKSTUDIO_PLUGINS", str(tmp_path_factory.mktemp("no-plugins")))
        with started_service(qapp) as made:
            yield made


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
