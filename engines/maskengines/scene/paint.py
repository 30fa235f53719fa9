"""What a person painted over the photos: the strongest cue there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.masks.files import load_mask
from maskengines.scene.info import Meaning
from maskengines.scene.views import View, resized
from maskengines.subjects.scene_photos import look_at

Array = np.ndarray[Any, Any]

_SHAPE = 0.01
"""By how much the shape of a mask may differ from its photo's: straightening a photo crops it a little."""


class Paint:
    """Paint over photos by the name of their space, and what it does to learned masks.

    Args:
        meaning: painted is what must not be learned; what must be learned; or all that must not be learned,
            and what is not painted must.
    """

    def __init__(self, meaning: Meaning) -> None:
        self._meaning: Meaning = meaning
        self._shares: dict[str, Array] = {}

    def put(self, view: View, mask: Array) -> None:
        """Take over what is painted over a photo, (H, W) uint8 of any size, from the next step on."""
        share = resized(np.asarray(mask, np.float32) / np.float32(255), view.camera.width, view.camera.height)
        self._shares[view.space] = share

    def put_all(self, views: Sequence[View], masks: Mapping[str, Array]) -> None:
        for view in views:
            if view.space in masks:
                self.put(view, masks[view.space])

    def known(self, view: View) -> bool:
        """Whether paint alone says what is a distractor in this view."""
        return self._meaning == "exact" and view.space in self._shares

    def over(self, view: View, mask: Array) -> Array:
        """A mask of what is static, (h, w) float32, with the paint on top."""
        share = self._shares.get(view.space)
        if share is None:
            return mask
        if self._meaning == "exact":
            return 1 - share
        painted: Array = np.maximum(mask, share) if self._meaning == "keep" else mask * (1 - share)
        return painted


def painted_files(folder: Path, views: Sequence[View]) -> dict[str, Array]:
    """The masks of a folder by space: files named and sized as the photos are, white where something is
    painted.

    Raises:
        BadInput: there is no such folder, it has a mask of none of the photos, or one cannot be read.
    """
    if not folder.is_dir():
        raise BadInput(f"There is no folder '{folder}'. Give one with a mask for each painted photo.")
    found = {}
    for view in views:
        for file in (folder / f"{view.name}.png", folder / f"{Path(view.name).stem}.png"):
            if file.is_file():
                found[view.space] = load_mask(file, _size(file, view))
                break
    if not found:
        raise BadInput(
            f"No file in '{folder}' is named like a photo of this scene. "
            f"Name masks like the photos, for example '{Path(views[0].name).stem}.png'."
        )
    return found


def _size(file: Path, view: View) -> tuple[int, int]:
    """Height and width that a mask of a photo must have: its own, where it was painted on the photo before
    that was straightened and made smaller."""
    width, height = look_at(file).upright
    alike = abs(width * view.size[0] / (height * view.size[1]) - 1) <= _SHAPE
    return (height, width) if alike else view.size
