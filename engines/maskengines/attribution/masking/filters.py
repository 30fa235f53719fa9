"""Rules for what reads a window of pixels: convolution, max and average pooling, padding, flattening."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from maskengines.attribution.masking.calls import Pair, bound, pair
from maskengines.attribution.masking.geometry import Array, Sides, Window, pooled
from maskengines.attribution.masking.neighbours import filled
from maskengines.attribution.masking.visibility import (
    Tensor,
    Untracked,
    Visibility,
    attach,
    visibility_of,
    without_hidden,
)

Call = Callable[..., Any]
_CONVOLUTION = "input weight bias stride padding dilation groups"
_MAX_POOL = "input kernel_size stride padding dilation ceil_mode return_indices"
_AVERAGE_POOL = "input kernel_size stride padding ceil_mode count_include_pad divisor_override"


def convolution(func: Call, args: Any, kwargs: Any) -> Any:
    """Fill, convolve, and max-pool the mask with the filter's own window, stride and dilation."""
    call = bound(_CONVOLUTION, args, kwargs)
    tensor: Tensor = call["input"]
    known = visibility_of(tensor)
    if known is None:
        return func(*args, **kwargs)
    _need_picture(known, "conv2d")
    kernel, dilation = pair(call["weight"].shape[-2:]), pair(call.get("dilation", 1))
    reach = max((size - 1) * step for size, step in zip(kernel, dilation, strict=True))
    call["input"] = filled(tensor, known, reach)
    sides = _sides(call.get("padding", 0), kernel, dilation)
    outcome = seen_through(known, Window(kernel, pair(call.get("stride", 1)), sides, dilation))
    return attach(func(**call), outcome)


def max_pool(func: Call, args: Any, kwargs: Any) -> Any:
    """Pool both: a hidden activation never wins, and an output is visible if anything under it was."""
    call = bound(_MAX_POOL, args, kwargs)
    known = visibility_of(call["input"])
    if known is None:
        return func(*args, **kwargs)
    _need_picture(known, "max_pool2d")
    if call.get("return_indices"):
        raise Untracked("max_pool2d with indices")
    kernel = pair(call["kernel_size"])
    stride, dilation = pair(call.get("stride") or kernel), pair(call.get("dilation", 1))
    ceil = bool(call.get("ceil_mode", False))
    sides = _sides(call.get("padding", 0), kernel, dilation)
    outcome = seen_through(known, Window(kernel, stride, sides, dilation, ceil))
    padding = (sides[2], sides[0])
    highest = functional.max_pool2d(
        without_hidden(call["input"], float("-inf")), kernel, stride, padding, dilation, ceil
    )
    if outcome is not None:
        # A window without anything visible is left without a number that could spread.
        highest.masked_fill_(outcome.hidden(highest), 0.0)
    return attach(highest, outcome)


def average_pool(func: Call, args: Any, kwargs: Any) -> Any:
    """Mean of what is visible under the window: sum of x * m over sum of m.

    Where the plain operation counts zeros of the padding, they are counted in the same proportion.
    """
    call = bound(_AVERAGE_POOL, args, kwargs)
    known = visibility_of(call["input"])
    if known is None:
        return func(*args, **kwargs)
    _need_picture(known, "avg_pool2d")
    tensor = call.pop("input")
    kernel, ceil = pair(call["kernel_size"]), bool(call.get("ceil_mode", False))
    sides = _sides(call.get("padding", 0), kernel, (1, 1))
    outcome = seen_through(known, Window(kernel, pair(call.get("stride") or kernel), sides, (1, 1), ceil))
    counted = func((known.visible(tensor) | known.hidden(tensor)).to(tensor.dtype), **call)
    seen = func(known.visible(tensor).to(tensor.dtype), **call)
    share = torch.where(seen > 0, counted / seen.clamp_min(1e-12), torch.zeros_like(seen))
    return attach(func(without_hidden(tensor, 0.0), **call) * share, outcome)


def pad(func: Call, args: Any, kwargs: Any) -> Any:
    """Zeros laid around are given, but no neighbour to copy from; a mirrored edge takes its mask along."""
    call = bound("input pad mode value", args, kwargs)
    known = visibility_of(call["input"])
    if known is None:
        return func(*args, **kwargs)
    amounts = tuple(int(each) for each in call["pad"])
    shape = call["input"].shape
    mode = call.get("mode", "constant")

    def padded() -> Visibility | None:
        if mode == "constant":
            both = (_with_border(mask, shape, amounts) for mask in (known.seen, known.unseen))
            return Visibility.or_none(*both)
        return Visibility.moved_by(lambda mask: functional.pad(mask.float(), amounts, mode) > 0, known)

    return attach(func(*args, **kwargs), known.derive(("pad", amounts, mode), padded))


def flattened_picture(tensor: Tensor) -> Tensor:
    """``(N, C, H, W)`` without hidden pixels, ready to be flattened for a linear layer.

    A linear layer over all pixels is a convolution as wide as the picture, and is treated as one. A
    picture of which nothing is visible becomes zeros.
    """
    known = visibility_of(tensor)
    if known is None:
        return tensor
    whole = filled(tensor, known, max(tensor.shape[-2:]) - 1)
    nothing = ~known.seen.any((1, 2, 3), keepdims=True)
    return whole.masked_fill(torch.from_numpy(nothing & known.unseen).to(tensor.device), 0.0)


def seen_through(known: Visibility, window: Window) -> Visibility | None:
    """The mask after a window operation: visible where anything under the window was."""
    if window.touches_single_pixels:
        return known

    def make() -> Visibility | None:
        return Visibility.or_none(pooled(known.seen[:, 0], window)[:, None])

    return known.derive(window, make)


def _sides(padding: Any, kernel: Pair, dilation: Pair) -> Sides:
    """Padding on each side; ``"same"`` puts the odd pixel right and below, as torch does."""
    if padding == "valid":
        return 0, 0, 0, 0
    if padding == "same":
        rows, columns = ((size - 1) * step for size, step in zip(kernel, dilation, strict=True))
        return columns // 2, columns - columns // 2, rows // 2, rows - rows // 2
    vertical, horizontal = pair(padding)
    return horizontal, horizontal, vertical, vertical


def _with_border(mask: Array, shape: torch.Size, amounts: tuple[int, ...]) -> Array:
    """``mask`` with False laid around, but not along axes that it holds once for all: zero channels
    beside the given ones are as visible as those."""
    around = [(0, 0)] * mask.ndim
    for index in range(len(amounts) // 2):
        if mask.shape[-1 - index] == shape[-1 - index]:
            around[-1 - index] = (amounts[2 * index], amounts[2 * index + 1])
    if min(amounts) < 0:
        cut = tuple(slice(max(0, -b), n - max(0, -a)) for n, (b, a) in zip(mask.shape, around, strict=True))
        mask = mask[cut]
        around = [(max(0, before), max(0, after)) for before, after in around]
    laid = np.zeros([n + b + a for n, (b, a) in zip(mask.shape, around, strict=True)], bool)
    laid[tuple(slice(b, b + n) for n, (b, _) in zip(mask.shape, around, strict=True))] = mask
    return laid


def _need_picture(known: Visibility, name: str) -> None:
    if known.axes != 4 or not known.constant_along(1):
        raise Untracked(f"{name} on something that is no picture with channels first")
