"""Masks as plain arrays: what a window makes visible, and the rings of pixels around what is visible.

A mask has one channel, so plain arrays are quicker here than tensors, whatever device those lie on.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import cv2
import numpy as np

from maskengines.attribution.masking.calls import Pair
from maskengines.compiling import kernel

Array = np.ndarray[Any, Any]
Sides = tuple[int, int, int, int]
"""Left, right, top, bottom, as `torch.nn.functional.pad` takes them."""


class Window(NamedTuple):
    """How a filter or a pool walks over a picture."""

    kernel: Pair
    stride: Pair = (1, 1)
    sides: Sides = (0, 0, 0, 0)
    dilation: Pair = (1, 1)
    ceil: bool = False

    @property
    def touches_single_pixels(self) -> bool:
        """Whether every output stands for the one pixel in its place."""
        return self.kernel == (1, 1) and self.stride == (1, 1) and not any(self.sides)


def pooled(visible: Array, window: Window) -> Array:
    """Max-pooling of ``(N, H, W)`` bool: ``(N, H', W')`` bool, True where the window holds any True."""
    left, right, top, bottom = window.sides
    count, height, width = visible.shape
    tall, wide = height + top + bottom, width + left + right
    spans = [(size - 1) * step + 1 for size, step in zip(window.kernel, window.dilation, strict=True)]
    rows = _length(tall, spans[0], window.stride[0], top, window.ceil)
    columns = _length(wide, spans[1], window.stride[1], left, window.ceil)
    element = np.zeros(spans, np.uint8)
    element[:: window.dilation[0], :: window.dilation[1]] = 1
    # Room below and right for the last window of a pool that rounds up.
    need = ((rows - 1) * window.stride[0] + spans[0], (columns - 1) * window.stride[1] + spans[1])
    laid = np.zeros((count, max(tall, need[0]), max(wide, need[1])), np.uint8)
    laid[:, top : top + height, left : left + width] = visible
    found = np.empty((count, rows, columns), bool)
    for index in range(count):
        grown = cv2.dilate(laid[index], element, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT, borderValue=0)
        found[index] = grown[:: window.stride[0], :: window.stride[1]][:rows, :columns]
    return found


def _length(length: int, span: int, stride: int, before: int, ceil: bool) -> int:
    """Number of outputs along an axis of ``length`` with its padding; torch's rule for rounding up."""
    if not ceil:
        return (length - span) // stride + 1
    outputs = math.ceil((length - span) / stride) + 1
    # The last window must begin inside the picture or before it.
    return outputs - 1 if (outputs - 1) * stride >= length - before else outputs


class RingArrays(NamedTuple):
    """One pass of filling, as rows of the table of all ``N * H * W`` pixels: ``pixels`` ``(R,)`` to write,
    ``sources`` ``(R, 8)`` to read, ``weights`` ``(R, 8)`` float64 of each."""

    pixels: Array
    sources: Array
    weights: Array


class Rings:
    """Rings around what is visible, worked out as far as anybody asks for.

    Args:
        visible: ``(N, H, W)`` bool, what is known at first.
        hidden: ``(N, H, W)`` bool, what shall become known.
    """

    def __init__(self, visible: Array, hidden: Array) -> None:
        self._state = np.ascontiguousarray(hidden) * np.uint8(_OPEN)
        self._state[visible] = _KNOWN
        self._front = _first_front(self._state)

    def advance(self) -> RingArrays | None:
        """The next ring; None when everything that can be reached is known."""
        if not len(self._front):
            return None
        pixels, sources, weights, self._front = _advance(self._state, self._front)
        return RingArrays(pixels, sources, weights)


_KNOWN, _OPEN, _WAITING = 1, 2, 3
"""Next to 0, a constant: visible or filled; hidden; hidden and in the front, to be filled next."""


@kernel()
def _first_front(state: Array) -> Array:  # pragma: no cover - compiled
    """Hidden pixels next to known ones, as rows of the table; they are marked as waiting."""
    count, height, width = state.shape
    front = np.empty(state.size, np.int64)
    found = 0
    for n in range(count):
        for y in range(height):
            for x in range(width):
                if state[n, y, x] != _OPEN:
                    continue
                for v in range(max(0, y - 1), min(height, y + 2)):
                    for u in range(max(0, x - 1), min(width, x + 2)):
                        if state[n, v, u] == _KNOWN and state[n, y, x] == _OPEN:
                            state[n, y, x] = _WAITING
                            front[found] = (n * height + y) * width + x
                            found += 1
    return front[:found].copy()


@kernel()
def _advance(state: Array, front: Array) -> tuple[Array, Array, Array, Array]:  # pragma: no cover - compiled
    """The ring of the front, and the front after it."""
    height, width = state.shape[1:]
    flat = state.reshape(-1)
    sources = np.empty((len(front), 8), np.int64)
    weights = np.zeros((len(front), 8), np.float64)
    following = np.empty(8 * len(front), np.int64)
    found = 0
    for i in range(len(front)):
        x = front[i] % width
        y = front[i] // width % height
        known = 0
        for v in range(max(0, y - 1), min(height, y + 2)):
            for u in range(max(0, x - 1), min(width, x + 2)):
                row = front[i] + (v - y) * width + (u - x)
                if flat[row] == _KNOWN:
                    sources[i, known] = row
                    known += 1
                elif flat[row] == _OPEN:
                    flat[row] = _WAITING
                    following[found] = row
                    found += 1
        for j in range(8):
            if j < known:
                weights[i, j] = 1.0 / known
            else:
                # Where there is no known neighbour, a known one with weight 0: never what is hidden.
                sources[i, j] = sources[i, 0]
    for i in range(len(front)):
        flat[front[i]] = _KNOWN
    return front, sources, weights, following[:found].copy()


def warm_up() -> None:
    """Compile (or load from the cache) the kernels."""
    visible = np.ones((1, 3, 3), bool)
    visible[0, 1, 1] = False
    Rings(visible, ~visible).advance()
