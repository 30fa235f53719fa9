"""Edits of Gaussians: what is moved looks from there as before, and colours go where they are sent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from maskengines.errors import BadInput
from maskengines.scene.rasteriser import render
from maskengines.scene.rasteriser.harmonics import fill_terms
from maskengines.subjects.cameras import Camera
from maskengines.subjects.cielab import from_lab, to_lab
from maskengines.subjects.gaussians import Gaussians
from maskengines.subjects.harmonics import turned, values
from maskengines.subjects.splat_edits import Recolour, Similarity, about, edit_from_plain, mean_colour
from scipy.spatial.transform import Rotation
from skimage.color import rgb2lab
from some_scene import around, some_gaussians

Array = np.ndarray[Any, Any]


def directions(count: int) -> Array:
    ways = np.random.default_rng(3).normal(size=(count, 3))
    return ways / np.linalg.norm(ways, axis=1, keepdims=True)


def some_move(**more: Any) -> Similarity:
    turn = about(np.array([2.0, -1.0, 2.0]) / 3, 1.1)
    return Similarity(
        **({"pivot": (0.3, -0.2, 0.5), "turn": turn, "scale": 1.7, "shift": (0.4, 0.1, -0.6)} | more)
    )


def test_values_are_those_that_the_rasteriser_draws_with() -> None:
    ways = directions(20).astype(np.float32)
    drawn = np.zeros((20, 16), np.float32)
    for row, way in zip(drawn, ways, strict=True):
        terms = np.zeros((16, 4), np.float32)
        fill_terms(terms, 16, *way)
        row[:] = terms[:, 0]
    assert np.allclose(values(ways), drawn, atol=1e-5)


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_turned_harmonics_show_from_turned_directions_what_they_showed(degree: int) -> None:
    harmonics = some_gaussians(30, degree).harmonics
    rotation = Rotation.random(random_state=degree).as_matrix()
    after, ways = turned(harmonics, rotation), directions(50)
    count = harmonics.shape[1]
    before = np.einsum("mk,nkc->mnc", values(ways)[:, :count], harmonics)
    seen = np.einsum("mk,nkc->mnc", values(ways @ rotation.T)[:, :count], after)
    assert np.abs(seen - before).max() < 1e-5
    assert degree == 0 or np.abs(after - harmonics).max() > 0.1, "the turn is one that matters"


def test_a_quaternion_turns_as_its_matrix_does() -> None:
    move = some_move()
    known = Rotation.from_quat([*move.turn[1:], move.turn[0]]).as_matrix()
    assert np.allclose(move.rotation, known)


def test_a_moved_scene_looks_to_a_moved_camera_as_before() -> None:
    """Covariances, places and colours all went along: the picture is the same, scale included."""
    gaussians = some_gaussians(300, 3)
    camera = around(3, 64, 48, 12.0)[1]
    move = some_move(scale=2.0)
    everything = np.ones(300, bool)
    # Where a point p of the old scene is seen, p' is in the new one: x' = s x along the camera's axes.
    rotation = camera.rotation @ move.rotation.T
    place = 2.0 * move.rotation @ (camera.position - move.pivot) + move.pivot + move.shift
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation, -rotation @ place
    there = Camera(64, 48, camera.fx, camera.fy, camera.cx, camera.cy, matrix, near=2 * camera.near)
    before = render(gaussians, camera).colour
    after = render(move.applied(gaussians, everything), there).colour
    assert before.max() > 0.3
    assert np.abs(after - before).max() < 2e-3
    assert np.abs(render(move.applied(gaussians, everything), camera).colour - before).max() > 0.1


def test_what_is_not_chosen_stays_and_what_is_not_touched_is_shared() -> None:
    gaussians = some_gaussians(40, 2)
    chosen = np.arange(40) % 3 == 0
    after = some_move().applied(gaussians, chosen)
    for name, array in after.to_arrays().items():
        assert np.array_equal(array[~chosen], getattr(gaussians, name)[~chosen]), name
    assert np.allclose(after.scales[chosen], gaussians.scales[chosen] + np.log(1.7), atol=1e-6)
    shifted = Similarity(shift=(1, 0, 0)).applied(gaussians, chosen)
    assert np.allclose(shifted.means[chosen], gaussians.means[chosen] + [1, 0, 0], atol=1e-6)
    assert np.shares_memory(shifted.harmonics, gaussians.harmonics)
    assert Similarity().applied(gaussians, chosen) is gaussians
    assert some_move().applied(gaussians, np.zeros(40, bool)) is gaussians


def test_there_and_back_is_where_it_was() -> None:
    gaussians = some_gaussians(60, 3)
    everything = np.ones(60, bool)
    move = some_move(shift=(0.0, 0.0, 0.0))
    w, x, y, z = move.turn
    back = Similarity(move.pivot, (w, -x, -y, -z), 1 / move.scale)
    again = back.applied(move.applied(gaussians, everything), everything)
    for name, array in again.to_arrays().items():
        assert np.allclose(array, getattr(gaussians, name), atol=2e-5), name


def test_cielab_is_the_usual_one_and_comes_back_beyond_black_and_white() -> None:
    colours = np.random.default_rng(1).uniform(0, 1, (200, 3))
    assert np.allclose(to_lab(colours)[0], rgb2lab(colours), atol=0.05)
    wide = np.random.default_rng(2).uniform(-0.3, 1.4, (200, 3))
    assert np.allclose(from_lab(to_lab(wide)[0])[0], wide, atol=1e-9)


def test_derivatives_of_cielab_agree_with_differences() -> None:
    colours = np.random.default_rng(4).uniform(0.1, 0.9, (50, 3))
    lab, slopes = to_lab(colours)
    back = from_lab(lab)[1]
    for axis in range(3):
        step = 1e-6 * np.eye(3)[axis]
        assert np.allclose(slopes[:, :, axis], (to_lab(colours + step)[0] - lab) / 1e-6, rtol=1e-3, atol=1e-2)
    assert np.allclose(back @ slopes, np.eye(3), atol=1e-9)


def test_recoloured_gaussians_have_the_mean_that_was_chosen_and_keep_their_differences() -> None:
    rng = np.random.default_rng(5)
    gaussians = some_gaussians(200, 1)
    near = (np.array([0.5, 0.3, 0.25]) + rng.normal(0, 0.03, (200, 3)) - 0.5) / 0.28209479
    harmonics = np.array(gaussians.harmonics) * np.float32(0.2)
    harmonics[:, 0] = near
    gaussians = Gaussians.from_arrays(gaussians.to_arrays() | {"harmonics": harmonics})
    chosen = np.arange(200) < 120
    after = Recolour((0.35, 0.42, 0.55)).applied(gaussians, chosen)
    assert np.allclose(mean_colour(after, chosen), (0.35, 0.42, 0.55), atol=0.02)
    assert np.array_equal(after.harmonics[~chosen], gaussians.harmonics[~chosen])
    spread = to_lab(gaussians.colours[chosen])[0], to_lab(after.colours[chosen])[0]
    assert np.allclose(spread[0] - spread[0].mean(axis=0), spread[1] - spread[1].mean(axis=0), atol=0.1)


def test_what_shines_still_shines_after_it_was_recoloured() -> None:
    """A colour in any direction becomes nearly what it would become if it were the plain colour."""
    harmonics = np.zeros((1, 4, 3), np.float32)
    harmonics[0, 0] = (np.array([0.5, 0.35, 0.3]) - 0.5) / 0.28209479
    harmonics[0, 1:] = 0.06 * np.array([[1, 1, 1], [0.5, -0.2, 0.1], [-0.4, 0.3, 0.8]])
    one = Gaussians(np.zeros((1, 3)), np.zeros((1, 3)), np.array([[1, 0, 0, 0]]), np.zeros(1), harmonics)
    everything = np.ones(1, bool)
    after = Recolour((0.3, 0.4, 0.6)).applied(one, everything)
    ways = values(directions(60))[:, :4]
    before, seen = (0.5 + ways @ each.harmonics[0] for each in (one, after))
    shift = to_lab(np.array([[0.3, 0.4, 0.6]]))[0] - to_lab(one.colours)[0]
    wanted = from_lab(to_lab(before)[0] + shift)[0]
    assert np.abs(before - one.colours).max() > 0.03
    assert np.abs(seen - wanted).max() < 0.008


def test_choosing_the_colour_that_is_there_changes_nothing() -> None:
    gaussians = some_gaussians(50, 1)
    inside = (gaussians.colours > 0).all(axis=1) & (gaussians.colours < 1).all(axis=1)
    after = Recolour(mean_colour(gaussians, inside)).applied(gaussians, inside)
    assert np.allclose(after.harmonics, gaussians.harmonics, atol=1e-4)


def test_edits_cross_as_plain_data_and_nonsense_is_refused() -> None:
    for edit in (some_move(), Recolour((0.1, 0.2, 0.3))):
        assert edit_from_plain(edit.to_plain()) == edit
    for wrong in (
        {}, {"kind": "melt"}, some_move().to_plain() | {"scale": 0},
        some_move().to_plain() | {"turn": [0] * 4},
        some_move().to_plain() | {"shift": [0, 0]}, some_move().to_plain() | {"pivot": [0, 0, np.nan]},
        {"kind": "recolour", "colour": [2, 0, 0]}, {"kind": "recolour", "colour": [0, 0]},
    ):  # fmt: skip
        with pytest.raises(BadInput):
            edit_from_plain(wrong)
