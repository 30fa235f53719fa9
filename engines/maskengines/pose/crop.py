"""What of a photo a top-down detector looks at, and where a place in its heatmap is in the photo.

ViTPose (Xu et al., NeurIPS 2022) cuts the person's box out, widened to the shape of its input and by a
quarter, with the pixel grids of crop and heatmap laid corner on corner (UDP: Huang et al., "The devil is in
the details", CVPR 2020, section 3.2). transformers' processor makes the crop; this tells where it lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from maskengines.contract import Box, MaskArray
from maskengines.errors import BadInput

Array = np.ndarray[Any, Any]
PersonBox = tuple[float, float, float, float]

PADDING = 1.25
LEAST_SIDE = 8
"""Pixels of a box; on less there is nothing to see."""


@dataclass(frozen=True)
class Crop:
    """The rectangle of a photo that a detector is shown: its middle and its sides, in pixels."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def around(cls, box: PersonBox, aspect: float) -> Crop:
        """That of a person's ``box`` (x, y, width, height) for an input of ``aspect`` (width over height)."""
        left, top, width, height = box
        wide, high = max(width, aspect * height), max(height, width / aspect)
        return cls(left + width / 2, top + height / 2, PADDING * wide, PADDING * high)

    def in_photo(self, places: Array, shape: tuple[int, int]) -> Array:
        """Pixels ``(..., 2)`` of the photo for places ``(..., 2)`` in a heatmap of ``shape`` (rows, columns).

        The last pixel of the one lies on the last of the other: ``x = x_h W / (W_h - 1) + left``.
        """
        corner = np.array([self.x - self.width / 2, self.y - self.height / 2])
        found: Array = places * self._steps(shape) + corner
        return found

    def step(self, shape: tuple[int, int]) -> float:
        """How many pixels of the photo one of the heatmap spans, the geometric mean of both axes."""
        return float(np.sqrt(np.prod(self._steps(shape))))

    def _steps(self, shape: tuple[int, int]) -> Array:
        return np.array([self.width / (shape[1] - 1), self.height / (shape[0] - 1)])


def painted_box(mask: MaskArray | None, size: tuple[int, int]) -> PersonBox:
    """The bounding box of what is painted, ``(x, y, width, height)`` in pixels; the whole photo where
    nothing is.

    Args:
        size: width and height of the photo.

    Raises:
        BadInput: it is too small to hold a person.
    """
    box = Box(0, 0, 0, 0) if mask is None else Box.of_mask(mask)
    if box.empty:
        box = Box(0, 0, *size)
    if min(box.width, box.height) < LEAST_SIDE:
        raise BadInput(
            f"The box around the person is {box.width} x {box.height} pixels, and a joint cannot be told on "
            f"less than {LEAST_SIDE}. Paint over the whole person, or box them in."
        )
    return float(box.x), float(box.y), float(box.width), float(box.height)
