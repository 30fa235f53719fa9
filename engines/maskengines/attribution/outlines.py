"""The shapes that the built-in network tells apart, as outlines of unit area."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Contours = tuple[Array, ...]


def _arc(radius: float, start: float, stop: float, count: int, centre: float = 0.0) -> Array:
    angle = np.linspace(start, stop, count)
    return np.stack([centre + radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _regular(corners: int) -> Contours:
    angle = 2 * np.pi * np.arange(corners) / corners
    return (np.stack([np.cos(angle), np.sin(angle)], axis=1),)


def _star() -> Contours:
    angle = np.pi * np.arange(10) / 5
    radius = np.where(np.arange(10) % 2 == 0, 1.0, 0.42)
    return (np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1),)


def _cross() -> Contours:
    a = 0.34
    quarter = np.array([(a, 1), (a, a), (1, a)])
    turns = [np.linalg.matrix_power(np.array([[0, -1], [1, 0]]), turn) for turn in range(4)]
    return (np.concatenate([quarter @ turn for turn in turns]),)


def _ring() -> Contours:
    return (_arc(1.0, 0, 2 * np.pi, 49)[:-1], _arc(0.56, 0, 2 * np.pi, 33)[:-1])


def _crescent() -> Contours:
    """A disc of radius 1 less a disc of radius 0.86 whose centre lies 0.55 to its right."""
    radius, centre = 0.86, 0.55
    x = (1 - radius**2 + centre**2) / (2 * centre)
    outer = np.arccos(x)
    inner = np.arccos((x - centre) / radius)
    return (
        np.concatenate(
            [
                _arc(1.0, outer, 2 * np.pi - outer, 40),
                _arc(radius, 2 * np.pi - inner, inner, 30, centre)[1:-1],
            ]
        ),
    )


def _heart() -> Contours:
    t = 2 * np.pi * np.arange(48) / 48
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return (np.stack([x, -y], axis=1),)


def _arrow() -> Contours:
    half = [(1.0, 0.0), (0.1, 0.72), (0.1, 0.28), (-1.0, 0.28)]
    return (np.array(half + [(x, -y) for x, y in half[:0:-1]], float),)


_MAKERS: dict[str, Callable[[], Contours]] = {
    "disc": lambda: _regular(48),
    "square": lambda: _regular(4),
    "triangle": lambda: _regular(3),
    "star": _star,
    "cross": _cross,
    "ring": _ring,
    "crescent": _crescent,
    "heart": _heart,
    "hexagon": lambda: _regular(6),
    "arrow": _arrow,
}

SHAPES = tuple(_MAKERS)
"""Names of the classes, in the order of their indices."""


def _signed_area(contour: Array) -> float:
    x, y = contour.T
    return float(0.5 * np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))


def _unit(contours: Contours) -> Contours:
    """Scaled to enclose an area of 1 (holes taken off), the middle of its bounding box at 0."""
    area = 2 * abs(_signed_area(contours[0])) - sum(abs(_signed_area(one)) for one in contours)
    outer = contours[0]
    middle = (outer.min(axis=0) + outer.max(axis=0)) / 2
    return tuple(((one - middle) / np.sqrt(area)).astype(np.float32) for one in contours)


OUTLINES: tuple[Contours, ...] = tuple(_unit(make()) for make in _MAKERS.values())
"""For every class its closed contours, ``(K, 2)`` float32 of x, y; a second contour is a hole."""
