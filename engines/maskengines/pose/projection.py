"""Poses back into the picture: where a camera must stand so that a pose agrees with the 2D joints.

The engine's poses are what a camera that looks at the person's hip sees; how far away it is and how long
its lens, a picture does not tell. So the distance is taken from a few, and for each of them the scale and
the shift that fit best are in closed form.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

DISTANCES_MM = (2500.0, 3500.0, 5000.0, 8000.0)


def reprojected(poses: Array, joints: Array, weights: Array) -> tuple[Array, Array]:
    """Project poses so that they fit the 2D joints best in the weighted least squares sense.

    Args:
        poses: (N, 17, 3), camera frame, mm.
        joints: (17, 2), any 2D unit.
        weights: (17,), 0 for joints that say nothing.

    Returns:
        (N, 17, 2) in the unit of `joints`, and each pose's root of the weighted mean squared residual (N,).
        With fewer than two weighted joints there is nothing to fit: the answer is NaN.
    """
    share = weights / max(float(weights.sum()), 1e-12)
    if (weights > 0).sum() < 2:
        return np.full((*poses.shape[:2], 2), np.nan, np.float32), np.full(len(poses), np.nan, np.float32)
    best, least = np.zeros((*poses.shape[:2], 2)), np.full(len(poses), np.inf)
    target = joints - share @ joints
    for distance in DISTANCES_MM:
        rays = poses[..., :2] / np.maximum(poses[..., 2:] + distance, 400.0)
        middle = np.einsum("j,njd->nd", share, rays)[:, None]
        spread = np.einsum("j,njd->n", share, np.square(rays - middle))
        scale = np.einsum("j,njd,jd->n", share, rays - middle, target) / np.maximum(spread, 1e-12)
        found = (rays - middle) * scale[:, None, None] + share @ joints
        residual = np.sqrt(np.einsum("j,njd->n", share, np.square(found - joints)))
        better = residual < least
        best[better], least[better] = found[better], residual[better]
    return best.astype(np.float32), least.astype(np.float32)
