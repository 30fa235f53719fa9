# ruff: noqa: PLR0917 - compiled functions take their values one by one.
"""Real spherical harmonics of degree 0 to 3, in the order and with the signs of the Inria code."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

f4 = np.float32
Array = np.ndarray[Any, Any]

C0 = f4(0.28209479177387814)
_C1 = f4(0.4886025119029199)
_C2 = (f4(1.0925484305920792), f4(0.31539156525252005), f4(0.5462742152960396))
_C3 = (f4(0.5900435899266435), f4(2.890611442640554), f4(0.4570457994644658), f4(0.3731763325901154),
       f4(1.445305721320277))  # fmt: skip
_2, _3, _4, _5, _6, _8 = f4(2), f4(3), f4(4), f4(5), f4(6), f4(8)
_0 = f4(0)


@njit(inline="always")
def _set(terms: Array, k: int, value: Any, dx: Any, dy: Any, dz: Any) -> None:
    terms[k, 0], terms[k, 1], terms[k, 2], terms[k, 3] = value, dx, dy, dz


@njit(inline="always")
def fill_terms(terms: Array, bands: int, x: Any, y: Any, z: Any) -> None:
    """Values of the first ``bands`` functions at a unit vector, and their derivatives by x, y and z as
    polynomials, into ``terms`` (16, 4)."""
    _set(terms, 0, C0, _0, _0, _0)
    if bands > 1:
        _set(terms, 1, -_C1 * y, _0, -_C1, _0)
        _set(terms, 2, _C1 * z, _0, _0, _C1)
        _set(terms, 3, -_C1 * x, -_C1, _0, _0)
    if bands > 4:
        xx, yy, zz = x * x, y * y, z * z
        a, b, c = _C2
        _set(terms, 4, a * x * y, a * y, a * x, _0)
        _set(terms, 5, -a * y * z, _0, -a * z, -a * y)
        _set(terms, 6, b * (_2 * zz - xx - yy), -_2 * b * x, -_2 * b * y, _4 * b * z)
        _set(terms, 7, -a * x * z, -a * z, _0, -a * x)
        _set(terms, 8, c * (xx - yy), _2 * c * x, -_2 * c * y, _0)
        if bands > 9:
            d, e, f, g, h = _C3
            _set(terms, 9, -d * y * (_3 * xx - yy), -_6 * d * x * y, -_3 * d * (xx - yy), _0)
            _set(terms, 10, e * x * y * z, e * y * z, e * x * z, e * x * y)
            _set(terms, 11, -f * y * (_4 * zz - xx - yy), _2 * f * x * y, -f * (_4 * zz - xx - _3 * yy),
                 -_8 * f * y * z)  # fmt: skip
            _set(terms, 12, g * z * (_2 * zz - _3 * xx - _3 * yy), -_6 * g * x * z, -_6 * g * y * z,
                 _3 * g * (_2 * zz - xx - yy))  # fmt: skip
            _set(terms, 13, -f * x * (_4 * zz - xx - yy), -f * (_4 * zz - _3 * xx - yy), _2 * f * x * y,
                 -_8 * f * x * z)  # fmt: skip
            _set(terms, 14, h * z * (xx - yy), _2 * h * x * z, -_2 * h * y * z, h * (xx - yy))
            _set(terms, 15, -d * x * (xx - _3 * yy), -_3 * d * (xx - yy), _6 * d * x * y, _0)
