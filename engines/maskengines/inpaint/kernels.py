# ruff: noqa: PLR0917 - compiled functions take their arrays one by one.
"""Hot loops of exemplar completion, compiled by numba.

All kernels see one level of the pyramid through the same arrays, so that each compiles once:

- ``colours``: flat float32 of ``H * W * 3`` values in 0..255, row by row, with a margin of `RADIUS`
  pixels on every side in which no patch is centred;
- ``texture``: ``(H, W, 2)`` float32, the strength of horizontal and vertical detail around a pixel;
- ``usable``: ``(H, W)`` uint8, 1 where a patch lies wholly in what is given;
- ``index``: ``(H, W)`` int32, the number of the target patch centred there, or -1;
- ``rows, columns``: int32, centres of the targets; ``match_rows, match_columns``: of their matches.

They release the GIL, keep no state and draw random numbers from the ``random`` they are given, so
that a candidate depends on its seed alone and never on threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from maskengines.compiling import kernel

RADIUS = 3
SIZE = 2 * RADIUS + 1
CHANNELS = 3
ROW = np.uintp(SIZE * CHANNELS)
Array = np.ndarray[Any, Any]


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _patch_distance(
    colours: Array, width: int, texture: Array, y: int, x: int, sy: int, sx: int, limit: Any
) -> Any:
    """Squared distance of two patches, Newson 2014 eq. 4; stops early above ``limit``."""
    u = texture[y, x, 0] - texture[sy, sx, 0]
    v = texture[y, x, 1] - texture[sy, sx, 1]
    total = u * u + v * v
    stride = np.uintp(width * CHANNELS)
    a = np.uintp(((y - RADIUS) * width + x - RADIUS) * CHANNELS)
    b = np.uintp(((sy - RADIUS) * width + sx - RADIUS) * CHANNELS)
    for _ in range(SIZE):
        if total >= limit:
            return total
        part = np.float32(0.0)
        for k in range(ROW):
            d = colours[a + k] - colours[b + k]
            part += d * d
        total += part
        a += stride
        b += stride
    return total


@njit(cache=True, nogil=True, inline="always")
def _draw(random: Array) -> int:
    """Next 31 random bits of an xorshift64* generator (Vigna 2016) whose state is ``random[0]``."""
    s = random[0]
    s ^= s >> np.uint64(12)
    s ^= s << np.uint64(25)
    s ^= s >> np.uint64(27)
    random[0] = s
    return np.int64((s * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(33))  # type: ignore[return-value]


@kernel()
def measure(
    colours: Array,
    texture: Array,
    bias: Array,
    rows: Array,
    columns: Array,
    match_rows: Array,
    match_columns: Array,
    costs: Array,
) -> None:
    """Fill ``costs`` with the distance of every target to its present match, bias included."""
    width = bias.shape[1]
    for i in range(rows.shape[0]):
        sy, sx = match_rows[i], match_columns[i]
        costs[i] = bias[sy, sx] + _patch_distance(
            colours, width, texture, rows[i], columns[i], sy, sx, np.float32(1e30)
        )


@kernel()
def search(
    colours: Array,
    texture: Array,
    bias: Array,
    usable: Array,
    index: Array,
    rows: Array,
    columns: Array,
    match_rows: Array,
    match_columns: Array,
    costs: Array,
    random: Array,
    first: int,
    last: int,
    step: int,
    reach: int,
) -> None:
    """PatchMatch (Barnes 2009, section 3.2) over targets ``first .. last`` in steps of ``step``.

    ``step`` is 1 (propagation from left and above) or -1 (from right and below). ``reach`` is the
    first radius of the random search in pixels; it halves until it is below 1. ``bias`` is added to
    the cost of a source patch, which is how a seed prefers some of them.
    """
    height, width = usable.shape
    for i in range(first, last, step):
        y, x = rows[i], columns[i]
        by, bx, best = match_rows[i], match_columns[i], costs[i]
        for side in range(2):
            dy = step if side else 0
            dx = 0 if side else step
            j = index[y - dy, x - dx]
            if j >= 0:
                sy, sx = match_rows[j] + dy, match_columns[j] + dx
                if (sy != by or sx != bx) and 0 <= sy < height and 0 <= sx < width and usable[sy, sx]:
                    least = best - bias[sy, sx]
                    if least > 0:
                        d = _patch_distance(colours, width, texture, y, x, sy, sx, least)
                        if d < least:
                            by, bx, best = sy, sx, d + bias[sy, sx]
        radius = reach
        while radius >= 1:
            span = 2 * radius + 1
            sy = by + _draw(random) % span - radius
            sx = bx + _draw(random) % span - radius
            if 0 <= sy < height and 0 <= sx < width and usable[sy, sx]:
                least = best - bias[sy, sx]
                if least > 0:
                    d = _patch_distance(colours, width, texture, y, x, sy, sx, least)
                    if d < least:
                        by, bx, best = sy, sx, d + bias[sy, sx]
            radius //= 2
        match_rows[i], match_columns[i], costs[i] = by, bx, best


@kernel()
def vote(
    colours: Array,
    texture: Array,
    index: Array,
    match_rows: Array,
    match_columns: Array,
    weights: Array,
    hole_rows: Array,
    hole_columns: Array,
    new_colours: Array,
    new_texture: Array,
) -> None:
    """Reconstruction step, Wexler 2007 eq. 4: each hole pixel becomes the weighted mean of what the
    matches of all patches over it propose. ``weights`` is one float32 per target. ``new_*`` receive
    one row per hole pixel."""
    width = index.shape[1]
    height = index.shape[0]
    for p in range(hole_rows.shape[0]):
        y, x = hole_rows[p], hole_columns[p]
        total = np.float32(0.0)
        c0 = c1 = c2 = t0 = t1 = np.float32(0.0)
        for dy in range(-RADIUS, RADIUS + 1):
            qy = y - dy
            if qy < 0 or qy >= height:
                continue
            for dx in range(-RADIUS, RADIUS + 1):
                qx = x - dx
                if qx < 0 or qx >= width:
                    continue
                j = index[qy, qx]
                if j < 0:
                    continue
                w = weights[j]
                sy, sx = match_rows[j] + dy, match_columns[j] + dx
                a = (sy * width + sx) * CHANNELS
                c0 += w * colours[a]
                c1 += w * colours[a + 1]
                c2 += w * colours[a + 2]
                t0 += w * texture[sy, sx, 0]
                t1 += w * texture[sy, sx, 1]
                total += w
        a = (y * width + x) * CHANNELS
        if total > 0:
            new_colours[p, 0] = c0 / total
            new_colours[p, 1] = c1 / total
            new_colours[p, 2] = c2 / total
            new_texture[p, 0] = t0 / total
            new_texture[p, 1] = t1 / total
        else:
            new_colours[p, 0] = colours[a]
            new_colours[p, 1] = colours[a + 1]
            new_colours[p, 2] = colours[a + 2]
            new_texture[p, 0] = texture[y, x, 0]
            new_texture[p, 1] = texture[y, x, 1]


@kernel()
def pick(
    index: Array,
    match_rows: Array,
    match_columns: Array,
    costs: Array,
    hole_rows: Array,
    hole_columns: Array,
    from_rows: Array,
    from_columns: Array,
) -> None:
    """Newson 2014 section 3.4: the source pixel each hole pixel is copied from, taken from the patch
    over it that matches best, with patches centred near the pixel preferred. ``from_*`` keep their
    value (-1 means none) where no patch covers the pixel."""
    height, width = index.shape
    for p in range(hole_rows.shape[0]):
        y, x = hole_rows[p], hole_columns[p]
        best = np.float32(1e30)
        for dy in range(-RADIUS, RADIUS + 1):
            qy = y - dy
            if qy < 0 or qy >= height:
                continue
            for dx in range(-RADIUS, RADIUS + 1):
                qx = x - dx
                if qx < 0 or qx >= width:
                    continue
                j = index[qy, qx]
                if j < 0:
                    continue
                d = (costs[j] + np.float32(1.0)) * np.float32(1.0 + 0.05 * (dy * dy + dx * dx))
                if d < best:
                    best = d
                    from_rows[p] = match_rows[j] + dy
                    from_columns[p] = match_columns[j] + dx


@kernel(fastmath=True)
def peel(
    colours: Array,
    texture: Array,
    bias: Array,
    known: Array,
    ring_rows: Array,
    ring_columns: Array,
    source_rows: Array,
    source_columns: Array,
    match_rows: Array,
    match_columns: Array,
) -> None:
    """One layer of the onion (Newson 2014 section 3.3): for every ring pixel the source whose patch
    agrees best where the pixel's own patch is ``known`` ((H, W) float32, 0..1). Exhaustive search."""
    width = bias.shape[1]
    for i in range(ring_rows.shape[0]):
        y, x = ring_rows[i], ring_columns[i]
        weight = np.float32(1e-6)
        for dy in range(-RADIUS, RADIUS + 1):
            for dx in range(-RADIUS, RADIUS + 1):
                weight += known[y + dy, x + dx]
        scale = np.float32(SIZE * SIZE) / weight
        best = np.float32(1e30)
        for s in range(source_rows.shape[0]):
            sy, sx = source_rows[s], source_columns[s]
            limit = (best - bias[sy, sx]) / scale
            total = np.float32(0.0)
            for dy in range(-RADIUS, RADIUS + 1):
                if total >= limit:
                    break
                for dx in range(-RADIUS, RADIUS + 1):
                    k = known[y + dy, x + dx]
                    if k > 0:
                        a = ((y + dy) * width + x + dx) * CHANNELS
                        b = ((sy + dy) * width + sx + dx) * CHANNELS
                        d0 = colours[a] - colours[b]
                        d1 = colours[a + 1] - colours[b + 1]
                        d2 = colours[a + 2] - colours[b + 2]
                        u = texture[y + dy, x + dx, 0] - texture[sy + dy, sx + dx, 0]
                        v = texture[y + dy, x + dx, 1] - texture[sy + dy, sx + dx, 1]
                        total += k * (d0 * d0 + d1 * d1 + d2 * d2)
                        total += k * (u * u + v * v) / np.float32(SIZE * SIZE)
            if total < limit:
                best = total * scale + bias[sy, sx]
                match_rows[i], match_columns[i] = sy, sx


@kernel(fastmath=True)
def relax(
    values: Array,
    target: Array,
    pull: Any,
    neighbours: Array,
    steps: Array,
    first: int,
    last: int,
    omega: Any,
) -> None:
    """Screened Poisson equation: one sweep of successive over-relaxation over unknowns ``first .. last``.

    Minimises ``sum_{p,q} |u_p - u_q - steps_pq|^2 + pull * sum_p |u_p - target_p|^2`` (Perez 2003
    eq. 7 with the screening of Bhat 2008). ``values`` is ``(N + K, C)``: N unknown then K fixed
    pixels; ``neighbours`` ``(N, 4)`` int32 indexes it (-1: none); ``steps`` is ``(N, 4, C)``.
    """
    channels = target.shape[1]
    for p in range(first, last):
        for c in range(channels):
            total = pull * target[p, c]
            weight = pull
            for k in range(4):
                q = neighbours[p, k]
                if q >= 0:
                    total += values[q, c] + steps[p, k, c]
                    weight += np.float32(1.0)
            values[p, c] += omega * (total / weight - values[p, c])
