"""Perceptually even palettes: 256 colours each, low to high."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def viridis() -> Array:
    """``(256, 3)`` uint8 RGB: for what runs from low to high."""
    import cv2

    ramp = np.arange(256, dtype=np.uint8)[:, None]
    return np.ascontiguousarray(cv2.applyColorMap(ramp, cv2.COLORMAP_VIRIDIS)[:, 0, ::-1])


def diverging() -> Array:
    """``(256, 3)`` uint8 RGB: blue below zero, near-white at it, red above.

    Both arms are straight lines in CIELAB, so that equal steps look equal, and both ends are equally
    dark (Moreland 2009, "Diverging color maps for scientific visualization").
    """
    import cv2

    ends = np.array([[40.0, 0.0, -46.0], [96.0, 0.0, 0.0], [40.0, 58.0, 34.0]], np.float32)
    lab = np.stack(
        [np.interp(np.linspace(-1, 1, 256), [-1, 0, 1], ends[:, axis]) for axis in range(3)], axis=1
    )
    rgb = cv2.cvtColor(lab[None].astype(np.float32), cv2.COLOR_Lab2RGB)[0]
    return np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)


def painted(shares: Array, palette: Array) -> Array:
    """``(h, w)`` shares in 0..1 in the colours of a palette: ``(h, w, 3)`` uint8."""
    return palette[np.rint(np.clip(shares, 0, 1) * 255).astype(np.uint8)]
