"""Real spherical harmonics of degree 0 to 3, in the order and with the signs of the Inria code: their values,
and how they turn."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from maskengines.subjects.gaussians import COEFFICIENTS, SH_C0

Array = np.ndarray[Any, Any]

_C1 = 0.4886025119029199
_C2 = (1.0925484305920792, 0.31539156525252005, 0.5462742152960396)
_C3 = (0.5900435899266435, 2.890611442640554, 0.4570457994644658, 0.3731763325901154, 1.445305721320277)
_SAMPLES = 32
"""Directions on which a band is matched; its 7 functions at most are far from dependent there."""


def values(directions: Array) -> Array:
    """``(M, 16)`` float64: the functions at ``(M, 3)`` unit vectors."""
    x, y, z = np.asarray(directions, np.float64).T
    xx, yy, zz = x * x, y * y, z * z
    a, b, c = _C2
    d, e, f, g, h = _C3
    terms: Array = np.stack(
        [
            np.full_like(x, SH_C0),
            -_C1 * y, _C1 * z, -_C1 * x,
            a * x * y, -a * y * z, b * (2 * zz - xx - yy), -a * x * z, c * (xx - yy),
            -d * y * (3 * xx - yy), e * x * y * z, -f * y * (4 * zz - xx - yy),
            g * z * (2 * zz - 3 * xx - 3 * yy), -f * x * (4 * zz - xx - yy), h * z * (xx - yy),
            -d * x * (xx - 3 * yy),
        ],
        axis=1,
    )  # fmt: skip
    return terms


def turned(harmonics: Array, rotation: Array) -> Array:
    """Coefficients of the same functions after they were turned: what was seen from d is seen from R d.

    A turn mixes only functions of one degree. How is found by matching: the functions at turned-back
    directions are written by those at the directions, which is exact, as they span the same space.

    Args:
        harmonics: ``(N, K, 3)``, K in 1, 4, 9, 16.
        rotation: ``(3, 3)`` R.

    Returns:
        ``(N, K, 3)`` of the type of ``harmonics``; a new array.
    """
    after = np.array(harmonics)
    directions = _spread(_SAMPLES)
    here, there = values(directions), values(directions @ np.asarray(rotation, np.float64))
    for first, end in pairwise(COEFFICIENTS):
        if end > harmonics.shape[1]:
            break
        mixing = np.linalg.lstsq(here[:, first:end], there[:, first:end], rcond=None)[0]
        after[:, first:end] = np.einsum(
            "ij,njc->nic", mixing.astype(harmonics.dtype), harmonics[:, first:end]
        )
    return after


def _spread(count: int) -> Array:
    """``(count, 3)`` unit vectors, evenly over the sphere (Fibonacci's spiral)."""
    steps = np.arange(count) + 0.5
    height, angle = 1 - 2 * steps / count, np.pi * (1 + 5**0.5) * steps
    across = np.sqrt(1 - height**2)
    return np.stack([across * np.cos(angle), across * np.sin(angle), height], axis=1)
