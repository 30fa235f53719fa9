"""What a ControlNet is shown of a crop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from maskengines.errors import BadInput
from maskengines.inpaint.pipelines.cropping import resized
from maskengines.inpaint.pipelines.info import DiffusersParams

Array = np.ndarray[Any, Any]

_EDGES = (100, 200)
"""Thresholds that ControlNets for Canny edges were trained with."""


def control_picture(params: DiffusersParams, picture: Array, hole: Array) -> Array:
    """The control picture of a crop, at the model's size.

    Args:
        picture: ``(h, w, 3)`` uint8 as the model sees it.
        hole: ``(h, w)`` bool.

    Returns:
        ``(h, w, 3)`` uint8; for ``hole`` float32 in 0..1 with -1 inside, as ControlNets for inpainting were
        trained (Zhang 2023, ControlNet 1.1).
    """
    if params.control == "hole":
        return np.where(hole[..., None], np.float32(-1), picture.astype(np.float32) / 255)
    if params.control == "photo":
        return picture
    edges = cv2.Canny(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), *_EDGES)
    edges[hole] = 0
    return np.repeat(edges[..., None], 3, axis=2)


def read_control(path: str, photo: tuple[int, int]) -> Array:
    """A picture that a user made for a ControlNet, ``(H, W, 3)`` uint8 at the photo's ``(height, width)``.

    Raises:
        BadInput: it cannot be read or has another shape.
    """
    file = Path(path.strip()).expanduser()
    read = cv2.imread(str(file), cv2.IMREAD_COLOR) if file.is_file() else None
    if read is None:
        raise BadInput(f"The control picture '{path}' cannot be read. Choose a picture file.")
    if abs(read.shape[1] * photo[0] - read.shape[0] * photo[1]) > 0.02 * read.shape[0] * photo[1]:
        raise BadInput(
            f"The control picture is {read.shape[1]} x {read.shape[0]} and the photo {photo[1]} x {photo[0]} "
            "pixels. Choose one of the photo's shape."
        )
    return resized(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), (photo[1], photo[0]))
