"""How much of what a camera sees comes from each Gaussian: what paint on a render is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from maskengines.scene.rasteriser import Options
from maskengines.scene.rasteriser.passes import draw, gradients, sight
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import SH_C0, Gaussians

Array = np.ndarray[Any, Any]

_BLACK = (0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class View:
    """What one camera sees of N Gaussians, and of a mask over its picture.

    Attributes:
        inside: ``(N,)`` float32: blending weight summed over the pixels, each times its mask in 0..1.
        total: ``(N,)`` float32: blending weight summed over all pixels; 0 for who is not seen.
        in_sight: ``(N,)`` bool: it touches a pixel of the picture, maybe hidden behind others.
        centred: ``(N,)`` bool: in sight, and the centre lies at a pixel of the mask.
        depth: ``(N,)`` float64: of the centre, along the view in scene units.
    """

    inside: Array
    total: Array
    in_sight: Array
    centred: Array
    depth: Array


def contributions(
    gaussians: Gaussians,
    camera: Camera,
    mask: Array,
    options: Options = Options(),  # noqa: B008 - frozen
) -> View:
    """Weigh a mask.

    The weight of a Gaussian in a pixel is its alpha times the light that is left in front of it (Kerbl et
    al. 2023, eq. 3), the derivative of the picture by its colour; so the backward pass of the rasteriser
    sums it: of a picture in grey, one channel against the mask and one against all pixels.

    Args:
        mask: ``(height, width)`` uint8 over the picture of ``camera``.
    """
    if mask.shape != (camera.height, camera.width):
        raise ValueError(f"a mask of {mask.shape} over a picture of {camera.height} x {camera.width}")
    count = len(gaussians)
    grey = np.zeros((count, 1, 3), np.float32)
    parameters = (gaussians.means, gaussians.scales, gaussians.rotations, gaussians.opacities, grey)
    splats = sight(parameters, camera, options)
    slopes = np.zeros((*mask.shape, 3), np.float32)
    slopes[..., 0] = mask / np.float32(255)
    slopes[..., 1] = 1
    found = gradients(draw(splats, camera, _BLACK), slopes, np.zeros(mask.shape, np.float32))
    # Sums of float32 may come out a hair below 0.
    weights = np.maximum(found.parameters[4][:, 0, :2] / np.float32(SH_C0), 0)
    pixels, depth = camera.project(gaussians.means)
    in_sight = splats.visible
    return View(weights[:, 0], weights[:, 1], in_sight, in_sight & _under(mask, pixels), depth)


def _under(mask: Array, pixels: Array) -> Array:
    """Whether ``(N, 2)`` places lie in the picture and at a pixel of the mask that is more than half."""
    height, width = mask.shape
    there = np.asarray(np.isfinite(pixels).all(axis=1))
    there[there] = ((pixels[there] >= 0) & (pixels[there] < (width, height))).all(axis=1)
    columns, rows = pixels[there].astype(np.intp).T
    there[there] = mask[rows, columns] > 127
    return there
