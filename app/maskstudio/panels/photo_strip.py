"""The photos of a scene as a strip of small pictures below its viewport: a click looks from there."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from maskengines.errors import BadInput
from maskengines.subjects.scene import TEST
from maskengines.subjects.scene_photos import read_photo
from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import (
    QFrame,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from maskstudio.jobs.background import Background
from maskstudio.panels.style import RADIUS, STEP, tone
from maskstudio.panels.thumbs import to_qimage

if TYPE_CHECKING:
    from maskengines.subjects.scene import ScenePhoto

Array = np.ndarray[Any, Any]

HEIGHT = 76
_SIDE = 60
_PICTURE = Qt.ItemDataRole.UserRole
_PAINTED = Qt.ItemDataRole.UserRole + 1
_DOT = 4.0


class PhotoStrip(QListWidget):
    """Small pictures are made one after the other, those that are in sight first.

    Signals:
        chosen: the `ScenePhoto` that was clicked.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Photos"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFixedHeight(HEIGHT)
        self.setFlow(QListWidget.Flow.LeftToRight)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setSpacing(STEP // 2)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        # The keys stay with the viewport, where Page Down and Page Up go through the photos.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMouseTracking(True)
        self.setItemDelegate(_Cells(self))
        self._background = Background(self._came, self)
        self._photos: tuple[ScenePhoto, ...] = ()
        self._reading = False
        self._accent = QColor("red")
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._read_next)
        self.itemClicked.connect(lambda item: self.chosen.emit(self._photos[self.row(item)]))
        self.horizontalScrollBar().valueChanged.connect(self._soon.start)

    def sizeHint(self) -> QSize:
        return QSize(320, HEIGHT)

    # --- what it shows --------------------------------------------------------------------------

    def set_photos(self, photos: Sequence[ScenePhoto]) -> None:
        """These photos; pictures that are here already are not read again."""
        photos = tuple(photos)
        if photos == self._photos:
            return
        held = {photo.digest: self.item(row).data(_PICTURE) for row, photo in enumerate(self._photos)}
        self.clear()
        self._photos = photos
        for photo in photos:
            item = QListWidgetItem()
            wide = round(_SIDE * min(max(photo.width / photo.height, 0.5), 2.0))
            item.setSizeHint(QSize(wide + 2 * STEP, _SIDE + 2 * STEP))
            words = self.tr("{0}, a test photo") if photo.split == TEST else "{0}"
            item.setToolTip(words.format(photo.name))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, words.format(photo.name))
            item.setData(_PICTURE, held.get(photo.digest))
            self.addItem(item)
        self.setUniformItemSizes(len({self.item(row).sizeHint().width() for row in range(self.count())}) < 2)
        self._soon.start()

    def show_current(self, photo: ScenePhoto | None) -> None:
        """Mark the photo that is looked at, and bring it into sight."""
        row = self._photos.index(photo) if photo in self._photos else -1
        self.setCurrentRow(row)
        if row >= 0:
            self.scrollToItem(self.item(row))

    def show_painted(self, names: set[str], colour: QColor) -> None:
        """Put a dot on photos that are painted on."""
        self._accent = colour
        for row, photo in enumerate(self._photos):
            self.item(row).setData(_PAINTED, photo.name in names)

    @property
    def dot(self) -> QColor:
        """The colour of paint."""
        return self._accent

    # --- reading --------------------------------------------------------------------------------

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._soon.start()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        self.viewport().update()

    def _read_next(self) -> None:
        if self._reading or not self.isVisible():
            return
        waiting = [row for row in range(self.count()) if self.item(row).data(_PICTURE) is None]
        if not waiting:
            return
        room = self.viewport().rect()
        seen = [row for row in waiting if self.visualItemRect(self.item(row)).intersects(room)]
        photo = self._photos[(seen or waiting)[0]]
        side = round(2 * _SIDE * self.devicePixelRatioF())
        self._reading = True
        self._background.start(lambda: (photo.digest, _small(photo, side)))

    def _came(self, answer: tuple[str, QImage]) -> None:
        self._reading = False
        digest, image = answer
        for row, photo in enumerate(self._photos):
            if photo.digest == digest:
                self.item(row).setData(_PICTURE, image)
        self._soon.start()


class _Cells(QStyledItemDelegate):
    def __init__(self, strip: PhotoStrip) -> None:
        super().__init__(strip)
        self._strip = strip

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        box = QRectF(option.rect).adjusted(STEP, STEP, -STEP, -STEP)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        outline = QPainterPath()
        outline.addRoundedRect(box, RADIUS - 2, RADIUS - 2)
        painter.fillPath(outline, tone("raised"))
        image = index.data(_PICTURE)
        if isinstance(image, QImage) and not image.isNull():
            painter.setClipPath(outline)
            scale = max(box.width() / image.width(), box.height() / image.height())
            shown = QRectF(0, 0, image.width() * scale, image.height() * scale)
            shown.moveCenter(box.center())
            painter.drawImage(shown, image)
            painter.setClipping(False)
        current = index.row() == self._strip.currentRow()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(tone("accent"), 2) if current else QPen(tone("line"), 1))
        painter.drawPath(outline)
        if index.data(_PAINTED):
            painter.setPen(QPen(tone("panel"), 1.5))
            painter.setBrush(self._strip.dot)
            painter.drawEllipse(QRectF(box.right() - 3 * _DOT, box.top() + _DOT, 2 * _DOT, 2 * _DOT))
        painter.restore()


def _small(photo: ScenePhoto, side: int) -> QImage:
    """A picture of at most ``side`` pixels; null where the photo cannot be read, which is told when it is
    looked at."""
    import cv2

    pixels: Array = np.zeros((0, 0, 3), np.uint8)
    with suppress(BadInput):
        pixels = read_photo(photo)
    if not pixels.size:
        return QImage()
    scale = min(1.0, side / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return to_qimage(np.ascontiguousarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)))
