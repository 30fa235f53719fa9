"""The engine `live-fill`: a smooth fill that follows the brush."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from maskengines.contract import Box, Candidate, ImagePatch, Request, RunContext
from maskengines.inpaint.diffusion import MOST_LIVE, membrane
from maskengines.inpaint.exemplar import question
from maskengines.inpaint.info import LIVE_FILL, LiveFillParams
from maskengines.inpaint.regions import hole_boxes

Array = np.ndarray[Any, Any]


class LiveFill:
    """Answers every change of the mask with a smooth membrane until the job is closed."""

    info = LIVE_FILL

    def prepare(self, context: RunContext) -> None:
        """Nothing to load."""

    def sample(self, request: Request, context: RunContext) -> Iterator[Candidate]:
        """Yield a candidate for the first mask and one more after every change of mask or params.

        A mask with nothing in it, or with everything, gives an empty patch: while someone paints,
        neither is a mistake.
        """
        pixels, mask = question(request)
        params = cast(LiveFillParams, request.params)
        while True:
            context.checkpoint()
            patch = smooth_patch(pixels, mask, params.radius)
            context.preview(patch)
            yield Candidate(
                kind="image",
                result=patch,
                seed=request.seed,
                label="Smooth",
                metrics={"method": "membrane"},
            )
            changes = context.changes()
            if changes is None:
                return
            mask = changes.masks.get("pixels", mask)
            if changes.params is not None:
                params = cast(LiveFillParams, changes.params)


def smooth_patch(pixels: Array, mask: Array, radius: float) -> ImagePatch:
    """The membrane over everything above 0 in ``mask``, as a patch of its bounding box."""
    box = Box.of_mask(mask)
    if box.empty or bool(mask.all()):
        return ImagePatch(0, 0, pixels[:0, :0])
    height, width = mask.shape
    result = pixels[box.slices].copy()
    hole = mask > 0
    boxes = hole_boxes(hole, box)
    for part in boxes:
        crop = part.grown(int(radius) + 2).clipped(width, height)
        filled = membrane(pixels[crop.slices], hole[crop.slices], radius, MOST_LIVE // len(boxes) + 1)
        inner = part.moved(-crop.x, -crop.y)
        target = part.moved(-box.x, -box.y)
        result[target.slices] = filled[inner.slices]
    return ImagePatch(box.x, box.y, result)
