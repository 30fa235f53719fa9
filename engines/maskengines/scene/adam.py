"""Adam (Kingma and Ba 2015) in one pass over memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import prange

from maskengines.compiling import kernel

Array = np.ndarray[Any, Any]
f4 = np.float32

BETA_1, BETA_2 = 0.9, 0.999
_BLOCK = 4096


@kernel(parallel=True, fastmath=True, error_model="numpy")
def _move(  # noqa: PLR0917 - compiled functions take their values one by one
    values: Array, gradient: Array, mean: Array, square: Array, rate: Any, b1: Any, b2: Any, epsilon: Any
) -> None:
    for block in prange((values.shape[0] + _BLOCK - 1) // _BLOCK):
        for i in range(block * _BLOCK, min(values.shape[0], block * _BLOCK + _BLOCK)):
            g = gradient[i]
            m = b1 * mean[i] + (f4(1) - b1) * g
            v = b2 * square[i] + (f4(1) - b2) * g * g
            mean[i], square[i] = m, v
            values[i] -= rate * m / (math.sqrt(v) + epsilon)


class Moments:
    """First and second moments of one parameter array.

    They are rows like the parameter's, so that `taken` and `grown` follow what is removed and added.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.mean, self.square = np.zeros(shape, np.float32), np.zeros(shape, np.float32)

    def move(self, values: Array, gradient: Array, rate: float, step: int, epsilon: float = 1e-15) -> None:
        """Change ``values`` in place.

        Args:
            rate: learning rate.
            step: how many steps were taken with this one, from 1.
        """
        correction = math.sqrt(1 - BETA_2**step)
        _move(
            values.reshape(-1), gradient.reshape(-1), self.mean.reshape(-1), self.square.reshape(-1),
            f4(rate * correction / (1 - BETA_1**step)), f4(BETA_1), f4(BETA_2),
            f4(max(epsilon * correction, 1e-30)),
        )  # fmt: skip

    def take(self, index: Array) -> None:
        self.mean, self.square = self.mean[index], self.square[index]

    def grow(self, count: int) -> None:
        blank = np.zeros((count, *self.mean.shape[1:]), np.float32)
        self.mean, self.square = np.concatenate([self.mean, blank]), np.concatenate([self.square, blank])
