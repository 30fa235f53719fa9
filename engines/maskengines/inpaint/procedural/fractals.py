"""Fractals: clouds, stone and haze by spectrum, hills by their outline."""

from __future__ import annotations

import cv2
import numpy as np

from maskengines.inpaint.procedural.fields import fractal, grid, relief, to_bytes
from maskengines.inpaint.procedural.palettes import Bytes, Floats, Palette, filled, palette


def clouds(side: int, rng: np.random.Generator) -> Bytes:
    """Power-law noise in one palette, or in two that meet along a fractal border."""
    half = side // 2
    picture = _coloured(half, palette(rng), rng)
    if rng.uniform() < 0.6:
        over = _coloured(half, palette(rng), rng)
        cut = fractal(half, half, rng, rng.uniform(2.5, 4.0)) > rng.uniform(-1, 1)
        cv2.copyTo(over, cut.astype(np.uint8), picture)
    return _enlarged(picture, side)


def landscape(side: int, rng: np.random.Generator) -> Bytes:
    """Sky, ridges that pale with distance, ground; at times a lake that mirrors them."""
    half = side // 2
    haze = rng.uniform(150, 245) + rng.normal(0, 12, 3)
    picture = sky(half, half, rng)
    earth = palette(rng)
    horizon = half * rng.uniform(0.3, 0.7)
    layers = int(rng.integers(1, 6))
    rough = rng.uniform(2.5, 3.8)
    for layer in range(layers):
        near = (layer + 1) / layers
        crest = horizon + half * (0.05 * layer - rng.uniform(0.02, 0.2) * _profile(half, rng, rough))
        ground = _coloured(half, earth, rng)
        pale = cv2.addWeighted(ground, 0.25 + 0.75 * near, filled(half, half, haze), 0.75 * (1 - near), 0)
        below = grid(half, half)[1] > crest.astype(np.float32)[None]
        cv2.copyTo(np.asarray(pale, np.uint8), below.astype(np.uint8), picture)
    if rng.uniform() < 0.35:
        _flood(picture, int(min(half - 8, horizon + half * rng.uniform(0.05, 0.25))), rng)
    return _enlarged(picture, side)


def trunks(side: int, rng: np.random.Generator) -> Bytes:
    """Upright trunks or pipes, each shaded round, before a blurred ground of the same colours."""
    half = side // 2
    colours = palette(rng)
    picture = np.asarray(cv2.GaussianBlur(_coloured(half, colours, rng), (0, 0), half * 0.015), np.uint8)
    lean = rng.normal(0, 0.08)
    count = int(rng.integers(3, 16))
    for depth in np.sort(rng.uniform(0.15, 1.0, count)):
        width = max(3, round(half * 0.16 * depth * rng.uniform(0.5, 1.3)))
        bark = colours.ramp(rng)[to_bytes(_stretched(half, width, rng), rng.uniform(10, 45))]
        turn = np.linspace(-0.97, 0.97, width)
        lit = rng.uniform(-0.8, 0.8)
        light = 0.25 + 0.85 * np.clip(np.sqrt(1 - turn**2) * np.sqrt(1 - lit**2) + turn * lit, 0, 1)
        bark = np.clip(bark * (light * (0.5 + 0.5 * depth))[None, :, None], 0, 255).astype(np.uint8)
        left, slope = rng.uniform(-0.1, 1.05) * half, lean + rng.normal(0, 0.03)
        matrix = np.array([[1, slope, left], [0, 1, 0]])
        cv2.warpAffine(
            bark, matrix, (half, half), picture, cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT
        )
    return _enlarged(picture, side)


def sky(height: int, width: int, rng: np.random.Generator) -> Bytes:
    """A gradient from zenith to horizon, ``(height, width, 3)``, at times with clouds."""
    mood = int(rng.integers(4))
    top = np.array([(70, 120, 200), (150, 165, 185), (45, 55, 100), (120, 170, 225)][mood])
    low = np.array([(200, 220, 240), (215, 218, 222), (240, 165, 110), (250, 235, 205)][mood])
    top, low = (colour + rng.normal(0, 12) + rng.normal(0, 8, 3) for colour in (top, low))
    fade = (np.linspace(0, 1, height) ** rng.uniform(0.6, 1.8))[:, None, None]
    picture = np.clip(np.broadcast_to(top + fade * (low - top), (height, width, 3)), 0, 255)
    if rng.uniform() < 0.6:
        field = cv2.resize(fractal(128, 128, rng, rng.uniform(2.5, 3.5)), (width, height))
        veil = np.clip((field - rng.uniform(-0.5, 1.5)) * rng.uniform(0.3, 1.2), 0, 0.9)[..., None]
        picture = picture + veil * (rng.uniform(200, 255) - picture)
    return np.asarray(picture, np.uint8)


def _coloured(side: int, colours: Palette, rng: np.random.Generator) -> Bytes:
    field = fractal(side, side, rng, rng.uniform(1.25, 3.5))
    style = rng.uniform()
    if style < 0.15:
        field = 2 * np.abs(field) - np.float32(1.5)
    elif style < 0.3:
        field = np.sin(field * np.float32(rng.uniform(1.5, 5))) * np.float32(1.4)
    picture = colours.ramp(rng)[to_bytes(field, rng.uniform(30, 60))]
    if rng.uniform() < 0.5:
        even = np.asarray(cv2.GaussianBlur(field, (0, 0), rng.uniform(0.6, 2)), np.float32)
        light = relief(even, rng, rng.uniform(0.2, 0.9))
        layer = np.clip(light * np.float32(128), 0, 255).astype(np.uint8)
        picture = np.asarray(cv2.multiply(picture, cv2.merge([layer] * 3), scale=1 / 128), np.uint8)
    return picture


def _profile(width: int, rng: np.random.Generator, rough: float) -> Floats:
    power = np.arange(1, width // 2 + 1) ** (-0.5 * rough)
    line = np.fft.irfft(
        np.concatenate([[0], power * np.exp(2j * np.pi * rng.uniform(size=power.size))]), width
    )
    return (line / max(float(line.std()), 1e-9)).astype(np.float32)


def _stretched(height: int, width: int, rng: np.random.Generator) -> Floats:
    coarse = fractal(max(2, height // 8), max(2, width), rng, 1.5)
    return np.asarray(cv2.resize(coarse, (width, height)), np.float32)


def _flood(picture: Bytes, level: int, rng: np.random.Generator) -> None:
    """Let water below row ``level`` mirror what is above it, with ripples that widen towards the front."""
    side = picture.shape[0]
    rows = np.arange(side - level, dtype=np.float32)
    x, y = grid(side - level, side)
    wave = np.sin(rows**0.7 * rng.uniform(0.8, 3) + rng.uniform(0, 7)) * rng.uniform(0, 0.05) * rows
    ripple = fractal(side - level, side, rng, 2.0) * np.float32(rng.uniform(0, 3))
    source = np.clip(level - 1 - y + wave[:, None].astype(np.float32) + ripple, 0, level - 1)
    mirrored = cv2.remap(picture, x + ripple, source, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    tint = filled(side - level, side, rng.uniform(20, 120) + rng.normal(0, 10, 3))
    picture[level:] = cv2.addWeighted(mirrored, rng.uniform(0.55, 0.9), tint, 0.3, 0)


def _enlarged(picture: Bytes, side: int) -> Bytes:
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)
