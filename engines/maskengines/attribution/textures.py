"""Procedural textures: what objects, occluders and backgrounds of a scene are painted with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

Array = np.ndarray[Any, Any]
Generator = np.random.Generator


def _axes(height: int, width: int) -> tuple[Array, Array]:
    return np.arange(width, dtype=np.float32)[None, :], np.arange(height, dtype=np.float32)[:, None]


def _along(height: int, width: int, angle: float) -> Array:
    """Distance in pixels along a direction, ``(height, width)``."""
    x, y = _axes(height, width)
    return np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y


def _wave(phase: Array, sharpness: float) -> Array:
    """A sine between 0 and 1, steeper as ``sharpness`` grows."""
    return np.clip(np.sin(phase) * np.float32(sharpness) + np.float32(0.5), 0, 1)


def _value_noise(height: int, width: int, generator: Generator, cell: float) -> Array:
    """Smooth noise between 0 and 1 whose bumps are about ``cell`` pixels wide."""
    rows, columns = int(height / cell) + 2, int(width / cell) + 2
    coarse = generator.random((rows, columns), dtype=np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def _plain(height: int, width: int, generator: Generator) -> Array:
    return np.full((height, width), generator.random(), np.float32)


def _gradient(height: int, width: int, generator: Generator) -> Array:
    ramp = _along(height, width, generator.uniform(0, 2 * np.pi))
    low, high = float(ramp.min()), float(ramp.max())
    return (ramp - np.float32(low)) / np.float32(high - low + 1e-6)


def _stripes(height: int, width: int, generator: Generator) -> Array:
    step = generator.uniform(4, 14)
    phase = _along(height, width, generator.uniform(0, np.pi)) * np.float32(2 * np.pi / step)
    return _wave(phase + np.float32(generator.uniform(0, 6)), generator.uniform(0.5, 3))


def _checks(height: int, width: int, generator: Generator) -> Array:
    angle, scale = generator.uniform(0, np.pi), np.float32(2 * np.pi / generator.uniform(6, 16))
    shift = np.float32(generator.uniform(0, 6))
    first = np.sin(_along(height, width, angle) * scale + shift)
    second = np.sin(_along(height, width, angle + np.pi / 2) * scale)
    return np.clip(first * second * np.float32(4) + np.float32(0.5), 0, 1)


def _dots(height: int, width: int, generator: Generator) -> Array:
    angle, scale = generator.uniform(0, np.pi), np.float32(2 * np.pi / generator.uniform(6, 15))
    shift = np.float32(generator.uniform(0, 6))
    first = np.cos(_along(height, width, angle) * scale + shift)
    second = np.cos(_along(height, width, angle + np.pi / 2) * scale)
    return np.clip((first + second - np.float32(generator.uniform(0.2, 1.0))) * 2, 0, 1)


def _clouds(height: int, width: int, generator: Generator) -> Array:
    coarse = _value_noise(height, width, generator, generator.uniform(8, 24))
    return 0.7 * coarse + 0.3 * _value_noise(height, width, generator, 4)


def _speckle(height: int, width: int, generator: Generator) -> Array:
    grains = _value_noise(height, width, generator, generator.uniform(1.0, 2.5))
    return np.clip((grains - np.float32(generator.uniform(0.3, 0.6))) * 3, 0, 1)


def _wood(height: int, width: int, generator: Generator) -> Array:
    """Lines that run along a direction and wander with smooth noise, as the rings of a plank do."""
    angle = generator.uniform(0, np.pi)
    wander = _value_noise(height, width, generator, 20) * np.float32(generator.uniform(4, 14))
    rings = (_along(height, width, angle) + wander) * np.float32(2 * np.pi / generator.uniform(5, 12))
    return 0.8 * _wave(rings, 0.7) + 0.2 * _value_noise(height, width, generator, 2)


def _ripples(height: int, width: int, generator: Generator) -> Array:
    """Wavy lines: stripes whose phase swings along their length."""
    angle, step = generator.uniform(0, np.pi), generator.uniform(6, 14)
    swing = np.sin(
        _along(height, width, angle + np.pi / 2) * np.float32(2 * np.pi / generator.uniform(14, 30))
    )
    phase = _along(height, width, angle) * np.float32(2 * np.pi / step) + swing * np.float32(1.6)
    return _wave(phase, generator.uniform(0.5, 2))


def _bricks(height: int, width: int, generator: Generator) -> Array:
    """Rows of bricks, every other one shifted by half a brick, with thin joints."""
    tall = generator.uniform(5, 10)
    angle = generator.uniform(0, np.pi)
    v = _along(height, width, angle) / np.float32(tall) + np.float32(100)
    row = np.floor(v)
    u = _along(height, width, angle + np.pi / 2) / np.float32(2 * tall) + np.float32(100) + row / 2
    joint = np.minimum(v - row, 2 * (u - np.floor(u)))
    return np.clip(joint * np.float32(tall) - np.float32(0.5), 0, 1)


_MAKERS: dict[str, Callable[[int, int, Generator], Array]] = {
    "stripes": _stripes,
    "checks": _checks,
    "dots": _dots,
    "clouds": _clouds,
    "gradient": _gradient,
    "speckle": _speckle,
    "wood": _wood,
    "ripples": _ripples,
    "bricks": _bricks,
    "plain": _plain,
}

TEXTURES = tuple(_MAKERS)
"""Names of the textures; as many as there are classes, so that one can stand for each."""

PATTERNED = tuple(name for name in TEXTURES if name != "plain")


def texture(
    name: str, shape: tuple[int, ...], base: Array, generator: Generator, contrast: float = 0.3
) -> Array:
    """A patch of a texture, ``(*shape, 3)`` float32 with values near 0..1.

    Two colours are mixed by the pattern; they lie up to ``contrast`` per channel to either side of
    ``base`` (three values in 0..1), so the mean colour stays close to it.
    """
    pattern = _MAKERS[name](shape[0], shape[1], generator)
    swing = generator.uniform(-contrast, contrast, 3).astype(np.float32)
    # An affine map from one channel to three: several times as fast as broadcasting over channels.
    return cv2.transform(pattern, np.stack([2 * swing, base - swing], axis=1))
