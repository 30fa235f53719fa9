"""One random picture of any kind."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from maskengines.errors import BadInput
from maskengines.inpaint.procedural.cells import cells
from maskengines.inpaint.procedural.collages import collage
from maskengines.inpaint.procedural.finish import finished
from maskengines.inpaint.procedural.fractals import clouds, landscape, trunks
from maskengines.inpaint.procedural.leaves import leaves
from maskengines.inpaint.procedural.palettes import Bytes
from maskengines.inpaint.procedural.patterns import pattern, wound
from maskengines.inpaint.procedural.rooms import room
from maskengines.inpaint.procedural.shade import fall_across
from maskengines.inpaint.procedural.strands import strands
from maskengines.inpaint.procedural.streets import still_life, street
from maskengines.inpaint.procedural.writing import writing

Painter = Callable[[int, np.random.Generator], Bytes]

FINER = 2  # pictures are drawn this much larger and then averaged down
SMALLEST = 16
SHADED = 0.2  # share of pictures that a shadow from outside falls across

KINDS: dict[str, tuple[Painter, float]] = {
    "leaves": (leaves, 0.20),
    "clouds": (clouds, 0.05),
    "landscape": (landscape, 0.08),
    "trunks": (trunks, 0.04),
    "pattern": (pattern, 0.09),
    "wound": (wound, 0.03),
    "cells": (cells, 0.07),
    "strands": (strands, 0.06),
    "writing": (writing, 0.06),
    "room": (room, 0.12),
    "street": (street, 0.11),
    "still-life": (still_life, 0.08),
    "collage": (collage, 0.07),
}


def picture(size: int, rng: np.random.Generator) -> Bytes:
    """A picture of a random kind, uint8 RGB ``(size, size, 3)``.

    The same state of ``rng`` gives the same picture. Raises `BadInput` for a size below `SMALLEST`.
    """
    weights = np.array([weight for _, weight in KINDS.values()])
    kind = rng.choice(len(KINDS), p=weights / weights.sum())
    return picture_of(list(KINDS)[int(kind)], size, rng)


def picture_of(kind: str, size: int, rng: np.random.Generator) -> Bytes:
    """A picture of one of `KINDS`, else as `picture`. Raises `BadInput` with the names there are."""
    if kind not in KINDS:
        raise BadInput(f"There is no kind of picture '{kind}'; take one of {', '.join(KINDS)}.")
    if size < SMALLEST:
        raise BadInput(f"Procedural pictures need at least {SMALLEST} elements a side, not {size}.")
    side = FINER * size
    drawn = KINDS[kind][0](side, rng)
    if rng.uniform() < SHADED:
        fall_across(drawn, rng)
    return finished(np.asarray(cv2.resize(drawn, (size, size), interpolation=cv2.INTER_AREA), np.uint8), rng)
