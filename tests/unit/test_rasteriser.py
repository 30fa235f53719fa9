"""The rasteriser: against a plain torch rendering in float64, and at its edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from maskengines.scene.rasteriser import Options
from maskengines.scene.rasteriser.autograd import Trace, rasterise
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import Gaussians
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
    np.testing.assert_allclose(trace.depth, plain.depth.detach().numpy(), atol=2e-5)
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.grad is not None
        assert other.grad is not None
        scale = float(other.grad.abs().max())
        assert scale > 0
        np.testing.assert_allclose(mine.grad.numpy(), other.grad.numpy(), atol=2e-5 * scale)
