"""Rotations as quaternions w, x, y, z."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_SHORTEST = 1e-12


def rotation_matrices(rotations: Array) -> Array:
    """``(..., 3, 3)`` matrices, in the precision of the quaternions ``(..., 4)``, which may have any length;
    one of length 0 turns nothing.
    """
    lengths = np.linalg.norm(rotations, axis=-1, keepdims=True)
    w, x, y, z = np.moveaxis(rotations / np.maximum(lengths, lengths.dtype.type(_SHORTEST)), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    matrices: Array = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
    return matrices
