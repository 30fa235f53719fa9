"""Rules for what sums up many pixels in one number: mean, sum, maximum, norm, adaptive pooling."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from maskengines.attribution.masking.calls import axes_of, bound, pair
from maskengines.attribution.masking.filters import Call
from maskengines.attribution.masking.geometry import Array
from maskengines.attribution.masking.joining import elementwise
from maskengines.attribution.masking.visibility import (
    Tensor,
    Untracked,
    Visibility,
    attach,
    visibility_of,
    without_hidden,
)


def mean(func: Call, args: Any, kwargs: Any) -> Any:
    """Sum of x * m over sum of m; zero where nothing is visible."""
    call = bound("input dim keepdim", args, kwargs)
    tensor, known, axes, keep = _reduction(call)
    if known is None or not _varies(tensor, known, axes):
        return attach(func(*args, **kwargs), _squeezed(known, axes, keep))
    total, share = _visible_sum(tensor, known, axes)
    return _finish(total / (share * _size(tensor, axes)), known, axes, keep)


def sum_(func: Call, args: Any, kwargs: Any) -> Any:
    """Sum of what is visible, scaled up as if what is hidden were like it on average."""
    call = bound("input dim keepdim", args, kwargs)
    tensor, known, axes, keep = _reduction(call)
    if known is None or not _varies(tensor, known, axes):
        return attach(func(*args, **kwargs), _squeezed(known, axes, keep))
    total, share = _visible_sum(tensor, known, axes)
    return _finish(total / share, known, axes, keep)


def maximum(func: Call, args: Any, kwargs: Any) -> Any:
    """Largest visible value; zero where nothing is visible."""
    call = bound("input dim keepdim", args, kwargs)
    if isinstance(call.get("dim", call.get("other")), Tensor):
        return elementwise(func, args, kwargs)
    tensor, known, axes, keep = _reduction(call)
    with_places = func.__name__ == "max" and call.get("dim") is not None
    if known is None or not _varies(tensor, known, axes):
        result = func(*args, **kwargs)
        attach(result[0] if with_places else result, _squeezed(known, axes, keep))
        return result
    seen = without_hidden(tensor, float("-inf"))
    if with_places:
        result = func(seen, int(call["dim"]), keep)
        attach(result[0].masked_fill_(result[0] == float("-inf"), 0.0), _left(known, axes, keep))
        return result
    highest = seen.amax(axes, keepdim=True)
    return _finish(highest.masked_fill(highest == float("-inf"), 0.0), known, axes, keep)


def norm(func: Call, args: Any, kwargs: Any) -> Any:
    """p-norm of what is visible, scaled up as if what is hidden were like it on average."""
    call = bound("input ord dim keepdim", args, kwargs)
    power = call.get("ord", call.get("p", 2))
    tensor, known, axes, keep = _reduction(call)
    if known is None or not _varies(tensor, known, axes):
        return attach(func(*args, **kwargs), _squeezed(known, axes, keep))
    power = 2.0 if power in (None, "fro") else float(power)
    if not 0 < power < float("inf"):
        raise Untracked(f"norm of order {power}")
    raised = attach(tensor.abs() ** power, known)
    total, share = _visible_sum(raised, known, axes)
    return _finish((total / share) ** (1 / power), known, axes, keep)


def adaptive_average(func: Call, args: Any, kwargs: Any) -> Any:
    """Mean of what is visible in each of the cells."""
    call = bound("input output_size", args, kwargs)
    tensor, known = call["input"], visibility_of(call["input"])
    if known is None:
        return func(*args, **kwargs)
    size = call["output_size"]
    flat = func.__name__.endswith("1d")
    if flat and size in (1, (1,), [1]):
        return mean(torch.mean, (tensor, -1, True), {})
    if not flat and size in (1, (1, 1), [1, 1]):
        return mean(torch.mean, (tensor, (-2, -1), True), {})
    given = (~known.hidden(tensor)).to(tensor.dtype)
    if not flat:
        size = tuple(n if o is None else o for n, o in zip(tensor.shape[-2:], _sizes(size), strict=True))
    seen = func(given.expand(*given.shape[: -1 if flat else -2], *tensor.shape[-1 if flat else -2 :]), size)
    total = func(without_hidden(tensor, 0.0), size)
    found = torch.where(seen > 0, total / seen.clamp_min(1e-12), torch.zeros_like(total))
    return attach(found, Visibility.or_none((seen > 0).cpu().numpy()))


def adaptive_maximum(func: Call, args: Any, kwargs: Any) -> Any:
    """Largest visible value in each of the cells; zero in cells without any."""
    call = bound("input output_size return_indices", args, kwargs)
    known = visibility_of(call["input"])
    if known is None:
        return func(*args, **kwargs)
    if call.get("return_indices"):
        raise Untracked("adaptive_max_pool2d with indices")
    size = call["output_size"]
    found = func(without_hidden(call["input"], float("-inf")), size)
    seen = func(torch.from_numpy(known.seen).float(), size) > 0
    return attach(found.masked_fill(found == float("-inf"), 0.0), Visibility.or_none(seen.numpy()))


def _sizes(size: Any) -> tuple[int | None, int | None]:
    if isinstance(size, int):
        return pair(size)
    return size[0], size[-1]


def _reduction(call: dict[str, Any]) -> tuple[Tensor, Visibility | None, tuple[int, ...], bool]:
    tensor: Tensor = call["input"] if "input" in call else call["x"]
    axes = axes_of(call.get("dim", call.get("axis")), tensor.dim())
    return tensor, visibility_of(tensor), axes, bool(call.get("keepdim", False))


def _varies(tensor: Tensor, known: Visibility, axes: tuple[int, ...]) -> bool:
    """Whether hidden and visible activations would be summed up together."""
    return any(known.seen.shape[axis] == tensor.shape[axis] for axis in axes)


def _size(tensor: Tensor, axes: tuple[int, ...]) -> int:
    size = 1
    for axis in axes:
        size *= tensor.shape[axis]
    return size


def _visible_sum(tensor: Tensor, known: Visibility, axes: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Sum of what is not hidden, axes kept, and which share of all it is (at least a tiny one)."""
    given = ~known.hidden(tensor)
    varying = tuple(axis for axis in axes if given.shape[axis] == tensor.shape[axis])
    whole = _size(tensor, varying)
    share = given.sum(varying, keepdim=True).to(tensor.dtype).clamp_min(1e-6) / whole
    if axes == (2, 3) and tensor.dim() == 4 and given.shape[1] == 1:
        # One matrix product instead of a masked copy of the whole tensor.
        rows = tensor.permute(0, 2, 3, 1).flatten(1, 2)
        weights = given.to(tensor.dtype).flatten(2)
        return (weights @ rows).permute(0, 2, 1)[..., None], share
    return without_hidden(tensor, 0.0).sum(axes, keepdim=True), share


def _finish(kept: Tensor, known: Visibility, axes: tuple[int, ...], keep: bool) -> Tensor:
    """Drop the axes if asked to, and carry on the mask of those that are left."""
    return attach(kept if keep else _squeeze(kept, axes), _left(known, axes, keep))


def _left(known: Visibility, axes: tuple[int, ...], keep: bool) -> Visibility | None:
    """What is visible after a reduction: wherever anything was."""
    seen: Array = np.asarray(known.seen.any(axes, keepdims=True))
    # A row of which nothing is visible has become a constant; only pixels can be hidden further on.
    if all(length == 1 for length in seen.shape[1:]):
        return None
    return Visibility.or_none(seen if keep else seen.squeeze(axes))


def _squeezed(known: Visibility | None, axes: tuple[int, ...], keep: bool) -> Visibility | None:
    if known is None or keep:
        return known
    return Visibility.or_none(known.seen.squeeze(axes), known.unseen.squeeze(axes))


def _squeeze(tensor: Tensor, axes: tuple[int, ...]) -> Tensor:
    for axis in reversed(axes):
        tensor = tensor.squeeze(axis)
    return tensor
