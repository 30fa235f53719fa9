"""Flat Gaussians on a surface that one camera sees, one for each pixel."""

from __future__ import annotations

from typing import Any

import numpy as np

from maskengines.scene.filling.rays import directions
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import SH_C0, Gaussians

Array = np.ndarray[Any, Any]

WIDTH = 0.6
"""Standard deviation in pixels: neighbours overlap so that no gap shows."""

THICK = 0.1
"""Of the smaller of the two axes."""

STEEP = 4.0
"""An axis is at most so many times the other: what is seen edge-on would become needles."""

OPACITY = 3.0
"""Logit: 0.95."""


def discs(camera: Camera, mask: Array, inverse: Array, colour: Array) -> Gaussians:
    """Gaussians for the pixels of a mask.

    Each is the image on the surface of a round spot of `WIDTH` pixels: with P(x, y) the place that a pixel
    shows, its covariance is ``WIDTH^2 (P_x P_x^T + P_y P_y^T)``, which is flat along the surface's normal.

    Args:
        mask: ``(h, w)`` bool.
        inverse: ``(h, w)`` inverse depths, above 0 in the mask.
        colour: ``(h, w, 3)`` sRGB in 0..1.
    """
    from scipy.ndimage import distance_transform_edt
    from scipy.spatial.transform import Rotation

    nearest = distance_transform_edt(~mask, return_distances=False, return_indices=True)
    whole = inverse[tuple(nearest)]
    down, across = np.gradient(whole)
    rays, u = directions(camera)[mask], whole[mask][:, None]
    means = camera.position + rays / u
    columns, rows = camera.rotation[0] / camera.fx, camera.rotation[1] / camera.fy
    tangents = np.stack(
        [columns / u - rays * across[mask][:, None] / u**2, rows / u - rays * down[mask][:, None] / u**2], -1
    )
    values, axes = np.linalg.eigh(tangents @ tangents.transpose(0, 2, 1))
    spread = WIDTH * np.sqrt(np.maximum(values, 0))
    # Along the line of sight a pixel is never seen smaller than it is.
    spread[:, 1] = np.maximum(spread[:, 1], 1e-12)
    spread[:, 2] = np.clip(spread[:, 2], spread[:, 1], STEEP * spread[:, 1])
    spread[:, 0] = THICK * spread[:, 1]
    axes[np.linalg.det(axes) < 0, :, 0] *= -1
    turned = Rotation.from_matrix(axes).as_quat()[:, [3, 0, 1, 2]]
    harmonics = (np.clip(colour[mask], 0, 1)[:, None, :] - 0.5) / SH_C0
    return Gaussians(means, np.log(spread), turned, np.full(len(means), OPACITY), harmonics)
