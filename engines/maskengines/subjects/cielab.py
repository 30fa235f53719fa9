"""Colours as the eye tells them apart: sRGB to CIELAB (D65) and back, with derivatives.

Both ways go on linearly beyond black, so that colours outside of 0..1 come back as they were.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_TO_XYZ /= _TO_XYZ.sum(axis=1, keepdims=True)  # white is 1, 1, 1
_FROM_XYZ = np.linalg.inv(_TO_XYZ)
_TO_LAB = np.array([[0.0, 116.0, 0.0], [500.0, -500.0, 0.0], [0.0, 200.0, -200.0]])
_FROM_LAB = np.linalg.inv(_TO_LAB)
_OFFSET = np.array([-16.0, 0.0, 0.0])
_TOE = 6 / 29


def to_lab(colours: Array) -> tuple[Array, Array]:
    """CIELAB of sRGB colours.

    Args:
        colours: ``(N, 3)``, 0..1 and beyond.

    Returns:
        ``(N, 3)`` L in 0..100, a, b; and ``(N, 3, 3)``, their derivatives by red, green and blue.
    """
    linear, linear_slope = _linear(np.asarray(colours, np.float64))
    root, root_slope = _root(linear @ _TO_XYZ.T)
    slopes = _TO_LAB @ (root_slope[:, :, None] * _TO_XYZ * linear_slope[:, None, :])
    return root @ _TO_LAB.T + _OFFSET, slopes


def from_lab(lab: Array) -> tuple[Array, Array]:
    """sRGB of ``(N, 3)`` CIELAB colours, not cut to 0..1, and ``(N, 3, 3)`` derivatives by L, a and b."""
    root = (np.asarray(lab, np.float64) - _OFFSET) @ _FROM_LAB.T
    low = root <= _TOE
    power = np.where(low, 3 * _TOE**2 * (root - 4 / 29), root**3)
    power_slope = np.where(low, 3 * _TOE**2, 3 * root**2)
    linear = power @ _FROM_XYZ.T
    low = linear <= 0.0031308
    above = np.where(low, 1.0, linear)
    shown = np.where(low, 12.92 * linear, 1.055 * above ** (1 / 2.4) - 0.055)
    shown_slope = np.where(low, 12.92, 1.055 / 2.4 * above ** (1 / 2.4 - 1))
    return shown, shown_slope[:, :, None] * (_FROM_XYZ @ (power_slope[:, :, None] * _FROM_LAB))


def _linear(shown: Array) -> tuple[Array, Array]:
    """sRGB's transfer function and its derivative."""
    low = shown <= 0.04045
    base = np.where(low, 1.0, (shown + 0.055) / 1.055)
    return np.where(low, shown / 12.92, base**2.4), np.where(low, 1 / 12.92, 2.4 / 1.055 * base**1.4)


def _root(values: Array) -> tuple[Array, Array]:
    """CIELAB's cube root with its linear toe, and its derivative."""
    low = values <= _TOE**3
    above = np.where(low, 1.0, values)
    root = np.where(low, values / (3 * _TOE**2) + 4 / 29, np.cbrt(above))
    return root, np.where(low, 1 / (3 * _TOE**2), np.cbrt(above) / (3 * above))
