"""TIFF directories, the structure that TIFF and EXIF share (TIFF 6.0 section 2, BigTIFF design).

A directory is a list of entries: tag, type, count and value. Values that do not fit into the entry lie
elsewhere, and so do the directories that some tags point to.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

EXIF, GPS, INTEROPERABILITY, SUB_IFDS = 34665, 34853, 40965, 330
_POINTERS = frozenset({EXIF, GPS, INTEROPERABILITY, SUB_IFDS})
_SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_LONG = 4
_MOST_DIRECTORIES = 4096


class Broken(Exception):
    """An offset leads out of the data, or directories form a ring."""


@dataclass(frozen=True)
class Entry:
    """One entry: ``raw`` is the value in the file's byte order, ``children`` what a pointer points to."""

    tag: int
    type: int
    count: int
    raw: bytes
    order: str
    children: tuple[tuple[Entry, ...], ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """The value as whole numbers; empty for text, fractions and floats."""
        code = _CODES.get(self.type)
        return struct.unpack(f"{self.order}{self.count}{code}", self.raw) if code else ()


@dataclass(frozen=True)
class Layout:
    """Byte order and the field widths of classic (32-bit) or big (64-bit) files."""

    order: str
    word: str
    count: str
    first: int

    @property
    def entry(self) -> struct.Struct:
        return struct.Struct(f"{self.order}HH{self.word}")

    @property
    def inline(self) -> int:
        return struct.calcsize(self.order + self.word)


def read_layout(data: bytes) -> Layout:
    """Read the header. Raises `Broken` if it is none."""
    order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]))
    try:
        version = struct.unpack_from(f"{order}H", data, 2)[0] if order else 0
        if order and version == 42:
            return Layout(order, "I", "H", struct.unpack_from(f"{order}I", data, 4)[0])
        if order and version == 43:
            return Layout(order, "Q", "Q", struct.unpack_from(f"{order}Q", data, 8)[0])
    except (struct.error, OverflowError) as error:
        raise Broken from error
    raise Broken


def read_chain(data: bytes, layout: Layout) -> list[tuple[Entry, ...]]:
    """Every directory of the main chain, with the directories they point to.

    Raises:
        Broken: a directory or a value does not lie in ``data``.
    """
    seen: set[int] = set()
    chain = []
    offset = layout.first
    while offset:
        directory, offset = _read(data, layout, offset, seen)
        chain.append(directory)
    return chain


def build(entries: Sequence[Entry], at: int, order: str) -> bytes:
    """A classic directory to be put at offset ``at``: entries, no next one, values, sub-directories."""
    ordered = sorted((entry for entry in entries if entry.raw), key=lambda entry: entry.tag)
    table = struct.pack(f"{order}H", len(ordered))
    end = at + 2 + 12 * len(ordered) + 4
    tail = b""
    for entry in ordered:
        kind, count, raw = entry.type, entry.count, entry.raw
        if entry.children:
            offsets = []
            for child in entry.children:
                offsets.append(end + len(tail))
                part = build(child, offsets[-1], order)
                tail += part + b"\0" * (len(part) % 2)
            kind, count, raw = _LONG, len(offsets), struct.pack(f"{order}{len(offsets)}I", *offsets)
        if len(raw) > 4:
            place = end + len(tail)
            tail += raw + b"\0" * (len(raw) % 2)
            raw = struct.pack(f"{order}I", place)
        table += struct.pack(f"{order}HHI", entry.tag, kind, count) + raw.ljust(4, b"\0")
    return table + b"\0\0\0\0" + tail


def standalone(entries: Sequence[Entry], order: str) -> bytes:
    """A complete little TIFF of one directory, which is what an EXIF block is."""
    header = {"<": b"II", ">": b"MM"}[order] + struct.pack(f"{order}HI", 42, 8)
    return header + build(entries, 8, order)


def _read(data: bytes, layout: Layout, offset: int, seen: set[int]) -> tuple[tuple[Entry, ...], int]:
    if offset in seen or len(seen) >= _MOST_DIRECTORIES:
        raise Broken
    seen.add(offset)
    try:
        count = struct.unpack_from(layout.order + layout.count, data, offset)[0]
        at = offset + struct.calcsize(layout.order + layout.count)
        size = layout.entry.size + layout.inline
        if at + count * size > len(data):
            raise Broken
        entries = tuple(_entry(data, layout, at + index * size, seen) for index in range(count))
        following = struct.unpack_from(layout.order + layout.word, data, at + count * size)[0]
    except (struct.error, OverflowError) as error:
        raise Broken from error
    return entries, following


def _entry(data: bytes, layout: Layout, at: int, seen: set[int]) -> Entry:
    tag, kind, count = layout.entry.unpack_from(data, at)
    start, length = at + layout.entry.size, _SIZES.get(kind, 0) * count
    if length > layout.inline:
        start = struct.unpack_from(layout.order + layout.word, data, start)[0]
    if start + length > len(data):
        raise Broken
    entry = Entry(tag, kind, count, bytes(data[start : start + length]), layout.order)
    if tag not in _POINTERS:
        return entry
    children = tuple(_read(data, layout, offset, seen)[0] for offset in entry.numbers if offset)
    return Entry(tag, kind, count, entry.raw, layout.order, children)
