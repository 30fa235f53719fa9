"""The picture of a hole, by an engine for pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from maskengines.contract import ImagePatch, Request, RunContext
from maskengines.errors import EngineFault
from maskengines.params import Params
from maskengines.scene.filling.hole import Hole
from maskengines.scene.rasteriser.rendering import to_pixels
from maskengines.subjects.image import ImageSubject

Array = np.ndarray[Any, Any]


def filled_picture(hole: Hole, engine: str, seed: int, context: RunContext) -> Array:
    """``(h, w, 3)`` float32: the picture of a view as ``engine`` fills its hole, with its own defaults;
    elsewhere the picture is as it was.

    Raises:
        StudioError: there is no such engine, or it cannot fill this.
    """
    subject = ImageSubject(to_pixels(hole.after.colour))
    mask = np.where(hole.mask, 255, 0).astype(np.uint8)
    answers = context.ask(engine, Request(subject, {"pixels": mask}, Params(), count=1, seed=seed))
    patch = answers[0].result if answers else None
    if not isinstance(patch, ImagePatch):
        raise EngineFault(f"'{engine}' gave no picture to fill the hole with.")
    pixels = subject.with_patch(patch).pixels.astype(np.float32) / np.float32(255)
    return np.where(hole.mask[..., None], pixels, hole.after.colour)
