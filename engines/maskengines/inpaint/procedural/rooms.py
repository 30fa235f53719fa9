"""Rooms and corridors: sides that meet in vanishing points, with windows, doors, pictures and furniture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maskengines.inpaint.procedural import textures
from maskengines.inpaint.procedural.decor import Paint, door, framed, window
from maskengines.inpaint.procedural.lighting import cover, darken_edges
from maskengines.inpaint.procedural.palettes import Bytes, Palette, filled, palette
from maskengines.inpaint.procedural.solids import Ball, Block, Column, Solid, Sun
from maskengines.inpaint.procedural.things import shelf, stairs, table
from maskengines.inpaint.procedural.views import Points, Surface, View, halvings, looking

FLOORS = (textures.planks, textures.tiles, textures.checks, textures.plain, textures.marble, textures.bricks)
WALLS = (textures.plain, textures.plain, textures.stripes, textures.bricks, textures.tiles, textures.grain)


@dataclass(frozen=True)
class Wall:
    """An upright side of the room; ``inward`` is its unit normal."""

    corner: Points
    along: Points
    height: float
    inward: Points

    def panel(self, start: float, low: float, width: float, height: float, face: Bytes) -> Surface:
        """``face`` hung on the wall: metres along it and above the floor."""
        along = self.along / np.linalg.norm(self.along)
        corner = self.corner + along * start + [0, low + height, 0] + self.inward * 0.01
        density = (face.shape[1] / width, face.shape[0] / height)
        return Surface(corner, along * width, np.array([0, -height, 0]), halvings(face), density)


def room(side: int, rng: np.random.Generator) -> Bytes:
    """A room from inside, ``(side, side, 3)``."""
    size = np.array([rng.uniform(2.2, 7), rng.uniform(2.3, 4), rng.uniform(4, 16)])
    view = _view(side, size, rng)
    sun = Sun(_unit([rng.normal(0, 0.6), rng.uniform(0.5, 1.2), rng.normal(0, 0.6)]), rng.uniform(0.45, 0.75))
    paint = Paint(Palette(np.clip(palette(rng).anchors * 0.6 + 90, 0, 250)), palette(rng))
    picture = np.zeros((side, side, 3), np.uint8)
    walls = _shell(picture, view, size, paint, rng)
    openings = _furnish(picture, view, walls, paint, rng)
    darken_edges(picture, view, _edges(size), rng.uniform(0.55, 0.9), side * rng.uniform(0.02, 0.1))
    if rng.uniform() < 0.6:
        patches = [sun.cast(outline) for outline in openings]
        cover(picture, view, patches, rng.uniform(1.25, 1.8), side * rng.uniform(0.002, 0.015))
    solids = _solids(size, view, paint.dark, rng)
    shadows = [solid.shadow(sun) for solid in solids]
    cover(picture, view, shadows, rng.uniform(0.35, 0.75), side * rng.uniform(0.003, 0.05))
    for solid in sorted(solids, key=lambda s: -s.nearest(view)):
        solid.draw(picture, view, sun)
    return picture


def _view(side: int, size: Points, rng: np.random.Generator) -> View:
    rotation = looking(rng.normal(0, 0.35), rng.normal(-0.04, 0.12), rng.normal(0, 0.03))
    place = size * [rng.uniform(0.15, 0.85), 0, rng.uniform(0.02, 0.3)] + [0, rng.uniform(0.9, 1.9), 0]
    return View(side, side * rng.uniform(0.5, 1.1), rotation, place)


def _shell(picture: Bytes, view: View, size: Points, paint: Paint, rng: np.random.Generator) -> list[Wall]:
    width, height, depth = size
    x, z = np.array([width, 0.0, 0.0]), np.array([0.0, 0.0, depth])
    floor = FLOORS[int(rng.integers(len(FLOORS)))](paint.dark, rng)
    if rng.uniform() < 0.5:
        floor = np.ascontiguousarray(floor.transpose(1, 0, 2))
    per_metre = textures.SIDE / rng.uniform(0.8, 3.0)
    view.draw(picture, Surface(np.zeros(3), x, z, halvings(floor), (per_metre, per_metre)))
    ceiling = halvings(
        textures.plain(paint.light, rng) if rng.uniform() < 0.7 else textures.planks(paint.light, rng), 1.05
    )
    view.draw(picture, Surface(np.array([0, height, 0]), x, z, ceiling, (per_metre, per_metre)))
    walls = [
        Wall(np.zeros(3), z, height, np.array([1.0, 0, 0])),
        Wall(x, z, height, np.array([-1.0, 0, 0])),
        Wall(z, x, height, np.array([0, 0, -1.0])),
        Wall(np.zeros(3), x, height, np.array([0, 0, 1.0])),
    ]
    paper = WALLS[int(rng.integers(len(WALLS)))](paint.light, rng)
    per_metre = textures.SIDE / rng.uniform(0.6, 2.5)
    for wall in walls:
        face = halvings(paper, rng.uniform(0.6, 1.05))
        up = np.array([0.0, height, 0.0])
        view.draw(picture, Surface(wall.corner + up, wall.along, -up, face, (per_metre, per_metre)))
    return walls


def _furnish(
    picture: Bytes, view: View, walls: list[Wall], paint: Paint, rng: np.random.Generator
) -> list[Points]:
    """Hang windows, doors, pictures and skirting on the walls; returns the outlines of the windows."""
    openings: list[Points] = []
    skirting = rng.uniform(0.08, 0.25) if rng.uniform() < 0.6 else 0.0
    board = filled(1, 1, paint.dark.colour(rng))
    windows = int(rng.integers(3))
    for number, wall in enumerate(walls[:3]):
        length = float(np.linalg.norm(wall.along))
        if skirting:
            view.draw(picture, wall.panel(0, 0, length, skirting, board))
        step = rng.uniform(1.2, 3.0)
        wide, tall = step * rng.uniform(0.3, 0.75), wall.height * rng.uniform(0.3, 0.65)
        low = rng.uniform(0.25, 0.35) * wall.height if tall < 0.6 * wall.height else 0.02
        kind = 0 if number == windows else int(rng.integers(4))
        face = (window, door, framed, framed)[kind](paint, rng)
        for start in np.arange(0.3 * step, length - wide, step):
            if kind == 3 and rng.uniform() < 0.6:
                continue
            low_, tall_ = (0.0, min(2.1, 0.9 * wall.height)) if kind == 1 else (low, tall)
            panel = wall.panel(float(start), low_, wide, tall_, face)
            view.draw(picture, panel)
            if kind == 0:
                openings.append(panel.corners)
    return openings


def _edges(size: Points) -> list[Points]:
    ends = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)]) * size
    pairs = [(i, i | bit) for i in range(8) for bit in (1, 2, 4) if not i & bit]
    return [ends[list(pair)] for pair in pairs]


def _solids(size: Points, view: View, colours: Palette, rng: np.random.Generator) -> list[Solid]:
    solids: list[Solid] = []
    sheets = [
        textures.texture(colours, rng) if rng.uniform() < 0.5 else textures.plain(colours, rng) for _ in "ab"
    ]
    columns = rng.uniform() < 0.3
    for _ in range(int(rng.integers(0, 5))):
        sheet = sheets[int(rng.integers(2))]
        foot = size * [rng.uniform(0.02, 0.85), 0, rng.uniform(0.35, 0.95)]
        if view.away(foot) < 1.0:
            continue
        if columns:
            solids.append(Column(foot, rng.uniform(0.12, 0.4), float(size[1]), sheet))
        elif rng.uniform() < 0.15:
            solids.append(Ball(foot, rng.uniform(0.15, 0.5), colours.colour(rng), rng.uniform(0, 0.6)))
        elif rng.uniform() < 0.4:
            solids += (table, stairs, shelf)[int(rng.integers(3))](foot, colours, rng)
        else:
            body = np.array([rng.uniform(0.3, 1.6), rng.uniform(0.3, 2.0), rng.uniform(0.3, 1.2)])
            body[[0, 2]] = np.minimum(body[[0, 2]], (size - foot)[[0, 2]])
            solids.append(Block(foot, body, sheet, sheets[0], (120.0, 120.0)))
    return solids


def _unit(vector: list[float]) -> Points:
    whole = np.array(vector, np.float64)
    return whole / np.linalg.norm(whole)
