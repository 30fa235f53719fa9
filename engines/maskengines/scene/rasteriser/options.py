"""How splats are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Options:
    """Choices of the projection.

    Attributes:
        blur: variance in square pixels that is added to every splat, so that none falls between pixels; 0.3
            is what all viewers do.
        mip: lower the opacity by as much as the blur makes the splat larger (the 2D Mip filter, Yu et al.
            2024, eq. 10); only for scenes that were trained so.
        degree: of spherical harmonics, at most; all there are by default.
    """

    blur: float = 0.3
    mip: bool = False
    degree: int | None = None

    def bands(self, given: int) -> int:
        """Coefficients to use of ``given`` ones."""
        return given if self.degree is None else min(given, (self.degree + 1) ** 2)


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture of a scene.

    Attributes:
        colour: ``(h, w, 3)`` float32, sRGB; may exceed 1.
        alpha: ``(h, w)`` float32 in 0..1, how much of the background is covered.
        depth: ``(h, w)`` float32, mean z of what is seen in scene units; 0 where alpha is 0.
    """

    colour: Array
    alpha: Array
    depth: Array
