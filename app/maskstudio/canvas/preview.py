"""A result shown in place, before it is kept."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from maskengines.contract import Box, ImagePatch
from maskengines.masks.mask import Asked

from maskstudio.canvas.levels import pixel_box, shrink
from maskstudio.canvas.pictures import PictureLevels

Array = np.ndarray[Any, Any]


class Preview:
    """A patch over a picture. It also remembers what was masked when it came: there the answer is
    shown instead of the mask's colour, while what is painted since stays tinted.

    Args:
        mask: the document's mask, ``(H, W)``; read once, inside the patch.
        asked: what the patch answers, where more than that may be masked when it comes.
    """

    def __init__(
        self, picture: PictureLevels, patch: ImagePatch, mask: Array, asked: Asked | None = None
    ) -> None:
        self.patch = patch
        self._picture = picture
        self._answered = mask[patch.box.slices].copy()
        if asked is not None:
            self._answered[self._answered > asked.inside(patch.box)] = 0
        self._cache: dict[int, tuple[Box, Array, Array]] = {}

    def forget(self) -> None:
        """The picture below changed."""
        self._cache.clear()

    def over(self, samples: Array, tint: Array, level: int, at: Box) -> Array:
        """Put the patch into the BGRA ``samples`` of box ``at`` and return the ``tint`` left to show."""
        target, values, answered = self._at(level)
        both = at.intersection(target)
        if both.empty:
            return tint
        here, there = both.moved(-at.x, -at.y).slices, both.moved(-target.x, -target.y).slices
        samples[here] = values[there]
        tint = tint.copy()
        tint[here] = cv2.subtract(tint[here], answered[there])
        return tint

    def _at(self, level: int) -> tuple[Box, Array, Array]:
        if level not in self._cache:
            target, values = self._picture.patched(self.patch, level)
            self._cache[level] = target, values, self._answered_at(level, target)
        return self._cache[level]

    def _answered_at(self, level: int, target: Box) -> Array:
        if not level:
            return self._answered
        around = pixel_box(target, level, self._picture.width, self._picture.height)
        patch = self.patch
        plane = np.zeros((around.height, around.width), np.uint8)
        inner = patch.box.moved(-around.x, -around.y)
        plane[inner.slices] = self._answered
        return shrink(plane, level)
