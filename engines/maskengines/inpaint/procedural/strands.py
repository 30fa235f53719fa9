"""Long things: grass, hair, wires, twigs, tubes."""

from __future__ import annotations

import cv2
import numpy as np

from maskengines.inpaint.procedural.fields import smooth, to_bytes
from maskengines.inpaint.procedural.fractals import clouds, sky
from maskengines.inpaint.procedural.palettes import Bytes, Palette, filled, palette

FINE = 3  # fractional bits of coordinates


def strands(side: int, rng: np.random.Generator) -> Bytes:
    """Grass, hair, wires, twigs or tubes before a plain, clouded or open ground, ``(side, side, 3)``."""
    colours = palette(rng)
    ground = rng.uniform()
    if ground < 0.3:
        picture = sky(side // 4, side // 4, rng)
    elif ground < 0.6:
        picture = clouds(side // 2, rng)
    elif ground < 0.8:
        picture = colours.ramp(rng)[to_bytes(smooth(side // 4, side // 4, rng, 3), 40)]
    else:
        picture = filled(side // 4, side // 4, colours.colour(rng))
    picture = np.asarray(cv2.resize(picture, (side, side)), np.uint8)
    (_blades, _hair, _wires, _twigs, _tubes)[int(rng.integers(5))](picture, colours, rng)
    return picture


def _blades(picture: Bytes, colours: Palette, rng: np.random.Generator) -> None:
    """Blades that rise from below and bend, those in front lighter."""
    side = picture.shape[0]
    count = int(rng.integers(60, 350))
    lean, tall = rng.normal(0, 0.15), rng.uniform(0.2, 0.8)
    steps = np.linspace(0, 1, 7)
    width = side * rng.uniform(0.003, 0.012)
    for number, colour in enumerate(colours.colours(count, rng, spread=14)):
        x, height = rng.uniform(-0.1, 1.1), tall * rng.uniform(0.4, 1.3)
        bend = lean + rng.normal(0, 0.15)
        foot = 1.02 if rng.uniform() < 0.5 else rng.uniform(0.8, 1.3)
        middle = np.stack([x + bend * steps**2, foot - height * steps], 1) * side
        half = np.stack([width * (1 - steps) + 0.5, 0 * steps], 1)
        outline = np.concatenate([middle - half, (middle + half)[::-1]])
        shade = 0.45 + 0.55 * number / count
        cv2.fillPoly(picture, [_fixed(outline)], (colour * shade).tolist(), cv2.LINE_8, FINE)


def _hair(picture: Bytes, colours: Palette, rng: np.random.Generator) -> None:
    """Many lines that follow one smooth field of directions."""
    side = picture.shape[0]
    count, steps = int(rng.integers(100, 500)), 14
    turn = smooth(32, 32, rng, 2) * np.float32(rng.uniform(0.2, 1.2)) + np.float32(rng.uniform(0, 7))
    at = rng.uniform(-0.1, 1.1, (count, 2)) * side
    path = [at]
    pace = side * rng.uniform(0.02, 0.06)
    for _ in range(steps):
        x, y = np.clip(at * 32 / side, 0, 31).astype(int).T
        at = at + pace * np.stack([np.cos(turn[y, x]), np.sin(turn[y, x])], 1)
        path.append(at)
    lines = np.stack(path, 1)
    thick = int(rng.integers(1, max(2, side // 100) + 1))
    for line, colour in zip(lines, colours.colours(count, rng, spread=18), strict=True):
        cv2.polylines(picture, [_fixed(line)], False, colour.tolist(), thick, cv2.LINE_8, FINE)


def _wires(picture: Bytes, colours: Palette, rng: np.random.Generator) -> None:
    """Wires that sag between far supports, in bundles, and straight bars across."""
    side = picture.shape[0]
    for _ in range(int(rng.integers(1, 4))):
        start, end = rng.uniform(-0.1, 1.1, 2)
        sag, gap = rng.uniform(-0.05, 0.3), rng.uniform(0.01, 0.08)
        colour = (colours.colour(rng) * rng.uniform(0.3, 1)).tolist()
        thick = max(1, round(side * rng.uniform(0.002, 0.012)))
        x = np.linspace(-0.05, 1.05, 24)
        flip = rng.uniform() < 0.25
        for number in range(int(rng.integers(1, 7))):
            y = (
                start
                + (end - start) * x
                + 4 * sag * x * (1 - x)
                + gap * number * (1 + rng.uniform(-0.1, 0.1))
            )
            line = np.stack([y, x] if flip else [x, y], 1) * side
            cv2.polylines(picture, [_fixed(line)], False, colour, thick, cv2.LINE_8, FINE)


def _twigs(picture: Bytes, colours: Palette, rng: np.random.Generator) -> None:
    """Branches that fork and thin out, at times with leaves at their ends."""
    side = picture.shape[0]
    bark = (colours.anchors[0] * rng.uniform(0.4, 1)).tolist()
    tips: list[tuple[float, float]] = []
    stack = []
    for _ in range(int(rng.integers(1, 4))):
        stack.append(
            (rng.uniform(0.1, 0.9) * side, 1.02 * side, -np.pi / 2 + rng.normal(0, 0.2), 0.28 * side, 0)
        )
    thickest, spread = side * rng.uniform(0.01, 0.05), rng.uniform(0.25, 0.7)
    while stack:
        x, y, turn, length, depth = stack.pop()
        end = (x + length * np.cos(turn), y + length * np.sin(turn))
        thick = max(1, round(thickest * 0.62**depth))
        cv2.line(picture, (round(x), round(y)), (round(end[0]), round(end[1])), bark, thick)
        if depth == 6:
            tips.append(end)
            continue
        for side_turn in (-spread, spread * rng.uniform(0.4, 1.0)):
            stack.append(
                (*end, turn + side_turn + rng.normal(0, 0.12), length * rng.uniform(0.62, 0.85), depth + 1)
            )
    if rng.uniform() < 0.5:
        for (x, y), colour in zip(tips, colours.colours(len(tips), rng, spread=16), strict=True):
            axes = (max(1, round(side * 0.02)), max(1, round(side * 0.01)))
            cv2.ellipse(picture, (round(x), round(y)), axes, rng.uniform(0, 180), 0, 360, colour.tolist(), -1)


def _tubes(picture: Bytes, colours: Palette, rng: np.random.Generator) -> None:
    """Round tubes along smooth curves, lighter along their middle, one over the other."""
    side = picture.shape[0]
    turn = np.linspace(0, 1, 40)
    back = 1 - turn
    weights = np.stack([back**3, 3 * turn * back**2, 3 * turn**2 * back, turn**3], 1)
    for colour in colours.colours(int(rng.integers(2, 9)), rng, spread=14):
        knots = rng.uniform(-0.2, 1.2, (4, 2)) * side
        path = weights @ knots
        width = side * float(np.exp(rng.uniform(np.log(0.015), np.log(0.12))))
        off = rng.normal(0, 0.15, 2) * width
        for share in np.linspace(1, 0.1, 7):
            shade = np.clip(colour * (0.35 + 0.75 * (1 - share**2)), 0, 255).tolist()
            line = _fixed(path + off * (1 - share))
            cv2.polylines(picture, [line], False, shade, max(1, round(width * share)), cv2.LINE_8, FINE)


def _fixed(points: np.ndarray) -> np.ndarray:
    return np.round(points * 2**FINE).astype(np.int32)
