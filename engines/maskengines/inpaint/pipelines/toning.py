"""A fill's tones made to meet the photo's at the rim, at any depth."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from maskengines.contract import Box
from maskengines.inpaint.pipelines.info import Seam

Array = np.ndarray[Any, Any]

RING = 12
"""Width in pixels of what is compared outside the hole."""
_SMOOTHING = 4.0
_GAINS = (0.75, 1.33)
_LEAST = 16
"""Pixels of the photo below which nothing is known of its tones."""
_SWEEPS = 6
_SOLVED = 256
"""Pixels along the longer side of the copy on which the membrane is solved."""
_MOST = 0.25
"""Of the range of values: a larger difference is another object, not another tone."""


def toned(filled: Array, photo: Array, hole: Array, seam: Seam) -> Array:
    """``filled`` with its tones moved towards those of the photo.

    Args:
        filled: ``(H, W, C)`` float32 in 0..1: what a model drew, the surroundings of the hole included.
        photo: the same part of the photo, float32 in 0..1.
        hole: ``(H, W)`` bool.
        seam: ``gradient`` adds the membrane that meets the difference on the rim (Perez 2003, eq. 4, solved
            for the correction as in Farbman 2009, eq. 1), ``colour`` matches mean and spread of the ring
            around the hole, ``none`` changes nothing.
    """
    box = Box.of_mask(hole.view(np.uint8)).grown(RING).clipped(hole.shape[1], hole.shape[0])
    ring = _ring(hole[box.slices])
    if seam == "none" or int(ring.sum()) < _LEAST:
        return filled
    here, there = filled[box.slices], photo[box.slices]
    result = filled.copy()
    if seam == "colour":
        result[box.slices] = _matched(here, there, ring)
    else:
        result[box.slices] = np.clip(here + _membrane(there - here, ring), 0, 1)
    return result


def _ring(hole: Array) -> Array:
    near = np.ones((2 * RING + 1, 2 * RING + 1), np.uint8)
    return (cv2.dilate(hole.astype(np.uint8), near) > 0) & ~hole


def _matched(filled: Array, photo: Array, ring: Array) -> Array:
    """Mean and standard deviation by channel (Reinhard 2001, eq. 10-11), the gain within 3/4 to 4/3."""
    mean, there = filled[ring].mean(axis=0), photo[ring].mean(axis=0)
    gain = np.clip((photo[ring].std(axis=0) + 1e-3) / (filled[ring].std(axis=0) + 1e-3), *_GAINS)
    return np.clip((filled - mean) * gain + there, 0, 1).astype(np.float32)


def _membrane(lack: Array, ring: Array) -> Array:
    """The differences on the ring, smoothed along it, spread over the hole as smoothly as can be.

    Where they are so large that something else was drawn there, nothing is asked of the membrane. It is so
    smooth that it is solved on a small copy.
    """
    seen = lack[ring]
    usual = np.abs(seen - np.median(seen, axis=0)).max(axis=1) <= _MOST
    if int(usual.sum()) < _LEAST:
        return np.zeros_like(lack)
    known = np.zeros(ring.shape, np.float32)
    known[ring] = usual
    shrink = max(1, -(-max(ring.shape) // _SOLVED))
    size = -(-ring.shape[1] // shrink), -(-ring.shape[0] // shrink)
    sigma = _SMOOTHING / shrink

    def small(plane: Array) -> Array:
        reduced = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
        return cv2.GaussianBlur(reduced, (0, 0), sigma)

    mass, rim = small(known), cv2.resize(ring.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    total = small(lack * known[..., None]).reshape(*mass.shape, -1)
    sure = rim & (mass > 1e-3)
    values = np.where(sure[..., None], total / np.maximum(mass, 1e-3)[..., None], 0).astype(np.float32)
    solved = _spread(values, sure.astype(np.float32))
    return cv2.resize(solved, ring.shape[::-1], interpolation=cv2.INTER_LINEAR).reshape(lack.shape)


def _spread(values: Array, known: Array) -> Array:
    """``values`` (H, W, C) where they are ``known`` (H, W; 1 or 0), and between them the solution of
    Laplace's equation by multigrid: each coarser level starts the finer one."""
    height, width = known.shape
    if min(height, width) <= 4 or bool((known > 0).all()):
        mean = (values * known[..., None]).sum(axis=(0, 1)) / max(float(known.sum()), 1e-6)
        coarse = np.broadcast_to(mean, values.shape)
    else:
        half = ((width + 1) // 2, (height + 1) // 2)
        mass = cv2.resize(known, half, interpolation=cv2.INTER_AREA)
        total = cv2.resize(values * known[..., None], half, interpolation=cv2.INTER_AREA)
        total = total.reshape(*mass.shape, -1) / np.maximum(mass, 1e-6)[..., None]
        small = _spread(total.astype(np.float32), (mass > 1e-6).astype(np.float32))
        coarse = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR).reshape(values.shape)
    fixed = known[..., None] > 0
    result: Array = np.where(fixed, values, coarse).astype(np.float32)
    for _ in range(_SWEEPS):
        around = cv2.blur(result, (3, 3), borderType=cv2.BORDER_REPLICATE).reshape(values.shape)
        result = np.where(fixed, values, around)
    return result
