"""Detail as strong as the photo's: what a copy lost where pieces meet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from maskengines.contract import Box
from maskengines.inpaint.likeness import BINS, TOP, curves, strengths

Array = np.ndarray[Any, Any]
SIGMAS = (0.8, 1.6, 3.2)
MOST_GAIN = 1.25
STEPS = 4
STEP = 0.7
FEATHER = 4.0
MARGIN = 16


def strengthened(
    filled: Array, hole: Array, wanted: Array, *, scale: float, tick: Callable[[], None]
) -> Array:
    """``filled`` (H, W, C; float32) with the detail in ``hole`` raised until its gradients are as strong as
    ``wanted`` says, octave by octave, at most by a quarter and never lowered.

    Gain correction (Darabi 2012, section 3.1), of bands of a Gaussian stack rather than of patches: raising
    a band by ``g`` moves the distribution of its log gradient strength by ``log g``.

    Args:
        wanted: ``(3, 32)``, as `likeness.Likeness.wanted`.
        scale: units of ``filled`` per unit of 0..255.
    """
    box = Box.of_mask(hole).grown(MARGIN).clipped(hole.shape[1], hole.shape[0])
    part, inside = filled[box.slices], hole[box.slices]
    rows, columns = np.nonzero(inside)
    framed = cv2.copyMakeBorder(inside.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1]
    share = np.minimum(depth / np.float32(FEATHER), 1.0)[..., None]
    bands, smooth = [], part
    for sigma in SIGMAS:
        tick()
        softer = cv2.GaussianBlur(part, (0, 0), sigma).reshape(part.shape)
        bands.append((smooth - softer) * share)
        smooth = softer
    gains = np.ones(len(SIGMAS), np.float32)
    result = part
    for _ in range(STEPS):
        tick()
        grey = np.clip(result.mean(axis=2, dtype=np.float32) / np.float32(scale), 0, 255)
        lacking = (curves(strengths(grey), rows, columns) - wanted).sum(axis=1) * (TOP / BINS)
        gains = np.clip(gains * np.exp(STEP * lacking), 1.0, MOST_GAIN).astype(np.float32)
        result = part + sum((gain - 1) * band for gain, band in zip(gains, bands, strict=True))
    raised = filled.copy()
    raised[box.slices] = result
    return raised
