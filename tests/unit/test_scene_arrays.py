"""Gaussians and cameras: the arrays that everything of a scene is made of."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from maskengines.errors import BadInput
from maskengines.subjects.cameras import Camera, cameras_json, read_cameras
from maskengines.subjects.gaussians import Gaussians


def some(count: int, degree: int = 1, seed: int = 0) -> Gaussians:
    rng = np.random.default_rng(seed)
    return Gaussians(
        rng.normal(size=(count, 3)), rng.normal(-3, 1, (count, 3)), rng.normal(size=(count, 4)),
        rng.normal(size=count), rng.normal(0, 0.3, (count, (degree + 1) ** 2, 3)),
    )  # fmt: skip


def a_camera() -> Camera:
    turn, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    matrix = np.eye(4)
    matrix[:3, :3] = turn * np.sign(np.linalg.det(turn))
    matrix[:3, 3] = 0.3, -0.2, 4.0
    return Camera(640, 480, 500.0, 510.0, 322.0, 238.5, matrix, "left")


def test_gaussians_are_float32_and_cannot_be_written_to() -> None:
    gaussians = some(5)
    assert gaussians.means.dtype == np.float32
    assert gaussians.harmonics.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        gaussians.means[0, 0] = 1


def test_gaussians_keep_what_they_are_given_without_a_copy() -> None:
    means = np.zeros((2, 3), np.float32)
    rest = some(2)
    made = Gaussians(means, rest.scales, rest.rotations, rest.opacities, rest.harmonics)
    assert np.shares_memory(made.means, means)
    assert means.flags.writeable


@pytest.mark.parametrize("coefficients", [0, 2, 25])
def test_harmonics_of_no_degree_are_refused(coefficients: int) -> None:
    rest = some(2)
    with pytest.raises(ValueError, match="coefficients"):
        Gaussians(rest.means, rest.scales, rest.rotations, rest.opacities, np.zeros((2, coefficients, 3)))


def test_arrays_of_different_lengths_are_refused() -> None:
    rest = some(3)
    with pytest.raises(ValueError, match="opacities"):
        Gaussians(rest.means, rest.scales, rest.rotations, rest.opacities[:2], rest.harmonics)


def test_taking_and_joining_keep_the_order_and_the_higher_degree() -> None:
    one, two = some(4, degree=0), some(3, degree=2, seed=1)
    joined = one.joined(two)
    assert len(joined) == 7
    assert joined.degree == 2
    assert not joined.harmonics[:4, 1:].any()
    np.testing.assert_array_equal(joined.take(slice(4, None)).harmonics, two.harmonics)
    chosen = joined.take(np.array([6, 0]))
    np.testing.assert_array_equal(chosen.means, [two.means[2], one.means[0]])


def test_gaussians_with_a_number_that_is_none_or_no_rotation_cannot_be_drawn() -> None:
    good = some(6)
    held = {name: array.copy() for name, array in good.to_arrays().items()}
    held["means"][0, 1] = np.nan
    held["harmonics"][1, 3, 2] = np.inf
    held["rotations"][2] = 0
    held["opacities"][3] = -np.inf
    assert Gaussians.from_arrays(held).finite.tolist() == [False] * 4 + [True] * 2


def test_opacity_is_the_sigmoid_even_of_huge_logits() -> None:
    good = some(3)
    logits = np.array([-1e30, 0, 1e30], np.float32)
    made = Gaussians(good.means, good.scales, good.rotations, logits, good.harmonics)
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_allclose(made.alphas, [0, 0.5, 1], atol=1e-6)


def test_a_camera_sees_its_own_position_nowhere_and_the_point_ahead_in_the_middle() -> None:
    camera = a_camera()
    ahead = camera.position + 2 * camera.forward
    pixels, depth = camera.project(np.array([ahead, camera.position]))
    np.testing.assert_allclose(pixels[0], (camera.cx, camera.cy), atol=1e-9)
    np.testing.assert_allclose(depth, (2, 0), atol=1e-9)
    assert np.isnan(pixels[1]).all()


@pytest.mark.parametrize("factor", [0.5, 2.0, 0.37])
def test_a_scaled_camera_sees_a_point_at_the_same_share_of_the_picture(factor: float) -> None:
    camera = a_camera()
    small = camera.scaled(factor)
    point = (camera.position + camera.forward * 3 + camera.rotation[0] * 0.7)[None]
    share = camera.project(point)[0] / (camera.width, camera.height)
    np.testing.assert_allclose(small.project(point)[0] / (small.width, small.height), share, atol=1e-12)
    assert (small.width, small.height) == (round(640 * factor), round(480 * factor))


def test_cameras_come_back_from_a_file_as_they_went(tmp_path: Path) -> None:
    camera = replace(a_camera(), near=0.2)
    (tmp_path / "cameras.json").write_text(cameras_json([camera, camera.scaled(0.5)]))
    first, second = read_cameras(tmp_path / "cameras.json")
    np.testing.assert_array_equal(first.world_to_camera, camera.world_to_camera)
    assert (first.name, first.fx, second.width, second.near) == ("left", 500.0, 320, 0.2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"K": [1, 2, 3]}, "no camera"),
        ({"K": [0, 1, 2, 3]}, "above 0"),
        ({"w": 0}, "sides are"),
        ({"h": 10**9}, "sides are"),
        ({"w2c": [[1, 0], [0, 1]]}, "4 x 4"),
        ({"w2c": (np.eye(4) * 2).tolist()}, "rigid"),
        ({"w2c": np.diag([1, 1, -1, 1]).tolist()}, "rigid"),
        ({"w": "many"}, "no camera"),
    ],
)
def test_a_camera_that_makes_no_sense_is_bad_input(tmp_path: Path, change: dict, words: str) -> None:
    path = tmp_path / "cameras.json"
    path.write_text(json.dumps({"frames": [a_camera().to_record() | change]}))
    with pytest.raises(BadInput, match=words) as caught:
        read_cameras(path)
    assert "Camera 1 of 'cameras.json'" in caught.value.message


@pytest.mark.parametrize("text", ["", '{"frames": [', "[]", '{"frames": []}', "3", "[" * 100_000])
def test_a_file_without_cameras_is_bad_input(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cameras.json"
    path.write_text(text)
    with pytest.raises(BadInput):
        read_cameras(path)
    with pytest.raises(BadInput, match="Cannot read"):
        read_cameras(tmp_path / "none.json")
