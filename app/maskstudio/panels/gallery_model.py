"""Candidates as rows, one for each of their parts, with thumbnails, and a row for each still to come."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from maskengines.contract import Candidate
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QSize, Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from maskstudio.panels.parts import WHOLE, Part
from maskstudio.panels.result_views import ResultView, view_for
from maskstudio.panels.words import percent, seconds

if TYPE_CHECKING:
    from maskstudio.documents.document import Document

Index = QModelIndex | QPersistentModelIndex

FADE_SECONDS = 0.18
FRAME_MS = 32
CANDIDATE_ROLE = Qt.ItemDataRole.UserRole
OPACITY_ROLE = Qt.ItemDataRole.UserRole + 1
PART_ROLE = Qt.ItemDataRole.UserRole + 2


@dataclass(frozen=True)
class Row:
    """A part of a candidate, and when it came."""

    candidate: Candidate
    part: Part
    born: float = 0.0


class GalleryModel(QAbstractListModel):
    """The parts of candidates in the order they came, then one row for each that is still to come."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document: Document | None = None
        self._candidates: list[Candidate] = []
        self._rows: list[Row] = []
        self._thumbs: dict[int, QImage] = {}
        self._size = QSize(264, 198)
        self._pending = 0
        self.progress: str | None = None
        """How far the running job is, for the first empty cell."""
        self._fading: list[int] = []
        self._fade = QTimer(self)
        self._fade.setInterval(FRAME_MS)
        self._fade.timeout.connect(self._fade_on)

    @property
    def candidates(self) -> Sequence[Candidate]:
        return self._candidates

    @property
    def rows(self) -> Sequence[Row]:
        """Those that can be chosen."""
        return self._rows

    @property
    def view(self) -> ResultView | None:
        """How the first candidate is shown, which decides the shape of all cells."""
        return view_for(self._candidates[0].kind) if self._candidates else None

    def set_document(self, document: Document | None) -> None:
        """Show another document's candidates, without fading."""
        self.beginResetModel()
        self._document = document
        self._candidates = list(document.candidates) if document else []
        self._rows = _rows(self._candidates)
        self._fading = []
        self._thumbs = {}
        self._pending = 0
        self.endResetModel()

    def follow(self) -> None:
        """Take over the document's list; what is new at its end fades in."""
        now = list(self._document.candidates) if self._document else []
        had = len(self._candidates)
        if now[:had] != self._candidates:
            self.beginResetModel()
            self._candidates, self._thumbs, self._fading = now, {}, []
            self._rows = _rows(now)
            self.endResetModel()
        elif len(now) > had:
            come = _rows(now[had:], time.monotonic())
            first = len(self._rows)
            self._candidates = now
            if had and len(come) <= self._pending:
                # They take cells that wait for them: nothing is laid out anew.
                self._pending -= len(come)
                self._rows += come
            else:
                self.beginInsertRows(QModelIndex(), first, first + len(come) - 1)
                self._rows += come
                self.endInsertRows()
            self._fading += range(first, len(self._rows))
            self._fade.start()

    def set_pending(self, pending: int, fraction: float | None) -> None:
        """How many candidates are still to come and how far the job is."""
        first = len(self._rows)
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

    def forget_thumbnails(self) -> None:
        """Make them anew when next asked for: the theme is another one."""
        self._thumbs = {}

    def row(self, row: int) -> Row | None:
        """What a row holds; None for an empty cell."""
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def candidate(self, row: int) -> Candidate | None:
        """The candidate of a row; None for an empty cell."""
        held = self.row(row)
        return held.candidate if held is not None else None

    def row_of(self, candidate: Candidate, index: int | None = None) -> int:
        """The row of a part of a candidate, by default of its first; -1 for none."""
        for number, held in enumerate(self._rows):
            if held.candidate is candidate and index in (None, held.part.index):
                return number
        return -1

    def thumbnail(self, row: int) -> QImage | None:
        """The picture of a row, made when first asked for."""
        held = self.row(row)
        view = view_for(held.candidate.kind) if held else None
        if held is None or view is None or self._document is None:
            return None
        if row not in self._thumbs:
            self._thumbs[row] = view.thumbnail(held.candidate, held.part, self._document, self._size)
        return self._thumbs[row]

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows) + self._pending

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        held = self.row(index.row())
        if role == CANDIDATE_ROLE:
            return held.candidate if held is not None else None
        if role == PART_ROLE:
            return held.part if held is not None else None
        if role == OPACITY_ROLE:
            return min(1.0, (time.monotonic() - held.born) / FADE_SECONDS) if held is not None else 1.0
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return described(index.row(), held)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self.candidate(index.row()) is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def _fade_on(self) -> None:
        now = time.monotonic()
        # One at a time: a view paints all it shows anew when it hears of several.
        for row in self._fading:
            self.dataChanged.emit(self.index(row), self.index(row), [OPACITY_ROLE])
        self._fading = [row for row in self._fading if now - self._rows[row].born <= FADE_SECONDS]
        if not self._fading:
            self._fade.stop()


def described(row: int, held: Row | None) -> str:
    """A row in words, for the tooltip and for who listens instead of looking."""
    if held is None:
        return "Still to come"
    candidate = held.candidate
    lines = [held.part.told] if held.part.told else []
    lines.append(f"Candidate {row + 1}, seed {candidate.seed}" if not lines else f"Seed {candidate.seed}")
    if candidate.label:
        lines[-1] += f": {candidate.label}"
    if candidate.score is not None:
        lines.append(f"Score {candidate.score:.3g}")
    lines += [f"{name.replace('_', ' ')}: {_short(value)}" for name, value in candidate.metrics.items()]
    if candidate.seconds:
        lines.append(f"Took {seconds(candidate.seconds)}")
    lines.append("Click shows it in place, Enter keeps it")
    return "\n".join(lines)


def _rows(candidates: Iterable[Candidate], born: float = 0.0) -> list[Row]:
    rows = []
    for candidate in candidates:
        view = view_for(candidate.kind)
        parts = view.parts(candidate) if view is not None else (WHOLE,)
        rows += [Row(candidate, part, born) for part in parts]
    return rows


def _short(value: float | int | str) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
