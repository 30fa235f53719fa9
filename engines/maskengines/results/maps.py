"""A map over a photo: a number for every place, and what a person may want to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from maskengines.contract import Box, MaskArray
from maskengines.errors import BadInput
from maskengines.results.palettes import Scale

Array = np.ndarray[Any, Any]

LARGEST = 1e38
"""Differences of values that are no larger have room in single precision."""
Z95 = 1.959964
"""Half the width of a 95 % interval, in standard errors."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A line to draw beside a map.

    Attributes:
        x, y: float arrays of one length.
        area: under the curve, or None where that means nothing.
    """

    name: str
    x: Array
    y: Array
    x_title: str = ""
    y_title: str = ""
    area: float | None = None

    def to_plain(self) -> dict[str, Any]:
        """As it crosses between processes and into projects; inverse of `read`."""
        return {
            "name": self.name, "x": self.x, "y": self.y, "x_title": self.x_title, "y_title": self.y_title,
            "area": self.area,
        }  # fmt: skip

    @classmethod
    def read(cls, held: Mapping[str, Any]) -> Curve:
        """``KeyError``, ``TypeError`` or ``ValueError`` where it is none."""
        x, y = np.asarray(held["x"], np.float64), np.asarray(held["y"], np.float64)
        if x.ndim != 1 or x.shape != y.shape:
            raise ValueError("a curve's x and y differ in length")
        area = held.get("area")
        return cls(
            str(held.get("name", "")), x, y, str(held.get("x_title", "")), str(held.get("y_title", "")),
            None if area is None else float(area),
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class MapResult:
    """Result of kind ``map``.

    Attributes:
        values: ``(h, w)`` float32, none beyond `LARGEST`.
        frame: the part of the photo it covers, in the photo's pixels; one value may stand for many.
        signed: values speak for (above 0) and against (below 0); otherwise they run from low to high.
        title: what it is about, for example the name of a class.
        subtitle: what a value says of it, for example ``What speaks for it and against it``.
        unit: what the values are measured in, or empty.
        band: half the width of the 95 % interval of each value, ``(h, w)`` float32, or None.
        regions: the region each place belongs to, ``(h, w)`` int32 from 0 on, or None.
        region_values, region_errors: ``(regions,)`` float64, value and standard error of each, or None.
        ranking: what the engine says of the whole photo: names and shares, the highest first.
        proposals: named masks, ``(h, w)`` bool, that a user may want to go on with.
        curves: lines to draw beside it.
        facts: names and values to tell, in order.
        warnings: sentences that a reader of the map must know.
        reading: how to read it, in a sentence or three.
        photo: ``(h, w, 3)`` uint8, what the engine saw, or None.
    """

    values: Array
    frame: Box
    signed: bool = False
    title: str = ""
    subtitle: str = ""
    unit: str = ""
    band: Array | None = None
    regions: Array | None = None
    region_values: Array | None = None
    region_errors: Array | None = None
    ranking: tuple[tuple[str, float], ...] = ()
    proposals: Mapping[str, Array] = field(default_factory=dict)
    curves: tuple[Curve, ...] = ()
    facts: Mapping[str, float | int | str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    reading: str = ""
    photo: Array | None = None

    def to_plain(self) -> dict[str, Any]:
        """As it crosses between processes and into projects; inverse of `read`."""
        return {
            "values": self.values,
            "frame": [self.frame.x, self.frame.y, self.frame.width, self.frame.height],
            "signed": self.signed,
            "title": self.title,
            "subtitle": self.subtitle,
            "unit": self.unit,
            "band": self.band,
            "regions": self.regions,
            "region_values": self.region_values,
            "region_errors": self.region_errors,
            "ranking": [[name, share] for name, share in self.ranking],
            "proposals": {
                name: np.ascontiguousarray(mask).view(np.uint8) for name, mask in self.proposals.items()
            },
            "curves": [curve.to_plain() for curve in self.curves],
            "facts": dict(self.facts),
            "warnings": list(self.warnings),
            "reading": self.reading,
            "photo": self.photo,
        }

    @classmethod
    def read(cls, result: Any, shape: tuple[int, int]) -> MapResult:
        """What an engine gave as a map of a photo of ``shape`` (height, width): a bare ``(h, w)`` array,
        which covers all of it, or what `to_plain` gives.

        Raises:
            BadInput: it is neither; says what is wrong.
        """
        if isinstance(result, np.ndarray):
            result = {"values": result}
        if not isinstance(result, Mapping) or "values" not in result:
            raise BadInput("This map holds no values.")
        try:
            return cls._read(result, shape)
        except (TypeError, ValueError, KeyError) as error:
            raise BadInput(f"This map is malformed: {error}.") from error

    @classmethod
    def _read(cls, result: Mapping[str, Any], shape: tuple[int, int]) -> MapResult:
        values = _single(result["values"])
        if values.ndim != 2 or not values.size:
            raise ValueError(f"its values have the shape {values.shape}")
        if np.isnan(values).any():
            raise ValueError("it holds values that are not numbers")
        if max(-float(values.min()), float(values.max())) > LARGEST:
            raise ValueError(f"it holds values beyond {LARGEST:.0e}; scale them down")
        x, y, width, height = result.get("frame") or (0, 0, shape[1], shape[0])
        frame = Box(int(x), int(y), int(width), int(height))
        if frame.empty or frame.clipped(shape[1], shape[0]) != frame:
            raise ValueError("it does not lie inside the photo")

        def beside(name: str, of: Any, dtype: Any) -> Array | None:
            if of is None:
                return None
            array = _single(of) if dtype is np.float32 else np.ascontiguousarray(of, dtype)
            if array.shape[:2] != values.shape:
                raise ValueError(f"its {name} do not have the shape of its values")
            return array

        regions = beside("regions", result.get("regions"), np.int32)
        if regions is not None and int(regions.min()) < 0:
            raise ValueError("a region has a number below 0")
        count = 0 if regions is None else int(regions.max()) + 1

        def by_region(name: str) -> Array | None:
            if regions is None or result.get(name) is None:
                return None
            array = np.ascontiguousarray(result[name], np.float64)
            if array.shape != (count,):
                raise ValueError("its regions and their values differ in number")
            return array

        signed = result.get("signed")
        return cls(
            values=values,
            frame=frame,
            signed=bool(values.min() < 0) if signed is None else bool(signed),
            title=str(result.get("title", "")),
            subtitle=str(result.get("subtitle", "")),
            unit=str(result.get("unit", "")),
            band=beside("bands", result.get("band"), np.float32),
            regions=regions,
            region_values=by_region("region_values"),
            region_errors=by_region("region_errors"),
            ranking=tuple((str(name), float(share)) for name, share in result.get("ranking") or ()),
            proposals={
                str(name): np.asarray(beside("proposals", mask, np.uint8)) > 0
                for name, mask in (result.get("proposals") or {}).items()
            },
            curves=tuple(Curve.read(each) for each in result.get("curves") or ()),
            facts={str(name): value for name, value in (result.get("facts") or {}).items()},
            warnings=tuple(str(each) for each in result.get("warnings") or ()),
            reading=str(result.get("reading", "")),
            photo=beside("photo", result.get("photo"), np.uint8),
        )

    @property
    def scale(self) -> Scale:
        """Which of its values has which colour."""
        return Scale.of(self.values, self.signed)

    def at_least(self, share: float) -> Array:
        """``(h, w)`` bool: where the map reaches ``share`` (0..1) of the way from its neutral end (0 where
        it is signed, else its lowest value) to its highest."""
        low = 0.0 if self.signed else self.scale.low
        high = max(float(self.values.max()), low)
        return (self.values >= low + share * (high - low)) & (self.values > low)

    def region_table(self) -> tuple[Array, Array]:
        """Value and standard error of each region, ``(regions,)`` float64: those that came with the map, else
        the mean over the region and NaN. The map has regions."""
        assert self.regions is not None
        values, errors = self.region_values, self.region_errors
        if values is None:
            areas = np.bincount(self.regions.ravel())
            sums = np.bincount(self.regions.ravel(), self.values.ravel().astype(np.float64))
            values = sums / np.maximum(areas, 1)
        return values, np.full(len(values), np.nan) if errors is None else errors

    def to_photo(self, plane: Array, shape: tuple[int, int], *, outside: float = 0.0) -> Array:
        """A ``(h, w)`` float32 plane of this map at the photo's size, bilinear; ``outside`` around it."""
        import cv2

        size = self.frame.width, self.frame.height
        method = cv2.INTER_AREA if plane.shape[1] > size[0] else cv2.INTER_LINEAR
        whole = np.full(shape, outside, np.float32)
        whole[self.frame.slices] = cv2.resize(plane.astype(np.float32), size, interpolation=method)
        return whole

    def mask(self, chosen: Array, shape: tuple[int, int]) -> MaskArray:
        """A ``(h, w)`` bool choice as a mask of the photo, 0 or 255, nearest neighbour."""
        import cv2

        size = self.frame.width, self.frame.height
        grown = cv2.resize(chosen.astype(np.uint8) * 255, size, interpolation=cv2.INTER_NEAREST_EXACT)
        mask = np.zeros(shape, np.uint8)
        mask[self.frame.slices] = grown
        return mask


def _single(values: Any) -> Array:
    """In single precision; what is beyond it becomes infinite."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(values, np.float32)
