"""Repeating surfaces over the whole picture: seen flat, in perspective, bent or wound around a point."""

from __future__ import annotations

import cv2
import numpy as np

from maskengines.inpaint.procedural.fields import displaced, grid
from maskengines.inpaint.procedural.palettes import Bytes, palette
from maskengines.inpaint.procedural.textures import SIDE, figured
from maskengines.inpaint.procedural.tiling import sampled, warped


def pattern(side: int, rng: np.random.Generator) -> Bytes:
    """A texture turned and tilted, then perhaps bent by smooth noise."""
    sheet = figured(palette(rng), rng)
    flat = warped(sheet, _view(side, rng), side, side)
    if rng.uniform() < 0.4:
        strength = side * rng.uniform(0.005, 0.05)
        return displaced(flat, rng, strength, int(rng.integers(2, 6)))
    return flat


def wound(side: int, rng: np.random.Generator) -> Bytes:
    """A texture wound around a point: rings, rays and spirals."""
    sheet = figured(palette(rng), rng)
    x, y = grid(side, side)
    across, down = x - np.float32(rng.uniform(0, side)), y - np.float32(rng.uniform(0, side))
    distance = cv2.magnitude(across, down)
    turn = cv2.phase(across, down) * np.float32(SIDE / (2 * np.pi))
    if rng.uniform() < 0.5:
        distance = cv2.log(distance + np.float32(1)) * np.float32(SIDE / 4)
    twist = np.float32(rng.choice([0.0, rng.uniform(-1, 1)]))
    turn = turn * np.float32(rng.integers(1, 7))
    return sampled(sheet, turn + twist * distance, distance * np.float32(rng.uniform(0.4, 1.5)))


def _view(side: int, rng: np.random.Generator) -> np.ndarray:
    """From texture to picture: scale, turn, shift and a tilt that keeps the horizon out of the picture."""
    turn, scale = rng.uniform(0, 2 * np.pi), 2.0 ** rng.uniform(-0.5, 1.7)
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    placed = np.array([[c, -s, rng.uniform(0, side)], [s, c, rng.uniform(0, side)], [0, 0, 1]])
    tilt = np.eye(3)
    if rng.uniform() < 0.5:
        tilt[2, :2] = rng.uniform(-0.6, 0.6, 2) / side
    centre = np.array([[1, 0, side / 2], [0, 1, side / 2], [0, 0, 1]])
    return centre @ tilt @ np.linalg.inv(centre) @ placed
