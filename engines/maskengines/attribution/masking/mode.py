"""Runs any eager network with a mask beside its activations, without touching the network.

A `TorchFunctionMode` sees every torch function that the network calls, functional ones, sums,
concatenations and permutations among them, which forward hooks miss.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from maskengines.attribution.masking import attention, filters, joining, moving, normalising, reductions
from maskengines.attribution.masking.visibility import Tensor, Visibility, attach, visibility_of

Forward = Callable[[Tensor], Tensor]
"""``(N, 3, H, W)`` normalised pictures to ``(N, classes)`` logits."""

_RULES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "conv2d": filters.convolution,
    "max_pool2d": filters.max_pool,
    "avg_pool2d": filters.average_pool,
    "pad": filters.pad,
    "mean": reductions.mean,
    "sum": reductions.sum_,
    "max": reductions.maximum,
    "amax": reductions.maximum,
    "norm": reductions.norm,
    "linalg_norm": reductions.norm,
    "linalg_vector_norm": reductions.norm,
    "adaptive_avg_pool1d": reductions.adaptive_average,
    "adaptive_avg_pool2d": reductions.adaptive_average,
    "adaptive_max_pool2d": reductions.adaptive_maximum,
    **dict.fromkeys(
        (
            "batch_norm", "relu", "relu_", "relu6", "hardtanh", "hardtanh_", "hardswish", "hardswish_",
            "silu", "silu_", "gelu", "sigmoid", "hardsigmoid", "leaky_relu", "leaky_relu_", "elu", "mish",
            "dropout",
        ),
        joining.activation,
    ),
    "cat": joining.concatenate,
    "concat": joining.concatenate,
    "concatenate": joining.concatenate,
    "stack": joining.stack,
    "scaled_dot_product_attention": attention.scaled_dot_product,
    "softmax": attention.softmax,
    "log_softmax": attention.softmax,
    "linear": attention.linear,
    "group_norm": normalising.group_norm,
    "instance_norm": normalising.instance_norm,
    "layer_norm": normalising.layer_norm,
    **dict.fromkeys(("matmul", "bmm", "mm", "__matmul__"), attention.product),
    **dict.fromkeys(
        ("permute", "transpose", "swapaxes", "swapdims", "movedim", "moveaxis", "unsqueeze", "roll", "flip"),
        moving.along_axes,
    ),
    **dict.fromkeys(
        (
            "view", "reshape", "flatten", "unflatten", "squeeze", "expand", "repeat", "tile", "chunk",
            "split", "tensor_split", "narrow", "select", "unbind", "__getitem__", "pixel_shuffle",
            "pixel_unshuffle",
        ),
        moving.reshaping,
    ),
}  # fmt: skip

_UNSEEN = frozenset(
    (
        "__get__", "__set__", "size", "dim", "numel", "stride", "is_contiguous", "is_floating_point",
        "any", "all", "new_zeros", "new_ones", "new_full", "new_empty",
        "zeros_like", "ones_like", "full_like", "empty_like",
    )
)  # fmt: skip
"""Calls that read nothing of the activations."""


class LayerMasking(TorchFunctionMode):
    """While active, every tensor that descends from one with a `Visibility` carries its own."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = getattr(func, "__name__", "")
        if name in _UNSEEN:
            return func(*args, **(kwargs or {}))
        return self.answer(_RULES.get(name, joining.elementwise), func, args, kwargs or {})

    def answer(self, rule: Callable[..., Any], func: Any, args: Any, kwargs: Any) -> Any:
        """The result of one call under its rule."""
        return rule(func, args, kwargs)


class Scrambling(LayerMasking):
    """Overwrites every hidden activation, after every call, with noise as strong as what is visible.

    If the logits come out the same for two kinds of noise, nothing hidden was read in any layer.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._noise = torch.Generator().manual_seed(seed)

    def answer(self, rule: Callable[..., Any], func: Any, args: Any, kwargs: Any) -> Any:
        result = super().answer(rule, func, args, kwargs)
        if isinstance(result, Tensor):
            return self._scrambled(result, bool(args) and result is args[0])
        if isinstance(result, tuple | list) and any(isinstance(each, Tensor) for each in result):
            return type(result)(self._scrambled(each, False) for each in result)
        return result

    def _scrambled(self, tensor: Tensor, in_place: bool) -> Tensor:
        known = visibility_of(tensor)
        if known is None or not tensor.is_floating_point():
            return tensor
        seen = tensor.masked_fill(known.hidden(tensor), 0.0)
        strength = float(seen.abs().max()) + 0.1
        noise = torch.randn(tensor.shape, generator=self._noise).to(tensor) * strength
        # In the tensor's own layout: a network may rely on it.
        changed = torch.empty_like(tensor).copy_(torch.where(known.hidden(tensor), noise, tensor))
        if in_place:
            tensor.copy_(changed)
            return tensor
        return attach(changed, known)


@torch.no_grad()
def masked_logits(
    forward: Forward, pictures: Tensor, visible: Tensor, mode: LayerMasking | None = None
) -> Tensor:
    """Logits of pictures of which only a part is given.

    Args:
        forward: an eager network in evaluation mode.
        pictures: ``(N or 1, 3, H, W)``, normalised, fastest with channels last; what lies in hidden
            pixels is never read.
        visible: ``(N, H, W)`` bool, on any device.
        mode: what to run under instead of plain `LayerMasking`.

    Raises:
        Untracked: the network holds an operation for which there is no rule.
    """
    count = visible.shape[0]
    last = pictures.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if last else torch.contiguous_format
    # A copy of its own: filling writes to hidden pixels.
    rows = pictures.expand(count, -1, -1, -1).clone(memory_format=layout)
    root = Visibility.or_none(visible[:, None].cpu().numpy())
    if root is None:
        return forward(rows)
    attach(rows, root)
    with mode or LayerMasking():
        return forward(rows)
