"""Painting on a large picture: CPU per stroke segment, from the pointer event to the finished repaint.

A stroke waves three times across 70 % of a viewport of 1400 x 900 in 120 mouse events: 8 to 43 logical
pixels (30 in the mean) each, as a quick hand moves in 8 to 16 ms. At fit that is up to 390 image pixels.
Each event is repainted before the next comes; nothing is merged.

The naive canvas draws the same line, makes an overlay of the whole mask and uploads it as a pixmap. The
bare widget gets the same events and only copies 64 x 64 ready pixels: what Qt alone costs, and how busy
the machine is. All run in this process, on the same picture.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from maskengines.subjects.image import ImageSubject
from maskstudio.canvas.image_canvas import ImageCanvas
from maskstudio.documents.document import Document
from maskstudio.tools.brush import BrushTool
from maskstudio.tools.settings import BrushSettings
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

SIDE = 8192
VIEWPORT = (1400, 900)
ZOOMS = {"fit": None, "100 %": 1.0, "400 %": 4.0}
BRUSHES = (10, 50, 150, 500)


def table(quick: bool) -> str:
    """Heading, method and a Markdown table; ``quick`` draws fewer segments."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    cv2.setNumThreads(1)
    subject = _picture()
    rows = []
    bare = np.median(_timed(_path(120, 0), _Bare(app).event_at))
    for name, zoom in ZOOMS.items():
        naive = _naive(app, subject.pixels, zoom, 4 if quick else 12)
        for size in BRUSHES:
            for hardness in (1.0, 0.3):
                took = _ours(app, subject, zoom, (size, hardness), strokes=1 if quick else 3)
                p50, p99 = np.percentile(took, 50), np.percentile(took, 99)
                rows.append(
                    f"| {name} | {size} px, {'hard' if hardness == 1 else 'soft'} | {p50:.2f} | {p99:.2f} "
                    f"| {np.median(naive):.0f} | {np.median(naive) / p50:.0f}x |"
                )
    head = (
        f"## Canvas\n\nCPU milliseconds per stroke segment including the repaint, {SIDE} x {SIDE} pixels, "
        f"viewport {VIEWPORT[0]} x {VIEWPORT[1]}, Qt platform `{app.platformName()}`, against a canvas that "
        "uploads the whole overlay. A stroke crosses 70 % of the viewport in 120 mouse events, 30 pixels "
        f"each in the mean. A widget that only copies 64 x 64 pixels for an event takes {bare:.2f}.\n\n"
        "| zoom | brush | p50 | p99 | naive p50 | ratio of p50 |\n|---|---|---|---|---|---|\n"
    )
    return head + "\n".join(rows)


def _picture() -> ImageSubject:
    small = np.random.default_rng(1).integers(0, 255, (SIDE // 32, SIDE // 32, 3), dtype=np.uint8)
    pixels = cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return ImageSubject(pixels=pixels, alpha=None, icc=None, exif=None, source_format="PNG")


def _path(count: int, seed: float) -> Iterator[QPointF]:
    """A wavy stroke over most of the viewport, as a hand draws one at speed."""
    for t in np.linspace(0, 1, count + 1):
        x = VIEWPORT[0] * (0.15 + 0.7 * t)
        yield QPointF(x, VIEWPORT[1] * (0.5 + 0.3 * np.sin(6 * np.pi * t + seed)))


def _timed(moves: Iterator[QPointF], act: Callable[[QPointF], None]) -> list[float]:
    took = []
    for at in moves:
        start = time.process_time()
        act(at)
        took.append((time.process_time() - start) * 1e3)
    return took


def _ours(
    app: QApplication, subject: ImageSubject, zoom: float | None, brush: tuple[float, float], *, strokes: int
) -> list[float]:
    document = Document(subject)
    settings = BrushSettings()
    settings.size, settings.hardness = brush
    canvas = ImageCanvas()
    canvas.resize(*VIEWPORT)
    canvas.set_tool(BrushTool(settings))
    canvas.set_document(document)
    canvas.show()
    canvas.fit() if zoom is None else canvas.zoom_to(zoom)
    _settle(app)

    def send(kind: QEvent.Type, at: QPointF, button: Qt.MouseButton) -> None:
        _send(app, canvas, kind, at, button)

    took = []
    for number in range(strokes):
        moves = _path(120, number)
        send(QEvent.Type.MouseButtonPress, next(moves), Qt.MouseButton.LeftButton)
        took += _timed(moves, lambda at: send(QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton))
        send(QEvent.Type.MouseButtonRelease, QPointF(1, 1), Qt.MouseButton.LeftButton)
        document.undo()
        _settle(app)
    canvas.set_document(None)
    canvas.deleteLater()
    document.close()
    _settle(app)
    return took


def _send(app: QApplication, widget: QWidget, kind: QEvent.Type, at: QPointF, button: Qt.MouseButton) -> None:
    pressed = Qt.MouseButton.LeftButton
    event = QMouseEvent(kind, at, widget.mapToGlobal(at), button, pressed, Qt.KeyboardModifier.NoModifier)
    app.sendEvent(widget, event)
    app.processEvents()


class _Bare(QWidget):
    """Only what Qt costs."""

    def __init__(self, app: QApplication) -> None:
        super().__init__()
        self._app = app
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.resize(*VIEWPORT)
        self._frame = QImage(*VIEWPORT, QImage.Format.Format_RGB32)
        self._frame.fill(Qt.GlobalColor.gray)
        self.show()
        _settle(app)

    def event_at(self, at: QPointF) -> None:
        """One event and its repaint."""
        _send(self._app, self, QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        self.update(at.x() - 32, at.y() - 32, 64, 64)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawImage(event.rect().topLeft(), self._frame, event.rect())


class _NaiveCanvas(QWidget):
    """Whole-image upload: what one writes first."""

    def __init__(self, pixels: np.ndarray, zoom: float | None) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.resize(*VIEWPORT)
        height, width = pixels.shape[:2]
        picture = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
        self._picture = QPixmap.fromImage(picture)
        self._overlay = QPixmap()
        self._mask = np.zeros((height, width), np.uint8)
        self._scale = zoom or min(VIEWPORT[0] / width, VIEWPORT[1] / height)
        self._table = np.arange(256, dtype=np.uint32) // 2 * 0x01010000
        self._last: QPointF | None = None

    def draw_to(self, at: QPointF) -> None:
        """One segment and its repaint."""
        corner = QPointF(self.width() / 2, self.height() / 2) - self._middle
        here = (at - corner) / self._scale
        before = self._last or here
        ends = [(round(p.x()), round(p.y())) for p in (before, here)]
        cv2.line(self._mask, ends[0], ends[1], 255, 50)
        self._last = here
        overlay = self._table[self._mask]
        height, width = self._mask.shape
        image = QImage(overlay.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
        self._overlay = QPixmap.fromImage(image)
        self.repaint()

    @property
    def _middle(self) -> QPointF:
        return QPointF(self._picture.width(), self._picture.height()) * (self._scale / 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), Qt.GlobalColor.black)
        painter.translate(QPointF(self.width() / 2, self.height() / 2) - self._middle)
        painter.scale(self._scale, self._scale)
        painter.drawPixmap(0, 0, self._picture)
        painter.drawPixmap(0, 0, self._overlay)


def _naive(app: QApplication, pixels: np.ndarray, zoom: float | None, segments: int) -> list[float]:
    canvas = _NaiveCanvas(pixels, zoom)
    canvas.show()
    _settle(app)
    took = _timed(_path(segments, 0), canvas.draw_to)
    canvas.deleteLater()
    _settle(app)
    return took


def _settle(app: QApplication) -> None:
    for _ in range(5):
        app.processEvents()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
