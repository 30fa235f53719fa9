"""What brush and eraser leave in the mask."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maskengines.subjects.image import ImageSubject
from maskstudio.documents.document import Document
from maskstudio.tools import BrushSettings, BrushTool, EraserTool, ToolEvent
from maskstudio.tools.options import BrushOptions
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot


def new_document(width: int = 300, height: int = 280) -> Document:
    pixels = np.zeros((height, width, 1), np.uint8)
    return Document(ImageSubject(pixels=pixels, alpha=None, icc=None, exif=None, source_format="PNG"))


def new_brush(size: float = 40, hardness: float = 1.0, opacity: float = 1.0) -> BrushTool:
    brush = BrushTool(BrushSettings())
    brush.settings.size, brush.settings.hardness, brush.settings.opacity = size, hardness, opacity
    return brush


def stroke(tool: BrushTool, document: Document, *points: tuple[float, float], pressure: float = 1.0) -> None:
    tool.press(document, ToolEvent(*points[0], pressure=pressure))
    for point in points[1:]:
        tool.move(ToolEvent(*point, pressure=pressure))
    tool.release(ToolEvent(*points[-1], pressure=pressure))


def distance_to_segment(shape: tuple[int, int], a: tuple[float, float], b: tuple[float, float]) -> np.ndarray:
    ys, xs = np.mgrid[0 : shape[0], 0 : shape[1]] + 0.5
    dx, dy = b[0] - a[0], b[1] - a[1]
    t = np.clip(((xs - a[0]) * dx + (ys - a[1]) * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
    return np.hypot(xs - a[0] - t * dx, ys - a[1] - t * dy)


def test_half_opacity_paints_half_however_often_the_stroke_crosses_itself(qapp: object) -> None:
    document = new_document()
    stroke(
        new_brush(opacity=0.5), document, (50, 100), (200, 100), (60, 100), (200, 101), (120, 60), (120, 150)
    )
    assert set(np.unique(document.mask.data[100, 60:190])) == {128}
    assert document.mask.data.max() == 128


def test_a_second_stroke_of_half_opacity_covers_half_of_the_rest(qapp: object) -> None:
    document, brush = new_document(), new_brush(opacity=0.5)
    stroke(brush, document, (50, 100), (200, 100))
    stroke(brush, document, (50, 100), (200, 100))
    assert abs(int(document.mask.data[100, 120]) - 192) <= 1


def test_a_half_eraser_leaves_half(qapp: object) -> None:
    document, brush = new_document(), new_brush()
    stroke(brush, document, (50, 100), (200, 100))
    eraser = EraserTool(BrushSettings())
    eraser.settings.size, eraser.settings.hardness, eraser.settings.opacity = 40, 1, 0.5
    stroke(eraser, document, (120, 60), (120, 140), (121, 60))
    assert abs(int(document.mask.data[100, 120]) - 127) <= 1
    assert document.mask.data[100, 60] == 255
    assert document.mask.data[60, 120] == 0


@pytest.mark.parametrize("opacity", [0.37, 1.0])
def test_the_mask_seen_during_a_stroke_is_the_mask_committed(qapp: object, opacity: float) -> None:
    document, brush = new_document(), new_brush(70, 0.2, opacity)
    stroke(brush, document, (20, 30), (250, 250))
    brush.press(document, ToolEvent(40, 200))
    brush.move(ToolEvent(220, 60))
    during = document.mask.data.copy()
    brush.release(ToolEvent(220, 60))
    assert np.array_equal(document.mask.data, during)


@pytest.mark.parametrize("size", [3, 10, 41, 180, 500])
@pytest.mark.parametrize("pieces", [1, 2, 17])
def test_a_hard_stroke_is_an_anti_aliased_capsule(qapp: object, size: float, pieces: int) -> None:
    document = new_document(900, 800)
    a, b = (300.3, 310.8), (617.2, 404.1)
    points = [(a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for t in np.linspace(0, 1, pieces + 1)]
    stroke(new_brush(size), document, *points)
    expected = np.clip(size / 2 + 0.5 - distance_to_segment((800, 900), a, b), 0, 1)
    assert np.abs(document.mask.data / 255 - expected).max() < 0.3
    assert abs(document.mask.data.sum() / 255 - expected.sum()) < 0.01 * expected.sum()


@pytest.mark.parametrize("hardness", [0.0, 0.5, 0.9])
def test_a_soft_stroke_falls_off_smoothly_from_its_hard_core(qapp: object, hardness: float) -> None:
    document = new_document()
    a, b = (80.0, 140.0), (220.0, 120.0)
    stroke(new_brush(100, hardness), document, a, b)
    distance = distance_to_segment((280, 300), a, b)
    t = np.clip((50.5 - distance) / max(1.0, 50 * (1 - hardness) + 0.5), 0, 1)
    assert np.abs(document.mask.data / 255 - t * t * (3 - 2 * t)).max() < 0.06
    assert (document.mask.data[distance < 49 * hardness] >= 250).all()


@pytest.mark.parametrize("hardness", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("opacity", [0.4, 1.0])
def test_a_fast_stroke_has_a_straight_edge(qapp: object, hardness: float, opacity: float) -> None:
    document = new_document(900, 700)
    a, b = (60.3, 80.6), (820.1, 600.4)
    stroke(new_brush(30, hardness, opacity), document, a, b)
    distance = distance_to_segment((700, 900), a, b)
    t = np.clip((15.5 - distance) / max(1.0, 15 * (1 - hardness) + 0.5), 0, 1)
    expected = opacity * (t if hardness == 1 else t * t * (3 - 2 * t))
    assert np.abs(document.mask.data / 255 - expected)[:, 100:780].max() < 0.05


def test_a_one_pixel_brush_paints_whole_pixels(qapp: object) -> None:
    document = new_document()
    stroke(new_brush(1), document, (10.2, 20.9), (15.7, 20.3))
    assert document.mask.data[20, 10:16].tolist() == [255] * 6
    assert document.mask.data.sum() == 255 * 6


def test_a_stroke_over_the_edge_paints_what_is_inside(qapp: object) -> None:
    document = new_document()
    stroke(new_brush(60), document, (-100, -50), (-40, 140), (290, 400), (400, 100), (150, -29.4))
    assert document.mask.data.any()
    document.undo()
    assert not document.mask.data.any()


def test_light_pressure_paints_a_thinner_line(qapp: object) -> None:
    firm, light = new_document(), new_document()
    stroke(new_brush(), firm, (50, 100), (200, 100))
    stroke(new_brush(), light, (50, 100), (200, 100), pressure=0.25)
    assert np.count_nonzero(firm.mask.data[:, 120]) == 40
    assert 8 <= np.count_nonzero(light.mask.data[:, 120]) <= 12


def test_a_stroke_that_the_document_ends_is_forgotten(qapp: object) -> None:
    document, brush = new_document(), new_brush()
    brush.press(document, ToolEvent(100, 100))
    document.drop_open_edit()
    brush.move(ToolEvent(200, 200))
    assert not brush.release(ToolEvent(200, 200))
    assert not document.mask.data.any()
    assert document.undo_stack.count() == 0
    stroke(brush, document, (100, 100), (110, 100))
    assert document.mask.data[100, 105] == 255


points = st.lists(st.tuples(st.floats(-50, 350), st.floats(-50, 330)), min_size=1, max_size=4)
strokes = st.lists(
    st.tuples(points, st.floats(1, 150), st.floats(0, 1), st.floats(0.05, 1), st.booleans()), max_size=4
)


@settings(max_examples=30, deadline=None)
@given(script=strokes)
def test_undoing_any_strokes_gives_the_same_masks_in_reverse(qapp: object, script: list) -> None:
    document = new_document()
    states = [document.mask.data.copy()]
    for path, size, hardness, opacity, erase in script:
        tool = EraserTool(BrushSettings()) if erase else BrushTool(BrushSettings())
        tool.settings.size, tool.settings.hardness, tool.settings.opacity = size, hardness, opacity
        before = document.undo_stack.count()
        stroke(tool, document, *path)
        if document.undo_stack.count() > before:
            states.append(document.mask.data.copy())
        else:
            assert np.array_equal(states[-1], document.mask.data)
    for state in reversed(states[:-1]):
        document.undo()
        assert np.array_equal(document.mask.data, state)


def test_the_brush_grows_and_shrinks_in_steps_that_feel_even(qapp: object) -> None:
    brush = BrushSettings()
    brush.size = 1
    sizes = [brush.size]
    while brush.size < 2000:
        brush.larger()
        sizes.append(brush.size)
    assert 35 <= len(sizes) <= 50
    assert all(b - a == 1 for a, b in pairwise(sizes) if b <= 10)
    assert all(b / a <= 1.5 for a, b in pairwise(sizes) if a >= 2)
    for size in reversed(sizes[:-1]):
        brush.smaller()
        assert brush.size == size


def test_the_panel_follows_the_brush_and_the_brush_the_panel(qtbot: QtBot) -> None:
    brush = BrushSettings()
    panel = BrushOptions(brush)
    qtbot.addWidget(panel)
    panel.show()
    brush.size, brush.hardness = 250, 0.4
    assert (panel.size_number.value(), panel.hardness_slider.value()) == (250, 40)
    panel.size_number.setFocus()
    panel.size_number.selectAll()
    QTest.keyClicks(panel.size_number, "73")
    QTest.keyClick(panel.size_number, Qt.Key.Key_Return)
    assert brush.size == 73
    panel.opacity_slider.setValue(35)
    assert brush.opacity == 0.35
    assert panel.opacity_number.value() == 35
    panel.size_slider.setValue(panel.size_slider.maximum())
    assert brush.size == 2000
    panel.size_slider.setValue(0)
    assert brush.size == 1
