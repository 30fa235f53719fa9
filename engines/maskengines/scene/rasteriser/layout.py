"""Where things stand in the arrays that the kernels share."""

from __future__ import annotations

import math

import numpy as np

TILE = 8
"""Side of a tile in pixels: a row of it fills one vector register."""

SPLAT = 16
"""Floats of a splat: one cache line. First its centre; then the exponent's three coefficients, pixels to the
power of -2; the logarithm to base 2 of its alpha at the centre; half the height of its box; colour; z; half
the width of its box; the first and last column and row of the tiles its box touches."""
X, Y, XX, XY, YY, PEAK, REACH_Y, RED, GREEN, BLUE, DEPTH, REACH_X, LEFT, RIGHT, TOP, BOTTOM = range(SPLAT)

LENS = 14
"""Floats of a camera: focal lengths and principal point, near plane, added blur; the slopes within which a
Gaussian's shape is linearised; the optical centre; above 0 for the Mip filter."""
FX, FY, CX, CY, NEAR, BLUR, LEAST_X, MOST_X, LEAST_Y, MOST_Y, EYE_X, EYE_Y, EYE_Z, MIP = range(LENS)

MOMENTS = 12
"""Floats per pair of a splat and a tile in the backward pass: moments 1, x, y, xx, xy, yy of the exponent's
gradient; red, green, blue; the absolute gradients of the centre's x and y up to a factor of ln 2; one spare,
so that a row starts on a boundary of 16 bytes."""

FAINTEST = np.float32(-math.log2(255))
"""Logarithm to base 2 of the least alpha that is drawn, 1/255."""

SLACK = np.float32(1e-3)
"""Pixels by which bounds are wider than they must be, for rounding."""
