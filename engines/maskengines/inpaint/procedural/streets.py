"""Places under the sky: ground, paths, houses in rows, fences, posts, and the shadows they cast."""

from __future__ import annotations

import cv2
import numpy as np

from maskengines.inpaint.procedural import textures
from maskengines.inpaint.procedural.fields import grid
from maskengines.inpaint.procedural.fractals import sky
from maskengines.inpaint.procedural.lighting import cover
from maskengines.inpaint.procedural.palettes import Bytes, Palette, filled, palette
from maskengines.inpaint.procedural.rows import fence, houses, posts, trees
from maskengines.inpaint.procedural.solids import Ball, Block, Column, Solid, Sun
from maskengines.inpaint.procedural.things import stairs, table
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
        for surface in _path(width, sun.on(UP) * 1.1, paint, rng):
            view.draw(picture, surface)
    solids: list[Solid] = []
    for edge, outward in ((-width, -1), (width, 1)):
        if rng.uniform() < 0.75:
            solids += houses(edge + outward * rng.uniform(0, 4), outward, paint, rng)
        if rng.uniform() < 0.45:
            solids += posts(edge + outward * 0.3, earth, rng)
        if rng.uniform() < 0.35:
            solids += fence(edge + outward * 0.1, paint, rng)
        if rng.uniform() < 0.4:
            solids += trees(edge + outward * rng.uniform(0.5, 2), rng)
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
        if kind < 0.12:
            solids += (table, stairs)[int(rng.integers(2))](foot, paint, rng)
        elif kind < 0.5:
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
    ground, far = _below_horizon(view), surface.mean((0, 1)) * (sun.on(UP) * 1.1)
    cv2.copyTo(filled(side, side, far), ground, picture)
    corner, across, away = np.array([-400.0, 0, -2]), np.array([800.0, 0, 0]), np.array([0, 0, 402.0])
    view.draw(
        picture, Surface(corner, across, away, halvings(surface, sun.on(UP) * 1.1), (per_metre, per_metre))
    )
    if rng.uniform() < 0.7:
        _pale(picture, view, ground, rng)
    return picture


def _below_horizon(view: View) -> Bytes:
    """255 where the view looks down, ``(side, side)``."""
    ends = np.array([-2.0, 2.0]) * view.side
    rise = view.rotation @ UP
    height = -(rise[0] * ends + rise[2] * view.focal) / rise[1]
    far = np.stack([ends, height], 1) + view.side / 2
    outline = np.concatenate([far, far[::-1] + np.array([0, 4 * view.side])])
    mask = np.zeros((view.side, view.side), np.uint8)
    cv2.fillConvexPoly(mask, np.round(outline).astype(np.int32), 255)
    return mask


def _pale(picture: Bytes, view: View, ground: Bytes, rng: np.random.Generator) -> None:
    """Mix haze into the ground: all of it at the horizon, less the farther below; at times into the sky."""
    coarse, reach = view.side // 8, rng.uniform(0.02, 0.15)
    x, y = grid(coarse, coarse)
    rise = [np.float32(part) for part in view.rotation @ UP]
    across, down = (((at + 0.5) * 8 - view.side / 2).astype(np.float32) for at in (x, y))
    away = np.abs(across * rise[0] + down * rise[1] + np.float32(view.focal) * rise[2]) / np.float32(
        view.side
    )
    weight = cv2.resize(np.exp(away / np.float32(-reach)) * np.float32(0.9), (view.side, view.side))
    haze = filled(view.side, view.side, rng.uniform(160, 235) + rng.normal(0, 8, 3))
    paled = cv2.blendLinear(picture, haze, 1 - weight, weight)
    cv2.copyTo(paled, ground if rng.uniform() < 0.7 else np.full_like(ground, 255), picture)


def _path(width: float, light: float, paint: Palette, rng: np.random.Generator) -> list[Surface]:
    """A path straight ahead and the lines painted on it."""
    kinds = (textures.bricks, textures.tiles, textures.plain, textures.planks, textures.grain)
    sheet = kinds[int(rng.integers(len(kinds)))](paint, rng)
    per_metre = textures.SIDE / rng.uniform(0.8, 3.0)
    corner, across, away = np.array([-width, 0, -2.0]), np.array([2 * width, 0, 0]), np.array([0, 0, 300.0])
    path = Surface(corner, across, away, halvings(sheet, light), (per_metre, per_metre))
    marks = [rng.uniform(-0.1, 0.1)] if rng.uniform() < 0.4 else []
    marks += [-0.95 * width, 0.85 * width] if rng.uniform() < 0.4 else []
    stroke, thick = (filled(1, 1, paint.anchors[-1] * light),), np.array([0.1 * width, 0, 0])
    return [path, *(Surface(np.array([x, 0, -2.0]), thick, away, stroke, (1.0, 1.0)) for x in marks)]


def _stand(picture: Bytes, view: View, sun: Sun, solids: list[Solid], rng: np.random.Generator) -> Bytes:
    soft = view.side * rng.uniform(0.0, 0.02)
    cover(picture, view, [solid.shadow(sun) for solid in solids], rng.uniform(0.35, 0.7), soft)
    ordered = sorted(solids, key=lambda s: -s.nearest(view))
    blurred = len(ordered) - 1 if rng.uniform() < 0.15 else -1
    for number, solid in enumerate(ordered):
        if number == blurred:
            picture[:] = cv2.GaussianBlur(picture, (0, 0), view.side * rng.uniform(0.003, 0.01))
        solid.draw(picture, view, sun)
    return picture
