"""Masks that are generated for a picture of any size: a small sketch to look at, and the mask itself.

Strokes, blobs and writing are drawn on at most `LARGEST` elements and enlarged, so that a photo of 50
megapixels waits no longer than one of two; noise is as coarse as its cells.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from maskengines.errors import BadInput
from maskengines.masks.morphology import MaskArray
from maskengines.masks.samplers import noise
from maskengines.masks.samplers.registry import sampler
from maskengines.masks.samplers.selection import BoolMask, strongest, wanted

LARGEST = 1_000_000
MOST_CELLS = 4_000_000

CELLED = {
    "white": noise.white,
    "red": noise.red,
    "green": noise.green,
    "blue": noise.blue,
    "purple": noise.purple,
}
"""Kinds that are made of cells."""
ENLARGED = ("brush", "blob", "text")
"""Kinds that are drawn small and enlarged; the others keep straight edges only at full size."""

COMBINE: dict[str, Callable[[MaskArray, MaskArray], MaskArray]] = {
    "replace": lambda old, new: new,
    "add": np.maximum,
    "subtract": lambda old, new: np.minimum(old, np.subtract(np.uint8(255), new)),
}
"""What becomes of the mask that was there: ``(old, new) -> mask``, uint8, soft values kept."""


@dataclass(frozen=True)
class Recipe:
    """A mask in four words: the same recipe gives the same mask.

    Attributes:
        kind: a name of `SAMPLERS`.
        ratio: masked share, 0..1.
        seed: of the random numbers, 0 or more.
        cell: side in elements of the squares that noise is made of; other kinds do not look at it.
    """

    kind: str
    ratio: float
    seed: int
    cell: int = 1


def sketch(recipe: Recipe, height: int, width: int) -> BoolMask:
    """The mask of a picture ``(height, width)`` on a coarser grid of the same proportions, True = masked.

    Of noise one element is a cell; those at the right and lower edges may reach past the picture.

    Raises `BadInput` for an unknown kind, a share outside 0..1 or cells too small for so large a picture.
    """
    rows, columns = _grid(recipe, height, width)
    return sampler(recipe.kind)(rows, columns, recipe.ratio, np.random.default_rng(recipe.seed))


def generate(recipe: Recipe, height: int, width: int) -> MaskArray:
    """The mask ``(height, width)``, 0 or 255; as many elements as the kind's sampler promises.

    Raises `BadInput` as `sketch`.
    """
    rng = np.random.default_rng(recipe.seed)
    if recipe.kind in CELLED:
        _grid(recipe, height, width)
        mask = CELLED[recipe.kind](height, width, recipe.ratio, rng, cell=recipe.cell)
    elif recipe.kind in ENLARGED:
        mask = _enlarged(sketch(recipe, height, width), height, width, recipe.ratio)
    else:
        mask = sampler(recipe.kind)(height, width, recipe.ratio, rng)
    return mask.view(np.uint8) * np.uint8(255)


def smallest_cell(height: int, width: int) -> int:
    """The smallest cell that a picture ``(height, width)`` is cut into."""
    return max(1, math.ceil(math.sqrt(height * width / MOST_CELLS)))


def _grid(recipe: Recipe, height: int, width: int) -> tuple[int, int]:
    wanted(height, width, recipe.ratio)
    if recipe.kind in CELLED:
        least = smallest_cell(height, width)
        if recipe.cell < least:
            raise BadInput(
                f"Cells of {recipe.cell} px are too small for {width} x {height} px; take {least} or more."
            )
        return -(-height // recipe.cell), -(-width // recipe.cell)
    scale = min(1.0, math.sqrt(LARGEST / (height * width)))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _enlarged(small: BoolMask, height: int, width: int, ratio: float) -> BoolMask:
    """``small`` at full size: its edges are smoothed, and moved until the share is exact again."""
    if small.shape == (height, width):
        return small
    soft = cv2.GaussianBlur(small.view(np.uint8) * np.uint8(255), (0, 0), 1.0)
    large = cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC)
    return strongest(np.asarray(large, np.uint8), wanted(height, width, ratio))
