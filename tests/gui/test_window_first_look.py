"""The quick look at a photo agrees with what the canvas shows a moment later."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from maskengines.assets import asset
from maskengines.subjects.image_io import load_image
from maskstudio.canvas.image_canvas import ImageCanvas
from maskstudio.documents.document import Document
from maskstudio.window.app import make_app
from maskstudio.window.first_look import FirstLook, quick_look
from maskstudio.window.theme import current
from PIL import Image
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot


def pixels(widget: QWidget) -> np.ndarray:
    """What a widget shows, ``(h, w, 3)``."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).astype(int)


def test_the_canvas_takes_over_without_a_jump(qtbot: QtBot) -> None:
    make_app()
    look = quick_look(asset("samples/sample.jpg"), QSize(1280, 800))
    assert look is not None
    first, canvas = FirstLook(), ImageCanvas()
    canvas.set_surround(current().canvas)
    for widget in (first, canvas):
        qtbot.addWidget(widget)
        widget.resize(700, 500)
        widget.show()
    first.show_look(look)
    canvas.set_document(Document(load_image(asset("samples/sample.jpg"))))
    difference = np.abs(pixels(first) - pixels(canvas))
    assert difference.mean() < 3
    edge = pixels(first)[250, :, 2] > 60
    assert abs(int(np.argmax(edge)) - int(np.argmax(pixels(canvas)[250, :, 2] > 60))) <= 1


def test_a_sideways_photo_is_looked_at_upright(tmp_path: Path) -> None:
    path = tmp_path / "sideways.jpg"
    picture = Image.new("RGB", (400, 200), "red")
    picture.paste("blue", (0, 0, 200, 200))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise to see it upright
    picture.save(path, exif=exif, quality=95)
    look = quick_look(path, QSize(100, 100))
    assert look is not None
    assert (look.size.width(), look.size.height()) == (200, 400)
    assert look.image.height() > look.image.width()
    assert look.image.height() <= 100
    assert look.image.pixelColor(10, 5).blue() > 200
    subject = load_image(path)
    assert (subject.width, subject.height) == (200, 400)
    assert subject.pixels[10, 100, 2] > 200


def test_what_is_no_picture_is_left_to_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"not a photo")
    assert quick_look(path, QSize(100, 100)) is None
