"""Tables as files: JSON and CSV for programs, PNG for people."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskengines.contract import Candidate
from maskengines.files import atomic_write
from maskengines.results.tables import TableResult, shown

if TYPE_CHECKING:
    from PIL import ImageDraw

_INK, _FAINT, _PAPER, _LINE, _BAR = "#1d1f23", "#5c616b", "#ffffff", "#d5d8de", "#4c8dff"
_SCALE = 2
_ROW, _MARGIN, _GAP, _BAR_WIDTH = 26, 20, 18, 120


def save_table(candidate: Candidate, target: Path) -> None:
    """Write a candidate of kind ``table``; the suffix is ``.json``, ``.csv`` or ``.png``.

    Raises:
        BadInput: the place cannot be written.
    """
    table = TableResult.read(candidate.result)
    writer = {".json": _json, ".csv": _csv, ".png": _png}[target.suffix.lower()]
    data = writer(table, candidate)
    with atomic_write(target) as file:
        file.write(data)


def _json(table: TableResult, candidate: Candidate) -> bytes:
    made = None if candidate.provenance is None else asdict(candidate.provenance)
    told = {**table.event(), "notes": [note.text for note in table.notes], "provenance": made}
    return (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode()


def _csv(table: TableResult, _: Candidate) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.name for column in table.columns])
    writer.writerows(table.rows)
    return text.getvalue().encode()


def _png(table: TableResult, _: Candidate) -> bytes:
    """A card that can be put into a talk: title, columns, bars for shares, notes."""
    from PIL import Image, ImageDraw, ImageFont

    plain = ImageFont.load_default(13 * _SCALE)
    small = ImageFont.load_default(11 * _SCALE)
    large = ImageFont.load_default(16 * _SCALE)
    ruler = ImageDraw.Draw(Image.new("RGB", (1, 1)))

    def across(text: str, font: Any) -> float:
        return ruler.textlength(text, font=font) / _SCALE

    widths = []
    for at, column in enumerate(table.columns):
        words = [across(shown(row[at], column.kind), plain) for row in table.rows]
        bar = _BAR_WIDTH + 8 if column.kind == "share" else 0
        widths.append(max([across(column.title or column.name, small), *(word + bar for word in words)]))
    notes = [note.text for note in table.notes]
    width = max(
        sum(widths) + _GAP * (len(widths) - 1),
        across(table.title, large),
        *(across(n, small) for n in notes),
        1,
    )
    height = 2 * _MARGIN + (34 if table.title else 0) + 24 + _ROW * len(table.rows) + 18 * len(notes)
    page = Image.new("RGB", (round(width + 2 * _MARGIN) * _SCALE, round(height) * _SCALE), _PAPER)
    draw = ImageDraw.Draw(page)
    y = float(_MARGIN)
    if table.title:
        draw.text((_MARGIN * _SCALE, y * _SCALE), table.title, _INK, large)
        y += 34
    x = float(_MARGIN)
    for column, wide in zip(table.columns, widths, strict=True):
        draw.text((x * _SCALE, y * _SCALE), column.title or column.name, _FAINT, small)
        x += wide + _GAP
    y += 20
    draw.line((_MARGIN * _SCALE, y * _SCALE, page.width - _MARGIN * _SCALE, y * _SCALE), _LINE, _SCALE)
    y += 4
    for row in table.rows:
        x = float(_MARGIN)
        for cell, column, wide in zip(row, table.columns, widths, strict=True):
            _cell(draw, (x, y), shown(cell, column.kind), plain)
            if column.kind == "share" and isinstance(cell, int | float):
                _bar(draw, (x + wide - _BAR_WIDTH, y), float(cell))
            x += wide + _GAP
        y += _ROW
    for note in notes:
        draw.text((_MARGIN * _SCALE, (y + 4) * _SCALE), note, _FAINT, small)
        y += 18
    buffer = io.BytesIO()
    page.save(buffer, "PNG")
    return buffer.getvalue()


def _cell(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, font: Any) -> None:
    draw.text((at[0] * _SCALE, (at[1] + 4) * _SCALE), text, _INK, font)


def _bar(draw: ImageDraw.ImageDraw, at: tuple[float, float], share: float) -> None:
    x, y = at[0] * _SCALE, (at[1] + 8) * _SCALE
    high, whole = 10 * _SCALE, _BAR_WIDTH * _SCALE
    draw.rounded_rectangle((x, y, x + whole, y + high), 3 * _SCALE, _LINE)
    filled = whole * min(max(share, 0.0), 1.0)
    if filled >= 1:
        draw.rounded_rectangle((x, y, x + filled, y + high), 3 * _SCALE, _BAR)
