"""What a one-page report says, whatever it is printed on.

A report bears no date and nothing of the machine, so the same question gives the same bytes again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from maskengines.attribution.estimates import Z95
from maskengines.attribution.pictures import Scale, coloured, number, over_photo

Array = np.ndarray[Any, Any]

METHODS = {"lime": "LIME", "occlusion": "Occlusion", "rise": "RISE"}
SEGMENTS = {"slic": "SLIC", "quickshift": "quickshift", "grid": "16 x 16 grid", "painted": "painted"}
MOST_REGIONS = 5


@dataclass(frozen=True, eq=False)
class Line:
    """One curve of a plot."""

    name: str
    shares: Array
    chances: Array
    area: float


@dataclass(frozen=True)
class Strong:
    """A region: its number, its coefficient, half its 95 % interval, and a point inside it, as fractions of
    the photo's width and height."""

    region: int
    value: float
    half: float
    x: float
    y: float


@dataclass(frozen=True, eq=False)
class Report:
    """The content of a page.

    Attributes:
        photo, overlay, alone: ``(H, W, 3)`` uint8.
        top: label and probability of the classes on top, before anything is hidden.
        regions: the strongest ones first.
        facts: names and values, in order: settings, figures and what the caller knows of the network.
    """

    title: str
    subtitle: str
    unit: str
    photo: Array
    overlay: Array
    alone: Array
    scale: Scale
    top: list[tuple[str, float]]
    lines: list[Line]
    regions: list[Strong]
    facts: list[tuple[str, str]]


def report(
    result: Mapping[str, Any], metrics: Mapping[str, Any], about: Mapping[str, str] | None = None
) -> Report:
    """Gather a page.

    Args:
        result, metrics: of a candidate of kind ``map``, as `explain` gives it.
        about: more facts, shown first: network, weights, strategy of hiding, photo.
    """
    values, target, settings = result["values"], result["target"], result["settings"]
    scale = Scale.of(values, result["signed"])
    method = METHODS.get(settings["method"], settings["method"])
    coefficients, errors = result["coefficients"], result["errors"]
    strongest = np.argsort(-np.abs(coefficients), kind="stable")[:MOST_REGIONS]
    return Report(
        title=target["label"],
        subtitle=f"What speaks for it and against it, by {method}",
        unit=target["measure"],
        photo=result["photo"],
        overlay=over_photo(values, result["photo"], scale),
        alone=coloured(values, scale),
        scale=scale,
        top=[(one["label"], one["p"]) for one in result["top"]],
        lines=[
            Line(name.capitalize(), one["shares"], one["chances"], one["area"])
            for name, one in result["curves"].items()
        ],
        regions=[
            Strong(int(i), float(coefficients[i]), float(Z95 * errors[i]), *_inside(result["labels"] == i))
            for i in strongest
        ],
        facts=[*(about or {}).items(), *_facts(settings, metrics, method, len(coefficients))],
    )


def _inside(region: Array) -> tuple[float, float]:
    """The point of a region that is farthest from its rim, as fractions of width and height: unlike the
    centroid it lies in it."""
    depth = ndimage.distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return (float(x) + 0.5) / region.shape[1], (float(y) + 0.5) / region.shape[0]


def _facts(
    settings: Mapping[str, Any], metrics: Mapping[str, Any], method: str, regions: int
) -> list[tuple[str, str]]:
    asked, wanted = settings["asked"], settings["samples"]
    facts = [
        ("Method", method),
        ("Regions", f"{regions} ({SEGMENTS.get(settings['segments'], settings['segments'])})"),
        ("Samples", f"{asked}" if asked >= wanted else f"{asked} of {wanted} at most"),
    ]
    if settings["method"] != "occlusion":
        facts.append(("Kept visible", f"{settings['keep_probability']:g}"))
    facts.append(("Seed", str(settings["seed"])))
    if "r2" in metrics:
        facts.append(("Fit, R squared", number(float(metrics["r2"]))))
    if "stability" in metrics:
        facts.append(("Stability", number(float(metrics["stability"]))))
    return facts
