"""Exemplar completion: expectation and maximisation over a pyramid of levels.

Wexler, Shechtman, Irani 2007, "Space-time completion of video" (the energy and its EM), searched by
PatchMatch (Barnes et al. 2009), with the texture features, the onion-peel start and the final copying
of Newson et al. 2014, "Video inpainting of complex scenes".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np

from maskengines.inpaint import kernels, starts
from maskengines.inpaint.likeness import Likeness, Texture, distances
from maskengines.inpaint.pilots import NUMBER as PILOTS
from maskengines.inpaint.pilots import Pilots
from maskengines.inpaint.pyramid import Level
from maskengines.inpaint.repeats import Repeats

Array = np.ndarray[Any, Any]
CHUNK = 4096
VOTED = 65536
MOST_TRIED = 6000
MOST_SEARCHED = 200_000
STRAY = 0.3
ROUNDS = 5
LIKENESS = 30.0
LEAST_SHAPES = 70
REPEATED = 4
STRAYED = 0.06
SKETCHED = 4
# What a target costs in a first guess, in rounds of refining one; measured, for the progress bar only.
GUESS = 80


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
        wanted: the texture the fill should show, where it was asked for.
    """

    estimate: Array
    from_rows: Array
    from_columns: Array
    energy: float
    wanted: Texture | None = None

    def enlarged(self, times: int, hole: Array) -> Solution:
        """The solution of a photo ``times`` (a power of two) larger, whose hole is ``hole``; blocks of
        ``times`` x ``times`` pixels are copied together."""
        height, width = hole.shape
        rows, columns = (grid.astype(np.int32) for grid in np.indices((height, width), sparse=True))
        coarse = rows // times, columns // times
        from_rows = np.minimum(self.from_rows[coarse] * times + rows % times, height - 1)
        from_columns = np.minimum(self.from_columns[coarse] * times + columns % times, width - 1)
        return Solution(
            estimate=cv2.resize(self.estimate, (width, height), interpolation=cv2.INTER_LINEAR),
            from_rows=np.where(hole, from_rows, rows).astype(np.int32),
            from_columns=np.where(hole, from_columns, columns).astype(np.int32),
            energy=self.energy,
        )


@dataclass(frozen=True)
class Plan:
    """How one candidate is searched: its random numbers, first guesses and the pull of its taste; and the
    pilots it shares with the other candidates. With a `sketch` ``(H, W, 3)`` float32, 0..255, of what the
    hole should show there is one first guess, the sketch.
    """

    generator: np.random.Generator
    starts: int
    variety: float
    pilots: Pilots = field(default_factory=Pilots)
    sketch: Array | None = None


Watch = Callable[[float, Callable[[], Array] | None], None]
"""Called every few milliseconds with the fraction done and a way to get the estimate so far
(``(H, W, 3)`` float32), ``None`` while first guesses grow; raises `Cancelled` to stop."""


def complete(levels: list[Level], plan: Plan, watch: Watch) -> Solution:
    """Fill the hole of ``levels[0]``; the levels themselves stay as they are, so threads can share them.

    Several first guesses are refined on coarse levels, where they cost little, and the one that fits
    the photo best in patches and in texture goes on. Equal ``plan`` seeds give equal solutions, bit for
    bit.
    """
    search = _Search(levels, plan, watch)
    level, matches, wanted = search.begun()
    for finer in range(search.depth - 1, -1, -1):
        done = 1 - (1 - search.share) * sum(search.final[: finer + 1]) / max(sum(search.final), 1)
        level, matches = _finer(
            level, matches, levels[finer], search.taste[finer], search.random,
            rounds=_rounds(finer, len(levels[finer].rows)), tick=_ticker(watch, done, level),
        )  # fmt: skip
    return _solution(level, matches, wanted, _ticker(watch, 1.0, level))


class _Search:
    """First guesses, and the choice among them.

    Attributes:
        base: the coarsest level that still shows shapes.
        depth: the finer level on which guesses are compared.
        final: work left after that, by level, in rounds of refining a target.
        share: of all work, what the guesses are.
    """

    def __init__(self, levels: list[Level], plan: Plan, watch: Watch) -> None:
        self._levels, self._plan, self._watch = levels, plan, watch
        self.taste = _taste(levels, plan)
        self.random = np.array([plan.generator.integers(1, 2**63, dtype=np.uint64)], np.uint64)
        sides = [min(level.shape) - 2 * kernels.RADIUS for level in levels]
        self.base = max([0] + [i for i, side in enumerate(sides) if side >= LEAST_SHAPES])
        self.depth = self.base
        while self.depth > 1 and self.base - self.depth < 2 and self._small(self.depth - 1):
            self.depth -= 1
        targets = [len(level.rows) for level in levels]
        self.final = [_rounds(finer, targets[finer]) * targets[finer] for finer in range(self.depth)]
        first = targets[self.base] * (GUESS if targets[self.base] < starts.MOST_PEELED else 2)
        self._attempt = first + ROUNDS * sum(targets[self.depth : self.base])
        self._made, self._number = 0, 1
        self.share = 0.0
        self._expect(1)

    def _expect(self, number: int) -> None:
        """How many guesses there will be; for the progress bar."""
        self._number = number
        self.share = number * self._attempt / max(number * self._attempt + sum(self.final), 1)

    def _tick(self) -> None:
        """A guess grows. What it looks like is nothing to show yet."""
        self._watch(self.share * min(self._made / self._number, 1.0), None)

    def _await(self) -> None:
        """Others grow the last pilots, which counts as if done here."""
        self._made = max(self._made, self._plan.pilots.ready)
        self._tick()

    def begun(self) -> tuple[Level, Matches, Texture | None]:
        """The guess to go on with, on level `depth`, and the texture the fill is to show."""
        base = self._levels[self.base]
        small = self.base > 0 and self._small(self.base)
        if self._plan.sketch is not None:
            drawn = self._sketched(self._plan.sketch)
            if not small:
                return *drawn, None
            likeness = Likeness(self._levels[0])
            return *drawn, Texture(likeness.wanted([self._textured(likeness, *drawn)]))
        if not small:
            return *self._guess(0), None
        likeness = Likeness(self._levels[0])
        repeats = Repeats(base)
        number = REPEATED if repeats.found else self._plan.starts
        self._expect(PILOTS + number)
        shown = self._plan.pilots.textures(
            lambda pilot: self._textured(likeness, *self._pilot(pilot, repeats)), self._await
        )
        self._made = PILOTS
        wanted = likeness.wanted(shown)
        if repeats.found:
            found = [
                self._repeated(repeats, self.taste, self._plan.generator, self.random) for _ in range(number)
            ]
            # What goes on in step is as strong as it should be, whatever is beside the hole.
            texture = Texture(np.mean(shown, axis=0), known=True)
            return *found[self._best(found, likeness, wanted)], texture
        found = [self._guess(start) for start in range(number)]
        return *found[self._best(found, likeness, wanted)], Texture(wanted)

    def _small(self, depth: int) -> bool:
        return len(self._levels[depth].rows) <= MOST_TRIED

    def _guess(self, start: int) -> tuple[Level, Matches]:
        kind, deeper = starts.KINDS[start % len(starts.KINDS)]
        at = min(self.base + deeper, len(self._levels) - 1)
        return self._grown(kind, at, start, self.taste, self._plan.generator, self.random)

    def _pilot(self, number: int, repeats: Repeats) -> tuple[Level, Matches]:
        """A guess that no seed changes: what to expect of a fill, so that all seeds aim at the same."""
        at = min(self.base + number % 2, len(self._levels) - 1)
        generator = np.random.default_rng(number)
        random = np.array([number + 1], np.uint64)
        plain = [np.zeros(level.shape, np.float32) for level in self._levels]
        if repeats.found:
            return self._repeated(repeats, plain, generator, random)
        return self._grown("lines", at, number, plain, generator, random)

    def _repeated(
        self, repeats: Repeats, taste: list[Array], generator: np.random.Generator, random: Array
    ) -> tuple[Level, Matches]:
        level = self._levels[self.base].copy()
        brought = repeats.continue_into(level, generator, STRAYED * self._plan.variety)
        matches = Matches(*brought, np.empty(len(level.rows), np.float32))
        _vote(level, matches.rows, matches.columns, level.trust, self._tick)
        level, matches = _refine(level, matches, taste[self.base], random, rounds=3, tick=self._tick)
        return self._refined(level, matches, self.base, taste, random)

    def _sketched(self, sketch: Array) -> tuple[Level, Matches]:
        """The guess that `sketch` shows, in patches of the photo."""
        at, taste = self.base, self.taste[self.base]
        level = self._levels[at].copy()
        level.draw(sketch)
        rows, columns = (part.astype(np.int32) for part in np.nonzero(level.usable))
        chosen = self._plan.generator.integers(0, len(rows), len(level.rows))
        matches = Matches(rows[chosen], columns[chosen], np.empty(len(level.rows), np.float32))
        # A sketch knows colours and shapes and no texture; that comes with the patches it is matched to.
        plain = replace(level, texture=np.zeros_like(level.texture))
        for _ in range(SKETCHED):
            _search(plain, matches, taste, self.random, max(level.shape) // 2, self._tick)
        weights = _weights(matches.costs - taste[matches.rows, matches.columns], level.trust)
        _vote(level, matches.rows, matches.columns, weights, self._tick)
        level, matches = _refine(level, matches, taste, self.random, rounds=2, tick=self._tick)
        return self._refined(level, matches, at, self.taste, self.random)

    def _grown(  # noqa: PLR0917
        self, kind: str, at: int, spread: int, taste: list[Array], generator: np.random.Generator,
        random: Array,
    ) -> tuple[Level, Matches]:  # fmt: skip
        level = self._levels[at].copy()
        starts.guess(level, taste[at], generator, kind, spread, self._tick)
        rows, columns = (part.astype(np.int32) for part in np.nonzero(level.usable))
        chosen = generator.integers(0, len(rows), len(level.rows))
        matches = Matches(rows[chosen], columns[chosen], np.empty(len(level.rows), np.float32))
        rounds = 10 if len(level.rows) < starts.MOST_PEELED else 2
        level, matches = _refine(level, matches, taste[at], random, rounds=rounds, tick=self._tick)
        return self._refined(level, matches, at, taste, random)

    def _refined(
        self, level: Level, matches: Matches, at: int, taste: list[Array], random: Array
    ) -> tuple[Level, Matches]:
        for finer in range(at - 1, self.depth - 1, -1):
            level, matches = _finer(
                level, matches, self._levels[finer], taste[finer], random, rounds=ROUNDS, tick=self._tick
            )
        self._made += 1
        return level, matches

    def _textured(self, likeness: Likeness, level: Level, matches: Matches) -> Array:
        sources = _best_sources(level, matches, self._tick)
        return likeness.of(level, self.depth, *sources)

    def _best(self, found: list[tuple[Level, Matches]], likeness: Likeness, wanted: Array) -> int:
        """Which first guess fits the photo best: in patches, relative to the others, and in texture."""
        bias = self.taste[self.depth]
        misfits = np.array([starts.misfit(lev, m.costs - bias[m.rows, m.columns]) for lev, m in found])
        away = distances([self._textured(likeness, *guess) for guess in found], wanted)
        return int((misfits / max(float(misfits.mean()), 1e-9) + LIKENESS * away).argmin())


def _finer(
    coarse: Level,
    matches: Matches,
    finer: Level,
    bias: Array,
    random: Array,
    *,
    rounds: int,
    tick: Callable[[], None],
) -> tuple[Level, Matches]:
    """The next finer level, beginning from what was found on ``coarse``."""
    level = finer.copy()
    matches = _carried_over(coarse, level, matches, random)
    _vote(level, matches.rows, matches.columns, level.trust, tick)
    return _refine(level, matches, bias, random, rounds=rounds, tick=tick)


def _ticker(watch: Watch, done: float, level: Level) -> Callable[[], None]:
    return lambda: watch(done, lambda: level.colours)


def _rounds(depth: int, targets: int) -> int:
    if targets > MOST_SEARCHED:
        return 1
    if depth > 0:
        return ROUNDS
    return 2 if targets > MOST_SEARCHED // 3 else 3


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


def _refine(
    level: Level, matches: Matches, bias: Array, random: Array, *, rounds: int, tick: Callable[[], None]
) -> tuple[Level, Matches]:
    """EM: match every patch of the hole, vote, again; in place on ``level`` and ``matches``."""
    rows, columns, costs = matches.rows, matches.columns, matches.costs
    count = len(level.rows)
    # A large level inherits good offsets: passing them on costs a tenth of searching anew.
    reach = 0 if count > MOST_SEARCHED and rounds == 1 else max(level.shape) // 2
    for _ in range(rounds):
        _search(level, matches, bias, random, reach, tick)
        _vote(level, rows, columns, _weights(costs - bias[rows, columns], level.trust), tick)
    return level, matches


def _search(  # noqa: PLR0917
    level: Level, matches: Matches, bias: Array, random: Array, reach: int, tick: Callable[[], None]
) -> None:
    """One round of PatchMatch forwards and one backwards, in place on ``matches``."""
    rows, columns, costs = matches.rows, matches.columns, matches.costs
    colours = level.colours.reshape(-1)
    count = len(level.rows)
    kernels.measure(colours, level.texture, bias, level.rows, level.columns, rows, columns, costs)
    for step in (1, -1):
        for low in range(0, count, CHUNK):
            high = min(count, low + CHUNK)
            first, last = (low, high) if step > 0 else (count - 1 - low, count - 1 - high)
            kernels.search(
                colours, level.texture, bias, level.usable, level.index, level.rows, level.columns,
                rows, columns, costs, random, first, last, step, reach,
            )  # fmt: skip
            tick()


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
    rows, columns = fine.nearest_usable(rows, columns)
    return Matches(rows, columns, np.empty(len(rows), np.float32))


def _solution(level: Level, matches: Matches, wanted: Texture | None, tick: Callable[[], None]) -> Solution:
    m = kernels.RADIUS
    kernels.measure(
        level.colours.reshape(-1), level.texture, np.zeros(level.shape, np.float32), level.rows,
        level.columns, matches.rows, matches.columns, matches.costs,
    )  # fmt: skip
    height, width = level.shape
    from_rows, from_columns = (grid.astype(np.int32) for grid in np.indices((height, width)))
    best_rows, best_columns = _best_sources(level, matches, tick)
    from_rows[level.hole_rows, level.hole_columns] = best_rows
    from_columns[level.hole_rows, level.hole_columns] = best_columns
    inner = slice(m, height - m), slice(m, width - m)
    return Solution(
        estimate=level.colours[inner].copy(),
        from_rows=np.ascontiguousarray(from_rows[inner]) - m,
        from_columns=np.ascontiguousarray(from_columns[inner]) - m,
        energy=float(matches.costs.mean()) / 147.0,
        wanted=wanted,
    )


def _best_sources(level: Level, matches: Matches, tick: Callable[[], None]) -> tuple[Array, Array]:
    """The pixel each hole pixel is best copied from."""
    rows, columns = level.hole_rows.copy(), level.hole_columns.copy()
    for low in range(0, len(rows), VOTED):
        part = slice(low, low + VOTED)
        kernels.pick(
            level.index, matches.rows, matches.columns, matches.costs,
            level.hole_rows[part], level.hole_columns[part], rows[part], columns[part],
        )  # fmt: skip
        tick()
    return rows, columns
