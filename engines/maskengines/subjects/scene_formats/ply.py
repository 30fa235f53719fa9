"""The PLY container: elements of named columns, ASCII or binary (Turk, "The PLY Polygon File Format")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from maskengines.errors import BadInput
from maskengines.subjects.scene_formats.common import damaged, too_early, unreadable

Array = np.ndarray[Any, Any]

_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2",
    "ushort": "u2", "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4",
    "float": "f4", "float32": "f4", "double": "f8", "float64": "f8",
}  # fmt: skip
_ORDERS = {"ascii": "<", "binary_little_endian": "<", "binary_big_endian": ">"}
_MAX_HEADER = 1 << 16
_MAX_ROWS = 1 << 40
_ROWS = 1 << 12


@dataclass(frozen=True)
class Element:
    """Rows as the header tells of them; ``dtype`` is ``None`` where rows hold lists."""

    name: str
    count: int
    dtype: np.dtype[Any] | None


def read_ply(path: Path) -> dict[str, Array]:
    """The elements of a file by name, each a structured array of its columns.

    Binary ones are memory maps: nothing is read before it is looked at. Elements from the first one with
    lists on (the faces of a mesh) are left out.

    Raises:
        BadInput: it cannot be read, is no PLY, or ends too early.
    """
    try:
        with path.open("rb") as file:
            order, elements = _header(file, path.name)
            start = file.tell()
            size = path.stat().st_size
            if order == "ascii":
                return _from_text(file, elements, path.name, size - start)
    except OSError as error:
        raise unreadable(path, error) from error
    return _mapped(path, elements, start, size)


def is_ply(start: bytes) -> bool:
    """Whether a file that begins like this is a PLY."""
    return start[:4] in (b"ply\n", b"ply\r")


def header_of(columns: Mapping[str, tuple[int, Mapping[str, str]]]) -> bytes:
    """The header of a little-endian file: by element its count and the PLY types of its columns."""
    lines = ["ply", "format binary_little_endian 1.0", "comment Written by MaskStudio"]
    for element, (count, types) in columns.items():
        lines.append(f"element {element} {count}")
        lines += [f"property {kind} {column}" for column, kind in types.items()]
    return ("\n".join([*lines, "end_header"]) + "\n").encode("ascii")


def _header(file: BinaryIO, name: str) -> tuple[str, list[Element]]:
    lines = _header_lines(file, name)
    if len(lines) < 2 or lines[1][:1] != ["format"] or lines[1][1:2] == [] or lines[1][1] not in _ORDERS:
        raise damaged(name, "its header names no known format")
    order = lines[1][1]
    elements: list[tuple[str, int, list[tuple[str, str]] | None]] = []
    for words in lines[2:]:
        match words:
            case ["element", element, count] if count.isdecimal() and int(count) <= _MAX_ROWS:
                elements.append((element, int(count), []))
            case ["property", "list", *_] if elements:
                elements[-1] = (*elements[-1][:2], None)
            case ["property", kind, column] if elements and kind in _TYPES:
                columns = elements[-1][2]
                if columns is not None:
                    columns.append((column, _ORDERS[order] + _TYPES[kind]))
            case ["comment" | "obj_info", *_] | []:
                pass
            case _:
                raise damaged(name, f"its header has a line that makes no sense, '{' '.join(words)[:60]}'")
    try:
        told = [
            Element(one, count, None if rows is None else np.dtype(rows)) for one, count, rows in elements
        ]
    except ValueError as error:
        raise damaged(name, "its header names a column twice") from error
    return order, told


def _header_lines(file: BinaryIO, name: str) -> list[list[str]]:
    lines: list[list[str]] = []
    while file.tell() < _MAX_HEADER:
        line = file.readline(_MAX_HEADER)
        words = line.decode("latin-1").split()
        if not lines and words != ["ply"]:
            raise BadInput(f"Cannot open '{name}': it is no PLY file. Give a .ply with Gaussians in it.")
        if words == ["end_header"]:
            return lines
        if not line:
            break
        lines.append(words)
    raise damaged(name, "its header has no end")


def _mapped(path: Path, elements: list[Element], start: int, size: int) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for element in elements:
        if element.dtype is None:
            break
        end = start + element.count * element.dtype.itemsize
        if end > size:
            raise too_early(path.name, size, end)
        if element.count and element.dtype.itemsize:
            found[element.name] = np.memmap(path, element.dtype, "r", start, (element.count,))
        else:
            found[element.name] = np.zeros(element.count, element.dtype)
        start = end
    return found


def _from_text(file: BinaryIO, elements: list[Element], name: str, size: int) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for element in elements:
        if element.dtype is None:
            break
        names = element.dtype.names or ()
        wanted = element.count * len(names)
        if 2 * wanted > size + 1:
            raise damaged(name, f"it ends too early for {element.count:,} rows of {len(names)} numbers")
        rows = np.zeros(element.count, element.dtype)
        # In parts: words of text take many times the memory of their numbers.
        for begin in range(0, element.count, _ROWS):
            part = rows[begin : begin + _ROWS]
            with np.errstate(all="ignore"):
                values = _numbers(file, len(part) * len(names), name).reshape(len(part), len(names))
                for index, column in enumerate(names):
                    part[column] = values[:, index]
        found[element.name] = rows
    return found


def _numbers(file: BinaryIO, count: int, name: str) -> Array:
    words: list[bytes] = []
    while len(words) < count:
        line = file.readline()
        if not line:
            raise damaged(name, f"it ends too early, {count - len(words):,} numbers before its end")
        words += line.split()
    if len(words) > count:
        raise damaged(name, "its rows have more numbers than its header has columns")
    try:
        return np.array(words, np.float64)
    except ValueError as error:
        raise damaged(name, "a row holds something that is no number") from error
