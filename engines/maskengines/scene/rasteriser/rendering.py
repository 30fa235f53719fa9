"""Pictures of a scene, without gradients and without torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from maskengines.scene.rasteriser.options import Frame, Options
from maskengines.scene.rasteriser.passes import Parameters, draw, sight
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import Gaussians

Array = np.ndarray[Any, Any]

DEFAULT = Options()
THUMBNAIL = 320
"""Pixels of the longer side of a picture for a gallery."""


def parameters_of(gaussians: Gaussians) -> Parameters:
    return (
        gaussians.means, gaussians.scales, gaussians.rotations, gaussians.opacities, gaussians.harmonics,
    )  # fmt: skip


def render(
    gaussians: Gaussians,
    camera: Camera,
    background: Sequence[float] = (0.0, 0.0, 0.0),
    options: Options = DEFAULT,
) -> Frame:
    """The picture of ``gaussians`` that ``camera`` takes, in front of ``background`` (sRGB, 0..1)."""
    drawing = draw(sight(parameters_of(gaussians), camera, options), camera, background)
    return Frame(drawing.colour, np.float32(1) - drawing.through, drawing.depth)


def to_pixels(colour: Array) -> Array:
    """``(h, w, 3)`` uint8 of sRGB colours in 0..1; what is beyond is cut."""
    pixels: Array = np.rint(np.clip(colour, 0, 1) * 255).astype(np.uint8)
    return pixels


def thumbnail(gaussians: Gaussians, camera: Camera) -> Array:
    """``(h, w, 3)`` uint8: what ``camera`` sees, in front of black, small enough for a gallery."""
    scale = min(1.0, THUMBNAIL / max(camera.width, camera.height))
    small = camera.resized(max(1, round(scale * camera.width)), max(1, round(scale * camera.height)))
    return to_pixels(render(gaussians, small).colour)
