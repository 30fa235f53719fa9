"""COLMAP's ``.txt`` files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.subjects.scene_formats.colmap_records import (
    MODELS,
    SEEN,
    UNSEEN,
    Image,
    Points,
    matrix_of,
    points_of,
)
from maskengines.subjects.scene_formats.common import damaged, read_bytes

Array = np.ndarray[Any, Any]


def text_cameras(path: Path) -> Iterator[tuple[int, tuple[str, int, int, Array]]]:
    known = dict(MODELS)
    for words in _lines(path):
        try:
            number, model, width, height, *values = words
            if model not in known or len(values) != known[model]:
                raise damaged(path.name, f"it has a camera of an unknown model '{model}'")
            yield int(number), (model, int(width), int(height), np.array(values, np.float64))
        except ValueError as error:
            raise damaged(
                path.name, f"it has a line that makes no sense, '{' '.join(words)[:60]}'"
            ) from error


def text_images(path: Path) -> Iterator[Image]:
    lines = iter(_text_rows(path))
    for line in lines:
        words = line.split(maxsplit=9)
        try:
            place = np.array(words[1:8], np.float64)
            camera, name = int(words[8]), words[9]
            numbers = np.array(next(lines, "").split(), np.float64).reshape(-1, 3)
        except (ValueError, IndexError) as error:
            raise damaged(path.name, f"it has a line that makes no sense, '{line[:60]}'") from error
        seen = np.zeros(len(numbers), SEEN)
        seen["x"], seen["y"] = numbers[:, 0], numbers[:, 1]
        seen["point"] = np.where(numbers[:, 2] < 0, 0, numbers[:, 2]).astype(np.uint64)
        seen["point"][numbers[:, 2] < 0] = UNSEEN
        yield Image(name, camera, matrix_of(place[:4], place[4:], path.name), seen)


def text_points(path: Path) -> Points:
    ids, xyz, rgb, photos = [], [], [], []
    for words in _lines(path) if path.is_file() else ():
        try:
            ids.append(int(words[0]))
            xyz.append((float(words[1]), float(words[2]), float(words[3])))
            rgb.append([min(255, max(0, int(words[channel]))) for channel in (4, 5, 6)])
            photos.append(len(set(words[8::2])))
        except (ValueError, IndexError) as error:
            raise damaged(
                path.name, f"it has a line that makes no sense, '{' '.join(words)[:60]}'"
            ) from error
    return points_of(ids, xyz, rgb, photos)


def _text_rows(path: Path) -> Iterator[str]:
    """Lines without comments. Empty ones count: a photo without points has an empty second line."""
    for line in read_bytes(path).decode("utf-8", "replace").splitlines():
        if not line.startswith("#"):
            yield line


def _lines(path: Path) -> Iterator[list[str]]:
    yield from (line.split() for line in _text_rows(path) if line.strip())
