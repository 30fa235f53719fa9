"""What stands in rows along a street: houses, posts, fences, trees."""

from __future__ import annotations

import cv2
import numpy as np

from maskengines.inpaint.procedural import textures
from maskengines.inpaint.procedural.palettes import Bytes, Palette, filled, palette
from maskengines.inpaint.procedural.solids import Block, Column, Solid
from maskengines.inpaint.procedural.things import tree


def houses(edge: float, outward: int, paint: Palette, rng: np.random.Generator) -> list[Solid]:
    """A row of houses away from the camera, their fronts at x = ``edge``, to one side of it (-1 or 1)."""
    row: list[Solid] = []
    z = rng.uniform(-4, 6)
    faces = [_facade(paint, rng) for _ in range(2)]
    roof = textures.plain(paint, rng)
    for _ in range(int(rng.integers(2, 7))):
        size = np.array([rng.uniform(5, 12), rng.uniform(3, 16), rng.uniform(4, 14)])
        corner = np.array([edge if outward > 0 else edge - size[0], 0, z])
        density = float(rng.uniform(16, 40))
        row.append(Block(corner, size, faces[int(rng.integers(2))], roof, (density, density)))
        z += size[2] + float(rng.choice([0.0, rng.uniform(0.5, 6)]))
    return row


def _facade(paint: Palette, rng: np.random.Generator) -> Bytes:
    """A wall with windows in rows, which repeats."""
    kinds = (textures.plain, textures.bricks, textures.plain, textures.grain)
    wall = kinds[int(rng.integers(4))](paint, rng).copy()
    glass = rng.uniform(25, 120) + rng.uniform(-4, 14) * np.array([-1.0, 0, 1])
    frame = paint.colour(rng).tolist()
    rows, columns = (int(n) for n in rng.integers(1, 5, 2))
    tall, wide = textures.SIDE / rows, textures.SIDE / columns
    w, h = wide * rng.uniform(0.3, 0.7), tall * rng.uniform(0.4, 0.75)
    bars, sill = rng.uniform() < 0.6, rng.uniform() < 0.5
    for row in range(rows):
        for column in range(columns):
            x, y = column * wide + (wide - w) / 2, row * tall + (tall - h) / 2
            a, b = (round(x), round(y)), (round(x + w), round(y + h))
            cv2.rectangle(wall, a, b, np.clip(glass + rng.normal(0, 18), 0, 255).tolist(), -1)
            cv2.rectangle(wall, a, b, frame, 2)
            if bars:
                cv2.line(wall, (round(x + w / 2), a[1]), (round(x + w / 2), b[1]), frame, 2)
            if sill:
                cv2.rectangle(wall, (a[0] - 3, b[1]), (b[0] + 3, b[1] + 4), frame, -1)
    return wall


def posts(x: float, colours: Palette, rng: np.random.Generator) -> list[Solid]:
    """Round posts or lamp posts along x."""
    step, start = rng.uniform(2, 8), rng.uniform(1.5, 6)
    height, radius = rng.uniform(0.8, 7), rng.uniform(0.05, 0.3)
    bark = textures.grain(colours, rng)
    return [
        Column(np.array([x, 0, start + i * step]), radius, height, bark)
        for i in range(int(rng.integers(2, 9)))
    ]


def fence(x: float, colours: Palette, rng: np.random.Generator) -> list[Solid]:
    """Rails on posts along x."""
    paint = filled(1, 1, colours.colour(rng))
    height, step, thick = rng.uniform(0.7, 1.3), rng.uniform(0.2, 1.5), rng.uniform(0.03, 0.08)
    start, count = rng.uniform(1.5, 4), int(rng.integers(6, 22))
    length = step * count
    solids: list[Solid] = []
    for level in np.linspace(1.0, 0.4, int(rng.integers(1, 4))):
        corner = np.array([x, level * height - thick, start])
        solids.append(Block(corner, np.array([thick, thick, length]), paint, paint, (64.0, 64.0)))
    for i in range(count + 1):
        corner = np.array([x, 0, start + i * step])
        solids.append(Block(corner, np.array([thick, height, thick]), paint, paint, (64.0, 64.0)))
    return solids


def trees(x: float, rng: np.random.Generator) -> list[Solid]:
    """Trees along x."""
    colours, step, start = palette(rng), rng.uniform(4, 9), rng.uniform(4, 10)
    return [
        tree(np.array([x + rng.normal(0, 0.3), 0, start + i * step]), colours, rng)
        for i in range(int(rng.integers(1, 6)))
    ]
