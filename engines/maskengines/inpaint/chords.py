"""A first guess that draws edges on: every hole pixel takes the colour that chords through it agree on."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from maskengines.inpaint.pyramid import Level
from maskengines.inpaint.shifts import given_part

Array = np.ndarray[Any, Any]
DIRECTIONS = 32
TOLERANCE = 12.0
DECIDED = 4.0
RARE = 1.5


def draw_on(level: Level, generator: np.random.Generator, stray: float) -> None:
    """Fill ``level``'s hole in place with a layout of plain colours.

    A chord through a pixel ends on the rim at both sides. Where an edge runs on straight, the chords along
    it end on equal colours, those across it do not: so each chord counts by how equal its ends are and by
    how rare their colour is at the rim (ends of a rare colour are seldom equal by chance); short ones
    count more. ``stray`` is how far a seed weighs directions in its own way.
    """
    given = given_part(level) > 0
    soft = cv2.GaussianBlur(level.colours * given[..., None].astype(np.float32), (0, 0), 1.0)
    mass = cv2.GaussianBlur(given.astype(np.float32), (0, 0), 1.0)
    colours = soft / np.maximum(mass, 1e-4)[..., None]
    height, width = level.shape
    rows, columns = level.hole_rows, level.hole_columns
    rarity = _rarity(level, colours, given)
    pull = stray * generator.standard_normal(DIRECTIONS)
    scores = np.full((DIRECTIONS, len(rows)), -np.inf, np.float32)
    drawn = np.zeros((DIRECTIONS, len(rows), 3), np.float32)
    field = np.zeros(level.shape, np.float32)
    inner = np.zeros(level.shape, np.float32)
    inner[rows, columns] = 1
    soft_inner = np.maximum(cv2.GaussianBlur(inner, (0, 0), 1.2), 1e-3)
    longest = int(np.hypot(height, width))
    for number in range(DIRECTIONS):
        angle = np.pi * (number + 0.5) / DIRECTIONS
        ends, lengths, rare = [], [], []
        for side in (1, -1):
            length = np.zeros(len(rows), np.float32)
            going = np.arange(len(rows))
            for step in range(1, longest):
                y = np.rint(rows[going] + side * step * np.sin(angle)).astype(int)
                x = np.rint(columns[going] + side * step * np.cos(angle)).astype(int)
                inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
                going, y, x = going[inside], y[inside], x[inside]
                arrived = given[y, x]
                length[going[arrived]] = step
                going = going[~arrived]
                if not len(going):
                    break
            y = np.clip(np.rint(rows + side * (length + 1) * np.sin(angle)).astype(int), 0, height - 1)
            x = np.clip(np.rint(columns + side * (length + 1) * np.cos(angle)).astype(int), 0, width - 1)
            ends.append(colours[y, x])
            rare.append(rarity[y, x])
            lengths.append(length)
        whole = (lengths[0] > 0) & (lengths[1] > 0)
        share = (lengths[0] / np.maximum(lengths[0] + lengths[1], 1))[:, None]
        unlike = np.linalg.norm(ends[0] - ends[1], axis=1) / TOLERANCE
        size = np.log(np.maximum(lengths[0] + lengths[1], 1))
        scores[number, whole] = (-unlike - 0.5 * size + RARE * (rare[0] + rare[1]) / 2 + pull[number])[whole]
        field[rows, columns] = np.where(whole, scores[number], -20.0)
        scores[number] = (cv2.GaussianBlur(field * inner, (0, 0), 1.2) / soft_inner)[rows, columns]
        drawn[number] = ends[0] * (1 - share) + ends[1] * share
    scores -= scores.max(axis=0)
    weights = np.exp(DECIDED * np.nan_to_num(scores, nan=0.0, neginf=-50.0))[..., None]
    level.colours[rows, columns] = (weights * drawn).sum(axis=0) / weights.sum(axis=0)


def _rarity(level: Level, colours: Array, given: Array) -> Array:
    """``(H, W)``: minus the log of the share of the rim that has a pixel's colour, near the rim."""
    near = cv2.dilate(level.hole.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    rows, columns = np.nonzero(near & given)
    rim = colours[rows, columns]
    some = rim[:: max(1, len(rim) // 400)]
    apart = np.linalg.norm(rim[:, None] - some[None], axis=2) / (2 * TOLERANCE)
    rarity = np.zeros(level.shape, np.float32)
    rarity[rows, columns] = -np.log(np.exp(-(apart**2)).mean(axis=1) + 0.01)
    return rarity
