"""What a camera adds: uneven light, exposure, a lens's softness, grain, compression."""

from __future__ import annotations

import cv2
import numpy as np

from maskengines.inpaint.procedural.fields import grid, smooth
from maskengines.inpaint.procedural.palettes import Bytes


def finished(picture: Bytes, rng: np.random.Generator) -> Bytes:
    """``picture`` ``(n, n, 3)`` as a camera might have delivered it; each step applies now and then."""
    if rng.uniform() < 0.5:
        picture = _unevenly_lit(picture, rng)
    picture = _exposed(picture, rng)
    if rng.uniform() < 0.35:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.35, 1.3)), np.uint8)
    if rng.uniform() < 0.55:
        picture = _grainy(picture, rng)
    if rng.uniform() < 0.25:
        picture = _compressed(picture, rng)
    return picture


def _unevenly_lit(picture: Bytes, rng: np.random.Generator) -> Bytes:
    side = picture.shape[0]
    coarse = max(8, side // 8)
    x, y = grid(coarse, coarse)
    away = np.hypot(x / coarse - rng.uniform(0.3, 0.7), y / coarse - rng.uniform(0.3, 0.7))
    light = 1.0 - np.float32(rng.uniform(0, 0.7)) * away**2
    light += smooth(coarse, coarse, rng, 2) * np.float32(rng.uniform(0, 0.12))
    wide = cv2.resize(np.clip(light, 0.2, 1.3) * np.float32(128), (side, side)).astype(np.uint8)
    return np.asarray(cv2.multiply(picture, cv2.merge([wide, wide, wide]), scale=1 / 128), np.uint8)


def _exposed(picture: Bytes, rng: np.random.Generator) -> Bytes:
    levels = np.linspace(0, 1, 256)[:, None]
    gamma = np.exp(rng.normal(0, 0.22) + rng.normal(0, 0.03, 3))
    contrast, middle = rng.uniform(0.9, 1.45), rng.uniform(0.4, 0.58)
    table = (middle + contrast * (levels**gamma - middle)) * (1 + rng.normal(0, 0.03, 3))
    return np.asarray(cv2.LUT(picture, np.clip(table * 255, 0, 255).astype(np.uint8)[None]), np.uint8)


def _grainy(picture: Bytes, rng: np.random.Generator) -> Bytes:
    side = picture.shape[0]
    strength = np.float32(rng.uniform(0.8, 6))
    noise = rng.standard_normal((side, side), dtype=np.float32) * strength
    if rng.uniform() < 0.5:
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), 0.7), np.float32) * np.float32(2)
    return np.clip(picture + np.round(noise)[..., None], 0, 255).astype(np.uint8)


def _compressed(picture: Bytes, rng: np.random.Generator) -> Bytes:
    quality = int(rng.integers(55, 96))
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
