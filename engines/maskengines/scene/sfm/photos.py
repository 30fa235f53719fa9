"""Photos made ready for the search: upright, small, and sorted by the lens they were taken with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from maskengines.subjects.scene import ScenePhoto
from maskengines.subjects.scene_photos import read_photo

Array = np.ndarray[Any, Any]

_EXIF_IFD, _MAKE, _MODEL, _FOCAL, _FOCAL_35 = 0x8769, 0x010F, 0x0110, 0x920A, 0xA405
_DIAGONAL_35 = 43.27
"""Millimetres of the diagonal of a frame of 35 mm film, to which equivalent focal lengths refer."""


@dataclass(frozen=True)
class Lens:
    """Photos with the same lens share one camera.

    Attributes:
        width, height: of the reduced photo in pixels.
        made_by: what its EXIF says of camera and focal length; empty for none.
        focal: in pixels of the reduced photo as EXIF has it, 0 where that is not known.
    """

    width: int
    height: int
    made_by: str
    focal: float


def reduced(photo: ScenePhoto, longest: int) -> Array:
    """``(h, w, 3)`` uint8 sRGB, upright, no side longer than ``longest``.

    Raises:
        BadInput: the file is gone, changed or damaged.
    """
    pixels = read_photo(photo)
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    smaller: Array = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return smaller


def lens_of(path: Path, width: int, height: int) -> Lens:
    """The lens of a photo that is worked at in this size."""
    try:
        with Image.open(path) as picture:
            exif = picture.getexif()
            inner = exif.get_ifd(_EXIF_IFD)
            told = [exif.get(_MAKE), exif.get(_MODEL), inner.get(_FOCAL), inner.get(_FOCAL_35)]
            equivalent = float(inner.get(_FOCAL_35) or 0)
    except (OSError, ValueError, TypeError, SyntaxError, ZeroDivisionError):
        # A guess does where EXIF cannot be read: the focal length is refined in any case.
        told, equivalent = [], 0.0
    made_by = "/".join(str(each).strip() for each in told) if any(told) else ""
    known = np.isfinite(equivalent) and equivalent > 0
    return Lens(width, height, made_by, equivalent / _DIAGONAL_35 * np.hypot(width, height) if known else 0.0)


def by_lens(lenses: Sequence[Lens]) -> dict[Lens, list[int]]:
    """The numbers of the photos of each lens, in order."""
    groups: dict[Lens, list[int]] = {}
    for number, lens in enumerate(lenses):
        groups.setdefault(lens, []).append(number)
    return groups
