"""Rules for what brings several tensors together: sums, products, concatenation."""

from __future__ import annotations

from typing import Any

import numpy as np

from maskengines.attribution.masking.calls import bound
from maskengines.attribution.masking.filters import Call
from maskengines.attribution.masking.geometry import Array
from maskengines.attribution.masking.visibility import (
    Tensor,
    Untracked,
    Visibility,
    attach,
    visibility_of,
    without_hidden,
)


def activation(func: Call, args: Any, kwargs: Any) -> Any:
    """What changes every pixel by itself and has no other tensor with pixels: activations, normalisation
    by stored statistics."""
    known = visibility_of(args[0]) if args else None
    if known is None:
        return elementwise(func, args, kwargs)
    return attach(func(*args, **kwargs), known)


def elementwise(func: Call, args: Any, kwargs: Any) -> Any:
    """Anything that keeps every pixel in its place, activations and residual sums among it: visible where
    all that goes into it is.

    Raises:
        Untracked: the result has another shape, so pixels were mixed or moved.
    """
    met: Visibility | None = None
    for value in (*args, *kwargs.values()):
        known = visibility_of(value)
        if known is not None:
            met = known if met is None else met.meet(known)
    if met is None and not any(isinstance(each, list | tuple) for each in args):
        return func(*args, **kwargs)
    if met is None:
        _refuse_hidden_lists(func, args)
        return func(*args, **kwargs)
    result = func(*args, **kwargs)
    if isinstance(result, Tensor):
        if args and visibility_of(args[0]) is met and result.shape == args[0].shape:
            return attach(result, met)
        return attach(result, _aligned(met, result, func.__name__))
    if isinstance(result, tuple | list) and any(isinstance(each, Tensor) for each in result):
        raise Untracked(func.__name__)
    return result


def concatenate(func: Call, args: Any, kwargs: Any) -> Any:
    """Along the channels: the parts' mask where they agree, and where they do not, what at least half of
    the channels say (so a wider minority does not grow the mask). Hidden channels of a visible pixel
    are 0. Along other axes every part keeps its own mask."""
    call = bound("tensors dim", args, kwargs)
    parts = list(call["tensors"])
    known = [visibility_of(part) for part in parts]
    found = [each for each in known if each is not None]
    if not found:
        return func(*args, **kwargs)
    axis = int(call.get("dim", call.get("axis", 0))) % parts[0].dim()
    if not all(each.constant_along(axis) for each in found) or (parts[0].dim() == 3 and axis == 1):
        return attach(func(*args, **kwargs), _beside(parts, known, axis))
    if len(found) == len(parts) and all(each is found[0] for each in found):
        return attach(func(*args, **kwargs), found[0])
    joined = _majority(parts, known, axis)
    return attach(func([without_hidden(part, 0.0) for part in parts], axis), joined)


def stack(func: Call, args: Any, kwargs: Any) -> Any:
    """Every part keeps its own mask."""
    call = bound("tensors dim", args, kwargs)
    parts = list(call["tensors"])
    if all(visibility_of(part) is None for part in parts):
        return func(*args, **kwargs)
    axis = int(call.get("dim", 0))
    visible, hidden = _masks(parts, [visibility_of(part) for part in parts])
    moved = Visibility.or_none(np.stack(visible, axis), np.stack(hidden, axis))
    return attach(func(*args, **kwargs), moved)


def _majority(parts: list[Tensor], known: list[Visibility | None], axis: int) -> Visibility | None:
    channels = sum(part.shape[axis] for part in parts)
    votes = np.zeros((1,) * parts[0].dim(), np.int64)
    unseen = np.zeros((1,) * parts[0].dim(), bool)
    for part, each in zip(parts, known, strict=True):
        width = part.shape[axis]
        votes = votes + (width if each is None else width * each.seen)
        unseen = unseen if each is None else unseen | each.unseen
    seen = 2 * votes >= channels
    for each in known:
        if each is not None and np.array_equal(each.seen, seen):
            return each
    return Visibility.or_none(seen, unseen & ~seen)


def _beside(parts: list[Tensor], known: list[Visibility | None], axis: int) -> Visibility | None:
    seen, unseen = _masks(parts, known)
    return Visibility.or_none(np.concatenate(seen, axis), np.concatenate(unseen, axis))


def _masks(parts: list[Tensor], known: list[Visibility | None]) -> tuple[list[Array], list[Array]]:
    """Masks of all parts with the parts' own shapes, but for a last axis that no part's mask needs."""
    seen, unseen = [], []
    for part, each in zip(parts, known, strict=True):
        shape = tuple(part.shape)
        seen.append(np.ones(shape, bool) if each is None else np.broadcast_to(each.seen, shape))
        unseen.append(np.zeros(shape, bool) if each is None else np.broadcast_to(each.unseen, shape))
    if all(each is None or each.constant_along(-1) for each in known) and parts[0].dim() == 3:
        return [mask[..., :1] for mask in seen], [mask[..., :1] for mask in unseen]
    return seen, unseen


def _aligned(known: Visibility, result: Tensor, name: str) -> Visibility:
    """``known`` with the axes of ``result``."""
    missing = result.dim() - known.axes
    if missing < 0:
        raise Untracked(name)
    shape = (*(1,) * missing, *known.seen.shape)
    if any(own not in (1, length) for own, length in zip(shape, result.shape, strict=True)):
        raise Untracked(name)
    if not missing:
        return known
    return Visibility(known.seen.reshape(shape), known.unseen.reshape(shape))


def _refuse_hidden_lists(func: Call, args: Any) -> None:
    for each in args:
        if isinstance(each, list | tuple) and any(visibility_of(part) is not None for part in each):
            raise Untracked(func.__name__)
