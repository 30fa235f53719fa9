"""A small picture of the document with a generated mask over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from maskstudio.panels.thumbs import Pixels, rgb8

if TYPE_CHECKING:
    from maskstudio.window.generate_flow import Wish


@dataclass(frozen=True)
class Backdrop:
    """A picture and its mask, small.

    Attributes:
        size: height and width of the picture itself.
        photo: ``(h, w, 3)`` uint8.
        mask: ``(h, w)`` uint8, the mask that is there.
    """

    size: tuple[int, int]
    photo: Pixels
    mask: Pixels


def backdrop(pixels: np.ndarray[Any, Any], mask: Pixels, width: int, height: int) -> Backdrop:
    """``pixels`` ``(H, W, 1|3)`` of 8 or 16 bit and ``mask`` ``(H, W)``, at most ``width`` by ``height``."""
    import cv2

    rows, columns = pixels.shape[:2]
    scale = min(width / columns, height / rows)
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    # Every so many pixels first: averaging all of a large photo would take longer than the mask itself.
    step = max(1, int(0.25 / scale))
    photo = cv2.resize(rgb8(pixels[::step, ::step]), size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(mask[::step, ::step], size, interpolation=cv2.INTER_AREA)
    return Backdrop((rows, columns), np.asarray(photo, np.uint8), np.asarray(small, np.uint8))


def preview(
    behind: Backdrop, wish: Wish, colour: tuple[int, int, int], opacity: float
) -> tuple[Pixels, float]:
    """The picture ``(h, w, 3)`` with the mask that ``wish`` would make of it, and that mask's share (0..1).

    ``colour`` and ``opacity`` (0..1) of the overlay. Raises `BadInput` where the wish cannot be met.
    """
    import cv2
    from maskengines.masks.samplers.generating import COMBINE, Recipe, sketch

    made = sketch(Recipe(wish.kind, wish.ratio, wish.seed, wish.cell), *behind.size)
    height, width = behind.mask.shape
    fewer = made.shape[0] < height
    small = cv2.resize(
        made.view(np.uint8) * np.uint8(255),
        (width, height),
        interpolation=cv2.INTER_NEAREST if fewer else cv2.INTER_AREA,
    )
    mask = COMBINE[wish.mode](behind.mask, np.asarray(small, np.uint8))
    weight = (opacity / 255) * mask[..., None].astype(np.float32)
    shown = behind.photo + weight * (np.array(colour, np.float32) - behind.photo)
    return shown.astype(np.uint8), float(mask.mean()) / 255
