"""What repeats in a photo: courses of bricks, tiles, boards, windows; and a first guess that goes on with it.

The shifts at which the photo looks like itself are the peaks of its autocorrelation (masked, Padfield
2012, "Masked object registration in the Fourier domain", eq. 8). As no wall is seen quite from the front,
each shift is refined to an affine map (Lucas, Kanade 1981, in the form of Bergen et al. 1992). Where
these maps carry the photo onto itself, a hole pixel is what they bring there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from maskengines.inpaint import kernels
from maskengines.inpaint.pyramid import Level

Array = np.ndarray[Any, Any]
MOST_PIXELS = 60_000
ROWS = 32_000
"""OpenCV asserts that what it samples at once has fewer than 32 767."""
LOW = 6.0
NEAREST = 3
LEAST_PEAK = 0.1
PEAKS = 32
TRIED = 6
LEAST_LIKENESS = 0.55
STEPS = 6
FEWEST = 200
LEAST_SEEN = 0.35
SHARPNESS = 15.0
BAND = 0.2
PARTS = (0.25, 0.4, 0.5, 0.6, 0.75)
DIP = 0.5
LEAST_TOLD = 0.3
MARGINS = (0.08, 0.15, 1.0)


@dataclass(frozen=True, eq=False)
class Repeat:
    """One way the photo repeats.

    Attributes:
        offset: ``(3, 2)``: the shift (rows, columns) of ``(1, y, x)``, pixels from the level's middle over
            half its longer side.
        likeness: correlation of the photo, low frequencies taken out, with itself so moved; near the hole.
    """

    offset: Array
    likeness: float


class Repeats:
    """The repeats of one level's given part; empty where there are none worth the name."""

    def __init__(self, level: Level) -> None:
        self._level = level
        self.found: list[Repeat] = []
        if level.hole.size > MOST_PIXELS or not level.usable.any():
            return
        window = np.ones((kernels.SIZE, kernels.SIZE), np.uint8)
        self._given = cv2.dilate(level.usable, window).astype(np.float32)
        self._low = _smooth(level.colours, self._given)
        self._detail = (level.colours - self._low) * self._given[..., None]
        grey = self._detail.mean(axis=2)
        peaks = _peaks(grey, self._given)
        fit = _Fit(grey, self._given, level)
        for number, shift in enumerate(peaks):
            if number == TRIED and max(repeat.likeness for repeat in self.found) < LEAST_LIKENESS:
                break
            self.found.append(fit.refined(shift))
        self.found = [repeat for repeat in self.found if repeat.likeness >= LEAST_LIKENESS]
        if self.found and self._told() < LEAST_TOLD:
            self.found = []

    def _told(self) -> float:
        """Which part of the detail in a band around the hole the repeats bring when it is hidden, in the
        quarter of the band where they bring least."""
        level = self._level
        wide = int(max(3, BAND * np.sqrt(len(level.hole_rows))))
        near = cv2.dilate(level.hole.astype(np.uint8), np.ones((2 * wide + 1, 2 * wide + 1), np.uint8))
        rows, columns = np.nonzero((near > 0) & (self._given > 0))
        scores = np.array([repeat.likeness for repeat in self.found])
        _, _, detail = self._brought(self._given * (near == 0), scores, np.argsort(-scores))
        truth = self._detail[rows, columns]
        quarter = 2 * (rows > level.hole_rows.mean()) + (columns > level.hole_columns.mean())
        error = np.bincount(quarter, ((detail[rows, columns] - truth) ** 2).sum(axis=1), 4)
        power = np.bincount(quarter, (truth**2).sum(axis=1), 4)
        return float((1 - error / np.maximum(power, 1e-6)).min())

    def continue_into(
        self, level: Level, generator: np.random.Generator, stray: float
    ) -> tuple[Array, Array]:
        """Where each target's patch of ``level`` (one like the level looked at) comes from, if what repeats
        goes on from the rim inwards; the colours of the hole follow.

        ``stray`` is how far a seed's own taste may change the order of the repeats' likenesses.
        """
        scores = np.array([repeat.likeness for repeat in self.found])
        scores += stray * generator.standard_normal(len(scores))
        order = np.argsort(-scores)
        rows, columns, detail = self._brought(self._given, scores, order)
        inside = level.hole_rows, level.hole_columns
        level.colours[inside] = self._low[inside] + detail[inside]
        return self._matches(level, rows, columns, order)

    def _brought(self, given: Array, scores: Array, order: Array) -> tuple[Array, Array, Array]:
        """Where every pixel comes from, rows and columns, and the detail it brings; what is ``given``
        from itself."""
        rows, columns = (grid.astype(np.float32) for grid in np.indices(self._level.shape))
        reached = given.copy()
        detail = self._detail * given[..., None]
        todo_rows, todo_columns = np.nonzero(reached == 0)
        for margin in MARGINS:
            chosen = [i for i in order if scores[i] > scores[order[0]] - margin]
            while len(todo_rows):
                total = np.zeros((len(todo_rows), 3), np.float32)
                weight = np.zeros(len(todo_rows), np.float32)
                best_y, best_x = np.zeros_like(weight), np.zeros_like(weight)
                for i in chosen:
                    y, x = _moved(self.found[i].offset, todo_rows, todo_columns, self._level.shape)
                    there = _at(reached, y, x) > 0.99
                    share = np.float32(np.exp(SHARPNESS * (scores[i] - scores[order[0]]))) * there
                    first = there & (weight == 0)
                    best_y[first], best_x[first] = y[first], x[first]
                    total += share[:, None] * _at(detail, y, x)
                    weight += share
                new = weight > 0
                if not new.any():
                    break
                y, x = todo_rows[new], todo_columns[new]
                near_y, near_x = np.rint(best_y[new]).astype(int), np.rint(best_x[new]).astype(int)
                # What a repeat brings may itself have been brought: keep where it came from at first.
                rows[y, x] = rows[near_y, near_x] + best_y[new] - near_y
                columns[y, x] = columns[near_y, near_x] + best_x[new] - near_x
                detail[y, x] = total[new] / weight[new, None]
                reached[y, x] = 1
                todo_rows, todo_columns = todo_rows[~new], todo_columns[~new]
        return rows, columns, detail

    def _matches(self, level: Level, rows: Array, columns: Array, order: Array) -> tuple[Array, Array]:
        at = level.rows, level.columns
        found_rows, found_columns = rows[at].copy(), columns[at].copy()
        # A patch at the rim whose centre is given must not be its own match.
        open_ = (self._given[at] > 0) & (level.usable[at] == 0)
        for i in order:
            y, x = _moved(self.found[i].offset, *at, level.shape)
            near_y = np.clip(np.rint(y), 0, level.shape[0] - 1).astype(int)
            near_x = np.clip(np.rint(x), 0, level.shape[1] - 1).astype(int)
            good = open_ & (level.usable[near_y, near_x] > 0)
            found_rows[good], found_columns[good] = y[good], x[good]
            open_ &= ~good
        return level.nearest_usable(
            np.rint(found_rows).astype(np.int32), np.rint(found_columns).astype(np.int32)
        )


class _Fit:
    """Refines shifts to affine maps, by what is given near the hole."""

    def __init__(self, grey: Array, given: Array, level: Level) -> None:
        self._grey, self._given, self._shape = grey, given, level.shape
        soft = cv2.GaussianBlur(grey, (0, 0), 1.0)
        self._down = cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=1 / 8)
        self._across = cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=1 / 8)
        self._rows, self._columns = np.nonzero(given > 0)
        away = cv2.distanceTransform((~level.hole).astype(np.uint8), cv2.DIST_L2, 5)
        reach = max(8.0, 0.5 * float(np.sqrt(len(level.hole_rows))))
        self._near = np.exp(-away[self._rows, self._columns] / reach)
        self._basis = _basis(self._rows, self._columns, self._shape)
        self._values = grey[self._rows, self._columns]

    def refined(self, shift: Array) -> Repeat:
        offset = np.zeros((3, 2))
        offset[0] = shift
        for _ in range(STEPS):
            y, x = _moved(offset, self._rows, self._columns, self._shape)
            inside = _at(self._given, y, x) > 0.99
            if int(inside.sum()) < FEWEST:
                return Repeat(offset, 0.0)
            y, x, basis = y[inside], x[inside], self._basis[inside]
            error = self._values[inside] - _at(self._grey, y, x)
            down, across = _at(self._down, y, x), _at(self._across, y, x)
            slope = np.concatenate([basis * down[:, None], basis * across[:, None]], axis=1)
            weight = self._near[inside] / (1.0 + (error / (error.std() + 1e-6)) ** 2)
            normal = (slope * weight[:, None]).T @ slope
            # Without a leaning, maps of faint repeats would shear without end.
            normal += np.diag([5e-5, 0.015, 0.015] * 2) * max(normal[0, 0], normal[3, 3], 1e-6)
            step = np.clip(np.linalg.solve(normal, (slope * weight[:, None]).T @ error), -1.5, 1.5)
            offset += step.reshape(2, 3).T
        likeness = self._likeness(offset)
        between = min(self._likeness(part * offset) for part in PARTS) if likeness >= LEAST_LIKENESS else 1.0
        # A horizon is like itself however far it is moved along: only what differs in between repeats.
        return Repeat(offset, likeness if between <= DIP * likeness else 0.0)

    def _likeness(self, offset: Array) -> float:
        y, x = _moved(offset, self._rows, self._columns, self._shape)
        inside = _at(self._given, y, x) > 0.99
        if int(inside.sum()) < FEWEST:
            return 0.0
        weight = self._near[inside] / self._near.sum()
        if weight.sum() < LEAST_SEEN:
            return 0.0
        weight /= weight.sum()
        one, other = self._values[inside], _at(self._grey, y[inside], x[inside])
        one, other = one - (weight * one).sum(), other - (weight * other).sum()
        power = (weight * one**2).sum() * (weight * other**2).sum()
        return float((weight * one * other).sum() / np.sqrt(power + 1e-6))


def _peaks(grey: Array, given: Array) -> Array:
    """``(K, 2)``: shifts at which ``grey`` is like itself, best first."""
    height, width = grey.shape
    size = (cv2.getOptimalDFTSize(2 * height), cv2.getOptimalDFTSize(2 * width))
    values = (grey - grey[given > 0].mean()) * given
    mask, first, second = (np.fft.rfft2(part, size) for part in (given, values, values**2))

    def correlated(one: Array, other: Array) -> Array:
        return np.fft.irfft2(np.conj(one) * other, size)

    count = np.maximum(correlated(mask, mask), 1.0)
    ahead, behind = correlated(mask, first), correlated(first, mask)
    power = np.maximum(correlated(mask, second) - ahead**2 / count, 0)
    power *= np.maximum(correlated(second, mask) - behind**2 / count, 0)
    power = np.sqrt(power)
    likeness = (correlated(first, first) - ahead * behind / count) / np.maximum(
        power, 1e-3 * power.max() + 1e-9
    )
    likeness[count < 0.15 * given.sum()] = -1.0
    likeness = np.roll(likeness, (height, width), (0, 1))[: 2 * height, : 2 * width].astype(np.float32)
    top = (likeness == cv2.dilate(likeness, np.ones((3, 3), np.uint8))) & (likeness > LEAST_PEAK)
    shifts, heights = np.argwhere(top) - (height, width), likeness[top]
    far = np.abs(shifts).max(axis=1) >= NEAREST
    order = np.argsort(-heights[far], kind="stable")[:PEAKS]
    return shifts[far][order]


def _smooth(colours: Array, given: Array) -> Array:
    mass = cv2.GaussianBlur(given, (0, 0), LOW)
    wide = cv2.GaussianBlur(given, (0, 0), 4 * LOW)
    near = cv2.GaussianBlur(colours * given[..., None], (0, 0), LOW)
    far = cv2.GaussianBlur(colours * given[..., None], (0, 0), 4 * LOW)
    # Where nothing is given nearby, what is given farther away says the tone.
    trust = np.float32(0.02)
    far = far / np.maximum(wide, 1e-4)[..., None]
    return (near + trust * far) / (mass + trust)[..., None]


def _basis(rows: Array, columns: Array, shape: tuple[int, int]) -> Array:
    half = max(shape) / 2
    return np.stack(
        [np.ones(len(rows)), (rows - shape[0] / 2) / half, (columns - shape[1] / 2) / half], axis=1
    )


def _moved(offset: Array, rows: Array, columns: Array, shape: tuple[int, int]) -> tuple[Array, Array]:
    shift = _basis(rows, columns, shape) @ offset
    return (rows + shift[:, 0]).astype(np.float32), (columns + shift[:, 1]).astype(np.float32)


def _at(image: Array, y: Array, x: Array) -> Array:
    """Bilinear samples; 0 outside."""
    parts = []
    for low in range(0, max(len(y), 1), ROWS):
        part = slice(low, low + ROWS)
        parts.append(cv2.remap(
            image, x[part].reshape(-1, 1), y[part].reshape(-1, 1), cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT, borderValue=0,
        ))  # fmt: skip
    return np.concatenate(parts).reshape(len(y), *image.shape[2:])
