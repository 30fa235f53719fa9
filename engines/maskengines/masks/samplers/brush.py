"""Masks as a hand paints them: strokes that wander, each of its own width."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw

from maskengines.masks.samplers.selection import BoolMask, strongest, wanted

THINNEST, WIDEST = 0.015, 0.12  # of the image's shorter side

Dab = tuple[float, float, float]


def brush(height: int, width: int, ratio: float, rng: np.random.Generator) -> BoolMask:
    """Random strokes, painted dab by dab until ``round(ratio * height * width)`` elements are covered.

    Exactly as many: of the last dab, what is over the count is left out.
    """
    count = wanted(height, width, ratio)
    turn = np.zeros((height, width), np.int32)
    if count in (0, turn.size):
        return strongest(turn, count)
    dabs, growth = 0, 1.0
    while np.count_nonzero(turn) < count:
        batch: list[Dab] = []
        painted, missing = 0.0, 1.5 * (count - np.count_nonzero(turn))
        while painted < missing:
            stroke = list(_stroke(height, width, growth, rng))
            painted += sum(radius * radius for *_, radius in stroke)
            batch += stroke
        later = _first_dab(batch, height, width)
        turn = np.where((turn == 0) & (later > 0), dabs + later, turn)
        dabs += len(batch)
        growth *= 1.2
    return strongest(np.where(turn > 0, -turn, -dabs - 1), count)


def _stroke(height: int, width: int, growth: float, rng: np.random.Generator) -> Iterator[Dab]:
    side = min(height, width)
    radius = 0.5 * side * growth * THINNEST * (WIDEST / THINNEST) ** rng.uniform()
    x, y = rng.uniform(0, width), rng.uniform(0, height)
    heading, bend = rng.uniform(0, 2 * np.pi), 0.0
    pace = 0.5 * radius
    steps = max(1, round(side * rng.uniform(0.1, 0.9) / max(pace, 0.5)))
    for push in rng.normal(0, 0.08, steps):
        yield x, y, radius
        bend = 0.9 * bend + float(push)
        heading += bend
        x, y = x + pace * math.cos(heading), y + pace * math.sin(heading)


def _first_dab(dabs: list[Dab], height: int, width: int) -> np.ndarray:
    """For each element the number, from 1, of the first of ``dabs`` that covers it; 0 where none does."""
    image = Image.new("I", (width, height))
    draw = ImageDraw.Draw(image)
    for number in range(len(dabs), 0, -1):  # the first is painted last, over the others
        x, y, radius = dabs[number - 1]
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=number)
    return np.asarray(image, np.int32)
