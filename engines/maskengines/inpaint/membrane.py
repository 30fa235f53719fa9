"""Makes a fill meet its surroundings: the difference at the rim is spread smoothly over the hole and taken
off."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

Array = np.ndarray[Any, Any]
RIM = 3
SWEEPS = 24


def levelled(picture: Array, fill: Array, hole: Array) -> Array:
    """`fill` less the membrane through its error at the rim: seamless cloning (Perez, Gangnet, Blake 2003,
    with the guidance field the fill's own gradient; in the form of a correction as in Farbman et al. 2009).

    Args:
        picture, fill: (H, W, C) float32; the fill covers a rim of a few pixels outside the hole, too.
        hole: (H, W) bool.

    Returns:
        Like `fill`; equal to `picture` outside the hole.
    """
    around = cv2.dilate(hole.astype(np.uint8), np.ones((2 * RIM + 1,) * 2, np.uint8)) > 0
    rim = around & ~hole
    if not rim.any():
        return np.where(hole[..., None], fill, picture)
    error = np.where(rim[..., None], fill - picture, np.float32(0))
    # Detail of the rim is no matter of tone: what a pixel is off is averaged with its neighbours'.
    mass = cv2.GaussianBlur(rim.astype(np.float32), (0, 0), RIM)
    smooth = cv2.GaussianBlur(error, (0, 0), RIM).reshape(error.shape) / np.maximum(mass, 1e-4)[..., None]
    spread = harmonic(np.where(rim[..., None], smooth, np.float32(0)), rim)
    return np.where(hole[..., None], fill - spread, picture)


def harmonic(values: Array, given: Array) -> Array:
    """The smooth membrane through `values` (H, W, C) where `given` (H, W): Laplace's equation, coarse to
    fine.
    """
    height, width = given.shape
    if given.all():
        return values
    weight = given.astype(np.float32)
    if min(height, width) <= 2:
        mean = (values * weight[..., None]).sum((0, 1)) / max(float(weight.sum()), 1e-6)
        start = np.broadcast_to(mean.astype(np.float32), values.shape)
    else:
        size = (max(1, width // 2), max(1, height // 2))
        mass = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
        small = cv2.resize(values * weight[..., None], size, interpolation=cv2.INTER_AREA).reshape(
            *mass.shape, -1
        )
        coarse = harmonic(small / np.maximum(mass, 1e-6)[..., None], mass > 0)
        start = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR).reshape(values.shape)
    kernel = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32) / 4
    out = np.where(given[..., None], values, start)
    for _ in range(SWEEPS):
        flat = cv2.filter2D(out, -1, kernel, borderType=cv2.BORDER_REFLECT).reshape(values.shape)
        out = np.where(given[..., None], values, flat)
    return out
