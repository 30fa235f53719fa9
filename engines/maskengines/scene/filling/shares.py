"""How much of a picture comes from some of its Gaussians."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from maskengines.scene.rasteriser import render
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import SH_C0, Gaussians

Array = np.ndarray[Any, Any]


def share(some: Gaussians, others: Gaussians, camera: Camera) -> Array:
    """``(h, w)`` float32 in 0..1: what ``some`` are of each pixel of the picture of both: their blending
    weights, as the picture of white ones among black ones."""
    both = others.joined(some)
    harmonics = np.full((len(both), 1, 3), -0.5 / SH_C0, np.float32)
    harmonics[len(others) :] = 0.5 / SH_C0
    found: Array = render(replace(both, harmonics=harmonics), camera).colour[..., 0]
    return found
