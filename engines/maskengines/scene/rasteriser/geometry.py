"""What the forward and the backward pass of the projection share."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from maskengines.scene.rasteriser import layout as at

f4 = np.float32
ONE, TWO, HALF = f4(1), f4(2), f4(0.5)
Array = np.ndarray[Any, Any]

CAREFUL = {"reassoc", "contract", "arcp", "nsz"}
"""Fast mathematics that keeps its word on NaN and infinity: broken Gaussians pass through here."""


@njit(inline="always")
def unit(w: Any, x: Any, y: Any, z: Any) -> Any:
    """The quaternion at length 1, and one over its length."""
    scale = ONE / math.sqrt(w * w + x * x + y * y + z * z + f4(1e-20))
    return w * scale, x * scale, y * scale, z * scale, scale


@njit(inline="always")
def rotation(w: Any, x: Any, y: Any, z: Any) -> Any:
    """Nine entries, row by row, of the rotation of a unit quaternion."""
    return (
        ONE - TWO * (y * y + z * z), TWO * (x * y - w * z), TWO * (x * z + w * y),
        TWO * (x * y + w * z), ONE - TWO * (x * x + z * z), TWO * (y * z - w * x),
        TWO * (x * z - w * y), TWO * (y * z + w * x), ONE - TWO * (x * x + y * y),
    )  # fmt: skip


@njit(inline="always")
def to_camera(view: Array, x: Any, y: Any, z: Any) -> Any:
    """A world point in camera coordinates; ``view`` is (3, 4)."""
    return (
        view[0, 0] * x + view[0, 1] * y + view[0, 2] * z + view[0, 3],
        view[1, 0] * x + view[1, 1] * y + view[1, 2] * z + view[1, 3],
        view[2, 0] * x + view[2, 1] * y + view[2, 2] * z + view[2, 3],
    )


@njit(inline="always")
def jacobian(lens: Array, x: Any, y: Any, inverse_z: Any) -> Any:
    """The four entries of the perspective's derivative that are not 0 (Zwicker 2002, eq. 29), with the
    slopes held within 1.3 times the picture as all 3DGS code does; then those slopes."""
    across = min(lens[at.MOST_X], max(lens[at.LEAST_X], x * inverse_z))
    down = min(lens[at.MOST_Y], max(lens[at.LEAST_Y], y * inverse_z))
    fx, fy = lens[at.FX] * inverse_z, lens[at.FY] * inverse_z
    return fx, -fx * across, fy, -fy * down, across, down


@njit(inline="always")
def screen_rows(view: Array, j00: Any, j02: Any, j11: Any, j12: Any) -> Any:
    """The 2x3 product of the jacobian and the camera's rotation, row by row."""
    return (
        j00 * view[0, 0] + j02 * view[2, 0],
        j00 * view[0, 1] + j02 * view[2, 1],
        j00 * view[0, 2] + j02 * view[2, 2],
        j11 * view[1, 0] + j12 * view[2, 0],
        j11 * view[1, 1] + j12 * view[2, 1],
        j11 * view[1, 2] + j12 * view[2, 2],
    )


@njit(inline="always")
def product(t: Any, r: Any, s0: Any, s1: Any, s2: Any) -> Any:
    """``T R S`` (2x3, row by row), whose product with its transpose is the 2D covariance."""
    return (
        (t[0] * r[0] + t[1] * r[3] + t[2] * r[6]) * s0,
        (t[0] * r[1] + t[1] * r[4] + t[2] * r[7]) * s1,
        (t[0] * r[2] + t[1] * r[5] + t[2] * r[8]) * s2,
        (t[3] * r[0] + t[4] * r[3] + t[5] * r[6]) * s0,
        (t[3] * r[1] + t[4] * r[4] + t[5] * r[7]) * s1,
        (t[3] * r[2] + t[4] * r[5] + t[5] * r[8]) * s2,
    )


@njit(inline="always")
def covariance(u: Any) -> Any:
    """The 2D covariance's three entries, and its determinant as a sum of squares (Lagrange's identity):
    exact where a thin Gaussian makes ``a c - b b`` cancel."""
    a = u[0] * u[0] + u[1] * u[1] + u[2] * u[2]
    b = u[0] * u[3] + u[1] * u[4] + u[2] * u[5]
    c = u[3] * u[3] + u[4] * u[4] + u[5] * u[5]
    n0 = u[1] * u[5] - u[2] * u[4]
    n1 = u[2] * u[3] - u[0] * u[5]
    n2 = u[0] * u[4] - u[1] * u[3]
    return a, b, c, n0 * n0 + n1 * n1 + n2 * n2


@njit(inline="always")
def floor_of(x: Any) -> Any:
    """Greatest integer up to x, for x from -1 on; `math.floor` would call into the C library."""
    return int(x + ONE) - 1


@njit(inline="always")
def ceil_of(x: Any) -> Any:
    """Least integer from x on, for x above -1."""
    whole = int(x)
    return whole + (f4(whole) < x)
