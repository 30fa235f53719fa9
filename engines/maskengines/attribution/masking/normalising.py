"""Rules for normalisations that take their statistics from the picture itself."""

from __future__ import annotations

from typing import Any

from maskengines.attribution.masking.calls import bound
from maskengines.attribution.masking.filters import Call
from maskengines.attribution.masking.visibility import (
    Tensor,
    Untracked,
    Visibility,
    attach,
    visibility_of,
    without_hidden,
)


def group_norm(func: Call, args: Any, kwargs: Any) -> Any:
    """Mean and variance of the visible pixels of each group of channels."""
    call = bound("input num_groups weight bias eps", args, kwargs)
    known = visibility_of(call["input"])
    if known is None:
        return func(*args, **kwargs)
    return attach(
        _normalised(
            call["input"],
            known,
            int(call["num_groups"]),
            (call.get("weight"), call.get("bias")),
            float(call.get("eps", 1e-5)),
        ),
        known,
    )


def instance_norm(func: Call, args: Any, kwargs: Any) -> Any:
    """Mean and variance of the visible pixels of each channel."""
    names = "input running_mean running_var weight bias use_input_stats momentum eps"
    call = bound(names, args, kwargs)
    known = visibility_of(call["input"])
    if known is None or not call.get("use_input_stats", True):
        return attach(func(*args, **kwargs), known)
    tensor = call["input"]
    affine = (call.get("weight"), call.get("bias"))
    return attach(_normalised(tensor, known, tensor.shape[1], affine, float(call.get("eps", 1e-5))), known)


def layer_norm(func: Call, args: Any, kwargs: Any) -> Any:
    """Over the channels of one pixel or token; over pixels there is no rule."""
    call = bound("input normalized_shape", args, kwargs)
    known = visibility_of(call["input"])
    if known is not None:
        for axis in range(1, len(call["normalized_shape"]) + 1):
            if not known.constant_along(-axis):
                raise Untracked("layer_norm over pixels")
    return attach(func(*args, **kwargs), known)


def _normalised(
    tensor: Tensor,
    known: Visibility,
    groups: int,
    affine: tuple[Tensor | None, Tensor | None],
    eps: float,
) -> Tensor:
    count, channels = tensor.shape[:2]
    if not known.constant_along(1):
        raise Untracked("group_norm over channels of different masks")
    grouped = without_hidden(tensor, 0.0).reshape(count, groups, channels // groups, -1)
    given = (
        (~known.hidden(tensor)).expand(count, 1, *tensor.shape[2:]).reshape(count, 1, 1, -1).to(tensor.dtype)
    )
    size = (given.sum((2, 3), keepdim=True) * (channels // groups)).clamp_min(1e-6)
    mean = grouped.sum((2, 3), keepdim=True) / size
    variance = ((grouped - mean).square() * given).sum((2, 3), keepdim=True) / size
    normal = ((grouped - mean) / (variance + eps).sqrt()).reshape(tensor.shape)
    shape = (1, channels, *(1,) * (tensor.dim() - 2))
    weight, bias = affine
    if weight is not None:
        normal = normal * weight.view(shape)
    return normal if bias is None else normal + bias.view(shape)
