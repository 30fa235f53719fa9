"""Maps over the picture: a byte per pixel and the colour that each byte stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from maskengines.contract import Box

from maskstudio.canvas.colours import Table, heat_table, palette_table

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Heat:
    """What the canvas lays over the picture.

    Attributes:
        plane: ``(H, W)`` uint8 at the picture's size; 0 is see-through.
        table: the colours of the bytes, from `maskstudio.canvas.colours`.
        box: holds all of the plane that is above 0.
    """

    plane: Array
    table: Table
    box: Box

    @classmethod
    def of_disagreement(cls, shares: Array) -> Heat:
        """A ``(H, W)`` float map in 0..1; what is low stays see-through."""
        plane = np.rint(np.clip(shares, 0, 1) * 255).astype(np.uint8)
        return cls(plane, heat_table(), Box.of_mask(plane))

    @classmethod
    def of_palette(cls, plane: Array, palette: Array, opacity: Array) -> Heat:
        """A plane whose bytes 1..255 run through a ``(256, 3)`` RGB palette with ``(256,)`` opacities."""
        return cls(plane, palette_table(palette, opacity), Box(0, 0, plane.shape[1], plane.shape[0]))
