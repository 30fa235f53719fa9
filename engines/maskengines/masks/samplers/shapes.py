"""One large hole: a blob, a box, or everything on one side of a line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from maskengines.masks.samplers.selection import BoolMask, strongest, wanted

Plane = np.ndarray[Any, np.dtype[np.float32]]

HARMONICS = 7


def blob(height: int, width: int, ratio: float, rng: np.random.Generator) -> BoolMask:
    """One to three rounded shapes with a wavy outline, exactly ``round(ratio * height * width)`` elements.

    The radius of an outline is ``exp(sum_k a_k cos(k t + p_k))`` with amplitudes that fall as 1 / k; all
    shapes grow by one factor until the count is reached.
    """
    count = wanted(height, width, ratio)
    y, x = _centres(height), _centres(width)
    scores = np.full((height, width), -np.inf, np.float32)
    for _ in range(int(rng.integers(1, 4))):
        across, down = y - rng.uniform(0, height), x - rng.uniform(0, width)
        size = np.float32(rng.uniform(0.4, 1.0))
        turn = np.arctan2(across[:, None], down[None])
        wave = _outline(rng)[np.round(turn * (_STEPS / (2 * np.pi))).astype(np.intp) % _STEPS]
        np.maximum(scores, -np.hypot(across[:, None], down[None]) / (size * wave), out=scores)
    return strongest(scores, count)


def box(height: int, width: int, ratio: float, rng: np.random.Generator) -> BoolMask:
    """One upright rectangle, at most twice as long as wide where the image leaves the choice.

    Its area misses ``round(ratio * height * width)`` by at most half its shorter side.
    """
    count = wanted(height, width, ratio)
    mask = np.zeros((height, width), np.bool_)
    if not count:
        return mask
    tall = math.sqrt(count * 2.0 ** rng.uniform(-1, 1))
    rows = min(max(round(tall), -(-count // width)), height)
    columns = min(max(round(count / rows), 1), width)
    if columns < rows:
        columns = max(columns, -(-count // height))
        rows = min(round(count / columns), height)
    top, left = (round(rng.uniform() * room) for room in (height - rows, width - columns))
    mask[top : top + rows, left : left + columns] = True
    return mask


def half_plane(height: int, width: int, ratio: float, rng: np.random.Generator) -> BoolMask:
    """All on one side of a line at a random angle, exactly ``round(ratio * height * width)`` elements."""
    count = wanted(height, width, ratio)
    turn = rng.uniform(0, 2 * np.pi)
    slope = math.sin(turn) * _centres(height)[:, None] + math.cos(turn) * _centres(width)[None]
    return strongest(slope, count)


_STEPS = 1024


def _outline(rng: np.random.Generator) -> Plane:
    order = np.arange(1, HARMONICS + 1)
    amplitude = rng.uniform(0, 0.45, HARMONICS) / order
    phase = rng.uniform(0, 2 * np.pi, HARMONICS)
    turn = np.arange(_STEPS) * (2 * np.pi / _STEPS)
    return np.exp(np.cos(order * turn[:, None] + phase) @ amplitude).astype(np.float32)


def _centres(length: int) -> Plane:
    return np.arange(length, dtype=np.float32) + np.float32(0.5)
