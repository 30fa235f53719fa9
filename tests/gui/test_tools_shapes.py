"""Rectangle, ellipse and lasso: what a drag does to the mask."""

from __future__ import annotations

import math

import numpy as np
import pytest
from maskengines.subjects.image import ImageSubject
from maskstudio.documents.document import Document
from maskstudio.tools import EllipseTool, LassoTool, RectangleTool, ToolEvent
from maskstudio.tools.shapes import ShapeTool
from PySide6.QtCore import Qt

ALT, SHIFT = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def document(qapp: object) -> Document:
    pixels = np.zeros((200, 300, 3), np.uint8)
    return Document(ImageSubject(pixels=pixels, alpha=None, icc=None, exif=None, source_format="PNG"))


def drag(
    tool: ShapeTool,
    document: Document,
    *points: tuple[float, float],
    keys: Qt.KeyboardModifier = NONE,
    button: Qt.MouseButton = Qt.MouseButton.LeftButton,
) -> bool:
    tool.press(document, ToolEvent(*points[0], button, keys))
    for point in points[1:]:
        tool.move(ToolEvent(*point, button, keys))
    return tool.release(ToolEvent(*points[-1], button, keys))


def test_a_rectangle_covers_whole_pixels_in_any_direction(document: Document) -> None:
    assert drag(RectangleTool(), document, (100.4, 80.4), (50.3, 39.6))
    expected = np.zeros((200, 300), np.uint8)
    expected[40:80, 50:100] = 255
    assert np.array_equal(document.mask.data, expected)


def test_alt_and_the_right_button_take_away_and_shift_adds(document: Document) -> None:
    drag(RectangleTool(), document, (20, 20), (120, 120))
    drag(RectangleTool(), document, (40, 40), (60, 60), keys=ALT)
    drag(RectangleTool(), document, (80, 40), (100, 60), button=Qt.MouseButton.RightButton)
    drag(RectangleTool(), document, (150, 20), (160, 30), keys=SHIFT)
    data = document.mask.data
    assert (data[50, 50], data[50, 90], data[25, 155], data[100, 100]) == (0, 0, 255, 255)
    assert np.count_nonzero(data) == 100 * 100 - 2 * 400 + 100
    document.undo()
    document.undo()
    assert document.mask.data[50, 90] == 255


def test_an_ellipse_has_the_area_of_one(document: Document) -> None:
    drag(EllipseTool(), document, (50, 40), (250, 160))
    assert abs(document.mask.data.sum() / 255 / (math.pi * 100 * 60) - 1) < 0.003
    assert document.mask.data[100, 150] == 255
    assert document.mask.data[45, 55] == 0


def test_shift_during_the_drag_makes_a_circle(document: Document) -> None:
    tool = EllipseTool()
    tool.press(document, ToolEvent(50, 50))
    tool.release(ToolEvent(150, 60, modifiers=SHIFT))
    assert abs(document.mask.data.sum() / 255 / (math.pi * 50 * 50) - 1) < 0.005


def test_a_lasso_is_closed_and_smooth_at_its_edge(document: Document) -> None:
    drag(LassoTool(), document, (50, 50), (200, 60), (120, 150))
    area = abs((150 * 100 - 10 * 70) / 2)
    assert abs(document.mask.data.sum() / 255 - area) < 0.002 * area
    assert len(np.unique(document.mask.data)) > 20


def test_a_lasso_that_leaves_the_picture_takes_what_is_inside(document: Document) -> None:
    drag(LassoTool(), document, (-50, -50), (100, -50), (100, 100), (-50, 100))
    assert document.mask.data[:100, :100].min() == 255
    assert np.count_nonzero(document.mask.data) == 100 * 100


def test_adding_never_weakens_what_is_masked(document: Document) -> None:
    drag(RectangleTool(), document, (0, 0), (300, 200))
    drag(LassoTool(), document, (50, 50), (200, 60), (120, 150))
    assert document.mask.data.min() == 255


@pytest.mark.parametrize("tool", [RectangleTool(), EllipseTool(), LassoTool()])
def test_a_click_without_a_drag_changes_nothing(document: Document, tool: ShapeTool) -> None:
    assert not drag(tool, document, (50, 50))
    assert document.undo_stack.count() == 0


def test_a_cancelled_shape_leaves_nothing(document: Document) -> None:
    tool = RectangleTool()
    tool.press(document, ToolEvent(10, 10))
    tool.move(ToolEvent(90, 90))
    assert len(tool.outline()) == 4
    tool.cancel()
    assert not tool.outline()
    assert not tool.release(ToolEvent(90, 90))
    assert not document.mask.data.any()
