"""Structural similarity (Wang et al. 2004) and its gradient, with separable filters.

The gradient is written out as one formula per pixel between two passes of an 11-tap Gaussian (sigma 1.5),
which is several times faster than differentiating convolutions.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch

Array = np.ndarray[Any, Any]
f4 = np.float32

RADIUS = 5
_SIGMA = 1.5
_C1, _C2 = f4(0.01**2), f4(0.03**2)
_TWO = f4(2)
_TAPS = np.exp(-0.5 * (np.arange(-RADIUS, RADIUS + 1) / _SIGMA) ** 2)
TAPS = (_TAPS / _TAPS.sum()).astype(np.float32)


def _blurred(picture: Array) -> Array:
    """``(H, W, C)`` as through the window around each pixel, 0 beyond the border."""
    found: Array = cv2.sepFilter2D(picture, -1, TAPS, TAPS, borderType=cv2.BORDER_CONSTANT)
    return found.reshape(picture.shape)


def similarity_and_gradient(x: Array, y: Array) -> tuple[Array, Array]:
    """The map of SSIM of two pictures and the gradient of its mean by the first one.

    Args:
        x, y: ``(H, W, C)`` float32, values around 0..1; beyond the border both count as 0.

    Returns:
        Two arrays ``(H, W, C)`` float32.
    """
    x, y = np.ascontiguousarray(x, np.float32), np.ascontiguousarray(y, np.float32)
    a, b = _blurred(x), _blurred(y)
    product, squares = a * b, a * a + b * b
    light, lights = _TWO * product + _C1, squares + _C1
    grain = _TWO * (_blurred(x * y) - product) + _C2
    # Variances are needed as their sum alone.
    grains = _blurred(x * x + y * y) - squares + _C2
    scale = 1 / (lights * grains)
    same = light * grain * scale
    # Derivatives by the blurred x x and x y, then by the blurred x with what passes through the variances.
    by_square, by_product = -same / grains, _TWO * light * scale
    by_mean = _TWO * (b * grain * scale - a * same / lights - a * by_square) - b * by_product
    gradient = _blurred(by_mean) + _TWO * x * _blurred(by_square) + y * _blurred(by_product)
    gradient *= f4(1 / x.size)
    return same, gradient


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
