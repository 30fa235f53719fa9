"""Reads the arguments of an intercepted call by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Pair = tuple[int, int]


def bound(names: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments by name; ``names`` lists the positional ones, separated by blanks."""
    return {**dict(zip(names.split(), args, strict=False)), **kwargs}


def pair(value: Any) -> Pair:
    """Height and width of an argument that may be one number, one in a list, or two."""
    if isinstance(value, int):
        return value, value
    values = tuple(int(each) for each in value)
    return (values[0], values[0]) if len(values) == 1 else (values[0], values[1])


def axes_of(value: Any, dimensions: int) -> tuple[int, ...]:
    """Axes of a reduction as sorted numbers from 0; None and an empty list mean all."""
    if value is None or (not isinstance(value, int) and len(value) == 0):
        return tuple(range(dimensions))
    given = (value,) if isinstance(value, int) else value
    return tuple(sorted(int(axis) % dimensions for axis in given))
