"""A network asked with parts of a photo hidden answers from what is visible alone, in every layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from maskengines.attribution.masking.geometry import Rings, Window, pooled
from maskengines.attribution.masking.mode import Scrambling, masked_logits
from maskengines.attribution.masking.visibility import attach, visibility_of
from maskengines.attribution.selfcheck import check_masking
from network_families import CONVOLUTIONAL, FAMILIES, SIDE, family
from plain_layer_masking import neighbour_padding, plain_masked_logits
from torch import nn
from torch.nn import functional

# An even filter with 'same' padding is slow in torch, and says so.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'")


@pytest.fixture(autouse=True)
def _no_gradients() -> Any:
    with torch.no_grad():
        yield


def pictures(count: int, seed: int = 3) -> torch.Tensor:
    return torch.randn(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def masks() -> torch.Tensor:
    """Scattered squares, a hole, and a photo of which a corner is left."""
    generator = np.random.default_rng(1)
    visible = np.ones((3, SIDE, SIDE), bool)
    visible[0] = np.kron(generator.random((8, 8)) > 0.4, np.ones((8, 8), bool))
    visible[1, 21:44, 9:38] = False
    visible[2, 20:] = visible[2, :, 33:] = False
    return torch.from_numpy(visible)


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_the_fast_masking_follows_the_plain_rules(name: str) -> None:
    network = family(name).double()
    asked, visible = pictures(3).double(), masks()
    fast = masked_logits(network, asked, visible)
    plain = plain_masked_logits(network, asked, visible)
    assert torch.isfinite(fast).all()
    assert float((fast - plain).abs().max() / plain.abs().max()) < 1e-9
    last = masked_logits(network, asked.contiguous(memory_format=torch.channels_last), visible)
    assert float((last - plain).abs().max() / plain.abs().max()) < 1e-9


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_passes_its_self_check(name: str) -> None:
    check = check_masking(family(name), (SIDE, SIDE))
    assert check.passed, check.reason
    assert check.exact
    assert check.hidden < 1e-5


class _Forgetting(Scrambling):
    """Loses the mask after one layer."""

    def __init__(self, seed: int, layer: int) -> None:
        super().__init__(seed)
        self._left = layer

    def answer(self, rule: Any, func: Any, args: Any, kwargs: Any) -> Any:
        result = super().answer(rule, func, args, kwargs)
        if getattr(func, "__name__", "") == "conv2d" and visibility_of(result) is not None:
            self._left -= 1
            if self._left == -1:
                return attach(result.detach(), None)
        return result


@pytest.mark.parametrize("name", FAMILIES)
def test_a_mask_that_is_lost_in_one_layer_is_noticed(name: str) -> None:
    network, visible = family(name), masks()[1:2]
    first, second = (masked_logits(network, pictures(1), visible, _Forgetting(seed, 0)) for seed in (1, 2))
    assert float((first - second).abs().max() / first.abs().max()) > 1e-4


def test_a_network_that_always_says_the_same_does_not_pass() -> None:
    class Deaf(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolution = nn.Conv2d(3, 4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 1e-9 * self.convolution(x).mean((2, 3)) + torch.arange(4.0)

    check = check_masking(Deaf(), (SIDE, SIDE))
    assert not check.passed
    assert "hardly follow" in check.reason


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (lambda x: torch.einsum("nchw,hw->nc", x, torch.ones(SIDE, SIDE)), "einsum"),
        (lambda x: torch.cumsum(x, 3).mean((2, 3)), "change the logits"),
        (lambda x: functional.interpolate(x, scale_factor=0.5, mode="bilinear").mean((2, 3)), "interpolate"),
        (lambda x: x.flatten(2).sort(-1).values[..., -3:].mean(-1), "sort"),
    ],
)
def test_an_operation_without_a_rule_is_named_or_noticed(operation: Any, said: str) -> None:
    torch.manual_seed(0)
    first = nn.Conv2d(3, 5, 3, padding=1)
    check = check_masking(lambda x: operation(first(x)), (SIDE, SIDE))
    assert not check.passed
    assert said in check.reason
    assert "Telea" in check.badge()["text"]


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: x.flatten(2).max(-1).values,
        lambda x: x.max(2, keepdim=True)[0].amax((2, 3)),
        lambda x: functional.instance_norm(x).relu().mean((2, 3)),
        lambda x: torch.maximum(x, x.roll(2, 3)).sum((2, 3)),
        lambda x: functional.adaptive_avg_pool2d(x, (3, 5)).flatten(1),
        lambda x: functional.adaptive_max_pool2d(x, 4).flatten(1),
        lambda x: torch.stack([x, 2 * x], 1).mean((1, 3, 4)),
        lambda x: functional.pixel_unshuffle(x, 2).mean((2, 3)),
        lambda x: (x.flatten(2).softmax(-1) @ x.flatten(2).transpose(1, 2)).flatten(1),
        lambda x: torch.cat(x.chunk(2, 2), 3).mean((2, 3)),
        lambda x: x[:, :, 3:-2, ::2].norm(dim=(2, 3)),
        lambda x: x.permute(0, 2, 3, 1).contiguous().view(len(x), -1, 6).mean(1),
    ],
    ids=range(12),
)
def test_what_networks_do_besides_convolving_reads_nothing_hidden(operation: Any) -> None:
    torch.manual_seed(0)
    first, last = nn.Conv2d(3, 6, 3, padding=1), nn.LazyLinear(5)
    last(operation(first(pictures(2))))
    check = check_masking(lambda x: last(operation(first(x))), (SIDE, SIDE))
    assert check.passed, check.reason


def test_nothing_visible_gives_finite_answers() -> None:
    for name in ("ResNet-18", "VGG", "ConvNeXt V2", "ViT", "Swin", "BiT"):
        logits = masked_logits(family(name), pictures(2), torch.zeros(2, SIDE, SIDE, dtype=torch.bool))
        assert torch.isfinite(logits).all(), name


def test_a_hidden_photo_says_nothing_of_its_neighbours_in_a_batch() -> None:
    network, visible = family("MobileNet V3"), masks()
    together = masked_logits(network, pictures(3), visible)
    for index in range(3):
        alone = masked_logits(network, pictures(3)[index : index + 1], visible[index : index + 1])
        assert torch.allclose(alone[0], together[index], atol=1e-5)


def test_the_photo_that_was_given_is_left_as_it_was() -> None:
    asked = pictures(1).contiguous(memory_format=torch.channels_last)
    before = asked.clone()
    masked_logits(family("ResNet-18"), asked, masks()[:1])
    assert torch.equal(asked, before)


def test_rings_fill_like_averaging_whole_maps() -> None:
    visible, asked = masks()[:1], pictures(1).double()
    rings = Rings(visible.numpy(), ~visible.numpy())
    table = torch.where(visible[:, None], asked, 0.0).permute(0, 2, 3, 1).reshape(-1, 3).clone()
    for passes in range(1, 20):
        ring = rings.advance()
        if ring is not None:
            pixels, sources, weights = (torch.from_numpy(array) for array in ring)
            table[pixels] = (weights[..., None] * table[sources]).sum(1)
        plain = neighbour_padding(asked, visible[:, None].double(), passes)
        assert torch.allclose(table, plain.permute(0, 2, 3, 1).reshape(-1, 3)), passes


@pytest.mark.parametrize("seed", range(40))
def test_a_pooled_mask_is_the_max_pool_of_the_mask(seed: int) -> None:
    generator = np.random.default_rng(seed)
    kernel = tuple(int(n) for n in generator.integers(1, 6, 2))
    stride = tuple(int(n) for n in generator.integers(1, 4, 2))
    dilation = tuple(int(n) for n in generator.integers(1, 3, 2))
    padding = tuple(int(generator.integers(0, k // 2 + 1)) for k in kernel)
    ceil = bool(generator.integers(2))
    visible = generator.random((2, 17, 23)) > 0.8
    sides = (padding[1], padding[1], padding[0], padding[0])
    expected = functional.max_pool2d(
        torch.from_numpy(visible[:, None]).float(), kernel, stride, padding, dilation, ceil
    )
    found = pooled(visible, Window(kernel, stride, sides, dilation, ceil))  # type: ignore[arg-type]
    assert np.array_equal(found, expected[:, 0].numpy() > 0)
