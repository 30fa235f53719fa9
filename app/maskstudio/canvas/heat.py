"""Maps over the picture: a byte per pixel and the colour that each byte stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from maskstudio.canvas.colours import Table, heat_table, palette_table

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Heat:
    """What the canvas lays over the picture.

    Attributes:
        plane: ``(H, W)`` uint8 at the picture's size; 0 is see-through.
        table: the colours of the bytes, from `maskstudio.canvas.colours`.
    """

    plane: Array
    table: Table

    @classmethod
    def of_disagreement(cls, shares: Array) -> Heat:
        """A ``(H, W)`` float map in 0..1; what is low stays see-through."""
        return cls(np.rint(np.clip(shares, 0, 1) * 255).astype(np.uint8), heat_table())

    @classmethod
    def of_palette(cls, plane: Array, palette: Array, opacity: Array) -> Heat:
        """A plane whose bytes 1..255 run through a ``(256, 3)`` RGB palette with ``(256,)`` opacities."""
        return cls(plane, palette_table(palette, opacity))
