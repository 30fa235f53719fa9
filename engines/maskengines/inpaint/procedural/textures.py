"""Surfaces that repeat without a seam: bricks, planks, tiles, cloth, grain."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from maskengines.inpaint.procedural.fields import fractal, grid, stock, to_bytes
from maskengines.inpaint.procedural.palettes import Bytes, Floats, Palette, filled

SIDE = 256

Texture = Callable[[Palette, np.random.Generator], Bytes]


def plain(palette: Palette, rng: np.random.Generator) -> Bytes:
    """One colour with a little grain."""
    return _grained(filled(SIDE, SIDE, palette.colour(rng)), rng, rng.uniform(0, 6))


def grain(palette: Palette, rng: np.random.Generator) -> Bytes:
    """Fractal noise in the palette's colours: stone, earth, rust, foliage from afar."""
    field = stock(SIDE, rng, rng.uniform(0.75, 3.0))
    return palette.ramp(rng)[to_bytes(field, rng.uniform(25, 60))]


def stripes(palette: Palette, rng: np.random.Generator) -> Bytes:
    """Parallel bands, sharp or soft, straight or wavering."""
    across = _wave(rng, *_direction(rng, 14))
    if rng.uniform() < 0.3:
        across = across + stock(SIDE, rng, 3.0) * np.float32(rng.uniform(0.1, 1.0))
    return _grained(_blend(palette, rng, _profile(across, rng)), rng, rng.uniform(0, 5))


def checks(palette: Palette, rng: np.random.Generator) -> Bytes:
    """Two colours in turn, in squares or lozenges."""
    u, v = _direction(rng, 7)
    first, second = _wave(rng, u, v), _wave(rng, -v, u)
    board = (np.sin(first) * np.sin(second) > 0).astype(np.float32)
    return _grained(_blend(palette, rng, board), rng, rng.uniform(0, 5))


def plaid(palette: Palette, rng: np.random.Generator) -> Bytes:
    """Woven bands that cross at right angles."""
    lines = [_blend(palette, rng, _profile(_wave(rng, count, 0), rng)) for count in rng.integers(1, 9, 2)]
    woven = cv2.addWeighted(lines[0], 0.5, np.ascontiguousarray(lines[1].transpose(1, 0, 2)), 0.5, 0)
    return _grained(np.asarray(woven, np.uint8), rng, rng.uniform(0, 6))


def marble(palette: Palette, rng: np.random.Generator) -> Bytes:
    """Veins: a wave bent by fractal noise."""
    bent = _wave(rng, *_direction(rng, 5)) + stock(SIDE, rng, 2.75) * np.float32(rng.uniform(1, 4))
    return palette.ramp(rng)[to_bytes(np.sin(bent), 110)]


def bricks(palette: Palette, rng: np.random.Generator) -> Bytes:
    """Courses of bricks, each shifted against the last, with mortar between them."""
    courses = 2 * int(rng.integers(2, 9))
    return _laid(palette, rng, courses, max(1, round(courses * rng.uniform(0.25, 0.6))), 0.5)


def tiles(palette: Palette, rng: np.random.Generator) -> Bytes:
    """Square tiles with joints; now and then a second colour in turn."""
    count = 2 * int(rng.integers(1, 6))
    return _laid(palette, rng, count, count, 0.0, alternate=bool(rng.uniform() < 0.4))


def planks(palette: Palette, rng: np.random.Generator) -> Bytes:
    """Boards with grain along them."""
    count = int(rng.integers(3, 12))
    boards = _laid(palette, rng, count, int(rng.integers(1, 3)), float(rng.uniform(0.2, 0.8)))
    fibres = cv2.resize(fractal(SIDE, SIDE // 16, rng, 1.5), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return _lit(boards, 1.0 + fibres * np.float32(rng.uniform(0.02, 0.08)))


def dots(palette: Palette, rng: np.random.Generator) -> Bytes:
    """Round spots on a grid."""
    count = int(rng.integers(2, 12))
    x, y = grid(SIDE, SIDE)
    turn = np.float32(2 * np.pi * count / SIDE)
    height = np.cos(x * turn) + np.cos(y * turn)
    spots = np.clip((height - np.float32(rng.uniform(0.1, 1.5))) * 8, 0, 1)
    return _grained(_blend(palette, rng, spots), rng, rng.uniform(0, 5))


TEXTURES: dict[str, Texture] = {
    "plain": plain,
    "grain": grain,
    "stripes": stripes,
    "checks": checks,
    "plaid": plaid,
    "marble": marble,
    "bricks": bricks,
    "tiles": tiles,
    "planks": planks,
    "dots": dots,
}


def texture(palette: Palette, rng: np.random.Generator) -> Bytes:
    """Any of `TEXTURES`, ``(SIDE, SIDE, 3)`` uint8 RGB, which wraps around."""
    return list(TEXTURES.values())[int(rng.integers(len(TEXTURES)))](palette, rng)


def figured(palette: Palette, rng: np.random.Generator) -> Bytes:
    """As `texture`, but not `plain`: something that can be seen to repeat."""
    return list(TEXTURES.values())[int(rng.integers(1, len(TEXTURES)))](palette, rng)


def _laid(
    palette: Palette,
    rng: np.random.Generator,
    rows: int,
    columns: int,
    shift: float,
    *,
    alternate: bool = False,
) -> Bytes:
    """Stones in ``rows`` and ``columns``, every other row moved by ``shift`` of a stone."""
    spread = rng.uniform(2, 14)
    stones = np.clip(palette.colour(rng) + rng.normal(0, spread, (rows, columns, 1)), 0, 255)
    if alternate:
        odd = np.add.outer(np.arange(rows), np.arange(columns)) % 2 == 1
        stones[odd] = np.clip(palette.colour(rng) + rng.normal(0, spread, (int(odd.sum()), 1)), 0, 255)
    y = np.arange(SIDE) * rows / SIDE
    row = y.astype(np.intp)
    x = (np.arange(SIDE)[None] * columns / SIDE + shift * (row[:, None] % 2)) % columns
    column = x.astype(np.intp)
    wall = stones.astype(np.uint8).reshape(-1, 3).take(row[:, None] * columns + column, 0)
    joint = rng.uniform(0.5, 3.0) / SIDE
    gap = ((x % 1.0) < joint * columns) | (((y % 1.0) < joint * rows)[:, None])
    mortar = stones.mean((0, 1)) + rng.choice([-60.0, -35.0, 45.0])
    cv2.copyTo(filled(SIDE, SIDE, mortar), gap.astype(np.uint8), wall)
    return _grained(wall, rng, rng.uniform(1, 10))


def _direction(rng: np.random.Generator, most: int) -> tuple[int, int]:
    u, v = (int(n) for n in rng.integers(-most, most + 1, 2))
    if rng.uniform() < 0.4:
        u, v = (0, v) if rng.uniform() < 0.5 else (u, 0)
    return (u, v) if (u, v) != (0, 0) else (most, 0)


def _wave(rng: np.random.Generator, u: int, v: int) -> Floats:
    x, y = grid(SIDE, SIDE)
    turn = np.float32(2 * np.pi / SIDE)
    return x * (turn * np.float32(u)) + (y * (turn * np.float32(v)) + np.float32(rng.uniform(0, 2 * np.pi)))


def _profile(phase: Floats, rng: np.random.Generator) -> Floats:
    """0..1 over one turn of ``phase``: anything from a sine to sharp bands of any duty."""
    steep = rng.uniform(0.5, 1.0) if rng.uniform() < 0.4 else rng.uniform(3, 12)
    offset = rng.uniform(-0.7, 0.7)
    return np.clip((np.sin(phase) - np.float32(offset)) * np.float32(steep) + np.float32(0.5), 0, 1)


def _blend(palette: Palette, rng: np.random.Generator, weight: Floats) -> Bytes:
    dark, light = (colour.astype(np.float32) for colour in palette.pair(rng))
    levels = np.linspace(0, 1, 256, dtype=np.float32)[:, None]
    return (dark + levels * (light - dark)).astype(np.uint8)[(weight * np.float32(255)).astype(np.uint8)]


def _grained(picture: Bytes, rng: np.random.Generator, strength: float) -> Bytes:
    if strength < 0.5:
        return picture
    noise = stock(SIDE, rng, rng.uniform(0.5, 2.5)) * np.float32(strength)
    return np.clip(picture + noise[..., None], 0, 255).astype(np.uint8)


def _lit(picture: Bytes, light: Floats) -> Bytes:
    return np.clip(picture * light[..., None], 0, 255).astype(np.uint8)
