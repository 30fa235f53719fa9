"""Detail as strong as it should be: no softer than the photo where pieces meet, no harsher than around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from maskengines.contract import Box
from maskengines.inpaint.likeness import BINS, SCALES, TOP, Texture

Array = np.ndarray[Any, Any]
GAINS = (0.25, 4.0)
SMOOTHING = (1.5, 1.2, 1.0)
STEPS = 16
STEP = 0.018
"""Of a descent in which each coarser scale counts four times as much, so that few steps do."""
FEATHER = 3.0
BEYOND = 0.5
MARGIN = 16
LOCAL = 6.0
FLOOR = 0.5
UNEVEN, HARSHER = (0.5, 0.9), (2.0, 1.0)
"""Spread of the log of strength along the rim, and how many times as strong as there detail may then be."""
EDGES = np.linspace(0, TOP, BINS + 1)


def matched(filled: Array, hole: Array, wanted: Texture, *, scale: float, tick: Callable[[], None]) -> Array:
    """``filled`` (H, W, C; float32) with the gradients in ``hole`` made as strong as ``wanted`` says, at
    three scales, each by a quarter to four times at most; where that is not known but a guess from beside
    the hole, no harsher than around it (`_room`).

    Histogram matching over scales as in Heeger, Bergen 1995, section 3, here of gradient strength: the
    map of strengths keeps their order, so what is an edge stays the stronger of two. What it asks of
    every gradient, smoothed so that neighbours change alike, is met in the least squares sense (the energy
    of Fattal 2002, eq. 3, at every scale) by a fixed number of steps down from ``filled``, so that tones
    beyond the coarsest scale stay. Changes fade towards the rim and stay near the tones next to each pixel.

    Args:
        scale: units of ``filled`` per unit of 0..255.
    """
    box = Box.of_mask(hole).grown(MARGIN).clipped(hole.shape[1], hole.shape[0])
    part = np.ascontiguousarray(filled[box.slices] / np.float32(scale), np.float32)
    inside = hole[box.slices]
    if part.shape[2] == 1:
        part = part[..., 0]
    share, limits = _share(inside, part), _limits(part)
    holes = [_halved(inside, depth) for depth in range(SCALES)]
    allowed: list[tuple[Array, Array]] = []
    for step in range(STEPS):
        levels: list[Array] = [part]
        while len(levels) < SCALES:
            levels.append(cv2.pyrDown(levels[-1]))
        change: Array = np.zeros(0, np.float32)
        for depth in range(SCALES - 1, -1, -1):
            tick()
            across, down = (cv2.Sobel(levels[depth], cv2.CV_32F, *axis) for axis in ((1, 0), (0, 1)))
            strength: Array = cv2.magnitude(_grey(across), _grey(down))
            if step == 0:
                most = GAINS[1] if wanted.known else np.clip(_room(strength, holes[depth]), 1.0, GAINS[1])
                allowed.append((strength * np.float32(GAINS[0]), strength * np.float32(most)))
            target = np.clip(
                _mapped(strength, holes[depth], wanted.rising[depth]), *allowed[SCALES - 1 - depth]
            )
            ratio = np.log((target + 1) / (strength + 1)) * holes[depth]
            lack = np.expm1(cv2.GaussianBlur(ratio, (0, 0), SMOOTHING[depth]))
            if part.ndim == 3:
                lack = lack[..., None]
            here = cv2.Sobel(across * lack, cv2.CV_32F, 1, 0) + cv2.Sobel(down * lack, cv2.CV_32F, 0, 1)
            size = levels[depth].shape[1::-1]
            change = here + cv2.pyrUp(change, dstsize=size) if change.size else here
        part = np.clip(part - np.float32(STEP) * share * change, *limits)
    result = filled.copy()
    result[box.slices] = part.reshape(result[box.slices].shape) * np.float32(scale)
    return result


def _share(inside: Array, part: Array) -> Array:
    framed = cv2.copyMakeBorder(inside.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1]
    return np.minimum(depth / np.float32(FEATHER), 1.0).reshape(*inside.shape, *[1] * (part.ndim - 2))


def _room(strength: Array, inside: Array) -> Array:
    """How many times as strong (H, W) detail ``inside`` may become: up to that around the rim nearest to it,
    and beyond where that is the same all along the rim. Where sky and ground meet at it, the histogram
    of both says how much there is of each, not that either is stronger."""
    known = (~inside).astype(np.float32)
    around = _smooth(strength * known) / np.maximum(_smooth(known), np.float32(1e-3))
    labels = cv2.distanceTransformWithLabels(
        inside.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )[1]
    home = np.zeros(int(labels.max()) + 1, np.float32)
    home[labels[~inside]] = around[~inside]
    near = home[labels]
    uneven = float(np.log(near[inside] + FLOOR).std()) if inside.any() else 0.0
    beyond = np.float32(np.interp(uneven, UNEVEN, HARSHER))
    return np.asarray(beyond * (_smooth(near) + FLOOR) / (_smooth(strength) + FLOOR))


def _smooth(values: Array) -> Array:
    return cv2.GaussianBlur(values, (0, 0), LOCAL)


def _limits(part: Array) -> tuple[Array, Array]:
    """How dark and how bright each pixel of ``part`` may become: a little beyond what is next to it, by the
    range of the calmest place nearby, as beside an edge a plain area must get no halo."""
    near, nearby = np.ones((3, 3), np.uint8), np.ones((9, 9), np.uint8)
    low, high = cv2.erode(part, near), cv2.dilate(part, near)
    calm = cv2.erode(high - low, nearby) * np.float32(BEYOND)
    return np.maximum(low - calm, part.min(axis=(0, 1))), np.minimum(high + calm, part.max(axis=(0, 1)))


def _halved(inside: Array, times: int) -> Array:
    size = tuple((side + (1 << times) - 1) >> times for side in inside.shape[::-1])
    return cv2.resize(inside.astype(np.uint8), size, interpolation=cv2.INTER_AREA) > 0


def _grey(values: Array) -> Array:
    return values.mean(axis=2) if values.ndim == 3 else values


def _mapped(strength: Array, inside: Array, wanted: Array) -> Array:
    """``strength`` (H, W) by the rising map that gives it the distribution ``wanted`` (32,) ``inside``."""
    logs = np.log1p(strength)
    counts = np.histogram(logs[inside], BINS, (0, TOP))[0]
    has = np.concatenate([[0.0], np.cumsum(counts) / max(int(counts.sum()), 1)])
    should = np.concatenate([[0.0], wanted[:-1], [1.0]])
    # A little slope, as what is flat has no inverse.
    slope = 1e-9 * np.arange(BINS + 1)
    targets = np.interp(has, np.maximum.accumulate(should) + slope, EDGES)
    return np.expm1(np.interp(logs, EDGES, targets)).astype(np.float32)
