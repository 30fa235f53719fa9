"""Reading a picture that repeats without end.

OpenCV wraps around element by element, at three times the cost of a plain read; here what is needed is
laid out first.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from maskengines.inpaint.procedural.palettes import Bytes, Floats

WIDEST = 1600  # elements a side; what reaches farther is wrapped by OpenCV after all

Matrix = np.ndarray[Any, np.dtype[np.float64]]


def warped(sheet: Bytes, matrix: Matrix, width: int, height: int, seen: Matrix | None = None) -> Bytes:
    """``sheet`` repeated and seen through ``matrix`` (3, 3), from sheet to picture: ``(height, width, 3)``.

    ``seen``: outline ``(n, 2)`` of the part of the picture that counts, all of it by default; the rest is
    undefined.
    """
    outline = np.array([[0, 0], [width, 0], [width, height], [0, height]]) if seen is None else seen
    ends = np.concatenate([outline, np.ones((len(outline), 1))], 1) @ np.linalg.inv(matrix).T
    if ends[:, 2].min() * ends[:, 2].max() > 0:
        ends = ends[:, :2] / ends[:, 2:]
        wide, shift = _laid_out(sheet, ends.min(0), ends.max(0))
    else:
        wide, shift = sheet, np.zeros(2)
    moved = matrix @ np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]])
    border = cv2.BORDER_WRAP if wide is sheet else cv2.BORDER_CONSTANT
    return np.asarray(
        cv2.warpPerspective(wide, moved, (width, height), flags=cv2.INTER_LINEAR, borderMode=border), np.uint8
    )


def spread(
    sheet: Bytes, width: int, height: int, rng: np.random.Generator, octaves: tuple[float, float]
) -> Bytes:
    """``sheet`` turned, shifted and repeated over ``(height, width, 3)``.

    ``octaves``: range of its scale, as powers of two of picture elements per sheet element.
    """
    turn, scale = rng.uniform(0, 2 * np.pi), 2.0 ** rng.uniform(*octaves)
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    x, y = rng.uniform(0, sheet.shape[0], 2)
    return warped(sheet, np.array([[c, -s, x], [s, c, y], [0, 0, 1]]), width, height)


def sampled(sheet: Bytes, x: Floats, y: Floats) -> Bytes:
    """``sheet`` repeated and read at ``x``, ``y`` (elements, ``(h, w)``), linear between elements."""
    low, high = (np.array([end(x), end(y)], np.float64) for end in (np.min, np.max))
    wide, shift = _laid_out(sheet, low, high)
    border = cv2.BORDER_WRAP if wide is sheet else cv2.BORDER_REPLICATE
    x, y = x - np.float32(shift[0]), y - np.float32(shift[1])
    return np.asarray(cv2.remap(wide, x, y, cv2.INTER_LINEAR, borderMode=border), np.uint8)


def _laid_out(sheet: Bytes, low: Matrix, high: Matrix) -> tuple[Bytes, Matrix]:
    """Copies of ``sheet`` that hold coordinates ``low`` to ``high`` (x, y), and those of their corner."""
    size = np.array([sheet.shape[1], sheet.shape[0]])
    shift = np.floor((low - 1) / size) * size
    need = np.ceil(high - shift).astype(int) + 2
    if need.max() > WIDEST:
        return sheet, np.zeros(2)
    right, down = np.maximum(1, need - size)
    return np.asarray(
        cv2.copyMakeBorder(sheet, 0, int(down), 0, int(right), cv2.BORDER_WRAP), np.uint8
    ), shift
