"""Hundreds of translucent skeletons as one picture.

A `QPainter` takes 60 ms for 3200 smooth translucent lines. Here OpenCV draws them opaque, in a few sheets for
each hue; how many sheets have a line at a pixel says how opaque it is there. So one body far from the rest is
seen, and where all agree it does not become a solid block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from maskstudio.canvas.orbit import NEAR

Array = np.ndarray[Any, Any]

SHEETS = 6
STEPS = 15
"""How many strengths of a line are told apart."""
_SHIFT = 4
_BANDS = ((0.0, 150), (0.35, 200), (0.65, 255))
_FAR_OFF = 16_000.0


@dataclass(frozen=True)
class Room:
    """A part of the screen in device pixels."""

    x: int
    y: int
    width: int
    height: int

    def fixed(self, pixels: Array) -> Array:
        """Pixels of the screen as OpenCV's fixed point numbers in this room."""
        # Far beyond the screen, fixed point would overflow.
        near = np.clip(pixels, -_FAR_OFF, _FAR_OFF) - (self.x, self.y)
        return np.rint(near * (1 << _SHIFT)).astype(np.int32)

    def plane(self) -> Array:
        """``(height, width)`` uint8, all 0."""
        return np.zeros((self.height, self.width), np.uint8)


def room_of(size: tuple[int, int], *pixels: Array) -> Room | None:
    """The part of a screen of ``size`` that ``(..., 2)`` pixels are in; ``None`` where that is none of it."""
    # Rows of x and of y: their extremes are found ten times as fast as those of pairs.
    points = np.concatenate([each.reshape(-1, 2).T for each in pixels], axis=1)
    low = np.maximum(np.floor(points.min(axis=1)) - 3, 0)
    high = np.minimum(np.ceil(points.max(axis=1)) + 3, size)
    if (low >= high).any():
        return None
    (x, y), (width, height) = low.astype(int).tolist(), (high - low).astype(int).tolist()
    return Room(x, y, width, height)


def density(room: Room, lines: Array, depths: Array) -> Array:
    """How densely bones cover a room.

    Args:
        lines: ``(N, B, 2, 2)`` pixels: both ends of B bones of N bodies.
        depths: ``(N, B)`` millimetres before the eye; what is farther is drawn fainter.

    Returns:
        A plane of the room; 255 where all sheets have a near line.
    """
    points, bands = room.fixed(lines), _bands(depths)
    total, sheet = room.plane(), room.plane()
    sheets = min(SHEETS, len(points))
    for number in range(sheets):
        sheet.fill(0)
        mine, band = points[number::sheets].reshape(-1, 2, 2), bands[number::sheets].ravel()
        for strength, (_, value) in enumerate(_BANDS):
            _draw(sheet, mine[band == strength], value // sheets, 1)
        cv2.add(total, sheet, dst=total)
    return total


def draw_lines(plane: Array, room: Room, lines: Array, strengths: Array, width: int) -> None:
    """``(N, 2, 2)`` lines into a plane of a room, each as strong as its strength in 0..1, in `STEPS`."""
    for step, pieces in _by_strength(room.fixed(lines), strengths):
        _draw(plane, pieces, step * 255 // STEPS, width)


def draw_tinted(pixels: Array, lines: Array, strengths: Array, tints: Sequence[tuple[int, int, int]]) -> None:
    """The same as thin lines in ``(H, W, 4)`` opaque pixels, in tints from strength 0 to 1."""
    height, width = pixels.shape[:2]
    for step, pieces in _by_strength(Room(0, 0, width, height).fixed(lines), strengths):
        _draw(pixels, pieces, (*tints[step], 255), 1)


def draw_ellipses(plane: Array, room: Room, outlines: Array, fill: int) -> None:
    """Each of the ``(N, K, 2)`` outlines filled with a value, in a plane of a room."""
    for points in room.fixed(outlines):
        cv2.fillPoly(plane, [points], fill, cv2.LINE_AA, _SHIFT)


def draw_outlines(plane: Array, room: Room, outlines: Array, value: int) -> None:
    """Each of the ``(N, K, 2)`` outlines as a closed thin line."""
    cv2.polylines(plane, list(room.fixed(outlines)), True, value, 1, cv2.LINE_AA, _SHIFT)


def _by_strength(points: Array, strengths: Array) -> Iterator[tuple[int, Array]]:
    steps = np.rint(strengths * STEPS).astype(int)
    return ((step, points[steps == step]) for step in range(1, STEPS + 1))


def _draw(plane: Array, pieces: Array, value: int | tuple[int, ...], width: int) -> None:
    if len(pieces):
        cv2.polylines(plane, list(pieces), False, value, width, cv2.LINE_AA, _SHIFT)


def _bands(depths: Array) -> Array:
    """2 for the nearest lines, 0 for the farthest; -1 for what is behind the eye."""
    near, far = float(depths.min()), float(depths.max())
    share = (far - depths) / max(far - near, 1.0)
    bands: Array = np.searchsorted([start for start, _ in _BANDS], share, side="right") - 1
    bands[depths <= NEAR] = -1
    return bands
