"""Masks from coloured noise: C. Hinojosa, S. Liu, B. Ghanem, "ColorMAE", ECCV 2024.

White noise W is filtered by Gaussians G and the strongest values are masked. Filters are taken in the
frequency domain, so that noise wraps around and no border is special.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.masks.samplers.selection import BoolMask, strongest, wanted

Field = np.ndarray[Any, np.dtype[np.float32]]
Gain = Callable[[Field], Field]
Noise = Callable[[int, int, np.random.Generator], Field]

# Standard deviations of the two Gaussians, in cells. Not the paper's: these keep 0.78 of the middle of the
# band, so that what purple lacks and green is made of shows in the spectrum of the mask itself.
NARROW, WIDE = 0.5, 2.0


def red(height: int, width: int, ratio: float, rng: np.random.Generator, *, cell: int = 1) -> BoolMask:
    """Clusters, where low-pass noise is strongest. Exactly ``round(ratio * height * width)`` elements.

    ``cell``: side in elements of the squares that are masked together; to keep the count exact, one of
    them may be cut.
    """
    return _masked(red_noise, height, width, ratio, rng, cell=cell)


def green(height: int, width: int, ratio: float, rng: np.random.Generator, *, cell: int = 1) -> BoolMask:
    """Evenly spread clusters of one size, from band-pass noise. Count and ``cell`` as `red`."""
    return _masked(green_noise, height, width, ratio, rng, cell=cell)


def blue(height: int, width: int, ratio: float, rng: np.random.Generator, *, cell: int = 1) -> BoolMask:
    """Evenly spread single cells, from high-pass noise. Count and ``cell`` as `red`."""
    return _masked(blue_noise, height, width, ratio, rng, cell=cell)


def purple(height: int, width: int, ratio: float, rng: np.random.Generator, *, cell: int = 1) -> BoolMask:
    """Clusters and single cells, from band-stop noise. Count and ``cell`` as `red`."""
    return _masked(purple_noise, height, width, ratio, rng, cell=cell)


def white(height: int, width: int, ratio: float, rng: np.random.Generator, *, cell: int = 1) -> BoolMask:
    """Independent cells, as in masked autoencoders (He et al., CVPR 2022). Count and ``cell`` as `red`."""
    return _masked(white_noise, height, width, ratio, rng, cell=cell)


def white_noise(height: int, width: int, rng: np.random.Generator) -> Field:
    """W: independent normal values ``(height, width)``."""
    return rng.standard_normal((height, width), dtype=np.float32)


def red_noise(height: int, width: int, rng: np.random.Generator) -> Field:
    """G(W), ``(height, width)``."""
    return filtered(white_noise(height, width, rng), lambda f: gaussian(f, WIDE))


def blue_noise(height: int, width: int, rng: np.random.Generator) -> Field:
    """W - G(W), ``(height, width)``."""
    return filtered(white_noise(height, width, rng), lambda f: np.float32(1.0) - gaussian(f, WIDE))


def green_noise(height: int, width: int, rng: np.random.Generator) -> Field:
    """G1(W) - G2(W), ``(height, width)``; strongest at 0.19 cycles per element, where 0.78 of W is left."""
    return filtered(white_noise(height, width, rng), _band)


def purple_noise(height: int, width: int, rng: np.random.Generator) -> Field:
    """W - (G1(W) - G2(W)), ``(height, width)``; weakest where `green_noise` is strongest."""
    return filtered(white_noise(height, width, rng), lambda f: np.float32(1.0) - _band(f))


def filtered(field: Field, gain: Gain) -> Field:
    """``field`` ``(h, w)``, its spectrum multiplied by ``gain`` of the frequency in cycles per element."""
    height, width = field.shape
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]).astype(np.float32)
    return np.fft.irfft2(np.fft.rfft2(field) * gain(frequency), s=field.shape).astype(np.float32)


def gaussian(frequency: Field, sigma: float) -> Field:
    """What a Gaussian of ``sigma`` elements leaves of each frequency (cycles per element): 0..1."""
    return np.exp(np.float32(-2.0 * (np.pi * sigma) ** 2) * np.square(frequency))


def _band(frequency: Field) -> Field:
    return gaussian(frequency, NARROW) - gaussian(frequency, WIDE)


def _masked(
    colour: Noise, height: int, width: int, ratio: float, rng: np.random.Generator, *, cell: int
) -> BoolMask:
    """The cells where noise of that colour is strongest, exactly so many elements."""
    count = wanted(height, width, ratio)
    if cell < 1:
        raise BadInput(f"A cell of {cell} elements cannot be masked; take at least 1.")
    field = colour(-(-height // cell), -(-width // cell), rng)
    return strongest(field.repeat(cell, 0).repeat(cell, 1)[:height, :width], count)
