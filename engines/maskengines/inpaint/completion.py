"""Exemplar completion: expectation and maximisation over a pyramid of levels.

Wexler, Shechtman, Irani 2007, "Space-time completion of video" (the energy and its EM), searched by
PatchMatch (Barnes et al. 2009), with the texture features, the onion-peel start and the final copying
of Newson et al. 2014, "Video inpainting of complex scenes".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from maskengines.inpaint import greedy_kernels, kernels
from maskengines.inpaint.pyramid import Level
from maskengines.inpaint.shifts import shift_map

Array = np.ndarray[Any, Any]
CHUNK = 4096
PEELED = 512
VOTED = 65536
MOST_GROWN = 4000
MOST_PEELED = 60_000
STRAY = 0.3


@dataclass(frozen=True, eq=False)
class Matches:
    """The match of every target of a level and what it costs (squared distance of the patches)."""

    rows: Array
    columns: Array
    costs: Array


@dataclass(frozen=True, eq=False)
class Solution:
    """What a candidate is made from, without the level's margin.

    Attributes:
        estimate: ``(H, W, 3)`` float32, 0..255: the voted, seamless but softer fill.
        from_rows, from_columns: ``(H, W)`` int32: the pixel each hole pixel is best copied from;
            every given pixel is copied from itself.
        energy: mean squared difference per colour value between the fill's patches and their matches.
    """

    estimate: Array
    from_rows: Array
    from_columns: Array
    energy: float


@dataclass(frozen=True)
class Plan:
    """How one candidate is searched: its random numbers, first guesses and the pull of its taste."""

    generator: np.random.Generator
    starts: int
    variety: float


Watch = Callable[[float, Callable[[], Array]], None]
"""Called every few milliseconds with the fraction done and a way to get the estimate so far
(``(H, W, 3)`` float32); raises `Cancelled` to stop."""


def complete(levels: list[Level], plan: Plan, watch: Watch) -> Solution:
    """Fill the hole of ``levels[0]``; the levels themselves stay as they are, so threads can share them.

    Equal ``plan`` seeds give equal solutions, bit for bit.
    """
    taste = _taste(levels, plan)
    random = np.array([plan.generator.integers(1, 2**63, dtype=np.uint64)], np.uint64)
    work = np.cumsum([0.0] + [float(len(level.rows)) for level in reversed(levels)])
    last = len(levels) - 1
    best: tuple[float, Level, Matches] | None = None
    for start in range(plan.starts if last > 0 else 1):
        level = levels[last].copy()
        matches = _first_guess(level, taste[last], plan, start, _ticker(watch, 0.0, level))
        level, matches = _refine(
            level,
            matches,
            taste[last],
            random,
            rounds=10 if len(level.rows) < MOST_PEELED else 3,
            tick=_ticker(watch, 0.0, level),
        )
        cost = _misfit(level, matches.costs)
        if best is None or cost < best[0]:
            best = (cost, level, matches)
    assert best is not None
    _, level, matches = best
    for depth in range(last - 1, -1, -1):
        done = work[last - depth] / work[-1]
        coarse, level = level, levels[depth].copy()
        matches = _carried_over(coarse, level, matches, random)
        _vote(level, matches.rows, matches.columns, level.trust, _ticker(watch, done, level))
        rounds = _rounds(depth, len(level.rows))
        level, matches = _refine(
            level, matches, taste[depth], random, rounds=rounds, tick=_ticker(watch, done, level)
        )
    return _solution(level, matches)


def _ticker(watch: Watch, done: float, level: Level) -> Callable[[], None]:
    return lambda: watch(done, lambda: level.colours)


def _rounds(depth: int, targets: int) -> int:
    if targets > 200_000:
        return 1
    return 3 if depth == 0 else 5


def _taste(levels: list[Level], plan: Plan) -> list[Array]:
    """What a seed adds to the cost of each source patch: a smooth random map, gone at full size, so
    that seeds draw from different parts of the photo but still end on patches that fit.

    It is a share of the patch's own variance, so that plain areas keep the tones that fit best.
    """
    height, width = levels[-1].shape
    noise = plan.generator.random((max(2, height // 6), max(2, width // 6)), dtype=np.float32)
    smooth = cv2.resize(2 * noise - 1, (width, height), interpolation=cv2.INTER_CUBIC)
    fields = []
    for depth, level in enumerate(levels):
        if depth == 0 and len(levels) > 1:
            fields.append(np.zeros(level.shape, np.float32))
            continue
        field = cv2.resize(smooth, (level.shape[1], level.shape[0]), interpolation=cv2.INTER_LINEAR)
        window = (kernels.SIZE, kernels.SIZE)
        mean = cv2.boxFilter(level.colours, -1, window)
        variance = np.maximum(cv2.boxFilter(level.colours**2, -1, window) - mean**2, 0).sum(axis=2)
        share = STRAY * plan.variety * kernels.SIZE**2
        fields.append(np.ascontiguousarray(field * variance * np.float32(share), np.float32))
    return fields


def _first_guess(level: Level, bias: Array, plan: Plan, start: int, tick: Callable[[], None]) -> Matches:
    """Fill the coarsest level in one of three ways and match its targets at random."""
    sources = np.argwhere(level.usable > 0).astype(np.int32)
    kind = start % 3
    if len(level.hole_rows) > MOST_PEELED:
        # So little is given that no coarser level holds a patch: begin with the mean colour.
        level.colours[level.hole] = level.colours[~level.hole].mean(axis=0)
    elif kind == 1 and len(level.hole_rows) <= MOST_GROWN:
        _grow(level, bias, sources, plan)
    elif kind < 2 or not shift_map(level, bias, plan.generator):
        _peel(level, bias, _sample(sources, level, plan), plan, start=start, tick=tick)
    chosen = plan.generator.integers(0, len(sources), len(level.rows))
    return Matches(
        np.ascontiguousarray(sources[chosen, 0]),
        np.ascontiguousarray(sources[chosen, 1]),
        np.empty(len(level.rows), np.float32),
    )


def _grow(level: Level, bias: Array, sources: Array, plan: Plan) -> None:
    """Fill the hole patch by patch, lines first."""
    sources = _sample(sources, level, plan)
    known = (~level.hole).astype(np.float32)
    greedy_kernels.grow(
        level.colours.reshape(-1), level.texture, level.colours.mean(axis=2), known.copy(), bias, known,
        level.hole_rows, level.hole_columns,
        np.ascontiguousarray(sources[:, 0]), np.ascontiguousarray(sources[:, 1]),
    )  # fmt: skip


def _sample(sources: Array, level: Level, plan: Plan) -> Array:
    """Fewer sources for larger holes, so that an exhaustive search stays quick."""
    most = int(np.clip(8_000_000 // max(1, len(level.hole_rows)), 400, 3000))
    if len(sources) <= most:
        return sources
    return sources[np.sort(plan.generator.choice(len(sources), most, replace=False))]


def _misfit(level: Level, costs: Array) -> float:
    """How badly a first guess fits the photo: costs relative to what each target patch holds, as
    otherwise the plainest guess would always win."""
    window = (kernels.SIZE, kernels.SIZE)
    mean = cv2.boxFilter(level.colours, -1, window)
    variance = np.maximum(cv2.boxFilter(level.colours**2, -1, window) - mean**2, 0).sum(axis=2)
    scale = kernels.SIZE**2 * (variance[level.rows, level.columns] + 25.0)
    return float((costs / scale).mean())


def _peel(
    level: Level, bias: Array, sources: Array, plan: Plan, *, start: int, tick: Callable[[], None]
) -> None:
    """Fill the hole from the rim inwards, one ring of pixels after the other."""
    todo = level.hole.copy()
    m = kernels.RADIUS
    colours = level.colours.reshape(-1)
    spread = np.float32(147.0 * 3.0**2 * start)
    jitter = bias + plan.generator.random(bias.shape, dtype=np.float32) * spread
    while todo.any():
        rim = todo & (cv2.erode(todo.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) == 0)
        if not rim.any():
            rim = todo
        rows, columns = (part.astype(np.int32) for part in np.nonzero(rim))
        centre_rows = np.clip(rows, m, todo.shape[0] - m - 1)
        centre_columns = np.clip(columns, m, todo.shape[1] - m - 1)
        found_rows, found_columns = np.full_like(rows, sources[0, 0]), np.full_like(rows, sources[0, 1])
        known = (~todo).astype(np.float32)
        for low in range(0, len(rows), PEELED):
            part = slice(low, low + PEELED)
            kernels.peel(
                colours, level.texture, jitter, known, centre_rows[part], centre_columns[part],
                np.ascontiguousarray(sources[:, 0]), np.ascontiguousarray(sources[:, 1]),
                found_rows[part], found_columns[part],
            )  # fmt: skip
            tick()
        from_rows, from_columns = found_rows + rows - centre_rows, found_columns + columns - centre_columns
        level.colours[rows, columns] = level.colours[from_rows, from_columns]
        level.texture[rows, columns] = level.texture[from_rows, from_columns]
        todo[rows, columns] = False


def _refine(
    level: Level, matches: Matches, bias: Array, random: Array, *, rounds: int, tick: Callable[[], None]
) -> tuple[Level, Matches]:
    """EM: match every patch of the hole, vote, again; in place on ``level`` and ``matches``."""
    rows, columns, costs = matches.rows, matches.columns, matches.costs
    colours = level.colours.reshape(-1)
    count = len(level.rows)
    reach = max(level.shape) // 2
    for _ in range(rounds):
        kernels.measure(colours, level.texture, bias, level.rows, level.columns, rows, columns, costs)
        for step in (1, -1):
            for low in range(0, count, CHUNK):
                high = min(count, low + CHUNK)
                if step > 0:
                    span = (low, high)
                else:
                    span = (count - 1 - low, count - 1 - high)
                kernels.search(
                    colours, level.texture, bias, level.usable, level.index, level.rows, level.columns,
                    rows, columns, costs, random, span[0], span[1], step, reach,
                )  # fmt: skip
                tick()
        _vote(level, rows, columns, _weights(costs - bias[rows, columns], level.trust), tick)
    return level, matches


def _weights(costs: Array, trust: Array) -> Array:
    """Wexler 2007 eq. 4: likelihood of each match, at the scale of the 75th percentile of the costs."""
    scale = max(float(np.quantile(costs, 0.75)), 1.0)
    return (np.exp(-costs / (2.0 * scale)) * trust + 1e-8).astype(np.float32)


def _vote(level: Level, rows: Array, columns: Array, weights: Array, tick: Callable[[], None]) -> None:
    new_colours = np.empty((len(level.hole_rows), 3), np.float32)
    new_texture = np.empty((len(level.hole_rows), 2), np.float32)
    for low in range(0, len(level.hole_rows), VOTED):
        part = slice(low, low + VOTED)
        kernels.vote(
            level.colours.reshape(-1), level.texture, level.index, rows, columns, weights,
            level.hole_rows[part], level.hole_columns[part], new_colours[part], new_texture[part],
        )  # fmt: skip
        tick()
    level.colours[level.hole_rows, level.hole_columns] = new_colours
    level.texture[level.hole_rows, level.hole_columns] = new_texture


def _carried_over(coarse: Level, fine: Level, matches: Matches, random: Array) -> Matches:
    """The matches of a level as a first guess for the next finer one: offsets doubled, each target
    taking the nearest coarse target's."""
    m = kernels.RADIUS
    empty = (coarse.index < 0).astype(np.uint8)
    labels = cv2.distanceTransformWithLabels(empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)[1]
    owner = np.zeros(int(labels.max()) + 1, np.int32)
    owner[labels[coarse.rows, coarse.columns]] = np.arange(len(coarse.rows), dtype=np.int32)
    near_rows = np.clip((fine.rows - m) // 2 + m, 0, coarse.shape[0] - 1)
    near_columns = np.clip((fine.columns - m) // 2 + m, 0, coarse.shape[1] - 1)
    nearest = owner[labels[near_rows, near_columns]]
    rows = fine.rows + 2 * (matches.rows[nearest] - coarse.rows[nearest])
    columns = fine.columns + 2 * (matches.columns[nearest] - coarse.columns[nearest])
    height, width = fine.shape
    rows = np.clip(rows, m, height - m - 1).astype(np.int32)
    columns = np.clip(columns, m, width - m - 1).astype(np.int32)
    missing = fine.usable[rows, columns] == 0
    if missing.any():
        blocked = (fine.usable == 0).astype(np.uint8)
        labels = cv2.distanceTransformWithLabels(blocked, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)[1]
        where = np.argwhere(fine.usable > 0).astype(np.int32)
        home = np.zeros((int(labels.max()) + 1, 2), np.int32)
        home[labels[where[:, 0], where[:, 1]]] = where
        moved = home[labels[rows[missing], columns[missing]]]
        rows[missing], columns[missing] = moved[:, 0], moved[:, 1]
    return Matches(rows, columns, np.empty(len(rows), np.float32))


def _solution(level: Level, matches: Matches) -> Solution:
    m = kernels.RADIUS
    kernels.measure(
        level.colours.reshape(-1), level.texture, np.zeros(level.shape, np.float32), level.rows,
        level.columns, matches.rows, matches.columns, matches.costs,
    )  # fmt: skip
    height, width = level.shape
    from_rows, from_columns = (grid.astype(np.int32) for grid in np.indices((height, width)))
    best_rows = level.hole_rows.copy()
    best_columns = level.hole_columns.copy()
    kernels.pick(
        level.index, matches.rows, matches.columns, matches.costs,
        level.hole_rows, level.hole_columns, best_rows, best_columns,
    )  # fmt: skip
    from_rows[level.hole_rows, level.hole_columns] = best_rows
    from_columns[level.hole_rows, level.hole_columns] = best_columns
    inner = slice(m, height - m), slice(m, width - m)
    return Solution(
        estimate=level.colours[inner].copy(),
        from_rows=np.ascontiguousarray(from_rows[inner]) - m,
        from_columns=np.ascontiguousarray(from_columns[inner]) - m,
        energy=float(matches.costs.mean()) / 147.0,
    )
