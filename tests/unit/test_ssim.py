"""Structural similarity and its gradient."""

from __future__ import annotations

import numpy as np
import torch
from maskengines.scene.ssim import mean_ssim, similarity_and_gradient, ssim
from skimage.metrics import structural_similarity


def pair(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.cumsum(rng.normal(size=(37, 53, 3)), axis=1) * 0.05 + 0.5
    return x.astype(np.float32), (x + rng.normal(size=x.shape) * 0.1).astype(np.float32)


def test_it_equals_scikit_image() -> None:
    x, y = pair()
    theirs = structural_similarity(
        x.astype(float), y.astype(float), channel_axis=2, data_range=1.0, gaussian_weights=True, sigma=1.5,
        use_sample_covariance=False,
    )  # fmt: skip
    assert abs(mean_ssim(x, y) - theirs) < 1e-5
    assert 0.1 < theirs < 0.99
    assert abs(mean_ssim(x, x) - 1) < 1e-6


def test_the_gradient_equals_that_of_convolutions() -> None:
    x, y = pair(1)
    taps = torch.exp(-0.5 * (torch.arange(-5, 6, dtype=torch.float64) / 1.5) ** 2)
    taps = taps / taps.sum()
    window = (taps[:, None] * taps)[None, None]

    def blur(planes: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.conv2d(planes[:, None], window, padding=5)[:, 0]

    a = torch.tensor(x, dtype=torch.float64).permute(2, 0, 1).requires_grad_()
    b = torch.tensor(y, dtype=torch.float64).permute(2, 0, 1)
    ma, mb = blur(a), blur(b)
    aa, bb, ab = blur(a * a) - ma**2, blur(b * b) - mb**2, blur(a * b) - ma * mb
    same = (2 * ma * mb + 1e-4) * (2 * ab + 9e-4) / ((ma**2 + mb**2 + 1e-4) * (aa + bb + 9e-4))
    same.mean().backward()
    assert a.grad is not None
    expected = a.grad.permute(1, 2, 0).numpy()
    found, gradient = similarity_and_gradient(x, y)
    np.testing.assert_allclose(found, same.detach().permute(1, 2, 0).numpy(), atol=2e-5)
    np.testing.assert_allclose(gradient, expected, atol=2e-4 * abs(expected).max())
    tensor = torch.tensor(x, requires_grad=True)
    (1 - ssim(tensor, torch.tensor(y))).mul(3).backward()
    assert tensor.grad is not None
    np.testing.assert_allclose(tensor.grad.numpy(), -3 * gradient, rtol=1e-6)
