"""A table: named columns, each of a kind that says how its numbers are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from maskengines.errors import BadInput

ColumnKind = Literal["text", "number", "share", "change"]
Cell = str | int | float | None


@dataclass(frozen=True)
class Column:
    """``share`` is drawn as a bar of 0..1, ``change`` as a signed difference of two shares."""

    name: str
    title: str = ""
    kind: ColumnKind = "text"


@dataclass(frozen=True)
class TableNote:
    """A line under a table; ``role`` is ``second``, ``good``, ``warning`` or ``error``."""

    text: str
    role: str = "second"


@dataclass(frozen=True)
class TableResult:
    """Result of kind ``table``.

    Attributes:
        name: one word for scripts: the event of the command line's ``--json``.
        rows_name: under which the event carries the rows.
        facts: names and values to tell beside it; the event carries them too.
        chooses: names of the engine's parameters that the first cell of a row can fill: the first by a
            click on the row, the second by a click with Shift held.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    name: str = "table"
    rows_name: str = "rows"
    title: str = ""
    notes: tuple[TableNote, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    chooses: tuple[str, ...] = ()

    def to_plain(self) -> dict[str, Any]:
        """As it crosses between processes and into projects; inverse of `read`."""
        return {
            "name": self.name,
            "rows_name": self.rows_name,
            "title": self.title,
            "columns": [[column.name, column.title, column.kind] for column in self.columns],
            "rows": [list(row) for row in self.rows],
            "notes": [[note.text, note.role] for note in self.notes],
            "facts": dict(self.facts),
            "chooses": list(self.chooses),
        }

    @classmethod
    def read(cls, result: Any) -> TableResult:
        """What an engine gave as a table.

        Raises:
            BadInput: it is none; says what is wrong.
        """
        if not isinstance(result, Mapping) or "columns" not in result or "rows" not in result:
            raise BadInput("This table has no columns and rows.")
        try:
            columns = tuple(_column(each) for each in result["columns"])
            rows = tuple(tuple(row) for row in result["rows"])
            if any(len(row) != len(columns) for row in rows):
                raise ValueError("a row has another length than the columns")
            return cls(
                columns=columns,
                rows=rows,
                name=str(result.get("name", "table")),
                rows_name=str(result.get("rows_name", "rows")),
                title=str(result.get("title", "")),
                notes=tuple(TableNote(str(text), str(role)) for text, role in result.get("notes") or ()),
                facts=dict(result.get("facts") or {}),
                chooses=tuple(str(each) for each in result.get("chooses") or ()),
            )
        except (TypeError, ValueError) as error:
            raise BadInput(f"This table is malformed: {error}.") from error

    def event(self) -> dict[str, Any]:
        """What ``--json`` prints: one object a table, a dictionary a row."""
        names = [column.name for column in self.columns]
        rows = [dict(zip(names, row, strict=True)) for row in self.rows]
        return {"event": self.name, self.rows_name: rows, **self.facts}

    def lines(self) -> list[str]:
        """The table as lines of text: headings, rows, notes."""
        heads = [column.title or column.name for column in self.columns]
        cells = [
            [shown(cell, column.kind) for cell, column in zip(row, self.columns, strict=True)]
            for row in self.rows
        ]
        widths = [max(len(line[at]) for line in [heads, *cells]) for at in range(len(heads))]
        kinds = [column.kind for column in self.columns]

        def line(words: list[str]) -> str:
            placed = [
                word.ljust(width) if kind == "text" else word.rjust(width)
                for word, width, kind in zip(words, widths, kinds, strict=True)
            ]
            return "  ".join(placed).rstrip()

        return [line(heads), *map(line, cells), *(note.text for note in self.notes)]


def shown(cell: Cell, kind: ColumnKind) -> str:
    """A cell as a person reads it: shares in percent, changes with their sign, ``-`` for nothing."""
    if cell is None:
        return "-"
    if isinstance(cell, str) or kind == "text":
        return str(cell)
    if kind == "share":
        return f"{100 * cell:.1f} %"
    if kind == "change":
        return f"{100 * cell:+.1f} %"
    return str(cell) if isinstance(cell, int) else f"{cell:.4g}"


def _column(held: Any) -> Column:
    if isinstance(held, str):
        return Column(held)
    name, title, kind = held
    if kind not in get_args(ColumnKind):
        raise ValueError(f"a column is of the unknown kind '{kind}'")
    return Column(str(name), str(title), kind)
