"""Strokes and answers for tests of panels."""

from __future__ import annotations

from typing import Any

import numpy as np
from maskengines.contract import Box, Candidate, ImagePatch
from maskstudio.documents.document import Document

WAIT = 90_000
HOLE = Box(40, 30, 24, 20)


def paint(document: Document, box: Box = HOLE) -> None:
    mask = document.mask.data.copy()
    mask[box.slices] = 255
    document.replace_mask(mask, "Brush stroke")


def answer(value: int, box: Box = HOLE, **more: Any) -> Candidate:
    pixels = np.full((box.height, box.width, 3), value, np.uint8)
    return Candidate("image", ImagePatch(box.x, box.y, pixels), seed=value, **more)
