"""Shadows and light that fall across a whole picture from something outside it."""

from __future__ import annotations

import cv2
import numpy as np

from maskengines.inpaint.procedural.fields import fractal, grid
from maskengines.inpaint.procedural.lighting import multiply
from maskengines.inpaint.procedural.palettes import Bytes, Floats

COARSER = 4


def fall_across(picture: Bytes, rng: np.random.Generator) -> None:
    """Darken or brighten part of ``picture`` ``(side, side, 3)`` in place, with sharp or soft edges."""
    side = picture.shape[0] // COARSER
    inside = _SHAPES[int(rng.integers(len(_SHAPES)))](side, rng)
    light = rng.uniform(0.3, 0.8) if rng.uniform() < 0.8 else rng.uniform(1.2, 1.7)
    layer = np.where(inside > 0, np.float32(128 * light), np.float32(128))
    soft = side * float(np.exp(rng.uniform(np.log(0.003), np.log(0.06))))
    blurred = np.asarray(cv2.GaussianBlur(layer, (0, 0), max(0.5, soft)), np.float32)
    multiply(picture, blurred.astype(np.uint8))


def _edge(side: int, rng: np.random.Generator) -> Floats:
    """The shadow of a wall or a roof: one straight edge, at times with a corner."""
    first = _across(side, rng)
    return np.minimum(first, _across(side, rng)) if rng.uniform() < 0.5 else first


def _band(side: int, rng: np.random.Generator) -> Floats:
    """The shadow of a post or a branch: a strip, straight or bent."""
    along, across = _across(side, rng), _across(side, rng)
    return np.float32(rng.uniform(0.02, 0.15)) - np.abs(across + np.float32(rng.uniform(-1, 1)) * along**2)


def _bars(side: int, rng: np.random.Generator) -> Floats:
    """The shadow of a fence or a blind: many strips."""
    turns = np.float32(rng.uniform(12, 90))
    bars = np.sin(_across(side, rng) * turns) - np.float32(rng.uniform(-0.6, 0.6))
    return np.minimum(bars, _across(side, rng)) if rng.uniform() < 0.4 else bars


def _panes(side: int, rng: np.random.Generator) -> Floats:
    """What a window with bars leaves of the sun on a wall: the shadow around it is meant."""
    x, y = (_across(side, rng) for _ in range(2))
    reach = rng.uniform(0.15, 0.4, 2).astype(np.float32)
    apart = rng.uniform(6, 14, 2).astype(np.float32)
    bars = np.minimum(np.abs(np.sin(x * apart[0])), np.abs(np.sin(y * apart[1]))) - np.float32(0.12)
    return -np.minimum(np.minimum(reach[0] - np.abs(x), reach[1] - np.abs(y)), bars)


def _dapples(side: int, rng: np.random.Generator) -> Floats:
    """The shadow of leaves."""
    coarse = fractal(96, 96, rng, rng.uniform(1.75, 3.5))
    return np.asarray(cv2.resize(coarse, (side, side)), np.float32) - np.float32(rng.uniform(-0.7, 0.7))


_SHAPES = (_edge, _band, _bars, _panes, _dapples)


def _across(side: int, rng: np.random.Generator) -> Floats:
    """Distance from a random line through the middle part of the picture, in pictures, ``(side, side)``."""
    x, y = grid(side, side)
    turn = rng.uniform(0, 2 * np.pi)
    c, s = np.float32(np.cos(turn) / side), np.float32(np.sin(turn) / side)
    return x * c + y * s - np.float32(rng.uniform(0.2, 0.8) * (np.cos(turn) + np.sin(turn)))
