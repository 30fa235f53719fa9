"""A table in a narrow panel: a row is a name, its numbers, and a bar for its share."""

from __future__ import annotations

from maskengines.results.tables import Cell, TableResult
from maskengines.results.tables import shown as told
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QVBoxLayout, QWidget

from maskstudio.panels.style import STEP, Note, tone
from maskstudio.window import theme

ROW = 31
HEAD = 20
BAR = 6
_NARROWEST = 64


class TableRows(QWidget):
    """The rows. The first share is a bar, a second one a tick on it, a change a coloured number. Over plain
    numbers stands what they are.

    ``chosen`` carries the name of an engine's parameter and what the row clicked fills it with.
    """

    chosen = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table: TableResult | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changes.switched.connect(self.update)

    def show_table(self, table: TableResult | None) -> None:
        """Show these rows in place of the last ones."""
        before = self.sizeHint()
        self._table = table
        if self.sizeHint() != before:
            self.updateGeometry()
        self.setAccessibleDescription("; ".join(table.lines()[1:]) if table is not None else "")
        clickable = table is not None and bool(table.chooses)
        self.setCursor(Qt.CursorShape.PointingHandCursor if clickable else Qt.CursorShape.ArrowCursor)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        table, at = self._table, self._row_at(int(event.position().y()))
        second = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if table is not None and 0 <= at < len(table.rows) and len(table.chooses) > second:
            self.chosen.emit(table.chooses[second], table.rows[at][0])

    def _row_at(self, y: int) -> int:
        """The number of a row; negative over the first one."""
        return (y - (HEAD if self._table is not None and _headed(self._table) else 0)) // ROW

    def sizeHint(self) -> QSize:
        table = self._table
        if table is None:
            return QSize(200, 0)
        return QSize(200, ROW * len(table.rows) + (HEAD if _headed(table) else 0))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._table is not None:
            painter = QPainter(self)
            painter.setFont(self.font())
            area = QRectF(self.rect())
            if _headed(self._table):
                _paint_head(painter, area, self._table)
                area.setTop(area.top() + HEAD)
            paint_rows(painter, area, self._table)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self._table is not None:
            at = self._row_at(event.pos().y())
            if 0 <= at < len(self._table.rows):
                row = zip(self._table.columns, self._table.rows[at], strict=True)
                ways = zip(("Click", "Shift-click"), self._table.chooses, strict=False)
                lines = [f"{each.title or each.name}: {told(cell, each.kind)}" for each, cell in row]
                lines += [f"{way} makes it the {name}" for way, name in ways]
                QToolTip.showText(event.globalPos(), "\n".join(lines), self)
            return True
        return super().event(event)


class TableCard(QWidget):
    """A table with its title and its notes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(STEP)
        self._title = Note()
        column.addWidget(self._title)
        self.rows = TableRows()
        column.addWidget(self.rows)
        self._notes = [Note(), Note(), Note()]
        for note in self._notes:
            note.hide()
            column.addWidget(note)

    @property
    def notes(self) -> list[str]:
        """The lines shown under the rows."""
        return [note.text() for note in self._notes if note.text()]

    def show_table(self, table: TableResult | None) -> None:
        """Show a table, or nothing."""
        self.rows.show_table(table)
        self._title.say(table.title if table is not None else "")
        told_notes = table.notes if table is not None else ()
        for at, note in enumerate(self._notes):
            if at < len(told_notes):
                note.say(told_notes[at].text, told_notes[at].role)
            else:
                note.say("")


def paint_rows(painter: QPainter, area: QRectF, table: TableResult) -> None:
    """Paint the rows of a table into ``area``, from the top, as many as fit."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    kinds = [column.kind for column in table.columns]
    shares = [at for at, kind in enumerate(kinds) if kind == "share"]
    changes = [at for at, kind in enumerate(kinds) if kind == "change"]
    names = [at for at, kind in enumerate(kinds) if kind == "text"]
    numbers = _numbers(table)
    widths = _widths(painter, table)
    for index, row in enumerate(table.rows):
        top = area.top() + index * ROW
        if top + ROW > area.bottom() + 1:
            break
        line = QRectF(area.left(), top, area.width(), 22)
        right = line.right()
        for at in [*changes[:1], *shares[:1], *reversed(numbers)]:
            text = told(row[at], kinds[at])
            painter.setPen(_ink(row[at]) if kinds[at] == "change" else tone("text"))
            width = widths.get(at) or max(_NARROWEST, painter.fontMetrics().horizontalAdvance(text) + 10)
            place = QRectF(right - width, top, width, 22)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
            right -= width
        painter.setPen(tone("text"))
        name = str(row[names[0]]) if names else str(index + 1)
        room = max(20, int(right - line.left() - 6))
        short = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, short)
        if shares:
            before = row[shares[1]] if len(shares) > 1 else None
            _paint_bar(painter, QRectF(area.left(), top + 22, area.width(), BAR), row[shares[0]], before)


def _paint_head(painter: QPainter, area: QRectF, table: TableResult) -> None:
    """What the columns of `paint_rows` are, in small letters over them."""
    widths, line = _widths(painter, table), QRectF(area.left(), area.top(), area.width(), HEAD)
    own = painter.font()
    painter.setFont(_small(own))
    painter.setPen(tone("second"))
    for at in reversed(_numbers(table)):
        place = QRectF(line.right() - widths[at], line.top(), widths[at], HEAD)
        painter.drawText(
            place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, _title(table, at)
        )
        line.setRight(place.left())
    names = [at for at, column in enumerate(table.columns) if column.kind == "text"]
    if names:
        short = painter.fontMetrics().elidedText(
            _title(table, names[0]), Qt.TextElideMode.ElideRight, max(20, int(line.width()) - 6)
        )
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, short)
    painter.setFont(own)


def _headed(table: TableResult) -> bool:
    """A share is told by its bar; of a plain number nobody knows what it is."""
    return bool(_numbers(table))


def _numbers(table: TableResult) -> list[int]:
    """The columns that show as plain numbers."""
    kinds = [column.kind for column in table.columns]
    return [] if "share" in kinds else [at for at, kind in enumerate(kinds) if kind == "number"]


def _widths(painter: QPainter, table: TableResult) -> dict[int, int]:
    """Of the columns of plain numbers, in pixels: of the widest in each, so that they stand in line."""
    metrics, small = painter.fontMetrics(), QFontMetrics(_small(painter.font()))
    return {
        at: max(
            _NARROWEST,
            small.horizontalAdvance(_title(table, at)) + 10,
            *(metrics.horizontalAdvance(told(row[at], "number")) + 10 for row in table.rows),
        )
        for at in _numbers(table)
    }


def _title(table: TableResult, at: int) -> str:
    return table.columns[at].title or table.columns[at].name


def _small(font: QFont) -> QFont:
    small = QFont(font)
    small.setPixelSize(11)
    return small


def table_picture(table: TableResult, size: QSize, font: QFont) -> QImage:
    """The first rows as a thumbnail of ``size``."""
    picture = QImage(size, QImage.Format.Format_RGB32)
    picture.fill(tone("raised"))
    painter = QPainter(picture)
    painter.setFont(font)
    scale = max(1.0, size.width() / 140)
    painter.scale(scale, scale)
    paint_rows(painter, QRectF(8, 8, size.width() / scale - 16, size.height() / scale - 12), table)
    painter.end()
    return picture


def _paint_bar(painter: QPainter, bar: QRectF, share: Cell, before: Cell) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(tone("line"))
    painter.drawRoundedRect(bar, BAR / 2, BAR / 2)
    if isinstance(share, int | float) and share > 0.002:
        painter.setBrush(tone("second"))
        filled = QRectF(bar.left(), bar.top(), max(BAR, bar.width() * min(1.0, share)), BAR)
        painter.drawRoundedRect(filled, BAR / 2, BAR / 2)
    if isinstance(before, int | float):
        at = bar.left() + 1 + (bar.width() - 2) * min(1.0, max(0.0, before))
        painter.setPen(QPen(tone("text"), 2))
        painter.drawLine(at, bar.top() - 2, at, bar.bottom() + 2)  # type: ignore[call-overload]


def _ink(cell: Cell) -> QColor:
    if not isinstance(cell, int | float) or abs(cell) < 0.0005:
        return tone("second")
    return tone("good") if cell > 0 else tone("error")
