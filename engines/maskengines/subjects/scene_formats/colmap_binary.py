"""COLMAP's ``.bin`` files, little-endian throughout."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.subjects.scene_formats.colmap_records import (
    MODELS,
    SEEN,
    Image,
    Points,
    matrix_of,
    points_of,
)
from maskengines.subjects.scene_formats.common import damaged, read_bytes, too_early

Array = np.ndarray[Any, Any]


class _Cursor:
    """Walks through a binary file; nothing in it is taken on trust."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._data = read_bytes(path)
        self._at = 0

    def take(self, form: str) -> tuple[Any, ...]:
        size = struct.calcsize(form)
        self._need(size)
        values = struct.unpack_from(form, self._data, self._at)
        self._at += size
        return values

    def array(self, dtype: Any, count: int) -> Array:
        kind = np.dtype(dtype)
        self._need(kind.itemsize * count)
        values = np.frombuffer(self._data, kind, count, self._at)
        self._at += kind.itemsize * count
        return values

    def text(self) -> str:
        end = self._data.find(b"\0", self._at)
        if end < 0:
            raise too_early(self.name, len(self._data), len(self._data) + 1)
        value = self._data[self._at : end].decode("utf-8", "replace")
        self._at = end + 1
        return value

    def _need(self, size: int) -> None:
        if self._at + size > len(self._data):
            raise too_early(self.name, len(self._data), self._at + size)


def binary_cameras(path: Path) -> Iterator[tuple[int, tuple[str, int, int, Array]]]:
    cursor = _Cursor(path)
    (count,) = cursor.take("<Q")
    for _ in range(count):
        number, model, width, height = cursor.take("<iiQQ")
        if not 0 <= model < len(MODELS):
            raise damaged(path.name, f"it has a camera of an unknown model {model}")
        name, values = MODELS[model]
        yield number, (name, width, height, cursor.array("<f8", values))


def binary_images(path: Path) -> Iterator[Image]:
    cursor = _Cursor(path)
    (count,) = cursor.take("<Q")
    for _ in range(count):
        cursor.take("<i")
        place = cursor.array("<f8", 7)
        (camera,) = cursor.take("<i")
        name = cursor.text()
        (seen,) = cursor.take("<Q")
        yield Image(name, camera, matrix_of(place[:4], place[4:], path.name), cursor.array(SEEN, seen))


def binary_points(path: Path) -> Points:
    if not path.is_file():
        return points_of([], [], [], [])
    cursor = _Cursor(path)
    (count,) = cursor.take("<Q")
    ids, xyz, rgb, photos = [], [], [], []
    for _ in range(count):
        number, x, y, z, red, green, blue, _, track = cursor.take("<Q3d3BdQ")
        seen = cursor.array("<i4", 2 * track)
        ids.append(number)
        xyz.append((x, y, z))
        rgb.append((red, green, blue))
        photos.append(len(set(seen[::2].tolist())))
    return points_of(ids, xyz, rgb, photos)
