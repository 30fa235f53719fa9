"""Candidates as rows, with their thumbnails, and a row for each that is still to come."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from maskengines.contract import Candidate
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QSize, Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from maskstudio.panels.result_views import view_for
from maskstudio.panels.words import percent, seconds

if TYPE_CHECKING:
    from maskstudio.documents.document import Document

Index = QModelIndex | QPersistentModelIndex

FADE_SECONDS = 0.18
FRAME_MS = 16
CANDIDATE_ROLE = Qt.ItemDataRole.UserRole
OPACITY_ROLE = Qt.ItemDataRole.UserRole + 1


class GalleryModel(QAbstractListModel):
    """Candidates in the order they came, then one row for each that is still to come."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document: Document | None = None
        self._candidates: list[Candidate] = []
        self._born: list[float] = []
        self._thumbs: dict[int, QImage] = {}
        self._size = QSize(264, 198)
        self._pending = 0
        self.progress: str | None = None
        """How far the running job is, for the first empty cell."""
        self._fade = QTimer(self)
        self._fade.setInterval(FRAME_MS)
        self._fade.timeout.connect(self._fade_on)

    @property
    def candidates(self) -> Sequence[Candidate]:
        return self._candidates

    def set_document(self, document: Document | None) -> None:
        """Show another document's candidates, without fading."""
        self.beginResetModel()
        self._document = document
        self._candidates = list(document.candidates) if document else []
        self._born = [0.0] * len(self._candidates)
        self._thumbs = {}
        self._pending = 0
        self.endResetModel()

    def follow(self) -> None:
        """Take over the document's list; what is new at its end fades in."""
        now = list(self._document.candidates) if self._document else []
        had = len(self._candidates)
        if now[:had] != self._candidates:
            self.beginResetModel()
            self._candidates, self._thumbs = now, {}
            self._born = [0.0] * len(now)
            self.endResetModel()
        elif len(now) > had:
            self.beginInsertRows(QModelIndex(), had, len(now) - 1)
            self._candidates = now
            self._born += [time.monotonic()] * (len(now) - had)
            self.endInsertRows()
            self._fade.start()

    def set_pending(self, pending: int, fraction: float | None) -> None:
        """How many candidates are still to come and how far the job is."""
        first = len(self._candidates)
        if pending > self._pending:
            self.beginInsertRows(QModelIndex(), first + self._pending, first + pending - 1)
            self._pending = pending
            self.endInsertRows()
        elif pending < self._pending:
            self.beginRemoveRows(QModelIndex(), first + pending, first + self._pending - 1)
            self._pending = pending
            self.endRemoveRows()
        shown = percent(fraction) if pending and fraction is not None else None
        if pending and shown != self.progress:
            self.progress = shown
            self.dataChanged.emit(self.index(first), self.index(first))

    def set_thumb_size(self, size: QSize) -> None:
        """Size of a thumbnail in device pixels."""
        if size != self._size:
            self._size = size
            self._thumbs = {}

    def candidate(self, row: int) -> Candidate | None:
        """The candidate of a row; None for an empty cell."""
        return self._candidates[row] if 0 <= row < len(self._candidates) else None

    def thumbnail(self, row: int) -> QImage | None:
        """The picture of a row, made when first asked for."""
        candidate = self.candidate(row)
        view = view_for(candidate.kind) if candidate else None
        if candidate is None or view is None or self._document is None:
            return None
        if row not in self._thumbs:
            self._thumbs[row] = view.thumbnail(candidate, self._document, self._size)
        return self._thumbs[row]

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._candidates) + self._pending

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        candidate = self.candidate(index.row())
        if role == CANDIDATE_ROLE:
            return candidate
        if role == OPACITY_ROLE:
            if candidate is None:
                return 1.0
            return min(1.0, (time.monotonic() - self._born[index.row()]) / FADE_SECONDS)
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return described(index.row(), candidate)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self.candidate(index.row()) is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def _fade_on(self) -> None:
        if self._candidates:
            self.dataChanged.emit(self.index(0), self.index(len(self._candidates) - 1), [OPACITY_ROLE])
        if all(time.monotonic() - born > FADE_SECONDS for born in self._born):
            self._fade.stop()


def described(row: int, candidate: Candidate | None) -> str:
    """A candidate in words, for the tooltip and for who listens instead of looking."""
    if candidate is None:
        return "Still to come"
    lines = [f"Candidate {row + 1}, seed {candidate.seed}"]
    if candidate.label:
        lines[0] += f": {candidate.label}"
    if candidate.score is not None:
        lines.append(f"Score {candidate.score:.3g}")
    lines += [f"{name.replace('_', ' ')}: {_short(value)}" for name, value in candidate.metrics.items()]
    if candidate.seconds:
        lines.append(f"Took {seconds(candidate.seconds)}")
    lines.append("Click shows it in place, Enter keeps it")
    return "\n".join(lines)


def _short(value: float | int | str) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
