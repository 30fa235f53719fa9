"""What a user sees and gets when painting on the canvas."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from maskengines.contract import ImagePatch
from maskengines.masks.mask import Asked
from maskengines.subjects.image import ImageSubject
from maskstudio.canvas.heat import Heat
from maskstudio.canvas.image_canvas import ImageCanvas
from maskstudio.documents.document import Document
from maskstudio.tools import BrushSettings, BrushTool, EraserTool, LassoTool, RectangleTool
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
PLAIN, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier


class ScaledCanvas(ImageCanvas):
    """A canvas on a screen with another device pixel ratio."""

    ratio = 1.0

    def devicePixelRatioF(self) -> float:
        return self.ratio


class Hand:
    """Drives a canvas by image coordinates, through real mouse events."""

    def __init__(self, canvas: ImageCanvas) -> None:
        self.canvas = canvas

    def at(self, x: float, y: float) -> QPoint:
        return self.canvas.to_widget(x, y).toPoint()

    def press(
        self, x: float, y: float, button: Qt.MouseButton = LEFT, keys: Qt.KeyboardModifier = PLAIN
    ) -> None:
        QTest.mousePress(self.canvas, button, keys, self.at(x, y))

    def move(self, x: float, y: float) -> None:
        QTest.mouseMove(self.canvas, self.at(x, y))

    def release(
        self, x: float, y: float, button: Qt.MouseButton = LEFT, keys: Qt.KeyboardModifier = PLAIN
    ) -> None:
        QTest.mouseRelease(self.canvas, button, keys, self.at(x, y))

    def stroke(self, *points: tuple[float, float], button: Qt.MouseButton = LEFT) -> None:
        self.press(*points[0], button)
        for point in points[1:]:
            self.move(*point)
        self.release(*points[-1], button)

    def click(self, x: float, y: float, keys: Qt.KeyboardModifier = PLAIN) -> None:
        self.press(x, y, LEFT, keys)
        self.release(x, y, LEFT, keys)


def photo(width: int = 320, height: int = 240) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)


def subject(pixels: np.ndarray, alpha: np.ndarray | None = None) -> ImageSubject:
    return ImageSubject(pixels=pixels, alpha=alpha, icc=None, exif=None, source_format="PNG")


def grabbed(canvas: ImageCanvas) -> np.ndarray:
    """The widget's pixels, ``(h, w, 3)`` RGB."""
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


Shown = tuple[ImageCanvas, Document, Hand]
Show = Callable[..., Shown]


@pytest.fixture
def show(qtbot: QtBot) -> Show:
    def make(pixels: np.ndarray | None = None, ratio: float = 1.0, alpha: np.ndarray | None = None) -> Shown:
        document = Document(subject(photo() if pixels is None else pixels, alpha))
        canvas = ScaledCanvas()
        canvas.ratio = ratio
        canvas.resize(400, 300)
        qtbot.addWidget(canvas)
        settings = BrushSettings(canvas)
        settings.size, settings.hardness = 20, 1
        canvas.set_tool(BrushTool(settings))
        canvas.set_document(document)
        canvas.show()
        return canvas, document, Hand(canvas)

    return make


@pytest.mark.parametrize("ratio", [1.0, 1.25, 2.0])
@pytest.mark.parametrize("zoom", [0.31, 1.0, 1.7, 4.0, 13.0])
def test_a_stroke_lands_on_the_pixels_under_the_pointer(show: Show, zoom: float, ratio: float) -> None:
    canvas, document, _ = show(ratio=ratio)
    canvas.zoom_to(zoom)
    start, end = canvas.to_widget(150, 120).toPoint(), canvas.to_widget(160, 124).toPoint()
    QTest.mousePress(canvas, LEFT, PLAIN, start)
    QTest.mouseMove(canvas, end)
    QTest.mouseRelease(canvas, LEFT, PLAIN, end)
    a, b = canvas.to_image(QPointF(start)), canvas.to_image(QPointF(end))
    ys, xs = np.mgrid[0:240, 0:320] + 0.5
    dx, dy = b.x() - a.x(), b.y() - a.y()
    t = np.clip(((xs - a.x()) * dx + (ys - a.y()) * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
    distance = np.hypot(xs - a.x() - t * dx, ys - a.y() - t * dy)
    expected = np.clip(10.5 - distance, 0, 1)
    assert np.abs(document.mask.data / 255 - expected).max() < 0.3
    assert (document.mask.data[distance < 9] == 255).all()
    assert not document.mask.data[distance > 11].any()


def test_undo_takes_a_stroke_back_and_redo_brings_it_again(show: Show) -> None:
    _, document, hand = show()
    hand.stroke((40, 40), (90, 60))
    first = document.mask.data.copy()
    hand.stroke((50, 200), (250, 60))
    second = document.mask.data.copy()
    document.undo()
    assert np.array_equal(document.mask.data, first)
    document.undo()
    assert not document.mask.data.any()
    document.redo()
    document.redo()
    assert np.array_equal(document.mask.data, second)


def test_the_right_button_erases_and_the_eraser_does_with_either(show: Show) -> None:
    canvas, document, hand = show()
    hand.stroke((100, 100), (200, 100))
    hand.stroke((150, 100), (150, 101), button=RIGHT)
    assert document.mask.data[100, 150] == 0
    assert document.mask.data[100, 120] == 255
    canvas.set_tool(EraserTool(BrushSettings(canvas)))
    hand.stroke((120, 100), (121, 100))
    assert document.mask.data[100, 120] == 0


def test_shift_click_draws_a_straight_line_from_the_last_stroke(show: Show) -> None:
    canvas, document, hand = show()
    hand.click(40, 50)
    hand.click(240, 150, SHIFT)
    ends = [canvas.to_image(QPointF(hand.at(x, y))) for x, y in ((40, 50), (240, 150))]
    for t in np.linspace(0, 1, 50):
        at = ends[0] * (1 - t) + ends[1] * t
        assert document.mask.data[int(at.y()), int(at.x())] == 255
    assert document.mask.data[150, 40] == document.mask.data[50, 240] == 0


def test_escape_during_a_stroke_puts_everything_back(show: Show) -> None:
    canvas, document, hand = show()
    hand.stroke((100, 100), (120, 100))
    hand.move(250, 20)
    before, shown = document.mask.data.copy(), grabbed(canvas)
    hand.press(30, 30)
    hand.move(200, 200)
    assert not np.array_equal(document.mask.data, before)
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    hand.move(250, 20)
    hand.release(250, 20)
    assert np.array_equal(document.mask.data, before)
    assert document.undo_stack.count() == 1
    assert np.array_equal(grabbed(canvas), shown)


def test_what_is_painted_is_tinted_and_the_rest_is_the_very_photo(show: Show) -> None:
    canvas, document, hand = show()
    canvas.set_tool(RectangleTool())
    canvas.actual_size()
    hand.stroke((50, 60), (90, 100))
    canvas.set_tool(None)
    assert document.mask.data[60:100, 50:90].min() == 255
    assert document.mask.data.sum() == 255 * 40 * 40
    corner = canvas.to_widget(0, 0).toPoint()
    seen = grabbed(canvas)[corner.y() : corner.y() + 240, corner.x() : corner.x() + 320].astype(int)
    pixels = document.subject.pixels.astype(int)
    outside = document.mask.data == 0
    assert np.array_equal(seen[outside], pixels[outside])
    red = np.array([0xFF, 0x3B, 0x3B])
    assert np.abs(seen[~outside] - (pixels[~outside] + red) / 2).max() <= 2


def test_hiding_the_mask_shows_the_photo_and_another_colour_shows(show: Show) -> None:
    canvas, document, hand = show()
    canvas.actual_size()
    hand.stroke((100, 100), (150, 100))
    canvas.set_tool(None)
    corner = canvas.to_widget(0, 0).toPoint()
    box = slice(corner.y(), corner.y() + 240), slice(corner.x(), corner.x() + 320)
    canvas.set_overlay_visible(False)
    assert np.array_equal(grabbed(canvas)[box], document.subject.pixels)
    canvas.set_overlay_visible(True)
    canvas.set_overlay("#00ff00", 1.0)
    assert grabbed(canvas)[box][100, 120].tolist() == [0, 255, 0]


def test_a_preview_is_seen_in_place_until_it_is_taken_away(show: Show) -> None:
    canvas, document, hand = show()
    canvas.actual_size()
    hand.stroke((110, 100), (140, 100))
    canvas.set_tool(None)
    corner = canvas.to_widget(0, 0).toPoint()
    box = slice(corner.y(), corner.y() + 240), slice(corner.x(), corner.x() + 320)
    before = grabbed(canvas)
    patch = document.subject.pixels[80:130, 90:170].copy()
    patch[document.mask.data[80:130, 90:170] > 0] = (10, 200, 30)
    canvas.set_preview(ImagePatch(90, 80, patch))
    seen = grabbed(canvas)[box]
    assert seen[100, 125].tolist() == [10, 200, 30]
    assert np.array_equal(seen[:70], document.subject.pixels[:70])
    outline = (seen == (0xFF, 0x3B, 0x3B)).all(axis=2)
    assert 60 < np.count_nonzero(outline) < 200
    assert document.mask.data[outline].min() > 127
    canvas.set_overlay_visible(False)
    bare = grabbed(canvas)[box]
    assert np.array_equal(bare[80:130, 90:170], patch)
    canvas.set_overlay_visible(True)
    canvas.set_compare(True)
    assert np.array_equal(grabbed(canvas)[box], document.original.pixels)
    canvas.set_compare(False)
    canvas.set_preview(None)
    assert np.array_equal(grabbed(canvas), before)


def test_a_candidate_fades_in_and_a_stroke_ends_the_fade(show: Show, qtbot: QtBot) -> None:
    canvas, document, hand = show()
    canvas.actual_size()
    canvas.set_tool(None)
    patch = ImagePatch(40, 80, 255 - document.subject.pixels[80:120, 40:200])
    before = grabbed(canvas)
    canvas.set_preview(patch)
    after = grabbed(canvas)
    canvas.set_preview(None)
    canvas.fade_to_preview(patch)
    first = grabbed(canvas)
    assert np.abs(first.astype(int) - before).mean() < np.abs(first.astype(int) - after).mean()
    qtbot.waitUntil(lambda: np.array_equal(grabbed(canvas), after), timeout=60_000)

    canvas.set_preview(None)
    canvas.set_tool(BrushTool(BrushSettings(canvas)))
    canvas.fade_to_preview(patch)
    hand.press(280, 200)
    canvas.refresh_cursor()
    corner = canvas.to_widget(40, 80).toPoint()
    inside = slice(corner.y(), corner.y() + 40), slice(corner.x(), corner.x() + 160)
    assert np.array_equal(grabbed(canvas)[inside], after[inside])
    canvas.set_preview(None)
    canvas.fade_to_preview(patch)
    assert np.array_equal(grabbed(canvas)[inside], after[inside])
    hand.release(280, 200)


def test_paint_added_after_a_preview_is_tinted_again(show: Show) -> None:
    canvas, document, hand = show()
    canvas.actual_size()
    hand.stroke((60, 100), (80, 100))
    canvas.set_preview(ImagePatch(40, 80, document.subject.pixels[80:120, 40:200].copy()))
    hand.stroke((150, 100), (151, 100))
    canvas.set_tool(None)
    corner = canvas.to_widget(0, 0).toPoint()
    seen = grabbed(canvas)[corner.y() + 100, corner.x() + 150].astype(int)
    red = np.array([0xFF, 0x3B, 0x3B])
    assert np.abs(seen - (document.subject.pixels[100, 150].astype(int) + red) / 2).max() <= 2


def test_paint_added_while_an_answer_was_on_its_way_stays_tinted_beside_it(show: Show) -> None:
    canvas, document, hand = show()
    canvas.actual_size()
    hand.stroke((60, 100), (80, 100))
    asked = Asked.of(document.mask)
    hand.stroke((150, 100), (151, 100))
    canvas.set_preview(ImagePatch(40, 80, document.subject.pixels[80:120, 40:200].copy()), asked)
    canvas.set_tool(None)
    corner = canvas.to_widget(0, 0).toPoint()
    seen = grabbed(canvas)[corner.y() + 100, corner.x() :].astype(int)
    photo = document.subject.pixels[100].astype(int)
    assert np.abs(seen[150] - (photo[150] + np.array([0xFF, 0x3B, 0x3B])) / 2).max() <= 2
    assert np.array_equal(seen[70], photo[70])


def test_heat_shows_where_a_map_is_high_and_leaves_the_rest(show: Show) -> None:
    canvas, document, _ = show()
    canvas.set_tool(None)
    canvas.actual_size()
    heat = np.zeros((240, 320), np.float32)
    heat[100:140, 100:140] = 1
    canvas.set_heat(Heat.of_disagreement(heat))
    corner = canvas.to_widget(0, 0).toPoint()
    seen = grabbed(canvas)[corner.y() : corner.y() + 240, corner.x() : corner.x() + 320]
    assert np.array_equal(seen[:100], document.subject.pixels[:100])
    assert seen[120, 120].min() > 140
    canvas.set_heat(None)
    assert np.array_equal(
        grabbed(canvas)[corner.y() + 120, corner.x() + 120], document.subject.pixels[120, 120]
    )


def test_transparent_parts_show_a_checkerboard(show: Show) -> None:
    alpha = np.full((240, 320), 255, np.uint8)
    alpha[:, 160:] = 0
    canvas, document, _ = show(alpha=alpha)
    canvas.set_tool(None)
    canvas.actual_size()
    corner = canvas.to_widget(0, 0).toPoint()
    seen = grabbed(canvas)[corner.y() : corner.y() + 240, corner.x() : corner.x() + 320]
    assert np.array_equal(seen[:, :160], document.subject.pixels[:, :160])
    assert len(np.unique(seen[:, 160:].reshape(-1, 3), axis=0)) == 2


def test_sixteen_bit_photos_are_shown(show: Show) -> None:
    deep = photo().astype(np.uint16) * 257
    canvas, _, _ = show(deep)
    canvas.set_tool(None)
    canvas.actual_size()
    corner = canvas.to_widget(0, 0).toPoint()
    seen = grabbed(canvas)[corner.y() : corner.y() + 240, corner.x() : corner.x() + 320]
    assert np.array_equal(seen, photo())


def test_a_kept_change_of_the_picture_is_seen_at_once(show: Show) -> None:
    canvas, document, _ = show()
    canvas.set_tool(None)
    for zoom in (0.25, 1.0):
        canvas.zoom_to(zoom)
        grabbed(canvas)
    patch = ImagePatch(100, 100, np.zeros((40, 40, 3), np.uint8))
    document.show_patch(patch)
    document.image_changed.emit(patch.box)
    for zoom in (1.0, 0.25):
        canvas.zoom_to(zoom)
        at = canvas.to_widget(120, 120).toPoint()
        assert grabbed(canvas)[at.y(), at.x()].tolist() == [0, 0, 0]
    canvas.set_compare(True)
    at = canvas.to_widget(120, 120).toPoint()
    assert grabbed(canvas)[at.y(), at.x()].any()


def test_a_lasso_takes_what_it_goes_round(show: Show) -> None:
    canvas, document, hand = show()
    canvas.set_tool(LassoTool())
    canvas.actual_size()
    hand.stroke((50, 50), (150, 50), (150, 150), (50, 150))
    assert abs(document.mask.data.sum() / 255 - 100 * 100) < 60
    assert document.mask.data[100, 100] == 255


def test_the_wheel_keeps_the_point_under_the_pointer(show: Show, qtbot: QtBot) -> None:
    from PySide6.QtGui import QWheelEvent

    canvas, _, _ = show()
    at = QPointF(260, 90)
    before = canvas.to_image(at)
    zooms = [canvas.zoom]
    for turn in (120, 120, 240, -120):
        event = QWheelEvent(
            at, canvas.mapToGlobal(at), QPoint(), QPoint(0, turn), Qt.MouseButton.NoButton, PLAIN,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        canvas.wheelEvent(event)
        zooms.append(canvas.zoom)
        after = canvas.to_image(at)
        assert abs(after.x() - before.x()) <= 0.51 / canvas.zoom * len(zooms)
        assert abs(after.y() - before.y()) <= 0.51 / canvas.zoom * len(zooms)
    assert zooms[0] < zooms[1] < zooms[2] < zooms[3] > zooms[4]


def test_space_and_the_middle_button_move_the_picture_without_painting(show: Show) -> None:
    canvas, document, hand = show()
    canvas.zoom_to(3.0)
    start = canvas.to_widget(0, 0)
    hand.stroke((150, 100), (160, 110), button=MIDDLE)
    assert canvas.to_widget(0, 0) == start + QPointF(30, 30)
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    origin = hand.at(150, 100)
    QTest.mousePress(canvas, LEFT, PLAIN, origin)
    QTest.mouseMove(canvas, origin + QPoint(-20, 7))
    QTest.mouseRelease(canvas, LEFT, PLAIN, origin + QPoint(-20, 7))
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    assert canvas.to_widget(0, 0) == start + QPointF(10, 37)
    assert not document.mask.data.any()
    hand.click(150, 100)
    assert document.mask.data.any()


def test_a_fitted_picture_stays_whole_when_the_window_is_resized(show: Show) -> None:
    canvas, _, _ = show()
    canvas.fit()
    for size in ((640, 200), (150, 500)):
        canvas.resize(*size)
        near, far = canvas.to_widget(0, 0), canvas.to_widget(320, 240)
        assert near.x() >= 0
        assert near.y() >= 0
        assert far.x() <= size[0] + 1
        assert far.y() <= size[1] + 1


def test_each_document_is_shown_where_it_was_left(show: Show) -> None:
    canvas, first, _ = show()
    canvas.zoom_to(3.0)
    canvas.pan(QPointF(25, -10))
    where = canvas.to_widget(0, 0)
    second = Document(subject(photo(100, 50)))
    canvas.set_document(second)
    canvas.fit()
    canvas.set_document(first)
    assert canvas.zoom == 3.0
    assert canvas.to_widget(0, 0) == where


def test_the_status_bar_learns_where_the_pointer_is(show: Show) -> None:
    canvas, _, hand = show()
    canvas.actual_size()
    seen: list[object] = []
    canvas.cursor_moved.connect(seen.append)
    hand.move(12, 34)
    assert seen[-1] == QPoint(12, 34)
    QTest.mouseMove(canvas, QPoint(1, 1))
    assert seen[-1] is None
