"""Places under the sky: ground, paths, houses in rows, fences, posts, and the shadows they cast."""

from __future__ import annotations

import cv2
import numpy as np

from maskengines.inpaint.procedural import textures
from maskengines.inpaint.procedural.fields import grid
from maskengines.inpaint.procedural.fractals import sky
from maskengines.inpaint.procedural.lighting import cover
from maskengines.inpaint.procedural.palettes import Bytes, Palette, palette
from maskengines.inpaint.procedural.solids import Ball, Block, Column, Solid, Sun
from maskengines.inpaint.procedural.views import Surface, View, halvings, looking

GROUNDS = (textures.grain, textures.grain, textures.tiles, textures.bricks, textures.planks, textures.checks)
UP = np.array([0.0, 1.0, 0.0])


def street(side: int, rng: np.random.Generator) -> Bytes:
    """A street between houses, with a path, posts and fences along it."""
    view, sun = _view(side, rng, rng.uniform(1.2, 6)), _sun(rng)
    earth, paint = palette(rng), palette(rng)
    picture = _open_ground(view, sun, earth, rng)
    width = rng.uniform(1.5, 5)
    if rng.uniform() < 0.7:
        _path(picture, view, sun, width, paint, rng)
    solids: list[Solid] = []
    for edge, outward in ((-width, -1), (width, 1)):
        if rng.uniform() < 0.75:
            solids += _houses(edge + outward * rng.uniform(0, 4), outward, paint, rng)
        if rng.uniform() < 0.45:
            solids += _posts(edge + outward * 0.3, earth, rng)
        if rng.uniform() < 0.35:
            solids += _fence(edge + outward * 0.1, paint, rng)
    return _stand(picture, view, sun, solids, rng)


def still_life(side: int, rng: np.random.Generator) -> Bytes:
    """Boxes, columns and balls on a patterned ground, seen from above, in the sun."""
    view, sun = _view(side, rng, rng.uniform(1.2, 3.5), pitch=rng.uniform(-0.6, -0.15)), _sun(rng)
    earth, paint = palette(rng), palette(rng)
    picture = _open_ground(view, sun, earth, rng)
    sheets = [textures.texture(paint, rng) for _ in range(3)]
    solids: list[Solid] = []
    for _ in range(int(rng.integers(2, 12))):
        foot = np.array([rng.normal(0, 2.2), 0, rng.uniform(2.0, 9)])
        sheet = sheets[int(rng.integers(3))]
        kind = rng.uniform()
        if kind < 0.5:
            size = rng.uniform(0.3, 1.5, 3)
            solids.append(Block(foot, size, sheet, sheets[0], (160.0, 160.0)))
        elif kind < 0.75:
            solids.append(Column(foot, rng.uniform(0.1, 0.4), rng.uniform(0.5, 2.5), sheet))
        else:
            solids.append(Ball(foot, rng.uniform(0.15, 0.7), paint.colour(rng), rng.uniform(0, 0.7)))
    return _stand(picture, view, sun, solids, rng)


def _view(side: int, rng: np.random.Generator, height: float, pitch: float | None = None) -> View:
    nod = rng.normal(-0.03, 0.1) if pitch is None else pitch
    rotation = looking(rng.normal(0, 0.3), nod, rng.normal(0, 0.025))
    return View(side, side * rng.uniform(0.6, 1.3), rotation, np.array([rng.normal(0, 0.8), height, 0.0]))


def _sun(rng: np.random.Generator) -> Sun:
    turn, rise = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 1.2)
    towards = np.array([np.cos(rise) * np.cos(turn), np.sin(rise), np.cos(rise) * np.sin(turn)])
    return Sun(towards, rng.uniform(0.3, 0.65))


def _open_ground(view: View, sun: Sun, earth: Palette, rng: np.random.Generator) -> Bytes:
    """Sky down to the horizon and ground up to it, paling towards it."""
    side = view.side
    picture = np.asarray(cv2.resize(sky(side // 4, side // 4, rng), (side, side)), np.uint8)
    surface = GROUNDS[int(rng.integers(len(GROUNDS)))](earth, rng)
    per_metre = textures.SIDE / rng.uniform(1.0, 6.0)
    corner, across, away = np.array([-400.0, 0, -2]), np.array([800.0, 0, 0]), np.array([0, 0, 402.0])
    view.draw(
        picture, Surface(corner, across, away, halvings(surface, sun.on(UP) * 1.1), (per_metre, per_metre))
    )
    if rng.uniform() < 0.7:
        _pale(picture, view, rng.uniform(0.02, 0.15), rng)
    return picture


def _pale(picture: Bytes, view: View, reach: float, rng: np.random.Generator) -> None:
    """Mix haze into the ground: all of it at the horizon, less the farther below it (in pictures)."""
    coarse = view.side // 8
    x, y = grid(coarse, coarse)
    rays = [(x + 0.5) * 8 - view.side / 2, (y + 0.5) * 8 - view.side / 2, np.float32(view.focal)]
    below = -sum(ray * np.float32(r) for ray, r in zip(rays, view.rotation @ UP, strict=True)) / view.side
    weight = np.where(below > 0, np.exp(-np.clip(below, 0, 1) / reach), 0).astype(np.float32)
    weight = cv2.resize(weight * np.float32(0.9), (view.side, view.side))
    haze = np.full_like(picture, np.clip(rng.uniform(160, 235) + rng.normal(0, 8, 3), 0, 255))
    picture[:] = cv2.blendLinear(picture, haze, 1 - weight, weight)


def _path(
    picture: Bytes, view: View, sun: Sun, width: float, paint: Palette, rng: np.random.Generator
) -> None:
    kinds = (textures.bricks, textures.tiles, textures.plain, textures.planks, textures.grain)
    sheet = kinds[int(rng.integers(len(kinds)))](paint, rng)
    per_metre = textures.SIDE / rng.uniform(0.8, 3.0)
    corner, across, away = np.array([-width, 0, -2.0]), np.array([2 * width, 0, 0]), np.array([0, 0, 300.0])
    light = sun.on(UP) * 1.1
    view.draw(picture, Surface(corner, across, away, halvings(sheet, light), (per_metre, per_metre)))
    marks = [rng.uniform(-0.1, 0.1)] if rng.uniform() < 0.4 else []
    marks += [-0.95 * width, 0.85 * width] if rng.uniform() < 0.4 else []
    for at in marks:
        dash = np.full((64, 8, 3), paint.anchors[-1], np.uint8)
        strip = Surface(
            np.array([at, 0, -2.0]), np.array([0.1 * width, 0, 0]), away, halvings(dash, light), (40.0, 8.0)
        )
        view.draw(picture, strip)


def _houses(edge: float, outward: int, paint: Palette, rng: np.random.Generator) -> list[Solid]:
    houses: list[Solid] = []
    z = rng.uniform(-4, 6)
    faces = [_facade(paint, rng) for _ in range(2)]
    roof = textures.plain(paint, rng)
    for _ in range(int(rng.integers(2, 7))):
        size = np.array([rng.uniform(5, 12), rng.uniform(3, 16), rng.uniform(4, 14)])
        corner = np.array([edge if outward > 0 else edge - size[0], 0, z])
        density = float(rng.uniform(16, 40))
        houses.append(Block(corner, size, faces[int(rng.integers(2))], roof, (density, density)))
        z += size[2] + float(rng.choice([0.0, rng.uniform(0.5, 6)]))
    return houses


def _facade(paint: Palette, rng: np.random.Generator) -> Bytes:
    """A wall with windows in rows, which repeats."""
    kinds = (textures.plain, textures.bricks, textures.plain, textures.grain)
    wall = kinds[int(rng.integers(4))](paint, rng).copy()
    glass, frame = rng.uniform(20, 110) + rng.normal(0, 12, 3), paint.colour(rng).tolist()
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


def _posts(x: float, colours: Palette, rng: np.random.Generator) -> list[Solid]:
    step, start = rng.uniform(2, 8), rng.uniform(1.5, 6)
    height, radius = rng.uniform(0.8, 7), rng.uniform(0.05, 0.3)
    bark = textures.grain(colours, rng)
    return [
        Column(np.array([x, 0, start + i * step]), radius, height, bark)
        for i in range(int(rng.integers(2, 9)))
    ]


def _fence(x: float, colours: Palette, rng: np.random.Generator) -> list[Solid]:
    """Rails on posts; far posts are left out where they would be thinner than a picture element."""
    paint = textures.plain(colours, rng)[:64, :64].copy()
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


def _stand(picture: Bytes, view: View, sun: Sun, solids: list[Solid], rng: np.random.Generator) -> Bytes:
    soft = view.side * rng.uniform(0.0, 0.02)
    cover(picture, view, [solid.shadow(sun) for solid in solids], rng.uniform(0.35, 0.7), soft)
    for solid in sorted(solids, key=lambda s: -s.nearest(view)):
        solid.draw(picture, view, sun)
    return picture
