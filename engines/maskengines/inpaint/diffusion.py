"""Smooth fills: what flows in from the rim, for previews and thin strokes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from maskengines.inpaint.membrane import harmonic

Array = np.ndarray[Any, Any]
MOST_BIHARMONIC = 40_000
MOST_LIVE = 5_000
MOST_AROUND = 80_000
"""Pixels of hole that a live fill works on, and of the whole smaller copy that a membrane is spanned in."""


def navier_stokes(pixels: Array, hole: Array, radius: float, most: int = MOST_LIVE) -> Array:
    """Navier-Stokes fill (Bertalmio, Bertozzi, Sapiro 2001, as in OpenCV), quick at any size.

    A hole of more than ``most`` pixels is filled on a smaller copy, which loses nothing that such a
    smooth fill would hold.

    Args:
        pixels: ``(H, W, 1|3)`` uint8 or uint16.
        hole: ``(H, W)`` bool, at least one pixel given.
        radius: width in pixels of what flows in.

    Returns:
        An array like ``pixels``, equal to it outside the hole.
    """
    shrink = min(1.0, float(np.sqrt(most / max(1, int(hole.sum())))))
    return _on_smaller_copy(pixels, hole, shrink, lambda small, inside: _inpaint(small, inside, radius))


def membrane(pixels: Array, hole: Array, radius: float, most: int = MOST_LIVE) -> Array:
    """The membrane that the rim spans (Laplace's equation), quick at any size: unlike fronts that flow in,
    it has no crease where they would meet.

    Args, returns: as of `navier_stokes`; ``radius`` is how much of the surroundings says the rim's tone.
    """
    shrink = min(1.0, float(np.sqrt(min(most / max(1, int(hole.sum())), MOST_AROUND / hole.size))))
    spread = max(0.5, radius * shrink / 4)
    return _on_smaller_copy(pixels, hole, shrink, lambda small, inside: _spanned(small, inside, spread))


def _on_smaller_copy(
    pixels: Array, hole: Array, shrink: float, fill: Callable[[Array, Array], Array]
) -> Array:
    height, width = hole.shape
    result = pixels.copy()
    if not hole.any():
        return result
    small_size = max(1, round(width * shrink)), max(1, round(height * shrink))
    if small_size == (width, height):
        filled = fill(pixels, hole)
    else:
        # Sampling first keeps the averaging cheap; four samples a cell are plenty for a smooth fill.
        step = max(1, int(0.25 / shrink))
        given = (~hole[::step, ::step]).astype(np.float32)
        masked = pixels[::step, ::step].astype(np.float32) * given[..., None]
        mass = cv2.resize(given, small_size, interpolation=cv2.INTER_AREA)
        small = cv2.resize(masked, small_size, interpolation=cv2.INTER_AREA).reshape(*mass.shape, -1)
        small_hole = mass < 0.05
        small = _typed(small / np.maximum(mass, 0.05)[..., None], pixels.dtype)
        if small_hole.all():
            # So little is given that the smaller copy shows none of it.
            result[hole] = np.rint(pixels[~hole].mean(axis=0)).astype(pixels.dtype)
            return result
        small = fill(small, small_hole) if small_hole.any() else small
        filled = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR).reshape(pixels.shape)
    np.copyto(result, filled, where=hole[..., None])
    return result


def _typed(values: Array, dtype: np.dtype[Any]) -> Array:
    limits = np.iinfo(dtype)
    return np.clip(np.rint(values), limits.min, limits.max).astype(dtype)


def _spanned(pixels: Array, hole: Array, spread: float) -> Array:
    given = (~hole).astype(np.float32)
    mass = cv2.GaussianBlur(given, (0, 0), spread)
    tones = cv2.GaussianBlur(pixels.astype(np.float32) * given[..., None], (0, 0), spread)
    tones = tones.reshape(pixels.shape) / np.maximum(mass, 1e-4)[..., None]
    return _typed(harmonic(np.where(hole[..., None], np.float32(0), tones), ~hole), pixels.dtype)


def _inpaint(pixels: Array, hole: Array, radius: float) -> Array:
    mask = hole.astype(np.uint8)
    if pixels.dtype == np.uint8:
        return cv2.inpaint(pixels, mask, radius, cv2.INPAINT_NS).reshape(pixels.shape)
    planes = [
        cv2.inpaint(np.ascontiguousarray(pixels[..., c]), mask, radius, cv2.INPAINT_NS)
        for c in range(pixels.shape[2])
    ]
    return np.stack(planes, axis=2)


def biharmonic(pixels: Array, hole: Array) -> Array:
    """The smoothest fill: ``|laplacian u|^2`` is least over the hole (Damelin, Hoang 2018), then
    every value is clamped to the range of what is given near it, which the minimiser can overshoot.

    Args:
        pixels: ``(H, W, C)``, any real type.
        hole: ``(H, W)`` bool, at least one pixel given.

    Returns:
        float32 like ``pixels``; outside the hole its values.
    """
    source = pixels.astype(np.float32)
    count = int(hole.sum())
    if not count:
        return source
    if count > MOST_BIHARMONIC:
        return _biharmonic_reduced(source, hole)
    result = source.copy()
    result[hole] = _solved(source.astype(np.float64), hole)
    low, high = local_range(source, hole)
    return np.where(hole[..., None], np.clip(result, low, high), source)


def local_range(source: Array, hole: Array) -> tuple[Array, Array]:
    """Lowest and highest given value around each hole pixel, ``(H, W, C)`` float32 each.

    The window reaches three pixels past the nearest given pixel of the deepest hole.
    """
    framed = cv2.copyMakeBorder(hole.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    depth = min(float(cv2.distanceTransform(framed, cv2.DIST_C, 3).max()), float(max(hole.shape)))
    side = 2 * (int(np.ceil(depth)) + 3) + 1
    kernel = np.ones((side, side), np.uint8)
    top, bottom = float(source.max()), float(source.min())
    low = cv2.erode(np.where(hole[..., None], np.float32(top), source), kernel)
    high = cv2.dilate(np.where(hole[..., None], np.float32(bottom), source), kernel)
    low, high = low.reshape(source.shape), high.reshape(source.shape)
    return np.minimum(low, high), np.maximum(low, high)


def _solved(source: Array, hole: Array) -> Array:
    from scipy.sparse import coo_matrix
    from scipy.sparse.linalg import splu

    height, width = hole.shape
    near = cv2.dilate(hole.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    rows, columns = np.nonzero(near)
    number = np.arange(height * width).reshape(height, width)
    row_ids, column_ids, values = [], [], []
    degree = np.zeros(len(rows))
    for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        ny, nx = rows + dy, columns + dx
        ok = (ny >= 0) & (ny < height) & (nx >= 0) & (nx < width)
        row_ids.append(np.flatnonzero(ok))
        column_ids.append(number[ny[ok], nx[ok]])
        values.append(np.full(int(ok.sum()), -1.0))
        degree += ok
    row_ids.append(np.arange(len(rows)))
    column_ids.append(number[rows, columns])
    values.append(degree)
    shape = (len(rows), height * width)
    laplacian = coo_matrix(
        (np.concatenate(values), (np.concatenate(row_ids), np.concatenate(column_ids))), shape
    ).tocsc()
    inside = hole.ravel()
    ours = laplacian[:, np.flatnonzero(inside)]
    flat = source.reshape(height * width, -1) * ~inside[:, None]
    right = -(ours.T @ (laplacian @ flat))
    # A whisper of the identity keeps the matrix regular when next to nothing is given.
    system = (ours.T @ ours).tocsc()
    system.setdiag(system.diagonal() + 1e-9)
    return splu(system, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(right)


def _biharmonic_reduced(source: Array, hole: Array) -> Array:
    height, width = hole.shape
    shrink = float(np.sqrt(MOST_BIHARMONIC / 2 / int(hole.sum())))
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    given = (~hole).astype(np.float32)
    mass = cv2.resize(given, size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(source * given[..., None], size, interpolation=cv2.INTER_AREA)
    small = small.reshape(*mass.shape, -1) / np.maximum(mass, 0.05)[..., None]
    small_hole = mass < 0.05
    if small_hole.all():
        small_hole = mass < mass.max()
    filled = biharmonic(small, small_hole)
    large = cv2.resize(filled, (width, height), interpolation=cv2.INTER_CUBIC).reshape(source.shape)
    low, high = local_range(source, hole)
    return np.where(hole[..., None], np.clip(large, low, high), source)
