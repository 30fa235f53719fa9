"""From a painted mask to a kept fill, with the real engine behind the window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from maskengines.contract import Candidate, ImagePatch, ResultKind
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.image_io import load_image
from maskstudio.canvas.raster_renderer import RasterRenderer
from maskstudio.documents.document import Document
from maskstudio.window import dialogs
from maskstudio.window.document_view import DocumentView
from maskstudio.window.main_window import NO_MASK, MainWindow
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

PATIENCE = 120_000
"""Milliseconds: a first run compiles the engine's kernels."""


@pytest.fixture
def document(window: MainWindow, qtbot: QtBot) -> Document:
    """Noise on stripes, 96 x 96, in a tab, with the engines ready."""
    window.after_first_paint()
    generator = np.random.default_rng(3)
    stripes = np.tile((np.arange(96) // 6 % 2 * 80 + 80).astype(np.uint8)[:, None, None], (1, 96, 3))
    pixels = (stripes + generator.integers(0, 20, (96, 96, 3))).astype(np.uint8)
    view = DocumentView("stripes.png", None)
    window.add_view(view)
    made = Document(ImageSubject(pixels))
    window.fill_view(view, made)
    qtbot.waitUntil(
        lambda: window.engines.service is not None and window.engines.service.ready, timeout=60_000
    )
    return made


def paint(document: Document) -> np.ndarray:
    mask = np.zeros(document.mask.shape, np.uint8)
    mask[40:60, 40:60] = 255
    document.replace_mask(mask, "Brush stroke")
    return mask


def test_paint_run_choose_keep_undo_save_and_reopen(
    window: MainWindow, document: Document, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert window.engines.cannot_run() == NO_MASK
    mask = paint(document)
    qtbot.waitUntil(lambda: window.registry["engine.run"].reason is None, timeout=60_000)
    original = document.subject.pixels.copy()
    panel = window.engines.engine_panel
    assert panel is not None
    assert panel.choose("exemplar")
    window.registry.run("engine.run")
    assert window.engines.running
    qtbot.waitUntil(lambda: window.top.run.text() == "Cancel", timeout=60_000)
    qtbot.waitUntil(lambda: len(document.candidates) >= 2 and not window.engines.running, timeout=PATIENCE)
    qtbot.waitUntil(lambda: window.top.run.text() == "Run", timeout=60_000)

    canvas = window.look.canvas
    assert canvas is not None
    assert window.engines.cannot_keep() is not None
    window.registry.run("candidate.next")
    assert window.engines.shown is document.candidates[0]
    window.registry.run("candidate.previous")
    assert window.engines.shown is document.candidates[-1]
    window.registry.run("candidate.heat")
    qtbot.waitUntil(lambda: window.engines.heat_shown, timeout=60_000)
    window.registry.run("candidate.heat")
    assert not window.engines.heat_shown

    canvas.setFocus()
    qtbot.waitUntil(window.action_set["candidate.keep"].isEnabled, timeout=60_000)
    qtbot.keyClick(canvas, Qt.Key.Key_Return)
    kept = document.subject.pixels.copy()
    assert (kept != original).any()
    assert np.array_equal(kept[mask == 0], original[mask == 0])
    assert document.candidates == []
    assert document.mask.selected_count == 0

    window.registry.run("edit.undo")
    assert np.array_equal(document.subject.pixels, original)
    assert len(document.candidates) >= 2
    window.registry.run("edit.redo")
    assert np.array_equal(document.subject.pixels, kept)

    project = tmp_path / "stripes.ora"
    monkeypatch.setattr(dialogs, "ask_save", lambda *_: project)
    window.registry.run("file.save")
    qtbot.waitUntil(lambda: not document.modified, timeout=60_000)
    window.registry.run("file.close")
    assert window.views == []
    window.opening.open_paths([project])
    qtbot.waitUntil(lambda: window.document is not None, timeout=60_000)
    assert window.document is not None
    assert np.array_equal(window.document.subject.pixels, kept)
    assert np.array_equal(window.document.original.pixels, original)


def test_an_export_says_that_the_candidate_shown_is_not_in_it(
    window: MainWindow, document: Document, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document.add_candidate(Candidate("image", ImagePatch(40, 40, np.zeros((20, 20, 3), np.uint8)), 0))
    target = tmp_path / "x.png"
    monkeypatch.setattr(dialogs, "ask_save", lambda *_: target)
    window.registry.run("candidate.next")
    assert window.engines.shown is document.candidates[0]
    window.registry.run("file.export-image")
    qtbot.waitUntil(lambda: "“x.png”" in window.banner.text, timeout=60_000)
    assert window.banner.text == (
        "Exported “x.png” without the candidate that is shown; keep it first (Enter) to have it in."
    )
    assert np.array_equal(load_image(target).pixels, document.original.pixels)
    window.registry.run("candidate.keep")
    window.registry.run("file.export-image")
    qtbot.waitUntil(lambda: window.banner.text == "Exported “x.png”.", timeout=60_000)
    assert not load_image(target).pixels[40:60, 40:60].any()


def test_escape_stops_the_job_and_then_lets_go_of_the_candidate(
    window: MainWindow, document: Document, qtbot: QtBot
) -> None:
    paint(document)
    qtbot.waitUntil(lambda: window.registry["engine.run"].reason is None, timeout=60_000)
    window.registry.run("engine.run")
    canvas = window.look.canvas
    assert canvas is not None
    canvas.setFocus()
    qtbot.waitUntil(window.action_set["engine.cancel"].isEnabled, timeout=60_000)
    asker = window.engines.asker
    assert asker is not None
    job = asker.job
    assert job is not None
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not window.engines.running, timeout=60_000)
    assert job.state == "cancelled"
    assert window.banner.text == ""
    assert document.mask.selected_count == 400
    assert window.engines.cannot_cancel() is not None


def test_a_map_becomes_the_mask_is_written_and_stays_with_its_tab(
    window: MainWindow, document: Document, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.zeros((96, 96), np.float32)
    values[10:30, 10:30] = 1
    document.add_candidate(Candidate("map", values, 0, label="cat"))
    assert window.engines.cannot_use_map() is not None
    window.registry.run("candidate.next")
    canvas = window.look.canvas
    assert canvas is not None
    renderer = canvas._renderer
    assert isinstance(renderer, RasterRenderer)
    qtbot.waitUntil(lambda: renderer._heat is not None, timeout=60_000)
    monkeypatch.setattr(dialogs, "ask_save", lambda *_: tmp_path / "map.npy")
    window.registry.run("candidate.export")
    qtbot.waitUntil((tmp_path / "map.npy").exists, timeout=60_000)
    assert np.array_equal(np.load(tmp_path / "map.npy"), values)
    window.registry.run("map.mask")
    assert np.array_equal(document.mask.data > 0, values > 0)
    other = DocumentView("other.png", None)
    window.add_view(other)
    window.fill_view(other, Document(ImageSubject(np.zeros((40, 40, 3), np.uint8))))
    window.show_view(window.views[0])
    assert window.engines.shown is None
    assert renderer._heat is None


def test_a_curve_is_written_from_the_window_and_what_cannot_be_is_a_sentence(
    window: MainWindow, document: Document, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    curve = Candidate("curve", {"x": [1, 2], "y": [3, 4]}, 0)
    document.add_candidate(curve)
    window.registry.run("candidate.next")
    monkeypatch.setattr(dialogs, "ask_save", lambda _w, _t, proposal, _f: tmp_path / proposal.name)
    window.registry.run("candidate.export")
    qtbot.waitUntil(lambda: bool(list(tmp_path.glob("*.csv"))), timeout=60_000)
    (written,) = tmp_path.glob("*-curve.csv")
    assert written.read_text().splitlines()[1:] == ["1,1.0,3.0", "1,2.0,4.0"]
    window.saving.export_result(replace(curve, kind=cast(ResultKind, "smell")))
    assert window.banner.text == "An answer of the kind 'smell' cannot be exported here."


def test_the_palette_chooses_engines_by_name(window: MainWindow, document: Document, qtbot: QtBot) -> None:
    panel = window.engines.engine_panel
    assert panel is not None
    window.registry.run("help.palette")
    palette = window.help.palette
    qtbot.keyClicks(palette.field, "masked diff")
    assert palette.commands[0].title == "Use Masked diffusion"
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert not palette.isVisible()
    assert panel.engine is not None
    assert panel.engine.info.id == "masked-diffusion"
