"""First guesses at the coarsest level: from the rim inwards, lines first, or by shifting the photo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from maskengines.inpaint import greedy_kernels, kernels
from maskengines.inpaint.chords import draw_on
from maskengines.inpaint.pyramid import Level
from maskengines.inpaint.shifts import shift_map

Array = np.ndarray[Any, Any]
PEELED = 512
MOST_GROWN = 4000
MOST_PEELED = 60_000
MOST_SOURCES = 3000
COMPARED = 8_000_000
STRAY = 0.3
KINDS = (
    ("rim", 0), ("lines", 0), ("shifts", 0), ("lines", 1), ("rim", 1), ("shifts", 1), ("lines", 0),
    ("chords", 0), ("rim", 1), ("lines", 1),
)  # fmt: skip
"""Ways to begin, in turn, and whether on the level below the one that still shows shapes (where a whole
course of bricks fits into a patch)."""


def guess(  # noqa: PLR0917
    level: Level,
    bias: Array,
    generator: np.random.Generator,
    kind: str,
    spread: int,
    tick: Callable[[], None],
) -> None:
    """Fill ``level``'s hole in place; ``spread`` is how far a rim start strays from the likeliest."""
    if len(level.hole_rows) > MOST_PEELED:
        # So little is given that no coarser level holds a patch: begin with the mean colour.
        level.colours[level.hole] = level.colours[~level.hole].mean(axis=0)
    elif kind == "chords" and len(level.hole_rows) <= MOST_GROWN:
        draw_on(level, generator, STRAY)
    elif kind == "lines" and len(level.hole_rows) <= MOST_GROWN:
        _grow(level, bias, generator)
    elif kind != "shifts" or not shift_map(level, bias, generator):
        _peel(level, bias, generator, spread=spread, tick=tick)


def misfit(level: Level, costs: Array) -> float:
    """How badly a first guess fits the photo: costs relative to what each target patch holds, as
    otherwise the plainest guess would always win."""
    window = (kernels.SIZE, kernels.SIZE)
    mean = cv2.boxFilter(level.colours, -1, window)
    variance = np.maximum(cv2.boxFilter(level.colours**2, -1, window) - mean**2, 0).sum(axis=2)
    scale = kernels.SIZE**2 * (variance[level.rows, level.columns] + 25.0)
    return float((costs / scale).mean())


def _grow(level: Level, bias: Array, generator: np.random.Generator) -> None:
    """Fill the hole patch by patch, lines first."""
    rows, columns = _sources(level, generator)
    known = (~level.hole).astype(np.float32)
    greedy_kernels.grow(
        level.colours.reshape(-1), level.texture, level.colours.mean(axis=2), known.copy(), bias, known,
        level.hole_rows, level.hole_columns, rows, columns, kernels.RADIUS,
    )  # fmt: skip


def _peel(
    level: Level, bias: Array, generator: np.random.Generator, *, spread: int, tick: Callable[[], None]
) -> None:
    """Fill the hole from the rim inwards, one ring of pixels after the other."""
    source_rows, source_columns = _sources(level, generator)
    todo = level.hole.copy()
    m = kernels.RADIUS
    colours = level.colours.reshape(-1)
    noise = np.float32(147.0 * 3.0**2 * spread)
    jitter = bias + generator.random(bias.shape, dtype=np.float32) * noise
    while todo.any():
        rim = todo & (cv2.erode(todo.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) == 0)
        if not rim.any():
            rim = todo
        rows, columns = (part.astype(np.int32) for part in np.nonzero(rim))
        centre_rows = np.clip(rows, m, todo.shape[0] - m - 1)
        centre_columns = np.clip(columns, m, todo.shape[1] - m - 1)
        found_rows, found_columns = np.full_like(rows, source_rows[0]), np.full_like(rows, source_columns[0])
        known = (~todo).astype(np.float32)
        for low in range(0, len(rows), PEELED):
            part = slice(low, low + PEELED)
            kernels.peel(
                colours, level.texture, jitter, known, centre_rows[part], centre_columns[part],
                source_rows, source_columns, found_rows[part], found_columns[part],
            )  # fmt: skip
            tick()
        from_rows, from_columns = found_rows + rows - centre_rows, found_columns + columns - centre_columns
        level.colours[rows, columns] = level.colours[from_rows, from_columns]
        level.texture[rows, columns] = level.texture[from_rows, from_columns]
        todo[rows, columns] = False


def _sources(level: Level, generator: np.random.Generator) -> tuple[Array, Array]:
    """Fewer sources for larger holes, so that an exhaustive search stays quick."""
    rows, columns = (part.astype(np.int32) for part in np.nonzero(level.usable))
    most = int(np.clip(COMPARED // max(1, len(level.hole_rows)), 400, MOST_SOURCES))
    if len(rows) > most:
        kept = np.sort(generator.choice(len(rows), most, replace=False))
        rows, columns = rows[kept], columns[kept]
    return rows, columns
