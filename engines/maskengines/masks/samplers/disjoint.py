"""Several masks of one image that share the work.

X. Ma et al., "Disjoint Masking with Joint Distillation for Efficient Masked Image Modeling", 2022.
"""

from __future__ import annotations

import numpy as np

from maskengines.errors import BadInput
from maskengines.masks.samplers.noise import Noise, white_noise
from maskengines.masks.samplers.selection import BoolMask, strongest, wanted


def disjoint(
    views: int,
    height: int,
    width: int,
    ratio: float,
    rng: np.random.Generator,
    *,
    colour: Noise = white_noise,
) -> BoolMask:
    """Masks ``(views, height, width)``, each of exactly ``round(ratio * height * width)`` elements.

    A view first masks what all earlier ones kept, then what they masked least often: no two views overlap
    while anything is left, and from ``views >= 1 / ratio`` on every element is masked at least once.
    ``colour`` draws the noise that decides among equals (`red_noise` and its like).
    Raises `BadInput` for fewer than one view.
    """
    count = wanted(height, width, ratio)
    if views < 1:
        raise BadInput(f"Disjoint masks need at least one view, not {views}.")
    masks = np.zeros((views, height, width), np.bool_)
    times = np.zeros((height, width), np.float32)
    for mask in masks:
        mask[:] = strongest(_below_one(colour(height, width, rng)) - times, count)
        times += mask
    return masks


def _below_one(field: np.ndarray) -> np.ndarray:
    """``field`` scaled to a range less than 1, so that how often an element was masked counts first."""
    span = float(np.ptp(field))
    return (field - field.min()) * np.float32(0.99 / span) if span else np.zeros_like(field)
