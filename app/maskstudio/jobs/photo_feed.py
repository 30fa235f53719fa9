"""Paint on the photos of a scene, on its way to the job that trains on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskengines.contract import Box
from PySide6.QtCore import QObject, QTimer

if TYPE_CHECKING:
    from maskstudio.documents.photo_paint import PhotoPaint, PhotoSheet
    from maskstudio.jobs.item import JobItem

INTERVAL_MS = 100
"""A step of a training takes about this long, and it looks between them."""


class PhotoFeed(QObject):
    """Tells one live job what is painted from the moment that it was asked, in rectangles, while a stroke is
    still being made too."""

    def __init__(self, paint: PhotoPaint, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._job: JobItem | None = None
        self._dirty: dict[PhotoSheet, Box] = {}
        self._timer = QTimer(self, singleShot=True, interval=INTERVAL_MS)
        self._timer.timeout.connect(self._send)
        paint.changed.connect(self._changed)

    def follow(self, job: JobItem | None) -> None:
        """Tell this job from now on; it was asked with what is painted so far. None for no job."""
        self._job = job
        self._dirty = {}

    def _changed(self, sheet: PhotoSheet, box: Box) -> None:
        if self._job is None or not self._job.active:
            return
        self._dirty[sheet] = self._dirty[sheet].union(box) if sheet in self._dirty else box
        if not self._timer.isActive():
            self._timer.start()

    def _send(self) -> None:
        dirty, self._dirty = self._dirty, {}
        if self._job is not None:
            for sheet, box in dirty.items():
                self._job.update_mask(sheet.space, box, sheet.mask.data[box.slices].copy())
