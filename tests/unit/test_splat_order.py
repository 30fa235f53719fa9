"""Which Gaussians a card draws first, and what it is told of them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from maskengines.subjects.gaussians import Gaussians
from maskstudio.canvas.gl.splat_order import back_to_front
from maskstudio.canvas.gl.texels import GEOMETRY_TEXELS, ROW, flags, texels_of
from scipy.spatial.transform import Rotation
from some_scene import some_gaussians


def of_each(rows: np.ndarray, count: int, numbers: int) -> np.ndarray:
    """``(count, numbers)`` of padded rows of texels."""
    return rows.ravel()[: count * numbers].reshape(count, numbers)


@given(arrays(np.float32, st.integers(0, 60), elements=st.floats(-10, 1e4, width=32)))
def test_the_farthest_come_first_and_what_is_behind_is_left_out(depths: np.ndarray) -> None:
    order = back_to_front(depths, 0.01)
    assert sorted(order.tolist()) == np.flatnonzero(depths >= np.float32(0.01)).tolist()
    drawn = depths[order]
    if len(drawn):
        # Told apart to a 65536th of the range of their logarithms.
        step = np.log(drawn.max() / drawn.min()) / 65535
        assert (np.diff(np.log(drawn)) <= 2 * step + 1e-5).all()


def test_what_is_not_finite_is_left_out() -> None:
    assert back_to_front(np.array([1, np.nan, np.inf, 2], np.float32), 0.01).tolist() == [3, 0]


def test_covariances_are_those_of_turned_and_stretched_axes() -> None:
    gaussians = some_gaussians(5000, degree=2)
    texels = texels_of(gaussians)
    assert texels.geometry.shape == (-(-5000 * GEOMETRY_TEXELS // ROW), 4 * ROW)
    rows = of_each(texels.geometry, 5000, 4 * GEOMETRY_TEXELS)
    turn = Rotation.from_quat(gaussians.rotations[:, [1, 2, 3, 0]]).as_matrix()
    spread = turn @ (np.exp(2 * gaussians.scales)[:, :, None] * turn.transpose(0, 2, 1))
    assert np.allclose(rows[:, 4:10], spread[:, (0, 0, 0, 1, 1, 2), (0, 1, 2, 1, 2, 2)], rtol=1e-3, atol=1e-6)
    assert np.array_equal(rows[:, :3], gaussians.means)
    colours = of_each(texels.harmonics, 5000, 28)[:, :27]
    assert np.allclose(colours, gaussians.harmonics.reshape(5000, 27), rtol=1e-3, atol=1e-6)


def test_broken_gaussians_are_never_seen() -> None:
    fine = some_gaussians(4)
    means, scales = fine.means.copy(), fine.scales.copy()
    means[1, 0], scales[2, 1] = np.nan, 400.0
    texels = texels_of(Gaussians(means, scales, fine.rotations, fine.opacities, fine.harmonics))
    assert np.isfinite(texels.geometry).all()
    opacities = of_each(texels.geometry, 4, 4 * GEOMETRY_TEXELS)[:, 3]
    assert (opacities < -50).tolist() == [False, True, True, False]


def test_flags_say_what_shows_and_what_is_selected() -> None:
    shown, selected = np.array([True, False, True]), np.array([False, False, True])
    found = flags(3, shown, selected).reshape(-1, 2)
    assert found[:3].tolist() == [[255, 0], [0, 0], [255, 255]]
    assert not found[3:].any()
    found = flags(3, shown, selected, np.array([False, True, True])).reshape(-1, 2)
    assert found[:3].tolist() == [[255, 0], [0, 0], [128, 255]]
    assert flags(2).reshape(-1, 2)[:2].tolist() == [[255, 0], [255, 0]]
