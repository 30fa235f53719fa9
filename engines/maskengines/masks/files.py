"""Masks as image files: white is asked for, black is given."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.files import check_target

MaskArray = np.ndarray[Any, np.dtype[np.uint8]]


def load_mask(path: str | os.PathLike[str], shape: tuple[int, int]) -> MaskArray:
    """Read any image as a mask of ``shape`` (height, width).

    Colours count by their luma (0.299 R + 0.587 G + 0.114 B, ITU-R BT.601, as image editors convert to
    grey), taken at the file's own depth and then rounded to 8 bits. Where the file is transparent
    nothing is asked for: the luma is multiplied by alpha.

    Raises:
        BadInput: no readable image, or not the size of the picture (both after EXIF orientation).
    """
    import cv2

    from maskengines.subjects.image_io import load_image

    image = load_image(path)
    if (image.height, image.width) != tuple(shape):
        raise BadInput(
            f"The mask '{Path(path).name}' is {image.width} x {image.height} but the image is "
            f"{shape[1]} x {shape[0]}. Give a mask of the image's size."
        )
    pixels = image.pixels
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.shape[2] == 3 else pixels[:, :, 0]
    if image.alpha is None and image.depth == 8:
        return np.ascontiguousarray(grey)
    top = (1 << image.depth) - 1
    # Rounded once, at the end: value * 255 / top, times alpha / top.
    value = grey.astype(np.uint64) * 255
    divisor = top
    if image.alpha is not None:
        value *= image.alpha
        divisor *= top
    return ((value + divisor // 2) // divisor).astype(np.uint8)


def save_mask(mask: MaskArray, path: str | os.PathLike[str]) -> None:
    """Write a mask ``(H, W)`` as an 8-bit grey PNG, all or nothing.

    Raises:
        BadInput: the suffix is not ``.png`` or the place cannot be written.
    """
    from maskengines.subjects.image import ImageSubject
    from maskengines.subjects.image_io import save_image

    save_image(ImageSubject(mask), check_mask_target(path))


def check_mask_target(path: str | os.PathLike[str]) -> Path:
    """Find out before any work is done whether a mask can be saved as ``path``; `BadInput` if not."""
    target = Path(path)
    if target.suffix.lower() != ".png":
        raise BadInput(f"A mask is saved as PNG. Name it '{target.stem or 'mask'}.png'.")
    return check_target(target)
