"""The grid of candidates: numbered thumbnails, empty cells for those still to come."""

from __future__ import annotations

from maskengines.contract import Candidate
from PySide6.QtCore import QItemSelectionModel, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QSizePolicy, QWidget

from maskstudio.panels.gallery_cells import CAPTION, GalleryDelegate
from maskstudio.panels.gallery_model import GalleryModel
from maskstudio.panels.style import STEP
from maskstudio.window import theme

COLUMNS = 2
ASPECT = 4 / 3
FLATTENED = 1.125
"""Pictures get flatter by this where it spares a scroll bar."""


class Gallery(QListView):
    """A click picks a candidate, a click beside them or Esc lets it go, Enter or a double click keeps it.

    Signals:
        picked: the `Candidate` picked and which of its parts (`Part.index`), or None and None.
        keep: the user wants this `Candidate`, the one picked.
    """

    picked = Signal(object, object)
    keep = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.gallery = GalleryModel(self)
        self.setModel(self.gallery)
        self.setItemDelegate(GalleryDelegate(self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Candidates"))
        self.setStyleSheet("QListView { background: transparent; } QListView::item { padding: 0; }")
        for signal in (self.gallery.rowsInserted, self.gallery.rowsRemoved, self.gallery.modelReset):
            signal.connect(self._fit)
        self.selectionModel().currentChanged.connect(self._current_changed)
        self.doubleClicked.connect(self._activated)
        theme.changes.switched.connect(self._retheme)

    def current(self) -> Candidate | None:
        """The picked candidate."""
        index = self.currentIndex()
        return self.gallery.candidate(index.row()) if index.isValid() else None

    def pick(self, row: int) -> None:
        """Pick the candidate of a row; a row without one picks none."""
        if self.gallery.candidate(row) is None:
            self.selectionModel().clear()
            self.setCurrentIndex(QModelIndex())
            return
        index = self.gallery.index(row)
        self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.scrollTo(index)

    def step(self, by: int) -> None:
        """Pick the next (1) or previous (-1) candidate, around the ends."""
        count = len(self.gallery.rows)
        if count:
            row = self.currentIndex().row()
            self.pick((row + by) % count if row >= 0 else (0 if by > 0 else count - 1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        if not self.indexAt(event.position().toPoint()).isValid():
            self.pick(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        candidate = self.current()
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if plain and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and candidate is not None:
            self.keep.emit(candidate)
            return
        if event.key() == Qt.Key.Key_Escape and candidate is not None:
            self.pick(-1)
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    def _fit(self, *_: object) -> None:
        # With a bar "as needed" the view keeps room for one whether it is there or not: decide here.
        view = self.gallery.view
        columns, aspect = (view.columns, view.aspect) if view is not None else (COLUMNS, ASPECT)
        cell = max(64, (self.width() - 2) // columns)
        rows = -(-self.gallery.rowCount() // columns)
        tall = round((cell - STEP) / aspect)
        room = self.height() // max(1, rows) - CAPTION - STEP
        full = min(tall, round((cell - STEP) / aspect / FLATTENED)) > room
        policy = Qt.ScrollBarPolicy.ScrollBarAlwaysOn if full else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(policy)
        if full:
            cell = max(64, (self.width() - self.verticalScrollBar().sizeHint().width() - 2) // columns)
            tall = round((cell - STEP) / aspect)
        else:
            tall = min(tall, room)
        self.setGridSize(QSize(cell, tall + CAPTION + STEP))
        ratio = self.devicePixelRatioF()
        self.gallery.set_thumb_size(QSize(round((cell - STEP) * ratio), round(tall * ratio)))

    def _retheme(self) -> None:
        self.gallery.forget_thumbnails()
        self.viewport().update()

    def _current_changed(self, now: QModelIndex, _: QModelIndex) -> None:
        held = self.gallery.row(now.row()) if now.isValid() else None
        self.picked.emit(*((held.candidate, held.part.index) if held is not None else (None, None)))

    def _activated(self, index: QModelIndex) -> None:
        candidate = self.gallery.candidate(index.row())
        if candidate is not None:
            self.keep.emit(candidate)
