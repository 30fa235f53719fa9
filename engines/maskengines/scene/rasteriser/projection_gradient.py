# ruff: noqa: PLR0917 - compiled functions take their arrays one by one.
"""Backward pass of the projection: from the gradients of splats to those of Gaussians."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit, prange

from maskengines.compiling import kernel
from maskengines.scene.rasteriser import layout as at
from maskengines.scene.rasteriser.geometry import (
    CAREFUL,
    HALF,
    ONE,
    TWO,
    covariance,
    f4,
    jacobian,
    product,
    rotation,
    screen_rows,
    to_camera,
    unit,
)
from maskengines.scene.rasteriser.harmonics import fill_terms
from maskengines.scene.rasteriser.projection import BLOCK

Array = np.ndarray[Any, Any]

_LN2 = f4(math.log(2))
_0 = f4(0)


@njit(fastmath=CAREFUL, error_model="numpy", nogil=True)
def _differentiate_range(
    first: Any, end: Any,
    means: Array, scales: Array, rotations: Array, opacities: Array, harmonics: Array, bands: int,
    view: Array, lens: Array, splats: Array, firsts: Array, moments: Array,
    means_gradient: Array, scales_gradient: Array, rotations_gradient: Array, opacities_gradient: Array,
    harmonics_gradient: Array, screen: Array,
) -> None:  # fmt: skip
    """`project_gradient` of those from ``first`` to before ``end``: apart, as a loop that runs in parallel is
    compiled twice."""
    terms = np.empty((16, 4), np.float32)
    for i in range(first, end):
        if firsts[i] == firsts[i + 1]:
            continue
        one, sx, sy, sxx, sxy, syy, red, green, blue, across, down = (
            _0,
            _0,
            _0,
            _0,
            _0,
            _0,
            _0,
            _0,
            _0,
            _0,
            _0,
        )
        for row in range(firsts[i], firsts[i + 1]):
            one += moments[row, 0]
            sx += moments[row, 1]
            sy += moments[row, 2]
            sxx += moments[row, 3]
            sxy += moments[row, 4]
            syy += moments[row, 5]
            red += moments[row, 6]
            green += moments[row, 7]
            blue += moments[row, 8]
            across += moments[row, 9]
            down += moments[row, 10]
        # The inverse of the 2D covariance, in natural units.
        p, q, s = splats[i, at.XX] * TWO * _LN2, splats[i, at.XY] * _LN2, splats[i, at.YY] * TWO * _LN2
        gu, gv = -(p * sx + q * sy), -(q * sx + s * sy)
        screen[i, 0], screen[i, 1], screen[i, 2], screen[i, 3] = gu, gv, across * _LN2, down * _LN2
        # Gradient of the covariance is -Q G Q, with G that of its inverse Q, both symmetric.
        gp, gq, gs = HALF * sxx, HALF * sxy, HALF * syy
        m00, m01, m10, m11 = p * gp + q * gq, p * gq + q * gs, q * gp + s * gq, q * gq + s * gs
        ga, gb, gc = -(m00 * p + m01 * q), -(m00 * q + m01 * s), -(m10 * q + m11 * s)

        x, y, z = to_camera(view, means[i, 0], means[i, 1], means[i, 2])
        inverse = ONE / z
        j00, j02, j11, j12, slope_x, slope_y = jacobian(lens, x, y, inverse)
        t = screen_rows(view, j00, j02, j11, j12)
        qw, qx, qy, qz, shrink = unit(rotations[i, 0], rotations[i, 1], rotations[i, 2], rotations[i, 3])
        r = rotation(qw, qx, qy, qz)
        s0, s1, s2 = math.exp(scales[i, 0]), math.exp(scales[i, 1]), math.exp(scales[i, 2])
        u = product(t, r, s0, s1, s2)

        opacity = ONE / (ONE + math.exp(-opacities[i]))
        opacities_gradient[i] = -one * (ONE - opacity)
        if lens[at.MIP] > _0:
            a, b, c, sharp = covariance(u)
            blur = lens[at.BLUR]
            determinant = sharp + blur * (a + c) + blur * blur
            share = sharp / determinant
            # alpha goes with sqrt(share); -one is its logarithm's gradient.
            gshare = -one * HALF / max(share, f4(1e-12))
            ga += gshare * (c - share * (c + blur)) / determinant
            gc += gshare * (a - share * (a + blur)) / determinant
            gb += gshare * -b * (ONE - share) / determinant

        d00 = TWO * (ga * u[0] + gb * u[3])
        d01 = TWO * (ga * u[1] + gb * u[4])
        d02 = TWO * (ga * u[2] + gb * u[5])
        d10 = TWO * (gb * u[0] + gc * u[3])
        d11 = TWO * (gb * u[1] + gc * u[4])
        d12 = TWO * (gb * u[2] + gc * u[5])
        # Gradient of M = R S, then of S and of R.
        n00, n01, n02 = t[0] * d00 + t[3] * d10, t[0] * d01 + t[3] * d11, t[0] * d02 + t[3] * d12
        n10, n11, n12 = t[1] * d00 + t[4] * d10, t[1] * d01 + t[4] * d11, t[1] * d02 + t[4] * d12
        n20, n21, n22 = t[2] * d00 + t[5] * d10, t[2] * d01 + t[5] * d11, t[2] * d02 + t[5] * d12
        n00, n10, n20 = n00 * s0, n10 * s0, n20 * s0
        n01, n11, n21 = n01 * s1, n11 * s1, n21 * s1
        n02, n12, n22 = n02 * s2, n12 * s2, n22 * s2
        scales_gradient[i, 0] = n00 * r[0] + n10 * r[3] + n20 * r[6]
        scales_gradient[i, 1] = n01 * r[1] + n11 * r[4] + n21 * r[7]
        scales_gradient[i, 2] = n02 * r[2] + n12 * r[5] + n22 * r[8]
        gw = TWO * (qx * (n21 - n12) + qy * (n02 - n20) + qz * (n10 - n01))
        gx = TWO * (qy * (n01 + n10) + qz * (n02 + n20) + qw * (n21 - n12) - TWO * qx * (n11 + n22))
        gy = TWO * (qx * (n01 + n10) + qz * (n12 + n21) + qw * (n02 - n20) - TWO * qy * (n00 + n22))
        gz = TWO * (qx * (n02 + n20) + qy * (n12 + n21) + qw * (n10 - n01) - TWO * qz * (n00 + n11))
        along = gw * qw + gx * qx + gy * qy + gz * qz
        rotations_gradient[i, 0] = shrink * (gw - along * qw)
        rotations_gradient[i, 1] = shrink * (gx - along * qx)
        rotations_gradient[i, 2] = shrink * (gy - along * qy)
        rotations_gradient[i, 3] = shrink * (gz - along * qz)

        # Gradient of T = J W, with M = R S again, then of J.
        e00 = s0 * d00 * r[0] + s1 * d01 * r[1] + s2 * d02 * r[2]
        e01 = s0 * d00 * r[3] + s1 * d01 * r[4] + s2 * d02 * r[5]
        e02 = s0 * d00 * r[6] + s1 * d01 * r[7] + s2 * d02 * r[8]
        e10 = s0 * d10 * r[0] + s1 * d11 * r[1] + s2 * d12 * r[2]
        e11 = s0 * d10 * r[3] + s1 * d11 * r[4] + s2 * d12 * r[5]
        e12 = s0 * d10 * r[6] + s1 * d11 * r[7] + s2 * d12 * r[8]
        g00 = e00 * view[0, 0] + e01 * view[0, 1] + e02 * view[0, 2]
        g02 = e00 * view[2, 0] + e01 * view[2, 1] + e02 * view[2, 2]
        g11 = e10 * view[1, 0] + e11 * view[1, 1] + e12 * view[1, 2]
        g12 = e10 * view[2, 0] + e11 * view[2, 1] + e12 * view[2, 2]
        free_x = ONE if slope_x == x * inverse else _0
        free_y = ONE if slope_y == y * inverse else _0
        square = inverse * inverse
        cx = (gu - g02 * inverse * free_x) * lens[at.FX] * inverse
        cy = (gv - g12 * inverse * free_y) * lens[at.FY] * inverse
        cz = -(gu * lens[at.FX] * x + gv * lens[at.FY] * y + g00 * lens[at.FX] + g11 * lens[at.FY]) * square
        cz += g02 * lens[at.FX] * slope_x * square * (ONE + free_x)
        cz += g12 * lens[at.FY] * slope_y * square * (ONE + free_y)

        red = red if splats[i, at.RED] > _0 else _0
        green = green if splats[i, at.GREEN] > _0 else _0
        blue = blue if splats[i, at.BLUE] > _0 else _0
        dx, dy, dz = (
            means[i, 0] - lens[at.EYE_X],
            means[i, 1] - lens[at.EYE_Y],
            means[i, 2] - lens[at.EYE_Z],
        )
        away = ONE / math.sqrt(dx * dx + dy * dy + dz * dz)
        dx, dy, dz = dx * away, dy * away, dz * away
        fill_terms(terms, bands, dx, dy, dz)
        wx, wy, wz = _0, _0, _0
        for k in range(bands):
            harmonics_gradient[i, k, 0] = red * terms[k, 0]
            harmonics_gradient[i, k, 1] = green * terms[k, 0]
            harmonics_gradient[i, k, 2] = blue * terms[k, 0]
            pull = red * harmonics[i, k, 0] + green * harmonics[i, k, 1] + blue * harmonics[i, k, 2]
            wx += pull * terms[k, 1]
            wy += pull * terms[k, 2]
            wz += pull * terms[k, 3]
        along = wx * dx + wy * dy + wz * dz
        wx, wy, wz = (wx - along * dx) * away, (wy - along * dy) * away, (wz - along * dz) * away
        means_gradient[i, 0] = view[0, 0] * cx + view[1, 0] * cy + view[2, 0] * cz + wx
        means_gradient[i, 1] = view[0, 1] * cx + view[1, 1] * cy + view[2, 1] * cz + wy
        means_gradient[i, 2] = view[0, 2] * cx + view[1, 2] * cy + view[2, 2] * cz + wz


@kernel(parallel=True, fastmath=CAREFUL, error_model="numpy")
def project_gradient(
    means: Array, scales: Array, rotations: Array, opacities: Array, harmonics: Array, bands: int,
    view: Array, lens: Array, splats: Array, firsts: Array, moments: Array,
    means_gradient: Array, scales_gradient: Array, rotations_gradient: Array, opacities_gradient: Array,
    harmonics_gradient: Array, screen: Array,
) -> None:  # fmt: skip
    """Add up the rows of ``moments`` that belong to each splat and fill the gradients of the Gaussians;
    those out of sight are left alone. ``screen`` (N, 4) takes the gradient of the centre in pixels, then the
    sums of its absolute values over pixels (AbsGS, Ye et al. 2024, eq. 8)."""
    count = means.shape[0]
    for block in prange((count + BLOCK - 1) // BLOCK):
        first = np.int64(block) * BLOCK
        _differentiate_range(
            first, min(count, first + BLOCK),
            means, scales, rotations, opacities, harmonics, bands,
            view, lens, splats, firsts, moments,
            means_gradient, scales_gradient, rotations_gradient, opacities_gradient,
            harmonics_gradient, screen,
        )  # fmt: skip
