# ruff: noqa: PLR0917 - compiled functions take their arrays one by one.
"""Hot loops of the shift map, compiled by numba; arrays as in `kernels`."""

from __future__ import annotations

from typing import Any

import numpy as np

from maskengines.compiling import kernel
from maskengines.inpaint.kernels import CHANNELS, RADIUS, SIZE

Array = np.ndarray[Any, Any]
FAR = np.float32(3.0 * 255.0 * 255.0)


@kernel(fastmath=True)
def match_afar(
    colours: Array, width: int, rows: Array, columns: Array, apart: int, asked: Array, found: Array
) -> None:
    """For every patch ``asked`` (numbers into ``rows``, ``columns``) the most similar other one that
    is at least ``apart`` pixels away in some direction (He, Sun 2012, eq. 1)."""
    for i in range(asked.shape[0]):
        y, x = rows[asked[i]], columns[asked[i]]
        best = np.float32(1e30)
        for s in range(rows.shape[0]):
            sy, sx = rows[s], columns[s]
            if abs(sy - y) < apart and abs(sx - x) < apart:
                continue
            total = np.float32(0.0)
            for dy in range(-RADIUS, RADIUS + 1):
                if total >= best:
                    break
                a = ((y + dy) * width + x - RADIUS) * CHANNELS
                b = ((sy + dy) * width + sx - RADIUS) * CHANNELS
                for k in range(SIZE * CHANNELS):
                    d = colours[a + k] - colours[b + k]
                    total += d * d
            if total < best:
                best = total
                found[i] = s


@kernel(fastmath=True)
def shift_costs(
    colours: Array,
    given: Array,
    rows: Array,
    columns: Array,
    shifts: Array,
    number: Array,
    unary: Array,
    across: Array,
    radius: int,
) -> None:
    """Costs of giving hole pixel ``p`` shift ``a``.

    ``unary[p, a]`` compares what is given around the pixel with what is around its source, and is
    `FAR` where the source is not given. ``across[p, side, a, b]`` is the seam He and Sun 2012 eq. 4
    charge when ``p`` takes ``a`` and its right (side 0) or lower (side 1) neighbour takes ``b``.
    ``radius`` is `RADIUS`, handed in as constant loops would be unrolled and take longer to compile.
    """
    height, width = given.shape
    labels = shifts.shape[0]
    for p in range(rows.shape[0]):
        y, x = rows[p], columns[p]
        for a in range(labels):
            sy, sx = y + shifts[a, 0], x + shifts[a, 1]
            if sy < 0 or sy >= height or sx < 0 or sx >= width or given[sy, sx] == 0:
                unary[p, a] = FAR
                continue
            total = np.float32(0.0)
            for dy in range(-radius, radius + 1):
                for dx in range(-radius, radius + 1):
                    ty, tx, ry, rx = y + dy, x + dx, sy + dy, sx + dx
                    if ty < 0 or ty >= height or tx < 0 or tx >= width or given[ty, tx] == 0:
                        continue
                    near = np.float32(1.0) / np.float32(1 + dy * dy + dx * dx)
                    if ry < 0 or ry >= height or rx < 0 or rx >= width or given[ry, rx] == 0:
                        total += near * np.float32(2000.0)
                        continue
                    q, r = (ty * width + tx) * CHANNELS, (ry * width + rx) * CHANNELS
                    for c in range(CHANNELS):
                        d = colours[q + c] - colours[r + c]
                        total += near * d * d
            unary[p, a] = min(total, FAR)
        for side in range(2):
            ny, nx = y + side, x + 1 - side
            if ny >= height or nx >= width or number[ny, nx] < 0:
                continue
            for a in range(labels):
                for b in range(labels):
                    total = np.float32(0.0)
                    for end in range(2):
                        py, px = (ny, nx) if end else (y, x)
                        ay, ax = py + shifts[a, 0], px + shifts[a, 1]
                        by, bx = py + shifts[b, 0], px + shifts[b, 1]
                        if (
                            0 <= ay < height and 0 <= ax < width and 0 <= by < height and 0 <= bx < width
                            and given[ay, ax] and given[by, bx]
                        ):  # fmt: skip
                            q, r = (ay * width + ax) * CHANNELS, (by * width + bx) * CHANNELS
                            for c in range(CHANNELS):
                                d = colours[q + c] - colours[r + c]
                                total += d * d
                        else:
                            total += np.float32(4000.0)
                    across[p, side, a, b] = total if a != b else np.float32(0.0)


@kernel(fastmath=True)
def pass_messages(
    rows: Array, columns: Array, number: Array, unary: Array, across: Array, messages: Array, sweeps: int
) -> None:
    """Min-sum belief propagation on the grid of hole pixels (Tappen, Freeman 2003: sweeps right,
    left, down, up). ``messages[p, k]`` arrives at ``p`` from its left, right, upper, lower
    neighbour for ``k = 0..3``; the labels of least belief minimise the shift map's energy."""
    count, labels = unary.shape
    height, width = number.shape
    out = np.empty(labels, np.float32)
    belief = np.empty(labels, np.float32)
    for _ in range(sweeps):
        for direction in range(4):
            side = direction // 2
            ahead = 1 if direction % 2 == 0 else -1
            for step in range(count):
                p = step if ahead > 0 else count - 1 - step
                ny = rows[p] + (ahead if side else 0)
                nx = columns[p] + (0 if side else ahead)
                if ny < 0 or ny >= height or nx < 0 or nx >= width:
                    continue
                q = number[ny, nx]
                if q < 0:
                    continue
                back = 2 * side + (1 if ahead > 0 else 0)
                into = 2 * side + (0 if ahead > 0 else 1)
                for a in range(labels):
                    total = unary[p, a]
                    for k in range(4):
                        if k != back:
                            total += messages[p, k, a]
                    belief[a] = total
                    out[a] = np.float32(1e30)
                if ahead > 0:
                    for a in range(labels):
                        for b in range(labels):
                            out[b] = min(out[b], belief[a] + across[p, side, a, b])
                else:
                    for b in range(labels):
                        least = np.float32(1e30)
                        for a in range(labels):
                            least = min(least, belief[a] + across[q, side, b, a])
                        out[b] = least
                low = out[0]
                for b in range(1, labels):
                    low = min(low, out[b])
                for b in range(labels):
                    messages[q, into, b] = out[b] - low
