"""A report as one printed page: A4, as PDF or PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from maskengines.results.report import Report, axes, interval, named
from maskengines.results.report_html import INKS
from maskengines.results.typeface import typeset

Array = np.ndarray[Any, Any]
Box = tuple[int, int, int, int]

DPI = 200
WIDTH, HEIGHT = 1654, 2339
"""A4 in pixels."""

_MARGIN, _GAP = 120, 64
_COLUMN = (WIDTH - 2 * _MARGIN - _GAP) // 2
_PICTURE = _COLUMN
_INK, _SOFT, _LINE, _TRACK = (29, 35, 41), (89, 99, 110), (219, 225, 230), (231, 235, 239)
_TITLE, _BODY, _SMALL = 58, 28, 23
_SMOOTHING = 3


def pdf(page: Report) -> bytes:
    """The page as a PDF file."""
    stream = io.BytesIO()
    # Without dates of its own the file is the same every time.
    draw(page).save(
        stream, "PDF", resolution=DPI, quality=92, title=page.title, creationDate=None, modDate=None
    )
    return stream.getvalue()


def draw(page: Report) -> Image.Image:
    """The page, ``WIDTH`` by ``HEIGHT`` pixels."""
    return _Sheet(page).picture


class _Sheet:
    def __init__(self, page: Report) -> None:
        self.picture = Image.new("RGB", (WIDTH, HEIGHT), "white")
        self._draw = ImageDraw.Draw(self.picture)
        left, right = _MARGIN, _MARGIN + _COLUMN + _GAP
        y = self._heading(page, _MARGIN - 20)
        row = self._caption("What was asked about", left, y)
        self._caption(page.unit.capitalize() or "Map", right, y)
        bottom = self._photo(page.photo, left, row)
        self._photo(page.overlay, right, row)
        self._marks(page, right, row)
        y = self._legend(page, right, bottom + 20) + 46
        first = self._top(page, left, y)
        second = self._curves(page, right, y)
        y = max(first, second) + 46
        first = self._regions(page, left, y)
        second = self._caption("How to read it", right, y)
        for paragraph in page.reading:
            second = self._paragraph(paragraph, right, second, _COLUMN)
        self._facts(page.facts, max(first, second) + 40)

    def _heading(self, page: Report, y: int) -> int:
        size = _TITLE
        while size > _BODY and self._length(page.title, size) > WIDTH - 2 * _MARGIN:
            size -= 2
        self._text(_MARGIN, y, self._cut(page.title, size, WIDTH - 2 * _MARGIN), size)
        self._text(_MARGIN, y + _TITLE + 18, page.subtitle, _BODY, _SOFT)
        return y + _TITLE + 90

    def _caption(self, text: str, x: int, y: int) -> int:
        self._text(x, y, self._cut(text, _SMALL, _COLUMN), _SMALL, _SOFT)
        return y + 42

    def _photo(self, pixels: Array, x: int, y: int) -> int:
        size = _fitted(pixels)
        self.picture.paste(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC), (x, y))
        return y + size[1]

    def _marks(self, page: Report, x: int, y: int) -> None:
        width, height = _fitted(page.overlay)
        for rank, one in enumerate(page.regions, 1):
            place = x + round(one.x * width), y + round(one.y * height)
            text, font = typeset(str(rank), _BODY)
            self._draw.text(place, text, "white", font, "mm", stroke_width=3, stroke_fill=_INK)

    def _legend(self, page: Report, x: int, y: int) -> int:
        strip = Image.fromarray(page.scale.table()[None]).resize((_COLUMN, 24), Image.Resampling.BILINEAR)
        self.picture.paste(strip, (x, y))
        for (place, text), anchor in zip(page.scale.ticks(), ("la", "ma", "ra"), strict=True):
            self._text(x + round(place * _COLUMN), y + 32, text, _SMALL, _SOFT, anchor=anchor)
        return y + 60

    def _top(self, page: Report, x: int, y: int) -> int:
        y = self._caption("Of the whole photo", x, y) + 4
        for label, p in page.top:
            share = f"{100 * p:.1f} %"
            self._text(x, y, self._cut(label, _BODY, _COLUMN - 130), _BODY)
            self._text(x + _COLUMN, y, share, _BODY, anchor="ra")
            self._draw.rounded_rectangle((x, y + 42, x + _COLUMN, y + 51), 4, _TRACK)
            if p * _COLUMN >= 1:
                self._draw.rounded_rectangle((x, y + 42, x + round(p * _COLUMN), y + 51), 4, INKS[0])
            y += 76
        return y

    def _curves(self, page: Report, x: int, y: int) -> int:
        y = self._caption(axes(page.curves), x, y)
        if not page.curves:
            return self._paragraph("Stopped before they were drawn.", x, y, _COLUMN)
        left, top, width, height = x + 86, y + 14, _COLUMN - 100, 300
        for place in (0.0, 0.5, 1.0):
            across = top + round(height * (1 - place))
            self._draw.line((left, across, left + width, across), _LINE, 2)
            self._text(left - 14, across, f"{100 * place:.0f} %", _SMALL, _SOFT, anchor="rm")
            middle = left + round(width * place)
            self._text(middle, top + height + 14, f"{100 * place:.0f} %", _SMALL, _SOFT, anchor="ma")
        for line, ink in zip(page.curves, INKS, strict=False):
            points = [(px * width, (1 - py) * height) for px, py in zip(line.x, line.y, strict=True)]
            self._polyline(points, ink, (left, top, width, height))
        y, x = top + height + 54, left
        for line, ink in zip(page.curves, INKS, strict=False):
            text = named(line)
            self._text(x, y, text, _SMALL, ink)
            x += self._length(text, _SMALL) + 40
        return y + 36

    def _polyline(self, points: Sequence[tuple[float, float]], ink: str, box: Box) -> None:
        """Pillow's lines have steps; one drawn large and made small has none."""
        left, top, width, height = box
        pad, large = 8, _SMOOTHING
        stencil = Image.new("L", ((width + 2 * pad) * large, (height + 2 * pad) * large))
        enlarged = [((px + pad) * large, (py + pad) * large) for px, py in points]
        ImageDraw.Draw(stencil).line(enlarged, 255, 5 * large, joint="curve")
        stencil = stencil.resize((width + 2 * pad, height + 2 * pad), Image.Resampling.LANCZOS)
        self.picture.paste(Image.new("RGB", stencil.size, ink), (left - pad, top - pad), stencil)

    def _regions(self, page: Report, x: int, y: int) -> int:
        y = self._caption("Strongest regions, with 95 % intervals", x, y)
        for rank, one in enumerate(page.regions, 1):
            self._text(x, y, f"{rank}", _BODY)
            self._text(x + 40, y, f"Region {one.region}", _BODY)
            self._text(
                x + _COLUMN,
                y,
                interval(one),
                _BODY,
                anchor="ra",
            )
            y += 44
        return y

    def _facts(self, facts: list[tuple[str, str]], y: int) -> None:
        self._draw.line((_MARGIN, y, WIDTH - _MARGIN, y), _LINE, 2)
        columns, gap = 3 if len(facts) <= 12 else 4, 40
        width = (WIDTH - 2 * _MARGIN - (columns - 1) * gap) // columns
        for index, (name, value) in enumerate(facts):
            x, top = _MARGIN + index % columns * (width + gap), y + 28 + index // columns * 88
            self._text(x, top, self._cut(name, _SMALL, width), _SMALL, _SOFT)
            self._text(x, top + 32, self._cut(value, _BODY, width), _BODY)

    def _paragraph(self, text: str, x: int, y: int, width: int) -> int:
        line = ""
        for word in [*text.split(), ""]:
            longer = f"{line} {word}".strip()
            if not word or self._length(longer, _SMALL) > width:
                self._text(x, y, line, _SMALL, _SOFT)
                line, y = word, y + 36
            else:
                line = longer
        return y

    def _text(
        self,
        x: int,
        y: int,
        text: str,
        size: int,
        ink: tuple[int, int, int] | str = _INK,
        *,
        anchor: str = "la",
    ) -> None:
        drawn, font = typeset(text, size)
        self._draw.text((x, y), drawn, ink, font, anchor)

    def _length(self, text: str, size: int) -> int:
        drawn, font = typeset(text, size)
        return round(self._draw.textlength(drawn, font))

    def _cut(self, text: str, size: int, width: int) -> str:
        """The text as far as it fits, with an ellipsis where it does not."""
        if self._length(text, size) <= width:
            return text
        while text and self._length(f"{text}\N{HORIZONTAL ELLIPSIS}", size) > width:
            text = text[:-1]
        return f"{text.rstrip()}\N{HORIZONTAL ELLIPSIS}"


def _fitted(pixels: Array) -> tuple[int, int]:
    """Width and height of a picture on the page."""
    scale = min(_COLUMN / pixels.shape[1], _PICTURE / pixels.shape[0])
    return max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
