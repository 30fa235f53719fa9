"""What a network does to a photo before it looks at it: resize, crop, scale, normalise."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from maskengines.errors import BadInput

Array = np.ndarray[Any, Any]
MOST_PIXELS = 64_000_000
"""Of a resized photo, before it is cropped."""
_REACH: dict[int, float] = {
    Image.Resampling.BOX: 0.5,
    Image.Resampling.BILINEAR: 1.0,
    Image.Resampling.HAMMING: 1.0,
    Image.Resampling.BICUBIC: 2.0,
    Image.Resampling.LANCZOS: 3.0,
}
"""How far from its centre a filter reaches, in pixels of the smaller picture."""


@dataclass(frozen=True)
class Preprocessing:
    """One way to prepare photos; equal to what the network's own processor does.

    Attributes:
        shortest: length the photo's shorter side is resized to; ``None`` where ``size`` or nothing is.
        size: height and width the photo is resized to, whatever its shape.
        crop: height and width cut from the middle afterwards.
        resample: Pillow's number of the resampling filter.
        factor, offset: ``value * factor + offset`` comes before ``mean`` and ``std``.
    """

    shortest: int | None = None
    size: tuple[int, int] | None = None
    crop: tuple[int, int] | None = None
    resample: int = Image.Resampling.BILINEAR
    factor: float = 1 / 255
    offset: float = 0.0
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the network's input.

        Raises:
            BadInput: it depends on the photo.
        """
        found = self.crop or self.size
        if found is None:
            raise BadInput(
                "This network's preprocessor_config.json fixes no input size. Give it a 'crop_size' or a "
                "'size' with height and width."
            )
        return found

    def photo(self, pixels: Array) -> Array:
        """``(h, w, 3)`` uint8, what is left of a photo ``(H, W, 3)`` uint8 after resizing and cropping."""
        image = Image.fromarray(np.ascontiguousarray(pixels))
        return self._cropped(np.asarray(self._resized(image)))

    def visible(self, hidden: Array) -> Array:
        """``(h, w)`` bool, what is given where ``(H, W)`` bool ``hidden`` says which pixels of the photo are
        not: a pixel into which resampling mixes any hidden one is hidden too."""
        height, width = hidden.shape
        columns, rows = self._target(width, height)
        self._check(width, height)
        down = _windows(height, rows, self.resample)
        across = _windows(width, columns, self.resample)
        bits = np.ascontiguousarray(hidden).view(np.uint8)
        touched = np.zeros((rows, columns), bool)
        used = np.flatnonzero(bits.any(axis=1))
        if len(used):
            some = (down[:, 0] <= used[-1]) & (down[:, 1] > used[0])
            strips = np.stack([np.bitwise_or.reduce(bits[begin:end]) for begin, end in down[some]])
            turned = np.ascontiguousarray(strips.T)
            touched[some] = np.stack([np.bitwise_or.reduce(turned[begin:end]) for begin, end in across], 1)
        return ~self._cropped(touched)

    def normalised(self, photo: Array) -> Array:
        """``(..., 3, h, w)`` float32 of ``(..., h, w, 3)`` values from 0 to 255."""
        mean, std = np.array(self.mean, np.float32), np.array(self.std, np.float32)
        values = photo.astype(np.float32) * np.float32(self.factor) + np.float32(self.offset)
        return np.moveaxis((values - mean) / std, -1, -3)

    def window(self, height: int, width: int) -> tuple[float, float, float, float]:
        """Left, top, width and height, in pixels of a photo of that size, of what the network sees."""
        columns, rows = self._target(width, height)
        seen = self.crop or (rows, columns)
        across, down = width / columns, height / rows
        top, left = (rows - seen[0]) // 2, (columns - seen[1]) // 2
        return left * across, top * down, seen[1] * across, seen[0] * down

    def _resized(self, image: Image.Image) -> Image.Image:
        width, height = image.size
        target = self._target(width, height)
        self._check(width, height)
        return image if target == image.size else image.resize(target, self.resample)

    def _check(self, width: int, height: int) -> None:
        """Raises:
        BadInput: a photo of that size would become too large before it is cropped.
        """
        if math.prod(self._target(width, height)) > MOST_PIXELS:
            raise BadInput(
                f"A photo of {width} x {height} pixels is too long and thin for this network. Crop it first."
            )

    def _target(self, width: int, height: int) -> tuple[int, int]:
        """Width and height that a photo is resized to."""
        if self.shortest is not None:
            short, long = sorted((width, height))
            other = int(self.shortest * long / short)
            return (self.shortest, other) if width <= height else (other, self.shortest)
        return (width, height) if self.size is None else (self.size[1], self.size[0])

    def _cropped(self, array: Array) -> Array:
        if self.crop is None:
            return array
        height, width = array.shape[:2]
        short = [max(0, wanted - length) for wanted, length in zip(self.crop, (height, width), strict=True)]
        if any(short):
            # Black around a photo that is smaller, the odd pixel before it.
            around = [(math.ceil(each / 2), each - math.ceil(each / 2)) for each in short]
            array = np.pad(array, around + [(0, 0)] * (array.ndim - 2))
            height, width = array.shape[:2]
        top, left = (height - self.crop[0]) // 2, (width - self.crop[1]) // 2
        return array[top : top + self.crop[0], left : left + self.crop[1]]


def _windows(length: int, target: int, resample: int) -> Array:
    """``(target, 2)``, begin and end of the pixels that Pillow mixes into each pixel when it resizes an axis
    of ``length`` to ``target``; it skips an axis that keeps its length."""
    place = np.arange(target)
    if length == target:
        return np.stack([place, place + 1], 1)
    scale = length / target
    centre = (place + 0.5) * scale
    reach = _REACH.get(resample, 0.0) * max(scale, 1.0)
    # Beyond its reach a filter is 0, at its very end too.
    begin = np.maximum(np.floor(centre - reach - 0.5) + 1, 0) if reach else np.floor(centre)
    end = np.minimum(np.ceil(centre + reach - 0.5), length) if reach else begin + 1
    return np.stack([begin, end], 1).astype(np.int64)


def read_preprocessing(folder: Path) -> Preprocessing:
    """The preprocessing that a transformers folder's ``preprocessor_config.json`` describes.

    Raises:
        BadInput: the file is missing or says nothing that can be followed.
    """
    path = folder / "preprocessor_config.json"
    try:
        told = json.loads(path.read_text("utf-8"))
        if not isinstance(told, dict):
            raise ValueError("no JSON object")
        return _from_config(told)
    except FileNotFoundError:
        raise BadInput(
            f"'{folder.name}' has no preprocessor_config.json, so nobody knows which size and colours the "
            "network expects. Add the file from the network's own page."
        ) from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BadInput(f"'{path}' cannot be read as preprocessing ({error}). Fetch it again.") from None


def _from_config(told: Mapping[str, Any]) -> Preprocessing:
    kind = str(told.get("image_processor_type", told.get("feature_extractor_type", "")))
    shortest: int | None = None
    size: tuple[int, int] | None = None
    if told.get("do_resize", True):
        shortest, size = _resize_target(told.get("size"))
    crop = _box(told.get("crop_size")) if told.get("do_center_crop") else None
    if kind.startswith("ConvNext") and shortest is not None:
        if shortest < 384:
            crop = (shortest, shortest)
            shortest = int(shortest / float(told.get("crop_pct") or 224 / 256))
        else:
            size, shortest = (shortest, shortest), None
    normal = told.get("do_normalize", True)
    mean = _three(told.get("image_mean", 0.5)) if normal else (0.0, 0.0, 0.0)
    std = _three(told.get("image_std", 0.5)) if normal else (1.0, 1.0, 1.0)
    if kind.startswith("EfficientNet") and told.get("include_top", True):
        # Divided once more by the deviation.
        given = _three(told.get("image_std", 0.5))
        std = (std[0] * given[0], std[1] * given[1], std[2] * given[2])
    return Preprocessing(
        shortest=shortest,
        size=size,
        crop=crop,
        resample=int(told.get("resample", Image.Resampling.BILINEAR)),
        factor=float(told.get("rescale_factor", 1 / 255)) if told.get("do_rescale", True) else 1.0,
        offset=-1.0 if told.get("rescale_offset") else 0.0,
        mean=mean,
        std=std,
    )


def _resize_target(size: Any) -> tuple[int | None, tuple[int, int] | None]:
    if isinstance(size, Mapping) and size.get("shortest_edge"):
        return int(size["shortest_edge"]), None
    return None, _box(size)


def _box(size: Any) -> tuple[int, int]:
    if isinstance(size, int):
        return size, size
    if isinstance(size, Mapping) and size.get("height") and size.get("width"):
        return int(size["height"]), int(size["width"])
    if isinstance(size, Mapping) and size.get("shortest_edge"):
        return int(size["shortest_edge"]), int(size["shortest_edge"])
    raise ValueError(f"a size of {size!r}")


def _three(values: Any) -> tuple[float, float, float]:
    if isinstance(values, int | float):
        values = (values,) * 3
    found = tuple(float(value) for value in values)
    if len(found) == 1:
        found *= 3
    if len(found) != 3:
        raise ValueError(f"{len(found)} values for three colours")
    return found[0], found[1], found[2]
