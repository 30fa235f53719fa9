"""Structural similarity (Wang et al. 2004) and its gradient, with separable filters.

Written out as one formula per pixel between two passes of an 11-tap Gaussian (sigma 1.5), which is several
times faster than differentiating convolutions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numba import njit, prange

from maskengines.scene.kernels import kernels

Array = np.ndarray[Any, Any]
f4 = np.float32

RADIUS = 5
_SIGMA = 1.5
_C1, _C2 = f4(0.01**2), f4(0.03**2)
_ONE, _TWO = f4(1), f4(2)
_TAPS = np.exp(-0.5 * (np.arange(-RADIUS, RADIUS + 1) / _SIGMA) ** 2)
TAPS = (_TAPS / _TAPS.sum()).astype(np.float32)


@njit(parallel=True, fastmath=True, error_model="numpy", cache=True, nogil=True)
def _across(x: Array, y: Array, taps: Array, channels: int, out: Array) -> None:
    """Blur x, y, x x, y y and x y along the rows, zeros beyond; ``(H, L)`` each into ``out`` (5, H, L)."""
    height, length = x.shape
    margin = RADIUS * channels
    for row in prange(height):
        padded = np.zeros((5, length + 2 * margin), np.float32)
        for i in range(length):
            a, b = x[row, i], y[row, i]
            padded[0, margin + i], padded[1, margin + i] = a, b
            padded[2, margin + i], padded[3, margin + i], padded[4, margin + i] = a * a, b * b, a * b
        for plane in range(5):
            for i in range(length):
                out[plane, row, i] = f4(0)
            for tap in range(2 * RADIUS + 1):
                weight, shift = taps[tap], np.uintp(tap * channels)
                for i in range(np.uintp(length)):
                    out[plane, row, i] += weight * padded[plane, i + shift]


@njit(parallel=True, fastmath=True, error_model="numpy", cache=True, nogil=True)
def _compare(blurred: Array, taps: Array, similarity: Array, slopes: Array) -> None:
    """Blur down the columns and compare: ``similarity`` (H, L), and in ``slopes`` (3, H, L) its derivatives
    by the blurred x, x x and x y, the first with what passes through the variances."""
    _, height, length = blurred.shape
    for row in prange(height):
        means = np.zeros((5, length), np.float32)
        for plane in range(5):
            for tap in range(2 * RADIUS + 1):
                other = row + tap - RADIUS
                if 0 <= other < height:
                    weight = taps[tap]
                    for i in range(length):
                        means[plane, i] += weight * blurred[plane, other, i]
        for i in range(length):
            a, b = means[0, i], means[1, i]
            aa, bb, ab = means[2, i] - a * a, means[3, i] - b * b, means[4, i] - a * b
            light, grain = _TWO * a * b + _C1, _TWO * ab + _C2
            lights, grains = a * a + b * b + _C1, aa + bb + _C2
            scale = _ONE / (lights * grains)
            same = light * grain * scale
            by_variance, by_covariance = -same / grains, _TWO * light * scale
            similarity[row, i] = same
            slopes[0, row, i] = (
                _TWO * b * grain * scale
                - _TWO * a * same / lights
                - _TWO * a * by_variance
                - b * by_covariance
            )
            slopes[1, row, i], slopes[2, row, i] = by_variance, by_covariance


@njit(parallel=True, fastmath=True, error_model="numpy", cache=True, nogil=True)
def _slopes_across(slopes: Array, taps: Array, channels: int, out: Array) -> None:
    """Blur three planes along the rows."""
    _, height, length = slopes.shape
    margin = RADIUS * channels
    for row in prange(height):
        padded = np.zeros(length + 2 * margin, np.float32)
        for plane in range(3):
            for i in range(length):
                padded[margin + i] = slopes[plane, row, i]
                out[plane, row, i] = f4(0)
            for tap in range(2 * RADIUS + 1):
                weight, shift = taps[tap], np.uintp(tap * channels)
                for i in range(np.uintp(length)):
                    out[plane, row, i] += weight * padded[i + shift]


@njit(parallel=True, fastmath=True, error_model="numpy", cache=True, nogil=True)
def _gather(  # noqa: PLR0917 - compiled functions take their arrays one by one
    blurred: Array, x: Array, y: Array, taps: Array, scale: Any, gradient: Array
) -> None:
    """Blur three planes down the columns and put the gradient by x together."""
    _, height, length = blurred.shape
    for row in prange(height):
        sums = np.zeros((3, length), np.float32)
        for plane in range(3):
            for tap in range(2 * RADIUS + 1):
                other = row + tap - RADIUS
                if 0 <= other < height:
                    weight = taps[tap]
                    for i in range(length):
                        sums[plane, i] += weight * blurred[plane, other, i]
        for i in range(length):
            gradient[row, i] = scale * (sums[0, i] + _TWO * x[row, i] * sums[1, i] + y[row, i] * sums[2, i])


def similarity_and_gradient(x: Array, y: Array) -> tuple[Array, Array]:
    """The map of SSIM of two pictures and the gradient of its mean by the first one.

    Args:
        x, y: ``(H, W, C)`` float32, values around 0..1; beyond the border both count as 0.

    Returns:
        Two arrays ``(H, W, C)`` float32.
    """
    height, width, channels = x.shape
    flat_x = np.ascontiguousarray(x, np.float32).reshape(height, width * channels)
    flat_y = np.ascontiguousarray(y, np.float32).reshape(height, width * channels)
    blurred = np.empty((5, height, width * channels), np.float32)
    slopes = np.empty((3, height, width * channels), np.float32)
    similarity, gradient = np.empty_like(flat_x), np.empty_like(flat_x)
    with kernels():
        _across(flat_x, flat_y, TAPS, channels, blurred)
        _compare(blurred, TAPS, similarity, slopes)
        _slopes_across(slopes, TAPS, channels, blurred[:3])
        _gather(blurred[:3], flat_x, flat_y, TAPS, f4(1 / x.size), gradient)
    return similarity.reshape(x.shape), gradient.reshape(x.shape)


class _Similarity(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any, y: Any) -> Any:
        found, gradient = similarity_and_gradient(x.detach().numpy(), y.detach().numpy())
        ctx.gradient = torch.from_numpy(gradient)
        return x.new_tensor(found.mean(dtype=np.float64))

    @staticmethod
    def backward(ctx: Any, pull: Any) -> Any:
        return ctx.gradient * pull, None


def ssim(picture: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean SSIM of two float32 pictures ``(H, W, C)``, differentiable once by ``picture``."""
    found: torch.Tensor = _Similarity.apply(picture, target)
    return found


def mean_ssim(x: Array, y: Array) -> float:
    """Mean SSIM of the pixels whose window lies inside the picture, as scikit-image gives it with Gaussian
    weights: for measuring. Pictures of fewer than 11 pixels a side are measured whole."""
    found, _ = similarity_and_gradient(x, y)
    inner = found[RADIUS:-RADIUS, RADIUS:-RADIUS]
    return float((inner if inner.size else found).mean(dtype=np.float64))
