"""gsplat behind our interface: what it is given and what is made of its answers, by a stand-in that keeps to
its documentation; and where there is a CUDA device, by gsplat itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from maskengines.errors import NotReady
from maskengines.scene.rasteriser import Options, autograd, choice, cuda
from maskengines.scene.rasteriser.autograd import Trace
from maskengines.subjects.cameras import Camera
from plain_splats import plain_render

COUNT = 40
BACKGROUND = (0.2, 0.5, 0.9)


def camera() -> Camera:
    view = np.eye(4)
    view[:3, 3] = [-0.3, 0.1, 0.4]
    return Camera(45, 38, 40.0, 42.0, 22.0, 19.5, view)


def some() -> list[torch.Tensor]:
    rng = np.random.default_rng(0)
    arrays = (
        rng.normal(size=(COUNT, 3)) * 0.6 + [0.0, 0.0, 3.0],
        rng.normal(size=(COUNT, 3)) * 0.4 - 1.7,
        rng.normal(size=(COUNT, 4)),
        rng.normal(size=COUNT),
        rng.normal(size=(COUNT, 9, 3)) * 0.4,
    )
    return [torch.tensor(array, dtype=torch.float32, requires_grad=True) for array in arrays]


class _Pulled(torch.autograd.Function):
    """A picture on whose way back the centres get a gradient and what gsplat leaves beside it."""

    @staticmethod
    def forward(ctx: Any, picture: torch.Tensor, centres: torch.Tensor) -> torch.Tensor:
        ctx.centres = centres
        return picture.clone()

    @staticmethod
    def backward(ctx: Any, pull: torch.Tensor) -> Any:
        ctx.centres.absgrad = torch.full((1, COUNT, 2), 7.0)
        return pull, torch.full((1, COUNT, 2), -3.0)


def rasterization(  # noqa: PLR0917 - its order
    means: torch.Tensor, quats: torch.Tensor, scales: torch.Tensor, opacities: torch.Tensor,
    colors: torch.Tensor, viewmats: torch.Tensor, Ks: torch.Tensor, width: int, height: int,
    near_plane: float, eps2d: float, sh_degree: int, packed: bool, backgrounds: torch.Tensor,
    rasterize_mode: str, absgrad: bool,
) -> tuple[torch.Tensor, torch.Tensor, dict[str, Any]]:  # fmt: skip
    """As gsplat's, by a plain rendering."""
    assert colors.shape[1] == (sh_degree + 1) ** 2
    assert not packed
    lens = Ks[0].tolist()
    view = viewmats[0].double().numpy()
    seen = Camera(width, height, lens[0][0], lens[1][1], lens[0][2], lens[1][2], view, near_plane)
    options = Options(blur=eps2d, mip=rasterize_mode == "antialiased")
    given = [each.double() for each in (means, scales.log(), quats, opacities.logit(), colors)]
    plain = plain_render(*given, seen, backgrounds[0].tolist(), options)
    centres = torch.zeros(1, COUNT, 2, requires_grad=True) * 1.0
    picture = _Pulled.apply(plain.colour.float(), centres)
    radii = torch.stack([torch.arange(COUNT), torch.full((COUNT,), 3)], 1)[None]
    told = {"means2d": centres, "radii": radii}
    return picture[None], plain.alpha.float()[None, ..., None], told


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    module = ModuleType("gsplat")
    module.rasterization = rasterization  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gsplat", module)
    monkeypatch.setattr(cuda, "_DEVICE", "cpu")
    cuda.trouble.cache_clear()
    yield module
    cuda.trouble.cache_clear()


def assert_alike(options: Options, tolerance: float) -> None:
    rng = np.random.default_rng(1)
    pull = torch.tensor(rng.normal(size=(38, 45, 3)), dtype=torch.float32)
    found = []
    for rasterise in (autograd.rasterise, cuda.rasterise):
        given, trace = some(), Trace()
        picture, alpha = rasterise(*given, camera(), BACKGROUND, options, trace)
        ((picture * pull).sum() + alpha.sum()).backward()
        found.append((picture.detach(), alpha.detach(), [each.grad for each in given]))
    for ours, theirs in zip(found[0][:2], found[1][:2], strict=True):
        np.testing.assert_allclose(theirs.numpy(), ours.numpy(), atol=tolerance)
    for mine, other in zip(found[0][2], found[1][2], strict=True):
        assert mine is not None
        assert other is not None
        np.testing.assert_allclose(other, mine, atol=10 * tolerance * float(mine.abs().max()))


@pytest.mark.parametrize("options", [Options(), Options(mip=True), Options(degree=1)], ids=str)
@pytest.mark.usefixtures("stand_in")
def test_it_is_given_what_makes_the_same_picture(options: Options) -> None:
    assert_alike(options, 3e-6)


@pytest.mark.usefixtures("stand_in")
def test_what_growth_needs_is_kept() -> None:
    trace = Trace()
    picture, _ = cuda.rasterise(*some(), camera(), trace=trace)
    np.testing.assert_array_equal(trace.visible, np.arange(COUNT) > 0)
    np.testing.assert_array_equal(trace.reach, np.r_[0, np.maximum(np.arange(1, COUNT), 3)])
    picture.sum().backward()
    np.testing.assert_array_equal(trace.screen, np.full((COUNT, 2), -3.0))
    np.testing.assert_array_equal(trace.absolute, np.full((COUNT, 2), 7.0))


def test_without_a_card_the_processor_draws_unless_the_card_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    cuda.trouble.cache_clear()
    assert choice.chosen("auto") is autograd.rasterise
    assert choice.chosen("cpu") is autograd.rasterise
    with pytest.raises(NotReady, match=r"no CUDA device.*'cpu'"):
        choice.chosen("cuda")
    cuda.trouble.cache_clear()


def test_a_card_draws_where_gsplat_works(stand_in: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(sys.modules[__name__], "COUNT", 1)
    assert choice.chosen("auto") is cuda.rasterise
    assert choice.chosen("cuda") is cuda.rasterise


def test_a_gsplat_that_fails_is_left_alone_and_named(
    stand_in: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**given: Any) -> None:
        raise RuntimeError("No CUDA toolkit found.\nInstall one.")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(stand_in, "rasterization", fails)
    assert choice.chosen("auto") is autograd.rasterise
    with pytest.raises(NotReady, match=r"gsplat does not work here: No CUDA toolkit found\. Or choose"):
        choice.chosen("cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("options", [Options(), Options(mip=True), Options(degree=1)], ids=str)
def test_gsplat_draws_and_differentiates_as_ours(options: Options) -> None:
    pytest.importorskip("gsplat")
    assert_alike(options, 1e-4)
