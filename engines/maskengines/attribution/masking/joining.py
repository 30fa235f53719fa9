"""Rules for what brings several tensors together: sums, products, concatenation."""

from __future__ import annotations

from typing import Any

import torch

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
    moved = Visibility.or_none(torch.stack(visible, axis), torch.stack(hidden, axis))
    return attach(func(*args, **kwargs), moved)


def _majority(parts: list[Tensor], known: list[Visibility | None], axis: int) -> Visibility | None:
    channels = sum(part.shape[axis] for part in parts)
    votes: Tensor | int = 0
    hidden: Tensor | None = None
    for part, each in zip(parts, known, strict=True):
        if each is None:
            votes = votes + part.shape[axis]
            continue
        votes = votes + part.shape[axis] * each.visible.to(torch.int32)
        hidden = each.hidden if hidden is None else hidden | each.hidden
    assert isinstance(votes, Tensor)
    assert hidden is not None
    visible = 2 * votes >= channels
    for each in known:
        if each is not None and torch.equal(each.visible, visible):
            return each
    return Visibility.or_none(visible, hidden & ~visible)


def _beside(parts: list[Tensor], known: list[Visibility | None], axis: int) -> Visibility | None:
    visible, hidden = _masks(parts, known)
    return Visibility.or_none(torch.cat(visible, axis), torch.cat(hidden, axis))


def _masks(parts: list[Tensor], known: list[Visibility | None]) -> tuple[list[Tensor], list[Tensor]]:
    """Masks of all parts with the parts' own shapes, but for a last axis that no part's mask needs."""
    visible, hidden = [], []
    for part, each in zip(parts, known, strict=True):
        shape = part.shape
        if each is None:
            visible.append(torch.ones(shape, dtype=torch.bool, device=part.device))
            hidden.append(torch.zeros(shape, dtype=torch.bool, device=part.device))
        else:
            visible.append(each.visible.expand(shape))
            hidden.append(each.hidden.expand(shape))
    if all(each is None or each.constant_along(-1) for each in known) and parts[0].dim() == 3:
        return [mask[..., :1] for mask in visible], [mask[..., :1] for mask in hidden]
    return visible, hidden


def _aligned(known: Visibility, result: Tensor, name: str) -> Visibility:
    """``known`` with the axes of ``result``."""
    missing = result.dim() - known.visible.dim()
    if missing < 0:
        raise Untracked(name)
    shape = (*(1,) * missing, *known.visible.shape)
    if any(own not in (1, length) for own, length in zip(shape, result.shape, strict=True)):
        raise Untracked(name)
    if not missing:
        return known
    return Visibility(known.visible.view(shape), known.hidden.view(shape))


def _refuse_hidden_lists(func: Call, args: Any) -> None:
    for each in args:
        if isinstance(each, list | tuple) and any(visibility_of(part) is not None for part in each):
            raise Untracked(func.__name__)
