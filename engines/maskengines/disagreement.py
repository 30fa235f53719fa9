"""Where the answers differ: a map over the picture, and maybe the next mask."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from maskengines.contract import Box, Candidate, ImagePatch
from maskengines.results.maps import MapResult

Array = np.ndarray[Any, Any]

_SCALE = 20.0
_SIGMA = 1.5


def can_disagree(candidates: Iterable[Candidate]) -> bool:
    """Whether there are two pictures or two maps to compare."""
    kinds = [candidate.kind for candidate in candidates]
    return kinds.count("image") > 1 or kinds.count("map") > 1


def disagreement(candidates: Iterable[Candidate], shape: tuple[int, int]) -> Array:
    """How far apart the candidates are at each pixel: ``(H, W)`` float32 in 0..1, 0 where they agree.

    Pictures are compared by colour; where there are fewer than two, maps by value. Candidates of other
    kinds are passed over.
    """
    found = list(candidates)
    if sum(candidate.kind == "image" for candidate in found) < 2:
        return _of_maps([candidate for candidate in found if candidate.kind == "map"], shape)
    return _of_pictures(found, shape)


def _of_maps(candidates: list[Candidate], shape: tuple[int, int]) -> Array:
    """Root mean square difference over all pairs of maps, each as a share of its own largest size."""
    mean, squares = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for number, candidate in enumerate(candidates, 1):
        read = MapResult.read(candidate.result, shape)
        most = max(float(np.abs(read.values).max()), 1e-12)
        values = read.to_photo(read.values / np.float32(most), shape)
        step = values - mean
        mean += step / number
        squares += step * (values - mean)
    if len(candidates) < 2:
        return squares
    return np.clip(np.sqrt(np.maximum(squares, 0) * 2 / (len(candidates) - 1)), 0, 1)


def _of_pictures(candidates: Iterable[Candidate], shape: tuple[int, int]) -> Array:
    """The spread is the root mean square CIE76 colour difference over all pairs of the ``n`` candidates
    that cover the pixel, found from their variance: ``E |x_i - x_j|^2 = 2 n / (n - 1) * Var(x)``. It is
    lightly smoothed and shown as ``1 - exp(-spread / 20)``: 0.1 is a just noticeable difference, 0.63
    clearly another colour. Where fewer than two candidates answer, or all agree to the last bit (so
    everywhere outside their masks), it is 0.
    """
    import cv2

    spread = np.zeros(shape, np.float32)
    patches = [c.result for c in candidates if c.kind == "image" and isinstance(c.result, ImagePatch)]
    whole = Box(0, 0, 0, 0)
    for patch in patches:
        whole = whole.union(patch.box.clipped(shape[1], shape[0]))
    if len(patches) < 2 or whole.empty:
        return spread
    # Welford's running mean and sum of squares: equal answers give exactly 0.
    count = np.zeros((whole.height, whole.width, 1), np.float32)
    mean = np.zeros((whole.height, whole.width, 3), np.float32)
    squares = np.zeros_like(count)
    for patch in patches:
        seen = patch.box.clipped(shape[1], shape[0])
        if seen.empty:
            continue
        there = seen.moved(-whole.x, -whole.y).slices
        colour = _lab(patch.pixels[seen.moved(-patch.x, -patch.y).slices])
        count[there] += 1
        step = colour - mean[there]
        mean[there] += step / count[there]
        squares[there] += (step * (colour - mean[there])).sum(axis=2, keepdims=True)
    distance = np.sqrt(np.maximum(squares, 0) * 2 / np.maximum(count - 1, 1))[..., 0]
    distance[count[..., 0] < 2] = 0
    smooth = cv2.GaussianBlur(distance, (0, 0), _SIGMA)
    spread[whole.slices] = np.where(distance > 0, -np.expm1(-smooth / _SCALE), 0)
    return spread


def _lab(pixels: Array) -> Array:
    """``(h, w, 1|3)`` of either depth to ``(h, w, 3)`` float32 CIELAB."""
    import cv2

    scaled = pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
    return cv2.cvtColor(np.repeat(scaled, 3, axis=2) if scaled.shape[2] == 1 else scaled, cv2.COLOR_RGB2Lab)
