"""The rasteriser: against a plain torch rendering in float64, and at its edges."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest
import torch
from maskengines.scene.rasteriser import Options, render
from maskengines.scene.rasteriser.autograd import Trace, rasterise
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import FIELDS, Gaussians
from plain_splats import plain_render

Array = np.ndarray[Any, Any]


def camera(width: int = 45, height: int = 38) -> Camera:
    turn = np.array([[0.96, 0.0, 0.28], [0.0, 1.0, 0.0], [-0.28, 0.0, 0.96]])
    view = np.eye(4)
    view[:3, :3], view[:3, 3] = turn, [-0.3, 0.1, 0.4]
    return Camera(width, height, 40.0, 42.0, 22.0, 19.5, view)


def some(count: int = 60, degree: int = 0, seed: int = 0) -> Gaussians:
    rng = np.random.default_rng(seed)
    bands = (degree + 1) ** 2
    return Gaussians(
        rng.normal(size=(count, 3)) * 0.6 + [0.0, 0.0, 3.0],
        rng.normal(size=(count, 3)) * 0.4 - 1.7,
        rng.normal(size=(count, 4)),
        rng.normal(size=count),
        rng.normal(size=(count, bands, 3)) * 0.4,
    )


def tensors(gaussians: Gaussians, dtype: torch.dtype = torch.float32) -> list[torch.Tensor]:
    arrays = (
        gaussians.means, gaussians.scales, gaussians.rotations, gaussians.opacities, gaussians.harmonics,
    )  # fmt: skip
    return [torch.tensor(array, dtype=dtype, requires_grad=True) for array in arrays]


@pytest.mark.parametrize("mip", [False, True], ids=["plain", "mip"])
@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_pictures_and_gradients_equal_a_plain_rendering(degree: int, mip: bool) -> None:
    gaussians, options, background = some(degree=degree), Options(mip=mip), (0.2, 0.5, 0.9)
    rng = np.random.default_rng(1)
    pull, cover = rng.normal(size=(38, 45, 3)), rng.normal(size=(38, 45))
    ours, theirs = tensors(gaussians), tensors(gaussians, torch.float64)
    trace = Trace()
    colour, alpha = rasterise(*ours, camera(), background, options, trace)
    (colour * torch.tensor(pull, dtype=torch.float32)).sum().add_(
        (alpha * torch.tensor(cover, dtype=torch.float32)).sum()
    ).backward()
    plain = plain_render(*theirs, camera(), background, options)
    ((plain.colour * torch.tensor(pull)).sum() + (plain.alpha * torch.tensor(cover)).sum()).backward()
    np.testing.assert_allclose(colour.detach().numpy(), plain.colour.detach().numpy(), atol=2e-6)
    np.testing.assert_allclose(alpha.detach().numpy(), plain.alpha.detach().numpy(), atol=2e-6)
    np.testing.assert_allclose(trace.depth, plain.depth.detach().numpy(), atol=4e-6)
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.grad is not None
        assert other.grad is not None
        scale = float(other.grad.abs().max())
        assert scale > 0
        np.testing.assert_allclose(mine.grad.numpy(), other.grad.numpy(), atol=2e-5 * scale)


@pytest.mark.parametrize("name", ["means", "scales", "rotations", "opacities", "harmonics"])
def test_gradients_equal_finite_differences(name: str) -> None:
    gaussians, options = some(12, degree=2, seed=3), Options(mip=True)
    rng = np.random.default_rng(4)
    pull = rng.normal(size=(38, 45, 3)).astype(np.float32)
    at = dict(zip(FIELDS, tensors(gaussians), strict=True))
    colour, _ = rasterise(*at.values(), camera(), options=options)
    (colour * torch.tensor(pull)).sum().backward()
    direction = rng.normal(size=getattr(gaussians, name).shape)
    direction /= np.linalg.norm(direction)
    plain = dict(zip(FIELDS, tensors(gaussians, torch.float64), strict=True))
    step, sums = 1e-5, []
    for side in (-step, step):
        moved = {key: value.detach() for key, value in plain.items()}
        moved[name] = moved[name] + side * torch.tensor(direction)
        picture = plain_render(*moved.values(), camera(), (0.0, 0.0, 0.0), options).colour
        sums.append(float((picture * torch.tensor(pull, dtype=torch.float64)).sum()))
    expected = (sums[1] - sums[0]) / (2 * step)
    gradient = at[name].grad
    assert gradient is not None
    found = float((gradient.double() * torch.tensor(direction)).sum())
    assert abs(expected) > 1e-3
    assert found == pytest.approx(expected, rel=2e-3, abs=2e-3)


def test_absolute_gradients_are_summed_over_pixels() -> None:
    gaussians = some(20)
    rng = np.random.default_rng(5)
    pull = rng.normal(size=(38, 45, 3))
    trace = Trace()
    colour, _ = rasterise(*tensors(gaussians), camera(), trace=trace)
    (colour * torch.tensor(pull, dtype=torch.float32)).sum().backward()
    plain = plain_render(*tensors(gaussians, torch.float64), camera(), (0.0, 0.0, 0.0), Options())
    (plain.colour * torch.tensor(pull)).sum().backward()
    expected, signed = np.zeros((20, 2)), np.zeros((20, 2))
    for i, place, _ in plain.pulls:
        assert place.grad is not None
        expected[i] = place.grad.abs().sum((0, 1)).numpy()
        signed[i] = place.grad.sum((0, 1)).numpy()
    assert (expected > 1.5 * abs(signed)).any()
    np.testing.assert_allclose(trace.absolute, expected, atol=2e-5 * expected.max())
    np.testing.assert_allclose(trace.screen, signed, atol=2e-5 * expected.max())
    np.testing.assert_array_equal(trace.visible, expected.any(axis=1))


def test_any_number_of_threads_gives_the_same_bits() -> None:
    gaussians = some(400, degree=1)
    found = []
    before = numba.get_num_threads()
    try:
        for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS), 1):
            numba.set_num_threads(threads)
            given = tensors(gaussians)
            colour, _ = rasterise(*given, camera())
            (colour**2).sum().backward()
            found.append(
                [colour.detach().numpy(), *(one.grad.numpy() for one in given if one.grad is not None)]
            )
    finally:
        numba.set_num_threads(before)
    for others in found[1:]:
        for mine, other in zip(found[0], others, strict=True):
            np.testing.assert_array_equal(mine, other)


def test_broken_gaussians_are_not_drawn() -> None:
    good = some(30)
    expected = render(good, camera(), (0.3, 0.3, 0.3))
    arrays = {name: np.repeat(array[:1], 12, axis=0) for name, array in good.to_arrays().items()}
    arrays["means"][0, 1] = np.nan
    arrays["means"][1] = np.inf
    arrays["means"][2] = [0, 0, -4]
    arrays["means"][3] = camera().position
    arrays["scales"][4] = np.nan
    arrays["scales"][5] = 3e38
    arrays["scales"][6] = 200
    arrays["rotations"][7] = np.nan
    arrays["opacities"][8] = np.nan
    arrays["opacities"][9] = -40
    arrays["harmonics"][10] = np.nan
    arrays["means"][11] = [1e30, 0, 3]
    bad = Gaussians.from_arrays(arrays)
    for both in (good.joined(bad), bad.joined(good)):
        frame = render(both, camera(), (0.3, 0.3, 0.3))
        np.testing.assert_array_equal(frame.colour, expected.colour)
        given = tensors(both)
        colour, _ = rasterise(*given, camera())
        colour.sum().backward()
        for one in given:
            assert one.grad is not None
            assert torch.isfinite(one.grad).all()
            assert one.grad.abs().sum() > 0


def test_a_gaussian_larger_than_the_picture_covers_it_evenly() -> None:
    huge = Gaussians(
        np.array([[0, 0, 3]]), np.full((1, 3), 12.0), np.array([[1, 0, 0, 0]]), np.zeros(1),
        np.full((1, 1, 3), 1.0),
    )  # fmt: skip
    frame = render(huge, camera())
    np.testing.assert_allclose(frame.alpha, 0.5, atol=1e-4)
    np.testing.assert_allclose(frame.colour, 0.5 * (0.5 + 0.28209479), atol=1e-4)


def test_nothing_shows_the_background() -> None:
    none = some(5).take(slice(0, 0))
    frame = render(none, camera(), (0.1, 0.2, 0.3))
    np.testing.assert_allclose(frame.colour, np.broadcast_to(np.float32([0.1, 0.2, 0.3]), (38, 45, 3)))
    assert not frame.alpha.any()
    assert not frame.depth.any()
    given = tensors(none)
    colour, _ = rasterise(*given, camera())
    colour.sum().backward()
    assert all(one.grad is not None and one.grad.shape == one.shape for one in given)


def test_what_is_nearer_hides_what_is_behind() -> None:
    pair = Gaussians(
        np.array([[0, 0, 6], [0, 0, 3]]), np.full((2, 3), -1.0), np.tile([1.0, 0, 0, 0], (2, 1)),
        np.full(2, 8.0), np.array([[[3.0, -3, -3]], [[-3.0, -3, 3]]]),
    )  # fmt: skip
    straight = Camera(33, 33, 40.0, 40.0, 16.5, 16.5, np.eye(4))
    frame = render(pair, straight)
    red, _, blue = frame.colour[16, 16]
    assert blue > 50 * red
    assert frame.depth[16, 16] == pytest.approx(3, abs=0.05)


def test_one_pixel_pictures_and_odd_sizes_are_drawn() -> None:
    gaussians = some(40)
    whole = render(gaussians, camera(45, 38)).colour
    for width, height in ((1, 1), (8, 8), (9, 7), (17, 31)):
        part = render(gaussians, camera(width, height)).colour
        # Frames differ in how far shapes are linearised beyond their edges, so compare well inside.
        np.testing.assert_allclose(part, whole[:height, :width], atol=0.05)
