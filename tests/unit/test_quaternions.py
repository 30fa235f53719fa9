"""Quaternions as matrices."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from maskengines.subjects.quaternions import rotation_matrices
from scipy.spatial.transform import Rotation


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100))
def test_they_are_those_of_scipy_whatever_the_length(seed: int, length: float) -> None:
    drawn = np.random.default_rng(seed).normal(size=(2, 5, 4))
    expected = Rotation.from_quat(drawn.reshape(-1, 4)[:, [1, 2, 3, 0]]).as_matrix().reshape(2, 5, 3, 3)
    assert np.allclose(rotation_matrices(length * drawn), expected, atol=1e-12)


def test_precision_is_kept_and_nothing_turns_nothing() -> None:
    found = rotation_matrices(np.zeros((3, 4), np.float32))
    assert found.dtype == np.float32
    assert np.array_equal(found, np.broadcast_to(np.eye(3), (3, 3, 3)))
    assert rotation_matrices(np.array([1.0, 0, 0, 0])).shape == (3, 3)
