"""Pens, touchpads, dropped files, focus and colour profiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from maskengines.contract import Box
from maskengines.subjects.image import ImageSubject
from maskstudio.canvas.image_canvas import ImageCanvas
from maskstudio.canvas.pictures import PictureLevels
from maskstudio.documents.document import Document
from maskstudio.tools import BrushSettings, BrushTool
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QColorSpace,
    QDragEnterEvent,
    QDropEvent,
    QEnterEvent,
    QImage,
    QPointingDevice,
    QTabletEvent,
    QWheelEvent,
)  # fmt: skip
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

NONE = Qt.KeyboardModifier.NoModifier
LEFT, NO_BUTTON = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


def subject(pixels: np.ndarray, icc: bytes | None = None) -> ImageSubject:
    return ImageSubject(pixels=pixels, alpha=None, icc=icc, exif=None, source_format="PNG")


@pytest.fixture
def canvas(qtbot: QtBot) -> ImageCanvas:
    canvas = ImageCanvas()
    canvas.resize(400, 300)
    qtbot.addWidget(canvas)
    settings = BrushSettings(canvas)
    settings.size, settings.hardness = 40, 1
    canvas.set_tool(BrushTool(settings))
    canvas.set_document(Document(subject(np.full((240, 320, 3), 90, np.uint8))))
    canvas.actual_size()
    canvas.show()
    return canvas


def pen(canvas: ImageCanvas, kind: QEvent.Type, x: float, y: float, pressure: float) -> None:
    at = canvas.to_widget(x, y)
    button = NO_BUTTON if kind == QEvent.Type.TabletMove else LEFT
    event = QTabletEvent(
        kind, QPointingDevice.primaryPointingDevice(), at, canvas.mapToGlobal(at), pressure, 0, 0, 0, 0, 0,
        NONE, button, LEFT,
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)
    assert event.isAccepted()


def test_a_pen_pressed_lightly_draws_a_thin_line(canvas: ImageCanvas) -> None:
    pen(canvas, QEvent.Type.TabletPress, 50, 100, 0.25)
    pen(canvas, QEvent.Type.TabletMove, 150, 100, 0.25)
    pen(canvas, QEvent.Type.TabletMove, 250, 100, 1.0)
    pen(canvas, QEvent.Type.TabletRelease, 250, 100, 0.0)
    data = canvas.document.mask.data
    assert 8 <= np.count_nonzero(data[:, 100]) <= 12
    assert 36 <= np.count_nonzero(data[:, 245]) <= 41
    assert canvas.document.undo_stack.count() == 1


def test_two_fingers_on_a_touchpad_pan_and_with_ctrl_zoom(canvas: ImageCanvas) -> None:
    canvas.zoom_to(3.0)
    corner, at = canvas.to_widget(0, 0), QPointF(200, 150)

    def swipe(keys: Qt.KeyboardModifier) -> None:
        event = QWheelEvent(
            at, canvas.mapToGlobal(at), QPoint(-12, 30), QPoint(-24, 60), NO_BUTTON, keys,
            Qt.ScrollPhase.ScrollUpdate, False,
        )  # fmt: skip
        QApplication.sendEvent(canvas, event)

    swipe(NONE)
    assert canvas.zoom == 3.0
    assert canvas.to_widget(0, 0) == corner + QPointF(-12, 30)
    swipe(Qt.KeyboardModifier.ControlModifier)
    assert canvas.zoom > 3.0


def test_dropped_files_are_announced_and_web_addresses_are_not(canvas: ImageCanvas, tmp_path: Path) -> None:
    seen: list[list[Path]] = []
    canvas.files_dropped.connect(seen.append)
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/a.png"), QUrl.fromLocalFile(str(tmp_path / "ä photo.png"))])
    enter = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, data, LEFT, NONE)
    QApplication.sendEvent(canvas, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(canvas, QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, LEFT, NONE))
    assert seen == [[tmp_path / "ä photo.png"]]
    text = QMimeData()
    text.setText("no files")
    refused = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, text, LEFT, NONE)
    refused.ignore()
    canvas.dragEnterEvent(refused)
    assert not refused.isAccepted()


def test_the_pointer_brings_the_keys_along_unless_the_user_is_typing(qtbot: QtBot) -> None:
    window = QWidget()
    layout = QVBoxLayout(window)
    canvas, line, button = ImageCanvas(), QLineEdit(), QPushButton("Run")
    for widget in (canvas, line, button):
        layout.addWidget(widget)
    qtbot.addWidget(window)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    middle = QPointF(canvas.rect().center())

    def enter() -> None:
        QApplication.sendEvent(canvas, QEnterEvent(middle, middle, canvas.mapToGlobal(middle)))

    line.setFocus()
    enter()
    assert line.hasFocus()
    QTest.keyClick(line, Qt.Key.Key_Space)
    assert line.text() == " "
    button.setFocus()
    enter()
    assert canvas.hasFocus()


def test_the_brush_outline_is_seen_on_black_and_on_white(canvas: ImageCanvas) -> None:
    for level in (0, 255):
        canvas.set_document(Document(subject(np.full((240, 320, 3), level, np.uint8))))
        canvas.actual_size()
        at = canvas.to_widget(160, 120).toPoint()
        QTest.mouseMove(canvas, at + QPoint(1, 0))
        QTest.mouseMove(canvas, at)
        image = canvas.grab().toImage()
        across = [image.pixelColor(at.x() + dx, at.y()).lightness() for dx in range(17, 24)]
        assert max(abs(value - level) for value in across) > 110
        assert abs(image.pixelColor(at).lightness() - level) == 0


def test_a_wide_gamut_photo_is_converted_for_the_screen(qapp: object) -> None:
    wide = QColorSpace(QColorSpace.NamedColorSpace.AdobeRgb)
    pixels = np.full((64, 64, 3), (60, 180, 60), np.uint8)
    expected = QImage(1, 1, QImage.Format.Format_RGB32)
    expected.setPixel(0, 0, 0xFF3CB43C)
    expected.setColorSpace(wide)
    expected.convertToColorSpace(QColorSpace(QColorSpace.NamedColorSpace.SRgb))
    target = expected.pixelColor(0, 0)
    levels = PictureLevels(subject(pixels, bytes(wide.iccProfile().data())))
    for level, box in ((0, Box(3, 3, 5, 5)), (2, Box(0, 0, 16, 16))):
        seen = levels.read(level, box)[1, 1, :3].astype(int)
        assert np.abs(seen - (target.blue(), target.green(), target.red())).max() <= 1
    srgb = QColorSpace(QColorSpace.NamedColorSpace.SRgb)
    same = PictureLevels(subject(pixels, bytes(srgb.iccProfile().data())))
    assert same.read(0, Box(0, 0, 1, 1))[0, 0, :3].tolist() == [60, 180, 60]


def test_a_broken_profile_is_left_aside(qapp: object) -> None:
    pixels = np.full((8, 8, 3), (10, 20, 30), np.uint8)
    levels = PictureLevels(subject(pixels, b"not a profile"))
    assert levels.read(0, Box(0, 0, 1, 1))[0, 0, :3].tolist() == [30, 20, 10]


def test_after_a_pause_a_turn_of_the_wheel_waits_for_nothing(
    canvas: ImageCanvas, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    canvas.set_document(Document(subject(np.full((2400, 3200, 3), 90, np.uint8))))
    canvas.fit()
    canvas.grab()
    level, zoom = PictureLevels._converted, canvas.zoom
    built: list[int] = []

    def counting(self: PictureLevels, box: Box, at: int) -> np.ndarray:
        built.append(at)
        return level(self, box, at)

    monkeypatch.setattr(PictureLevels, "_converted", counting)
    qtbot.waitUntil(lambda: bool(built) and not canvas._idle.pending)
    built.clear()
    for factor in (2.0, 0.5, 0.5):
        canvas.zoom_by(factor, QPointF(150, 120))
        canvas.grab()
    assert canvas.zoom == pytest.approx(zoom / 2)
    assert not built
