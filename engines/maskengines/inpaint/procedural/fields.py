"""Random fields: fractal noise, smooth noise, and pictures displaced by it."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from maskengines.inpaint.procedural.palettes import Bytes, Floats

EXPONENTS = np.arange(0.5, 4.01, 0.25)  # of the power spectrum; photos lie near 2


def fractal(height: int, width: int, rng: np.random.Generator, exponent: float) -> Floats:
    """Noise ``(height, width)`` of mean 0 and deviation 1, power ``f ** -exponent``; it wraps around."""
    noise = rng.standard_normal((height, width), dtype=np.float32)
    spectrum = cv2.dft(noise, flags=cv2.DFT_COMPLEX_OUTPUT)
    gained = cv2.multiply(spectrum, _gain(height, width, round(4 * exponent) / 4))
    field = cv2.idft(gained, flags=cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT)
    return np.asarray(field * np.float32(1.0 / max(float(field.std()), 1e-9)), np.float32)


def stock(side: int, rng: np.random.Generator, exponent: float) -> Floats:
    """As `fractal`, ``(side, side)``, but cheap: one of a few fields kept in stock, shifted and turned."""
    field = _stocked(side, round(4 * exponent) / 4, int(rng.integers(4)))
    field = np.roll(field, tuple(int(n) for n in rng.integers(side, size=2)), (0, 1))
    return np.rot90(field, int(rng.integers(4)))


def relief(field: Floats, rng: np.random.Generator, steep: float) -> Floats:
    """Light (1 on the level) on ``field`` ``(h, w)`` seen as a surface that a low sun shines across."""
    turn = rng.uniform(0, 2 * np.pi)
    across = cv2.Sobel(field, cv2.CV_32F, 1, 0, scale=0.125 * np.cos(turn))
    down = cv2.Sobel(field, cv2.CV_32F, 0, 1, scale=0.125 * np.sin(turn))
    slope = np.asarray(cv2.add(across, down), np.float32)
    return np.float32(1) + np.tanh(slope * np.float32(steep / max(float(slope.std()), 1e-9))) * np.float32(
        0.6
    )


def smooth(height: int, width: int, rng: np.random.Generator, cells: int) -> Floats:
    """Noise ``(height, width)`` without detail finer than 1 / ``cells`` of a side; deviation near 1."""
    coarse = rng.standard_normal((cells + 1, cells + 1), dtype=np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def to_bytes(field: Floats, gain: float = 50.0) -> Bytes:
    """``field`` (deviation 1) as grey levels around 128, ``gain`` levels a deviation, cut at 0 and 255."""
    return np.clip(field * np.float32(gain) + np.float32(128), 0, 255).astype(np.uint8)


def displaced(picture: Bytes, rng: np.random.Generator, strength: float, cells: int) -> Bytes:
    """``picture`` ``(h, w, 3)`` moved about by smooth noise of ``strength`` elements; it wraps around."""
    height, width = picture.shape[:2]
    x, y = grid(height, width)
    across = x + smooth(height, width, rng, cells) * np.float32(strength)
    down = y + smooth(height, width, rng, cells) * np.float32(strength)
    return np.asarray(
        cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), np.uint8
    )


@lru_cache(maxsize=8)
def grid(height: int, width: int) -> tuple[Floats, Floats]:
    """The coordinates x and y of every element, ``(height, width)`` each; shared: do not write to them."""
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    x.flags.writeable = y.flags.writeable = False
    return x, y


@lru_cache(maxsize=64)
def _stocked(side: int, exponent: float, number: int) -> Floats:
    return fractal(side, side, np.random.default_rng(number), exponent)


@lru_cache(maxsize=64)
def _gain(height: int, width: int, exponent: float) -> Floats:
    frequency = np.hypot(np.fft.fftfreq(height)[:, None] * height, np.fft.fftfreq(width)[None] * width)
    frequency[0, 0] = np.inf
    return np.repeat((frequency ** (-0.5 * exponent)).astype(np.float32)[..., None], 2, 2)
