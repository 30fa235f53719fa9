"""A photo on screen before numpy and OpenCV are even imported: Qt's own decoder, at screen size.

It only looks; the canvas takes its place, at the same spot, as soon as the file is really read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QColorSpace, QImage, QImageIOHandler, QImageReader, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from maskstudio.canvas.view import View
from maskstudio.window import theme

SCALES_WHILE_READING = (b"jpeg", b"jpg")
MOST_PIXELS = 6_000_000
"""Pictures that Qt must read whole are looked at up to this size."""


@dataclass(frozen=True)
class Look:
    """An upright, maybe smaller picture in sRGB, and the full size it stands for."""

    image: QImage
    size: QSize


def quick_look(path: Path, screen: QSize) -> Look | None:
    """Read a photo at about the size of the screen, in any thread; None if that would not be quick."""
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    size = reader.size()
    if not size.isValid() or size.isEmpty():
        return None
    scales = reader.format().data() in SCALES_WHILE_READING
    if not scales and size.width() * size.height() > MOST_PIXELS:
        return None
    turned = bool(reader.transformation() & QImageIOHandler.Transformation.TransformationRotate90)
    room = screen.transposed() if turned else screen
    if scales and (size.width() > room.width() or size.height() > room.height()):
        reader.setScaledSize(size.scaled(room, Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    if image.isNull():
        return None
    if image.colorSpace().isValid():
        image.convertToColorSpace(QColorSpace(QColorSpace.NamedColorSpace.SRgb))
    return Look(image, size.transposed() if turned else size)


class FirstLook(QWidget):
    """Draws a look where the canvas will draw the photo.

    Signals:
        painted: a look has reached the screen for the first time.
    """

    painted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.look: Look | None = None
        self._told = False

    def show_look(self, look: Look) -> None:
        """Show a picture."""
        self.look = look
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.current().canvas))
        if self.look is None:
            return
        ratio = self.devicePixelRatioF()
        view = View()
        view.set_viewport(round(self.width() * ratio), round(self.height() * ratio))
        view.set_image(self.look.size.width(), self.look.size.height())
        place = view.placement
        painter.scale(1 / ratio, 1 / ratio)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        width, height = self.look.size.width() * place.zoom, self.look.size.height() * place.zoom
        painter.drawImage(QRect(place.x, place.y, round(width), round(height)), self.look.image)
        painter.end()
        if not self._told:
            self._told = True
            QTimer.singleShot(0, self, self.painted.emit)
