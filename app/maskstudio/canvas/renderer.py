"""What the canvas asks of whatever puts pixels on the screen; the raster renderer is one answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from maskengines.contract import Box, ImagePatch
from maskengines.masks.mask import Asked
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage, QPainter

from maskstudio.canvas.heat import Heat
from maskstudio.canvas.pictures import Picture
from maskstudio.canvas.view import Placement

Array = np.ndarray[Any, Any]


class Renderer(Protocol):
    """Shows a picture under a mask. Rectangles returned are device pixels that must be repainted."""

    def set_pictures(self, current: Picture, original: Picture, mask: Array) -> None:
        """Show another document: its picture, what it was when opened, and the ``(H, W)`` mask."""

    def clear(self) -> None:
        """Show nothing."""

    def place(self, placement: Placement) -> None:
        """Zoom, position and viewport; what follows is seen there."""

    def picture_changed(self, picture: Picture, box: Box) -> None:
        """The picture is another one, different inside ``box``."""

    def mask_changed(self, box: Box) -> list[QRect]:
        """Pixels of the mask inside ``box`` were written."""

    def set_preview(self, patch: ImagePatch | None, asked: Asked | None = None) -> list[QRect]:
        """Show a patch in place, which answers the mask as it is or what was ``asked``; or no patch."""

    def set_original_shown(self, shown: bool) -> None:
        """Show the picture as it was opened, and nothing over it."""

    def set_heat(self, heat: Heat | None) -> list[QRect]:
        """Show a map over the picture, or none."""

    def set_tint(self, colour: QColor, opacity: float) -> None:
        """How the mask looks."""

    def set_mask_shown(self, shown: bool) -> None:
        """Show or hide the mask."""

    def set_surround(self, colour: QColor) -> None:
        """What lies around the picture."""

    def snapshot(self) -> QImage:
        """A copy, in device pixels, of what is shown now; null if nothing is."""

    def idle_work(self) -> Iterator[None]:
        """Prepare for the next zoom in steps of about a millisecond.

        It may be dropped at any time; begin anew after the placement has changed.
        """

    def paint(self, painter: QPainter, rect: QRect, ratio: float) -> None:
        """Paint the logical ``rect`` of a widget whose device pixel ratio is ``ratio``."""
