# ruff: noqa: PLR0917 - compiled functions take their values one by one.
"""Which splats each tile draws, from front to back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from maskengines.compiling import kernel
from maskengines.scene.rasteriser import layout as at
from maskengines.scene.rasteriser.geometry import HALF, TWO, ceil_of, f4, floor_of

Array = np.ndarray[Any, Any]

MOST_SPLATS = 1 << 24
"""More do not fit into a packed pair."""

_BITS = 11
_BUCKETS = 1 << _BITS


@kernel()
def front_to_back(splats: Array, tiles: Array) -> Array:
    """Indices (int32) of the splats that touch a tile, by depth; equal depths keep their order.

    A stable radix sort: the bits of positive floats order as the floats do.
    """
    count = 0
    for i in range(tiles.shape[0]):
        if tiles[i] > 0:
            count += 1
    depths = np.empty(count, np.float32)
    order, other_order = np.empty(count, np.int32), np.empty(count, np.int32)
    j = 0
    for i in range(tiles.shape[0]):
        if tiles[i] > 0:
            depths[j], order[j] = splats[i, at.DEPTH], i
            j += 1
    keys, other_keys = depths.view(np.uint32), np.empty(count, np.uint32)
    for digit in range(3):
        shift = np.uint32(digit * _BITS)
        starts = np.zeros(_BUCKETS + 1, np.int64)
        for j in range(count):
            starts[((keys[j] >> shift) & np.uint32(_BUCKETS - 1)) + 1] += 1
        for bucket in range(_BUCKETS):
            starts[bucket + 1] += starts[bucket]
        for j in range(count):
            bucket = (keys[j] >> shift) & np.uint32(_BUCKETS - 1)
            other_keys[starts[bucket]], other_order[starts[bucket]] = keys[j], order[j]
            starts[bucket] += 1
        keys, other_keys = other_keys, keys
        order, other_order = other_order, order
    return order


@njit(inline="always")
def splat_of(member: Any) -> Any:
    """The splat of a packed pair."""
    return member >> 8 & (MOST_SPLATS - 1)


@njit(inline="always")
def rows_of(member: Any) -> Any:
    """First pixel and one past the last pixel of the tile's rows that the splat touches."""
    return np.uintp((member >> 4 & 15) * at.TILE), np.uintp((member & 15) * at.TILE)


@njit(inline="always")
def place_of(member: Any) -> Any:
    """The number of the pair if they are counted splat by splat."""
    return member >> 32


@njit(inline="always")
def _span(mixed: Any, half: Any, tip: Any, scale: Any, rest: Any, low: Any, high: Any) -> Any:
    """Least and greatest x, from the centre, of an ellipse where y is in ``low .. high``: the roots of
    ``along x x + mixed x y + across y y = above`` at the y that comes nearest to the ellipse's own tips."""
    y = min(max(tip, low), high)
    greatest = (math.sqrt(max(f4(0), scale * y * y + rest)) - mixed * y) * half
    y = min(max(-tip, low), high)
    least = (-mixed * y - math.sqrt(max(f4(0), scale * y * y + rest))) * half
    return least, greatest


@kernel(fastmath=True, error_model="numpy")
def bin_splats(splats: Array, tiles: Array, order: Array, width: int, height: int) -> Any:
    """The tiles that each splat touches, exactly: its ellipse, not its box.

    Returns:
        ``starts`` (tiles + 1,) int64, where a tile's list begins; ``members`` (P,) int64, the pairs of a tile
        and a splat by tile and depth, packed (see `splat_of`, `rows_of`, `place_of`); ``firsts`` (N + 1,)
        int64, where a splat's pairs begin if they are counted splat by splat.
    """
    columns, rows = (width + at.TILE - 1) // at.TILE, (height + at.TILE - 1) // at.TILE
    count = splats.shape[0]
    capacity = np.int64(0)
    for i in range(count):
        capacity += tiles[i]
    touched = np.empty(capacity, np.int32)
    firsts = np.empty(count + 1, np.int64)
    starts = np.zeros(columns * rows + 1, np.int64)
    pairs = 0
    edge = f4(at.TILE - 1)
    for i in range(count):
        firsts[i] = pairs
        if tiles[i] == 0:
            continue
        u, v, xx, xy, yy = (
            splats[i, at.X],
            splats[i, at.Y],
            splats[i, at.XX],
            splats[i, at.XY],
            splats[i, at.YY],
        )
        reach_x, reach_y, above = (
            splats[i, at.REACH_X],
            splats[i, at.REACH_Y],
            splats[i, at.PEAK] - at.FAINTEST,
        )
        scale = xy * xy - f4(4) * xx * yy
        half_x, tip_x, rest_x = HALF / xx, -xy * reach_x / (TWO * yy), f4(4) * xx * above
        half_y, tip_y, rest_y = HALF / yy, -xy * reach_y / (TWO * xx), f4(4) * yy * above
        for row in range(int(splats[i, at.TOP]), int(splats[i, at.BOTTOM]) + 1):
            top = f4(row * at.TILE) + HALF - v
            low, high = max(top, -reach_y), min(top + edge, reach_y)
            left, right = _span(xy, half_x, tip_x, scale, rest_x, low, high)
            first = max(ceil_of(max(u + left - HALF - at.SLACK, f4(0))) // at.TILE, int(splats[i, at.LEFT]))
            last = min(
                floor_of(min(max(u + right - HALF + at.SLACK, f4(-1)), f4(width))) // at.TILE,
                int(splats[i, at.RIGHT]),
            )
            for column in range(first, last + 1):
                side = f4(column * at.TILE) + HALF - u
                low, high = max(side, -reach_x), min(side + edge, reach_x)
                upper, lower = _span(xy, half_y, tip_y, scale, rest_y, low, high)
                begin = ceil_of(max(upper - top - at.SLACK, f4(0)))
                end = floor_of(min(max(lower - top + at.SLACK, f4(-1)), edge)) + 1
                if begin < end:
                    tile = row * columns + column
                    touched[pairs] = tile * 256 + begin * 16 + end
                    starts[tile + 1] += 1
                    pairs += 1
    firsts[count] = pairs
    for tile in range(columns * rows):
        starts[tile + 1] += starts[tile]
    ends = starts[:-1].copy()
    members = np.empty(pairs, np.int64)
    for j in range(order.shape[0]):
        splat = np.int64(order[j])
        for pair in range(firsts[splat], firsts[splat + 1]):
            tile = touched[pair] >> 8
            slot = ends[tile]
            ends[tile] = slot + 1
            members[slot] = pair << 32 | splat << 8 | (touched[pair] & 255)
    return starts, members, firsts
