"""Rules for what reads a window of pixels: convolution, max and average pooling, padding, flattening."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from maskengines.attribution.masking.calls import Pair, bound, pair
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
Sides = tuple[int, int, int, int]
"""Left, right, top, bottom, as `torch.nn.functional.pad` takes them."""

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
    pooled = pooled_mask(known, kernel, pair(call.get("stride", 1)), sides, dilation)
    return attach(func(**call), pooled)


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
    pooled = pooled_mask(known, kernel, stride, sides, dilation, ceil=ceil)
    padding = (sides[2], sides[0])
    highest = functional.max_pool2d(
        without_hidden(call["input"], float("-inf")), kernel, stride, padding, dilation, ceil
    )
    if pooled is not None:
        # A window without anything visible is left without a number that could spread.
        highest.masked_fill_(pooled.hidden, 0.0)
    return attach(highest, pooled)


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
    kernel = pair(call["kernel_size"])
    sides = _sides(call.get("padding", 0), kernel, (1, 1))
    pooled = pooled_mask(
        known,
        kernel,
        pair(call.get("stride") or kernel),
        sides,
        (1, 1),
        ceil=bool(call.get("ceil_mode", False)),
    )
    counted = func((known.visible | known.hidden).to(tensor.dtype), **call)
    seen = func(known.visible.to(tensor.dtype), **call)
    share = torch.where(seen > 0, counted / seen.clamp_min(1e-12), torch.zeros_like(seen))
    return attach(func(without_hidden(tensor, 0.0), **call) * share, pooled)


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
            moved = [_with_border(mask, shape, amounts) for mask in (known.visible, known.hidden)]
        else:
            moved = [
                functional.pad(mask.to(torch.float32), amounts, mode) > 0
                for mask in (known.visible, known.hidden)
            ]
        return Visibility.or_none(*moved)

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
    nothing = ~known.visible.flatten(1).any(1).view(-1, 1, 1, 1)
    return whole.masked_fill(nothing & known.hidden, 0.0)


def pooled_mask(
    known: Visibility, kernel: Pair, stride: Pair, sides: Sides, dilation: Pair, *, ceil: bool = False
) -> Visibility | None:
    """The mask after a window operation: visible where anything under the window was."""

    def make() -> Visibility | None:
        seen = known.visible.to(torch.float32)
        even = sides[0] == sides[1] and sides[2] == sides[3]
        fits = even and 2 * sides[2] <= kernel[0] and 2 * sides[0] <= kernel[1]
        padding = (sides[2], sides[0]) if fits else (0, 0)
        if not fits:
            seen = functional.pad(seen, sides)
        return Visibility.or_none(functional.max_pool2d(seen, kernel, stride, padding, dilation, ceil) > 0)

    if kernel == (1, 1) and stride == (1, 1) and not any(sides):
        return known
    return known.derive(("window", kernel, stride, sides, dilation, ceil), make)


def _sides(padding: Any, kernel: Pair, dilation: Pair) -> Sides:
    """Padding on each side; ``"same"`` puts the odd pixel right and below, as torch does."""
    if padding == "valid":
        return 0, 0, 0, 0
    if padding == "same":
        rows, columns = ((size - 1) * step for size, step in zip(kernel, dilation, strict=True))
        return columns // 2, columns - columns // 2, rows // 2, rows - rows // 2
    vertical, horizontal = pair(padding)
    return horizontal, horizontal, vertical, vertical


def _with_border(mask: Tensor, shape: torch.Size, amounts: tuple[int, ...]) -> Tensor:
    """``mask`` with False laid around, but not along axes that it holds once for all: zero channels
    beside the given ones are as visible as those."""
    kept = list(amounts)
    for index in range(len(amounts) // 2):
        if mask.shape[-1 - index] != shape[-1 - index]:
            kept[2 * index : 2 * index + 2] = [0, 0]
    return functional.pad(mask, kept)


def _need_picture(known: Visibility, name: str) -> None:
    if known.visible.dim() != 4 or not known.constant_along(1):
        raise Untracked(f"{name} on something that is no picture with channels first")
