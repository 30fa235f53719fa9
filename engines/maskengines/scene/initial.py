"""The Gaussians that a training starts from."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from maskengines.errors import BadInput
from maskengines.subjects.gaussians import COEFFICIENTS, SH_C0, Gaussians

Array = np.ndarray[Any, Any]

_NEIGHBOURS = 3
_OPACITY = 0.1


def initial_gaussians(points: Array, colours: Array, degree: int) -> Gaussians:
    """A round Gaussian for each sparse point, as large as its three nearest neighbours are far (Kerbl et al.
    2023, section 5.1).

    Args:
        points: ``(P, 3)``.
        colours: ``(P, 3)`` uint8 sRGB.
        degree: of the harmonics, 0..3; only the constant term is not 0.

    Raises:
        BadInput: there are too few points to know how large they are.
    """
    finite = np.isfinite(points).all(axis=1)
    points, colours = points[finite], colours[finite]
    if len(points) <= _NEIGHBOURS:
        raise BadInput(
            f"This scene has {len(points)} sparse points, and a training starts from at least "
            f"{_NEIGHBOURS + 1}. Place its cameras again, with photos that overlap more."
        )
    apart, _ = cKDTree(points).query(points, k=_NEIGHBOURS + 1)
    size = np.sqrt(np.maximum((apart[:, 1:] ** 2).mean(axis=1), 1e-14))
    # A point far from all others would start as a fog over the whole picture.
    size = np.minimum(size, 10 * np.median(size))
    count = len(points)
    rotations = np.zeros((count, 4), np.float32)
    rotations[:, 0] = 1
    harmonics = np.zeros((count, COEFFICIENTS[degree], 3), np.float32)
    harmonics[:, 0] = (colours / 255 - 0.5) / SH_C0
    scales = np.repeat(np.log(size)[:, None], 3, axis=1)
    logit = float(np.log(_OPACITY / (1 - _OPACITY)))
    return Gaussians(points, scales, rotations, np.full(count, logit), harmonics)
