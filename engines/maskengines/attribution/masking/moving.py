"""Rules for what only moves pixels about: transposing, reshaping, slicing, rolling."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from maskengines.attribution.masking.filters import Call, flattened_picture
from maskengines.attribution.masking.visibility import Tensor, Visibility, attach, visibility_of


def along_axes(func: Call, args: Any, kwargs: Any) -> Any:
    """What moves axes or shifts along them does the same to a mask, whatever its axes' lengths."""
    known = visibility_of(_subject(args, kwargs))
    result = func(*args, **kwargs)
    if known is None:
        return result
    rest, named = _rest(args, kwargs)
    key = (func.__name__, repr(rest), repr(sorted(named.items())))
    moved = known.derive(key, lambda: Visibility.moved_by(lambda mask: func(mask, *rest, **named), known))
    return attach(result, moved)


def reshaping(func: Call, args: Any, kwargs: Any) -> Any:
    """What depends on the axes' lengths is done to a mask of the tensor's full shape."""
    tensor = _subject(args, kwargs)
    known = visibility_of(tensor)
    rest, named = _rest(args, kwargs)
    if func.__name__ == "view":
        func = _view
    result = func(tensor, *rest, **named)
    if known is None:
        return result
    if _flattens_a_picture(tensor, known, result):
        return func(flattened_picture(tensor), *rest, **named)
    results = [result] if isinstance(result, Tensor) else list(result)
    masks = [
        known.derive(key, make) for key, make in _parts(func, tensor, known, (rest, named), len(results))
    ]
    for part, mask in zip(results, masks, strict=True):
        attach(part, mask)
    return result


def _parts(
    func: Call, tensor: Tensor, known: Visibility, arguments: tuple[Any, dict[str, Any]], count: int
) -> list[Any]:
    """A cache key and a maker of the mask for each of ``count`` results."""
    rest, named = arguments
    # Two flags a pixel in one byte: one pass over the full shape instead of two.
    both = torch.from_numpy(known.seen + 2 * known.unseen.astype(np.uint8))
    moved: list[Tensor] = []

    def make(index: int) -> Visibility | None:
        if not moved:
            full = both.expand(tensor.shape)
            answer = func(full, *rest, **named)
            moved.extend([answer] if isinstance(answer, Tensor) else answer)
        flags = _compact(moved[index])
        return Visibility.or_none((flags & 1).bool().numpy(), (flags & 2).bool().numpy())

    shape, words = tuple(tensor.shape), (repr(rest), repr(sorted(named.items())))
    return [((func.__name__, shape, words, index), lambda index=index: make(index)) for index in range(count)]


def _view(tensor: Tensor, *arguments: Any, **named: Any) -> Tensor:
    """A view; a copy where rules have changed the layout that the network relied on."""
    try:
        return tensor.view(*arguments, **named)
    except RuntimeError:
        return tensor.contiguous().view(*arguments, **named)


def _compact(flags: Tensor) -> Tensor:
    """Axes after the first along which nothing changes, shortened to length 1."""
    for axis in range(1, flags.dim()):
        first = flags.narrow(axis, 0, 1)
        if flags.shape[axis] > 1 and bool((flags == first).all()):
            flags = first
    return flags


def _flattens_a_picture(tensor: Tensor, known: Visibility, result: Any) -> bool:
    return (
        isinstance(result, Tensor)
        and tensor.dim() == 4
        and result.dim() == 2
        and result.shape[0] == tensor.shape[0]
        and known.constant_along(1)
    )


def _subject(args: Any, kwargs: Any) -> Any:
    return args[0] if args else kwargs.get("input")


def _rest(args: Any, kwargs: Any) -> tuple[Any, dict[str, Any]]:
    return args[1:], {key: value for key, value in kwargs.items() if key != "input"}
