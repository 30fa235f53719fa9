"""From a solution to pixels: copy at full depth, then hide where copies meet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from maskengines.inpaint import kernels
from maskengines.inpaint.completion import Solution

Array = np.ndarray[Any, Any]
SMOOTHING = 4.0
PULL = 0.02
EDGE = 24.0
SWEEPS = 60
FEWEST_SWEEPS = 10
MOST_SWEPT = 150_000
PIECE = 60_000


def copied(pixels: Array, solution: Solution) -> Array:
    """``pixels`` (H, W, C), any depth, with the hole copied from its sources, as float32."""
    return pixels[solution.from_rows, solution.from_columns].astype(np.float32)


def evened(copy: Array, solution: Solution, hole: Array, scale: float, tick: Callable[[], None]) -> Array:
    """Bias correction (Darabi 2012, section 3.1, with the gain fixed at 1): the copy keeps its detail
    and takes its tones, what a Gaussian of 4 pixels keeps, from the seamless estimate.

    Args:
        scale: units of ``copy`` per unit of the estimate (1 at 8 bit, 257 at 16 bit).
    """
    estimate = solution.estimate[..., : copy.shape[2]] * np.float32(scale)
    tick()
    estimate -= copy
    estimate[~hole] = 0
    tick()
    smooth = cv2.GaussianBlur(estimate, (0, 0), SMOOTHING).reshape(copy.shape)
    tick()
    smooth[~hole] = 0
    smooth += copy
    return smooth


def gradient_blended(
    pixels: Array,
    evened_copy: Array,
    solution: Solution,
    hole: Array,
    *,
    scale: float,
    tick: Callable[[], None],
) -> Array:
    """Screened Poisson blend (Perez 2003): gradients as in the sources, tones near ``evened_copy``.

    Where two neighbours come from different places their gradient is the mean of what both sources
    continue with, so a joint has no step of its own; a step far above 24 of 255 is taken for an edge
    of the photo and stays, as smoothing it would spill one object's colour into the next. Solved on
    hole pixels with the given pixels fixed.
    """
    copy = copied(pixels, solution)
    height, width, channels = copy.shape
    rows, columns = np.nonzero(hole)
    count = len(rows)
    ring = (cv2.dilate(hole.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & ~hole
    ring_rows, ring_columns = np.nonzero(ring)
    number = np.full((height, width), -1, np.int32)
    number[rows, columns] = np.arange(count)
    number[ring_rows, ring_columns] = count + np.arange(len(ring_rows))
    tick()
    values = np.concatenate([evened_copy[rows, columns], pixels[ring_rows, ring_columns].astype(np.float32)])
    neighbours = np.full((count, 4), -1, np.int32)
    steps = np.empty((count, 4, channels), np.float32)
    tick()
    for low in range(0, count, PIECE):
        part = slice(low, low + PIECE)
        _steps(
            pixels, copy, solution, rows[part], columns[part], number, scale, neighbours[part], steps[part]
        )
        tick()
    values = np.ascontiguousarray(values, np.float32)
    target = np.ascontiguousarray(evened_copy[rows, columns], np.float32)
    tick()
    for _ in range(int(np.clip(SWEEPS * MOST_SWEPT // max(1, count), FEWEST_SWEEPS, SWEEPS))):
        for low in range(0, count, PIECE):
            high = min(count, low + PIECE)
            kernels.relax(values, target, np.float32(PULL), neighbours, steps, low, high, np.float32(1.6))
            tick()
    result = evened_copy.copy()
    result[rows, columns] = values[:count]
    return result


def _steps(  # noqa: PLR0917 - the arrays of one piece, filled in place.
    pixels: Array, copy: Array, solution: Solution, rows: Array, columns: Array, number: Array,
    scale: float, neighbours: Array, steps: Array,
) -> None:  # fmt: skip
    """Fill ``neighbours`` (N, 4) and ``steps`` (N, 4, C) of some of the hole's pixels."""
    height, width = number.shape
    own_rows, own_columns = solution.from_rows[rows, columns], solution.from_columns[rows, columns]
    here = copy[rows, columns]
    for k, (dy, dx) in enumerate(((-1, 0), (1, 0), (0, -1), (0, 1))):
        ny, nx = rows + dy, columns + dx
        inside = (ny >= 0) & (ny < height) & (nx >= 0) & (nx < width)
        ny, nx = np.clip(ny, 0, height - 1), np.clip(nx, 0, width - 1)
        neighbours[:, k] = np.where(inside, number[ny, nx], -1)
        beside = pixels[np.clip(own_rows + dy, 0, height - 1), np.clip(own_columns + dx, 0, width - 1)]
        back_rows = np.clip(solution.from_rows[ny, nx] - dy, 0, height - 1)
        back_columns = np.clip(solution.from_columns[ny, nx] - dx, 0, width - 1)
        there = copy[ny, nx]
        jump = here - there
        change = 0.5 * (here - beside) + 0.5 * (pixels[back_rows, back_columns] - there) - jump
        size = np.abs(change).mean(axis=1, keepdims=True) / np.float32(EDGE * scale)
        steps[:, k] = jump + change * np.exp(-(size**2))
