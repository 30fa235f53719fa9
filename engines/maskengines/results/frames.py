"""Pictures of a scene as a viewport is shown them: transparent, numbered, with how far away things are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskengines.errors import BadInput

Array = np.ndarray[Any, Any]

DEPTH_STEP = 8
"""Pixels from one depth to the next, across and down."""

TINTED = 0.6
"""How much of a selected Gaussian's colour is the tint, whoever draws it."""

DIMMED = 128 / 255
"""How bright a locked Gaussian shows, whoever draws it."""


@dataclass(frozen=True, eq=False)
class SceneFrame:
    """A preview of a scene.

    Attributes:
        number: of the camera that it was asked for with.
        pixels: ``(h, w, 4)`` uint8 sRGB, red, green and blue times alpha.
        depth: ``(ceil(h / 8), ceil(w / 8))`` float32 along the view in scene units, of every eighth pixel; 0
            where next to nothing is.
    """

    number: int
    pixels: Array
    depth: Array

    def to_plain(self) -> dict[str, Any]:
        """As it crosses between processes; inverse of `read`."""
        return {"number": self.number, "pixels": self.pixels, "depth": self.depth}

    @classmethod
    def read(cls, result: Any) -> SceneFrame:
        """What an engine gave as a frame.

        Raises:
            BadInput: it is none; says what is wrong.
        """
        if not isinstance(result, Mapping) or not {"number", "pixels", "depth"} <= set(result):
            raise BadInput("This frame lacks its number, its pixels or its depth.")
        number, pixels, depth = result["number"], result["pixels"], result["depth"]
        if not isinstance(number, int) or not all(isinstance(part, np.ndarray) for part in (pixels, depth)):
            raise BadInput("This frame's number is no whole number, or its pixels or depth are no arrays.")
        if pixels.ndim != 3 or pixels.shape[2] != 4 or pixels.dtype != np.uint8 or not pixels.size:
            raise BadInput(f"This frame has pixels {pixels.shape} {pixels.dtype}, not (h, w, 4) uint8.")
        wanted = tuple(-(-side // DEPTH_STEP) for side in pixels.shape[:2])
        if depth.shape != wanted or depth.dtype != np.float32:
            raise BadInput(f"This frame has depths {depth.shape} {depth.dtype}, not {wanted} float32.")
        return cls(number, np.ascontiguousarray(pixels), depth)
