"""What a one-page report says, whatever it is printed on.

A report bears no date and nothing of the machine, so the same question gives the same bytes again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskengines.results.maps import Z95, Curve, MapResult
from maskengines.results.palettes import Scale, number
from maskengines.results.pictures import over_photo

Array = np.ndarray[Any, Any]

MOST_REGIONS = 5


@dataclass(frozen=True)
class Strong:
    """A region: its number, its value, half its 95 % interval (NaN where unknown), and a point inside it, as
    fractions of the photo's width and height."""

    region: int
    value: float
    half: float
    x: float
    y: float


@dataclass(frozen=True, eq=False)
class Report:
    """The content of a page.

    Attributes:
        photo, overlay: ``(H, W, 3)`` uint8.
        top: names and shares of what the engine says of the whole photo.
        regions: the strongest ones first.
        facts: names and values, in order.
        reading: what a reader must know, paragraph by paragraph.
    """

    title: str
    subtitle: str
    unit: str
    photo: Array
    overlay: Array
    scale: Scale
    top: list[tuple[str, float]]
    curves: list[Curve]
    regions: list[Strong]
    facts: list[tuple[str, str]]
    reading: list[str]


def report(read: MapResult, photo: Array, about: Mapping[str, str] | None = None) -> Report:
    """Gather a page.

    Args:
        photo: ``(h, w, 3)`` uint8 at the size of the map, what it lies on.
        about: more facts, shown last.
    """
    scale = read.scale
    facts = [
        (name, number(value) if isinstance(value, float) else str(value))
        for name, value in read.facts.items()
    ]
    return Report(
        title=read.title or "Map",
        subtitle=read.subtitle,
        unit=read.unit,
        photo=photo,
        overlay=over_photo(read.values, photo, scale),
        scale=scale,
        top=list(read.ranking),
        curves=list(read.curves),
        regions=_strongest(read),
        facts=[*facts, *(about or {}).items()],
        reading=[*read.warnings, *filter(None, [read.reading])],
    )


def _strongest(read: MapResult) -> list[Strong]:
    if read.regions is None:
        return []
    values, errors = read.region_table()
    order = np.argsort(-np.abs(values), kind="stable")[:MOST_REGIONS]
    return [
        Strong(int(i), float(values[i]), float(Z95 * errors[i]), *_inside(read.regions == i)) for i in order
    ]


def _inside(region: Array) -> tuple[float, float]:
    """The point of a region that is farthest from its rim, as fractions of width and height: unlike the
    centroid it lies in it."""
    from scipy import ndimage

    depth = ndimage.distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return (float(x) + 0.5) / region.shape[1], (float(y) + 0.5) / region.shape[0]


def interval(one: Strong) -> str:
    """A region's value, with half its interval where that is known."""
    if np.isnan(one.half):
        return number(one.value)
    return f"{number(one.value)} \N{PLUS-MINUS SIGN} {number(one.half)}"


def named(curve: Curve) -> str:
    """A curve's name and the area under it."""
    return curve.name if curve.area is None else f"{curve.name}, area {curve.area:.3f}"


def axes(curves: list[Curve]) -> str:
    """What curves that share a plot show."""
    return f"{curves[0].y_title or 'Value'} over the {curves[0].x_title or 'place'}" if curves else "Curves"
