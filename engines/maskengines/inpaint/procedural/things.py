"""What stands about: tables, stairs, shelves, beams and trees, out of simpler solids."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from maskengines.inpaint.procedural import textures
from maskengines.inpaint.procedural.palettes import Bytes, Palette, filled
from maskengines.inpaint.procedural.solids import Block, Solid, Sun
from maskengines.inpaint.procedural.views import Points, View, upward

PLAIN = (1.0, 1.0)


def table(foot: Points, colours: Palette, rng: np.random.Generator) -> list[Solid]:
    """A top on four legs; ``foot`` is its least corner."""
    paint = filled(1, 1, colours.colour(rng))
    size = np.array([rng.uniform(0.5, 1.8), rng.uniform(0.4, 1.0), rng.uniform(0.5, 1.2)])
    thick, leg = rng.uniform(0.03, 0.09), rng.uniform(0.04, 0.1)
    top = textures.planks(colours, rng)
    solids: list[Solid] = []
    for corner in np.array([[0, 0, 0], [1, 0, 0], [0, 0, 1], [1, 0, 1]]) * (size - leg):
        solids.append(Block(foot + corner, np.array([leg, size[1], leg]), paint, paint, PLAIN))
    above = foot + upward(size[1])
    solids.append(Block(above, np.array([size[0], thick, size[2]]), paint, top, (200.0, 200.0)))
    return solids


def stairs(foot: Points, colours: Palette, rng: np.random.Generator) -> list[Solid]:
    """Steps that rise away from or across the view; ``foot`` is the least corner of the lowest."""
    face, tread = colours.pair(rng)
    rise, run, wide = rng.uniform(0.14, 0.22), rng.uniform(0.25, 0.4), rng.uniform(0.8, 4.0)
    across = rng.uniform() < 0.5
    solids: list[Solid] = []
    for step in range(int(rng.integers(3, 13))):
        height = np.array([0, rise * (step + 1), 0])
        size = height + (np.array([run, 0, wide]) if across else np.array([wide, 0, run]))
        at = foot + (np.array([run * step, 0, 0]) if across else np.array([0, 0, run * step]))
        solids.append(Block(at, size, filled(1, 1, face), filled(1, 1, tread), PLAIN))
    return solids


def shelf(foot: Points, colours: Palette, rng: np.random.Generator) -> list[Solid]:
    """A case with boards, and books or boxes on them."""
    face = filled(textures.SIDE, textures.SIDE, colours.anchors[0] * 0.6)
    boards = int(rng.integers(2, 6))
    tall = textures.SIDE / boards
    for board in range(boards):
        x, floor = 8.0, (board + 1) * tall - 6
        while x < textures.SIDE - 16:
            wide = rng.uniform(6, 26)
            if rng.uniform() < 0.85:
                top = floor - tall * rng.uniform(0.4, 0.85)
                corners = (round(x), round(top)), (round(x + wide) - 2, round(floor))
                cv2.rectangle(face, *corners, colours.colour(rng).tolist(), -1)
            x += wide
        cv2.rectangle(face, (0, round(floor)), (255, round(floor) + 6), colours.anchors[-1].tolist(), -1)
    cv2.rectangle(face, (0, 0), (255, 255), colours.anchors[-1].tolist(), 10)
    size = np.array([rng.uniform(0.7, 1.6), rng.uniform(1.2, 2.2), rng.uniform(0.25, 0.9)])
    return [
        Block(
            foot,
            size,
            face,
            filled(1, 1, colours.anchors[-1]),
            (textures.SIDE / size[0], textures.SIDE / size[1]),
        )
    ]


@dataclass(frozen=True)
class Tree:
    """A trunk and a crown of leaves: the middle of its foot, its height and the crown's radius in metres.

    ``leaves`` are offsets ``(n, 3)`` within a unit ball, ``colours`` ``(n, 3)`` theirs.
    """

    foot: Points
    height: float
    radius: float
    bark: Bytes
    leaves: Points
    colours: Bytes

    def nearest(self, view: View) -> float:
        return view.away(self.foot)

    def shadow(self, sun: Sun) -> Points:
        turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        ring = np.stack([np.cos(turn), 0 * turn, np.sin(turn)], 1) * self.radius
        return sun.cast(self.foot + upward(self.height) + ring)

    def draw(self, picture: Bytes, view: View, sun: Sun) -> None:
        crown = self.foot + upward(self.height)
        seen = view.seen(np.stack([self.foot, crown]))
        if seen[:, 2].min() < self.radius:
            return
        (x0, y0), (x1, y1) = view.projected(seen)
        thick = max(1, round(0.12 * self.radius * view.focal / seen[0, 2]))
        cv2.line(picture, (round(x0), round(y0)), (round(x1), round(y1)), self.bark[0, 0].tolist(), thick)
        light = 0.5 + 0.5 * np.clip(self.leaves @ sun.towards, -1, 1)
        light = sun.ambient + (1 - sun.ambient) * light
        cluster = view.seen(crown + self.leaves * self.radius)
        size = max(1, round(0.08 * self.radius * view.focal / seen[1, 2]))
        dark = (self.colours.mean(0) * sun.ambient * 0.7).tolist()
        for place in np.round(view.projected(cluster[::4])).astype(int).tolist():
            cv2.circle(picture, place, 3 * size, dark, -1)
        order = np.argsort(-cluster[:, 2])
        places = np.round(view.projected(cluster[order])).astype(int).tolist()
        for place, colour in zip(places, (self.colours * light[:, None])[order].tolist(), strict=True):
            cv2.circle(picture, place, size, colour, -1)


def tree(foot: Points, colours: Palette, rng: np.random.Generator) -> Tree:
    """A tree of random size and shape."""
    count = int(rng.integers(150, 420))
    leaves = rng.normal(size=(count, 3))
    leaves *= (rng.uniform(0.3, 1, count) ** 0.5 / np.linalg.norm(leaves, axis=1))[:, None]
    leaves *= [1, rng.uniform(0.7, 1.6), 1]
    green = colours.colours(count, rng, spread=12) * 0.6 + np.array([30, 50, 12]) * rng.uniform(0.5, 1.3)
    bark = filled(1, 1, colours.anchors[0] * 0.7)
    radius = rng.uniform(0.8, 2.5)
    height = radius * rng.uniform(1.3, 2.6)
    return Tree(foot, height, radius, bark, leaves, np.clip(green, 0, 255).astype(np.uint8))
