"""Dead leaves: shapes of all sizes that hide one another, as surfaces do in a photo.

A. B. Lee, D. Mumford, J. Huang, "Occlusion models for natural images", IJCV 41, 2001: radii with density
``r ** -3`` make statistics that do not depend on scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from maskengines.inpaint.procedural.palettes import Bytes, Palette, filled, palette
from maskengines.inpaint.procedural.textures import texture
from maskengines.inpaint.procedural.tiling import spread

Outline = np.ndarray

OCTAVES = (-0.5, 1.5)  # of the scale of textures
MOST = 3.0  # area of all leaves, in pictures
TEXTURED = 1 / 14  # leaves of a radius above this share of the side get a texture and a shadow


@dataclass(frozen=True)
class Foliage:
    """What leaves are made of: their colours, their textures, and how dark (0..1) a shadow they cast."""

    colours: Palette
    sheets: list[Bytes]
    shadow: float


def leaves(side: int, rng: np.random.Generator) -> Bytes:
    """Overlapping discs, ellipses, polygons and lobed shapes, ``(side, side, 3)``."""
    colours = palette(rng)
    sheets = [texture(colours, rng) for _ in range(int(rng.integers(2, 6)))]
    foliage = Foliage(colours, sheets, float(rng.choice([0.0, rng.uniform(0.15, 0.6)])))
    canvas = spread(sheets[0], side, side, rng, OCTAVES)
    smallest, largest = side * rng.uniform(0.006, 0.03), side * rng.uniform(0.15, 0.45)
    count = int(rng.integers(40, 420))
    span = rng.uniform(size=count)
    radii = 1 / np.sqrt(span / smallest**2 + (1 - span) / largest**2)
    if rng.uniform() < 0.5:
        radii = 1 / (span / (2 * smallest) + (1 - span) / largest)
    radii = radii[np.cumsum(np.pi * radii**2) < rng.uniform(0.8, MOST) * side**2]
    if rng.uniform() < 0.5:
        radii = np.sort(radii)[::-1]
    shape = _SHAPES[int(rng.integers(len(_SHAPES)))] if rng.uniform() < 0.6 else None
    fills = colours.colours(len(radii), rng)
    for radius, fill in zip(radii, fills, strict=True):
        if radius < 0.012 * side:
            x, y = rng.integers(0, side, 2)
            cv2.circle(canvas, (int(x), int(y)), round(radius), fill.tolist(), -1)
            continue
        kind = shape or _SHAPES[int(rng.integers(len(_SHAPES)))]
        outline = kind(float(radius), rng) + rng.uniform(-0.1 * side, 1.1 * side, 2)
        if radius > TEXTURED * side:
            _leaf(canvas, outline, foliage, rng)
        else:
            cv2.fillPoly(canvas, [np.round(outline).astype(np.int32)], fill.tolist())
    return canvas


def disc(radius: float, rng: np.random.Generator) -> Outline:
    """A circle around 0, ``(n, 2)``."""
    return radius * _circle(max(12, min(64, round(radius))))


def ellipse(radius: float, rng: np.random.Generator) -> Outline:
    """A turned ellipse around 0."""
    return _turned(radius * _circle(48) * [1, rng.uniform(0.15, 0.9)], rng)


def polygon(radius: float, rng: np.random.Generator) -> Outline:
    """Three to seven corners on a circle."""
    turns = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 8))))
    return radius * np.stack([np.cos(turns), np.sin(turns)], 1)


def bar(radius: float, rng: np.random.Generator) -> Outline:
    """A turned rectangle, often long and thin."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [1, rng.uniform(0.05, 0.8)]
    return _turned(radius * corners, rng)


def lobed(radius: float, rng: np.random.Generator) -> Outline:
    """A rounded outline with bays."""
    turns = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    waves = sum(rng.uniform(0, 0.5) / k * np.cos(k * turns + rng.uniform(0, 7)) for k in range(1, 6))
    return radius * np.exp(waves)[:, None] * np.stack([np.cos(turns), np.sin(turns)], 1)


_SHAPES = (disc, ellipse, polygon, bar, lobed)


def _leaf(canvas: Bytes, outline: Outline, foliage: Foliage, rng: np.random.Generator) -> None:
    side = canvas.shape[0]
    blur = side * rng.uniform(0.004, 0.03)
    fall = rng.uniform(-2, 2, 2) * blur
    reach = 3 * blur + np.abs(fall).max()
    left, top = np.maximum(0, np.floor(outline.min(0) - reach)).astype(int)
    right, bottom = np.minimum(side, np.ceil(outline.max(0) + reach)).astype(int) + 1
    patch = canvas[top:bottom, left:right]
    if patch.shape[0] < 2 or patch.shape[1] < 2:
        return
    local = outline - [left, top]
    mask = _filled(patch.shape[:2], local)
    if foliage.shadow:
        shade = cv2.blur(
            cv2.blur(_filled(patch.shape[:2], local + fall), (_odd(blur),) * 2), (_odd(blur),) * 2
        )
        light = cv2.convertScaleAbs(shade, alpha=-foliage.shadow, beta=255)
        cv2.multiply(patch, cv2.merge([light] * 3), patch, scale=1 / 255)
    if rng.uniform() < 0.35:
        surface = filled(patch.shape[0], patch.shape[1], foliage.colours.colour(rng))
    else:
        surface = spread(
            foliage.sheets[int(rng.integers(len(foliage.sheets)))],
            patch.shape[1],
            patch.shape[0],
            rng,
            OCTAVES,
        )
    if rng.uniform() < 0.6:
        surface = _shaded(surface, rng)
    cv2.copyTo(surface, mask, patch)


def _shaded(surface: Bytes, rng: np.random.Generator) -> Bytes:
    height, width = surface.shape[:2]
    corners = rng.uniform(110, 255, (2, 2)).astype(np.float32)
    light = cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    return np.asarray(cv2.multiply(surface, cv2.merge([light] * 3), scale=1 / 200), np.uint8)


def _filled(shape: tuple[int, ...], outline: Outline) -> Bytes:
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 255)
    return mask


def _odd(size: float) -> int:
    return 2 * max(1, round(size)) + 1


def _circle(count: int) -> Outline:
    turns = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([np.cos(turns), np.sin(turns)], 1)


def _turned(outline: Outline, rng: np.random.Generator) -> Outline:
    turn = rng.uniform(0, np.pi)
    c, s = np.cos(turn), np.sin(turn)
    return outline @ np.array([[c, s], [-s, c]])
