"""Answers that are no pictures: a map over the photo, a table beside it, a live one while painting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from maskengines.contract import Box, Candidate
from maskengines.results.curves import CurveResult
from maskengines.results.files import save_result
from maskengines.results.maps import MapResult
from maskengines.results.tables import Column, TableResult
from maskengines.runtime import plugins
from maskstudio.canvas.heat import Heat
from maskstudio.documents.document import Document
from maskstudio.jobs.service import JobService
from maskstudio.panels.candidates_panel import CandidatesPanel
from maskstudio.panels.engine_panel import EnginePanel
from maskstudio.panels.readout_panel import ReadoutPanel
from maskstudio.panels.table_card import HEAD, ROW, TableRows
from panel_answers import WAIT, answer, paint
from plugin_lab import Lab
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot
from started_service import started_service

ROWS = """
from maskengines.results.tables import Column, TableResult
mask = request.masks["pixels"]
while True:
    share = float((mask > 0).mean())
    yield Candidate("table", TableResult((Column("share", "Hidden", "share"),), ((share,),)).to_plain(), 0)
    changes = context.changes()
    if changes is None:
        return
    mask = changes.masks.get("pixels", mask)
"""
NO_MASK = "needs_mask = false\nneeds_visible = false\n"


def a_map(value: float = 1.0) -> Candidate:
    values = np.zeros((12, 16), np.float32)
    values[3:6, 4:8] = value
    values[9, 9] = value / 2
    read = MapResult(values, Box(0, 0, 160, 120), proposals={"Smallest": values == value}, facts={"p": 0.5})
    return Candidate("map", read.to_plain(), 3, label="cat")


def test_a_map_lies_over_the_photo_and_its_threshold_becomes_the_mask(
    candidates: CandidatesPanel, document: Document, qtbot: QtBot
) -> None:
    heats: list[Heat | None] = []
    candidates.heat_toggled.connect(heats.append)
    document.add_candidate(a_map())
    candidates.show_next()
    qtbot.waitUntil(lambda: bool(heats) and heats[-1] is not None, timeout=WAIT)
    heat = heats[-1]
    assert heat is not None
    assert heat.plane.shape == document.mask.shape
    assert heat.plane[45, 60] == 255
    assert not candidates.keep_button.isEnabled()
    assert "mask" in candidates.keep_button.toolTip()
    card = candidates.map_card
    card.threshold.setValue(60)
    qtbot.waitUntil(lambda: heats[-1] is not None and heats[-1].plane[95, 95] == 0, timeout=WAIT)
    card.make_mask()
    assert document.mask.data[45, 60] == 255
    assert document.mask.data[95, 95] == 0
    assert document.mask.selected_count == 30 * 40
    document.undo()
    assert document.mask.selected_count == 0


def test_letting_go_of_a_map_shows_the_photo_again(
    candidates: CandidatesPanel, document: Document, qtbot: QtBot
) -> None:
    heats: list[Heat | None] = []
    candidates.heat_toggled.connect(heats.append)
    document.add_candidate(a_map())
    candidates.show_next()
    qtbot.waitUntil(lambda: bool(heats) and heats[-1] is not None, timeout=WAIT)
    candidates.gallery.pick(-1)
    assert heats[-1] is None
    assert candidates.map_card.isHidden()


def test_two_maps_disagree_and_a_picture_takes_their_place(
    candidates: CandidatesPanel, document: Document, qtbot: QtBot
) -> None:
    document.add_candidate(a_map())
    assert not candidates.can_disagree()
    document.add_candidate(a_map(-1.0))
    assert candidates.can_disagree()
    candidates.show_next()
    paint(document)
    document.add_candidate(answer(90))
    candidates.gallery.pick(2)
    assert candidates.map_card.isHidden()
    assert candidates.keep_button.isEnabled()


def test_a_table_shows_under_the_gallery(candidates: CandidatesPanel, document: Document) -> None:
    table = TableResult((Column("label"), Column("p", kind="share")), (("cat", 0.5),), title="Top")
    document.add_candidate(Candidate("table", table.to_plain(), 0))
    candidates.show_next()
    assert not candidates.card.isHidden()
    assert not candidates.gallery.gallery.thumbnail(0).isNull()
    candidates.gallery.pick(-1)
    assert candidates.card.isHidden()


def test_a_curve_shows_under_the_gallery(candidates: CandidatesPanel, document: Document) -> None:
    lines = {"curves": [{"name": "left", "x": [0, 1], "y": [0.0, 1.0]}, {"x": [0, 1], "y": [5, 6]}]}
    document.add_candidate(Candidate("curve", CurveResult.read(lines).to_plain(), 0))
    candidates.show_next()
    assert not candidates.curve_plot.isHidden()
    assert "left" in candidates.curve_plot.accessibleDescription()
    small = candidates.gallery.gallery.thumbnail(0)
    assert small is not None
    colours = {small.pixel(x, y) for x in range(small.width()) for y in range(small.height())}
    assert len(colours) > 5, "lines and words should be drawn"
    candidates.gallery.pick(-1)
    assert candidates.curve_plot.isHidden()


def test_a_row_clicked_fills_a_parameter(qtbot: QtBot) -> None:
    rows = TableRows()
    qtbot.addWidget(rows)
    rows.resize(240, 100)
    columns = (Column("label"), Column("p", kind="share"))
    rows.show_table(TableResult(columns, (("cat", 0.5), ("dog", 0.2)), chooses=("target", "contrast")))
    heard: list[tuple[str, object]] = []
    rows.chosen.connect(lambda *what: heard.append(what))
    second = QPoint(20, rows.sizeHint().height() - 5)
    qtbot.mouseClick(rows, Qt.MouseButton.LeftButton, pos=QPoint(20, 5))
    qtbot.mouseClick(rows, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, second)
    assert heard == [("target", "cat"), ("contrast", "dog")]


def test_plain_numbers_have_a_head_that_says_what_they_are(qtbot: QtBot) -> None:
    rows = TableRows()
    qtbot.addWidget(rows)
    rows.resize(240, 100)

    def picture(title: str) -> tuple[np.ndarray, int]:
        columns = (Column("photo", "Photo"), Column("n", title, kind="number"))
        rows.show_table(TableResult(columns, (("a.jpg", 5), ("b.jpg", 77)), chooses=("target",)))
        seen = rows.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
        bits = np.frombuffer(seen.constBits(), np.uint8).reshape(seen.height(), seen.bytesPerLine())
        return bits.copy(), rows.sizeHint().height()

    (points, tall), (errors, _) = picture("Points"), picture("Errors")
    assert tall == HEAD + 2 * ROW
    differs = np.flatnonzero((points != errors).any(axis=1))
    assert len(differs)
    assert differs.max() < HEAD, "the rows below stay as they are"
    heard: list[object] = []
    rows.chosen.connect(lambda _, value: heard.append(value))
    for y in (5, HEAD + 5, HEAD + ROW + 5):
        qtbot.mouseClick(rows, Qt.MouseButton.LeftButton, pos=QPoint(20, y))
    assert heard == ["a.jpg", "b.jpg"]


def test_a_table_is_written_as_the_suffix_says(document: Document, tmp_path: Path) -> None:
    table = TableResult((Column("label"), Column("p", kind="share")), (("cat", 0.5),))
    made = Candidate("table", table.to_plain(), 0)
    for suffix in (".json", ".csv", ".png"):
        save_result(made, document.subject, tmp_path / f"top{suffix}")
    assert (tmp_path / "top.csv").read_text() == "label,p\ncat,0.5\n"
    assert '"label": "cat"' in (tmp_path / "top.json").read_text()
    from PIL import Image

    with Image.open(tmp_path / "top.png") as card:
        assert card.width > 200


@pytest.fixture
def lab_service(qapp: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobService]:
    """A service that knows a live engine which counts what is hidden, and a slow one it goes with."""
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MASKSTUDIO_PLUGINS", str(tmp_path / "plugins"))
    lab = Lab(tmp_path / "plugins")
    kinds = 'result_kinds = ["table"]\n'
    lab.write("counter", ROWS, f'{NO_MASK}{kinds}live = true\nweight = "light"')
    slow = (
        "context.preview(np.ones((4, 4)))\ntime.sleep(0.3)\nyield Candidate('map', np.eye(4), request.seed)"
    )
    lab.write("slow", slow, f'{NO_MASK}result_kinds = ["map"]\nlive_companion = "counter"')
    for name in ("counter", "slow"):
        plugins.trust(name)
    with started_service(qapp) as service:
        yield service


def test_a_live_table_follows_the_brush_from_before_the_first_stroke(
    lab_service: JobService, document: Document, qtbot: QtBot
) -> None:
    panel, readout = EnginePanel(lab_service), ReadoutPanel(lab_service)
    wanted: list[bool] = []
    readout.wanted.connect(wanted.append)
    readout.set_document(document)
    panel.set_document(document)
    panel.choose("slow")
    live = lab_service.asker(document).live

    def hidden() -> float | None:
        return None if live.newest is None else live.newest.result["rows"][0][0]

    qtbot.waitUntil(lambda: hidden() == 0, timeout=WAIT)
    assert wanted[-1]
    paint(document)
    share = document.mask.selected_count / document.mask.data.size
    qtbot.waitUntil(lambda: hidden() == pytest.approx(share), timeout=WAIT)
    document.undo()
    qtbot.waitUntil(lambda: hidden() == 0, timeout=WAIT)
    panel.choose("exemplar")
    assert hidden() is None
    assert not wanted[-1]
    for part in (panel, readout):
        part.set_document(None)


def test_a_map_shows_while_it_is_made_and_stays_when_it_is_there(
    lab_service: JobService, document: Document, qtbot: QtBot
) -> None:
    panel = CandidatesPanel(lab_service)
    panel.resize(320, 480)
    panel.set_document(document)
    heats: list[Heat | None] = []
    panel.heat_toggled.connect(heats.append)
    asker = lab_service.asker(document)
    previews: list[MapResult | None] = []
    asker.map_preview.connect(previews.append)
    job = asker.run("slow", {}, 1, 0)
    assert job is not None
    qtbot.waitUntil(lambda: job.state == "done", timeout=WAIT)
    assert previews[0] is not None
    assert previews[-1] is None
    assert panel.shown() is document.candidates[0]
    qtbot.waitUntil(lambda: bool(heats) and heats[-1] is not None, timeout=WAIT)
    panel.set_document(None)
