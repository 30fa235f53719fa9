"""Rules for attention: a hidden token is dropped, that is, nothing attends to it.

Tokens are hidden once they carry their position, so those that are left know where they stand. Leaving a
token out of every softmax gives what dropping it from the sequence gives, for any number of tokens a row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from maskengines.attribution.masking.calls import bound
from maskengines.attribution.masking.filters import Call
from maskengines.attribution.masking.geometry import Array
from maskengines.attribution.masking.visibility import (
    Untracked,
    Visibility,
    attach,
    visibility_of,
    without_hidden,
)


def scaled_dot_product(func: Call, args: Any, kwargs: Any) -> Any:
    """Attention over the visible keys only; a query stays as visible as it was."""
    call = bound("query key value attn_mask dropout_p is_causal", args, kwargs)
    keys = visibility_of(call["key"]) or visibility_of(call["value"])
    if keys is None:
        return attach(func(*args, **kwargs), visibility_of(call["query"]))
    if call.get("is_causal"):
        raise Untracked("causal attention")
    if not keys.constant_along(-1):
        raise Untracked("scaled_dot_product_attention")
    query = call["query"]
    closed = keys.hidden(query).transpose(-2, -1)
    bias = call.get("attn_mask")
    lowest = torch.finfo(query.dtype).min
    if bias is None:
        bias = torch.zeros((), dtype=query.dtype, device=query.device)
    elif bias.dtype == torch.bool:
        bias = torch.zeros(bias.shape, dtype=query.dtype, device=query.device).masked_fill(~bias, lowest)
    shape = (*closed.shape[:-2], query.shape[-2], closed.shape[-1])
    call["attn_mask"] = torch.where(closed, lowest, bias).expand(torch.broadcast_shapes(shape, bias.shape))
    return attach(func(**call), visibility_of(query))


def softmax(func: Call, args: Any, kwargs: Any) -> Any:
    """Over the pixels or keys that are visible; exactly 0 for the others."""
    call = bound("input dim", args, kwargs)
    tensor, known = call["input"], visibility_of(call["input"])
    if known is None or call.get("dim") is None or known.constant_along(int(call["dim"])):
        return attach(func(*args, **kwargs), known)
    # The lowest number, not minus infinity: a row with nothing in it must not become not-a-number.
    del call["input"]
    return attach(func(without_hidden(tensor, torch.finfo(tensor.dtype).min), **call), known)


def product(func: Call, args: Any, kwargs: Any) -> Any:
    """Matrix products: along features nothing is mixed; a sum over tokens takes the visible ones."""
    left, right = args[0], args[1]
    rows, columns = visibility_of(left), visibility_of(right)
    if rows is None and columns is None:
        return func(*args, **kwargs)
    sums_pixels = (rows is not None and not rows.constant_along(-1)) or (
        columns is not None and not columns.constant_along(-2)
    )
    if sums_pixels and (rows is None or columns is None):
        raise Untracked(f"{func.__name__} over pixels")
    result = func(without_hidden(left, 0.0), without_hidden(right, 0.0), *args[2:], **kwargs)
    return attach(result, Visibility.or_none(_outer(rows, columns, left.dim(), sums_pixels)))


def linear(func: Call, args: Any, kwargs: Any) -> Any:
    """A linear layer over the channels of every pixel or token."""
    tensor = args[0] if args else kwargs["input"]
    known = visibility_of(tensor)
    if known is not None and not known.constant_along(-1):
        raise Untracked("linear over pixels")
    return attach(func(*args, **kwargs), known)


def _outer(rows: Visibility | None, columns: Visibility | None, axes: int, sums_pixels: bool) -> Array:
    """Rows of the left factor and columns of the right one that are visible."""
    down: Array = np.ones((1,) * axes, bool)
    across = down
    if rows is not None:
        down = np.asarray(rows.seen.any(-1, keepdims=True))
    # Which tokens were summed over is settled; their being hidden says nothing of the result.
    if columns is not None and not sums_pixels:
        across = np.asarray(columns.seen.any(-2, keepdims=True))
    return down & across
