"""Paints with the CPU into a frame of device pixels; the widget copies dirty rectangles of it.

A repaint costs what changed: the frame keeps everything else, a pan moves it, and a cursor drawn over
it by the widget never asks for it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from maskengines.contract import Box, ImagePatch
from maskengines.masks.mask import Asked
from PySide6.QtCore import QPoint, QRect, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from maskstudio.canvas.colours import Table, coloured, tint_table
from maskstudio.canvas.decorations import checkerboard, draw_grid, draw_outline
from maskstudio.canvas.heat import Heat
from maskstudio.canvas.levels import level_box, next_to, side
from maskstudio.canvas.pictures import Picture, PictureLevels
from maskstudio.canvas.planes import BytePlane
from maskstudio.canvas.preview import Preview
from maskstudio.canvas.sampling import Axis, nearest, resample
from maskstudio.canvas.view import Placement

Array = np.ndarray[Any, Any]
Rect = tuple[int, int, int, int]
_AT_ONCE = 1 << 17
_GRID_FROM = 8.0
_WHITE = 0xFFFFFFFF


class RasterRenderer:
    """See `maskstudio.canvas.renderer.Renderer`."""

    def __init__(self) -> None:
        self._current: PictureLevels | None = None
        self._original: PictureLevels | None = None
        self._mask: BytePlane | None = None
        self._heat: BytePlane | None = None
        self._preview: Preview | None = None
        self._original_shown = False
        self._mask_shown = True
        self._tint = tint_table(QColor("#ff3b3b"), 0.5)
        self._line = QColor("#ff3b3b").rgb()
        self._heat_table: Table = self._tint
        self._surround = QColor("#1f2023").rgb()
        self._placement = Placement(1.0, 0, 0, 1, 1)
        self._across = self._down = Axis(1, 0, 1, 1.0, 1)
        self._window = Box(0, 0, 0, 0)
        self._frame: Array = np.zeros((1, 1), np.uint32)
        self._spare: Array = np.zeros((1, 1), np.uint32)
        self._dirty: list[Rect] = []

    # --- what is shown --------------------------------------------------------------------------

    def set_pictures(self, current: Picture, original: Picture, mask: Array) -> None:
        self._current = PictureLevels(current)
        self._original = self._current if original is current else PictureLevels(original)
        self._mask = BytePlane(mask)
        self._heat = None
        self._preview = None
        self._look()
        self._all_dirty()

    def clear(self) -> None:
        self._current = self._original = self._mask = self._heat = self._preview = None
        self._all_dirty()

    def picture_changed(self, picture: Picture, box: Box) -> None:
        if self._current is None:
            return
        if self._original is self._current:
            # The original keeps what is built: nobody looks at it until it is compared.
            self._original = PictureLevels(self._current.picture)
        self._current.replace(picture, box)
        if self._preview is not None:
            self._preview.forget()
        self._samples_dirty(level_box(box, self._placement.level))

    def mask_changed(self, box: Box) -> list[QRect]:
        if self._mask is None:
            return []
        changed = self._mask.update(box)
        if not self._mask_shown or self._original_shown:
            return []
        margin = 1 if self._outlined else 0
        return [rect for part in changed if not (rect := self._samples_dirty(part, margin)).isEmpty()]

    def set_preview(self, patch: ImagePatch | None, asked: Asked | None = None) -> list[QRect]:
        if self._current is None or self._mask is None:
            return []
        before, self._preview = self._preview, None
        if patch is not None:
            self._preview = Preview(self._current, patch, self._mask.data, asked)
        level = self._placement.level
        shown = [preview for preview in (before, self._preview) if preview is not None]
        boxes = [level_box(preview.patch.box, level) for preview in shown]
        if len(shown) == 1 and self._mask_shown:
            # The mask's outline comes or goes.
            boxes.append(self._mask.seen())
        return self._boxes_dirty(boxes)

    def set_original_shown(self, shown: bool) -> None:
        self._original_shown = shown
        self._all_dirty()

    def set_heat(self, heat: Heat | None) -> list[QRect]:
        if self._current is None or self._mask is None:
            self._heat = None
            return []
        before, self._heat = self._heat, None
        if heat is not None:
            self._heat_table = heat.table
            same = before is not None and before.data is heat.plane
            self._heat = before if same else BytePlane(heat.plane, heat.box)
        boxes = [self._mask.seen()] if self._mask_shown else []
        boxes += [before.seen()] if before is not None else []
        self._look()
        boxes += [self._heat.seen()] if self._heat is not None else []
        return self._boxes_dirty(boxes)

    def set_tint(self, colour: QColor, opacity: float) -> None:
        self._tint = tint_table(colour, opacity)
        self._line = colour.rgb()
        self._all_dirty()

    def set_mask_shown(self, shown: bool) -> None:
        self._mask_shown = shown
        self._all_dirty()

    def set_surround(self, colour: QColor) -> None:
        self._surround = colour.rgb()
        self._all_dirty()

    # --- where it is shown ----------------------------------------------------------------------

    def place(self, placement: Placement) -> None:
        before, self._placement = self._placement, placement
        if placement == before:
            return
        self._look()
        moved = (placement.zoom, placement.width, placement.height) == (
            before.zoom, before.width, before.height,
        )  # fmt: skip
        if moved and self._frame.shape == (placement.height, placement.width):
            self._move(placement.x - before.x, placement.y - before.y)
        else:
            self._all_dirty()

    def idle_work(self) -> Iterator[None]:
        current, mask = self._current, self._mask
        if current is not None and mask is not None and not self._window.empty:
            for level, box in next_to(self._window, self._placement.level):
                yield from mask.build(level, box)
                yield from current.build(level, box)

    def _look(self) -> None:
        """Work out which samples the viewport reads."""
        if self._current is None:
            return
        place, picture = self._placement, self._current
        columns, rows = side(picture.width, place.level), side(picture.height, place.level)
        wide, tall = round(picture.width * place.zoom), round(picture.height * place.zoom)
        self._across = Axis(place.width, place.x, wide, place.level_scale, columns)
        self._down = Axis(place.height, place.y, tall, place.level_scale, rows)
        window = Box(0, 0, 0, 0)
        if self._across.last > self._across.first and self._down.last > self._down.first:
            x0, x1 = self._across.source(self._across.first, self._across.last)
            y0, y1 = self._down.source(self._down.first, self._down.last)
            window = Box(x0, y0, x1 - x0, y1 - y0)
        self._window = window
        for plane in (self._mask, self._heat):
            if plane is not None:
                plane.look_at(place.level, window)

    def _move(self, dx: int, dy: int) -> None:
        height, width = self._frame.shape
        self._dirty = [(x0 + dx, y0 + dy, x1 + dx, y1 + dy) for x0, y0, x1, y1 in self._dirty]
        if abs(dx) >= width or abs(dy) >= height:
            self._all_dirty()
            return
        to_y, to_x = slice(max(0, dy), height + min(0, dy)), slice(max(0, dx), width + min(0, dx))
        from_y, from_x = slice(max(0, -dy), height + min(0, -dy)), slice(max(0, -dx), width + min(0, -dx))
        self._spare[to_y, to_x] = self._frame[from_y, from_x]
        self._frame, self._spare = self._spare, self._frame
        # The mask's outline sees no neighbours beyond the viewport: what comes to its edge, or leaves it,
        # may look different there.
        edge = 1 if self._outlined else 0
        if dx:
            self._dirty.append((0, 0, max(dx, 0) + edge, height))
            self._dirty.append((width + min(dx, 0) - edge, 0, width, height))
        if dy:
            self._dirty.append((0, 0, width, max(dy, 0) + edge))
            self._dirty.append((0, height + min(dy, 0) - edge, width, height))

    # --- what must be painted again -------------------------------------------------------------

    def _all_dirty(self) -> None:
        self._dirty = [(0, 0, self._placement.width, self._placement.height)]

    def _boxes_dirty(self, boxes: list[Box]) -> list[QRect]:
        rects = [self._samples_dirty(box, 1) for box in boxes if not box.empty]
        return [rect for rect in rects if not rect.isEmpty()]

    def _samples_dirty(self, box: Box, margin: int = 0) -> QRect:
        x0, x1 = self._across.device(box.x, box.x + box.width)
        y0, y1 = self._down.device(box.y, box.y + box.height)
        if x1 <= x0 or y1 <= y0:
            return QRect()
        place = self._placement
        rect = (
            max(0, x0 - margin), max(0, y0 - margin),
            min(place.width, x1 + margin), min(place.height, y1 + margin),
        )  # fmt: skip
        self._dirty.append(rect)
        return QRect(rect[0], rect[1], rect[2] - rect[0], rect[3] - rect[1])

    def _refresh(self) -> None:
        place = self._placement
        if self._frame.shape != (place.height, place.width):
            self._frame = np.empty((place.height, place.width), np.uint32)
            self._spare = np.empty_like(self._frame)
            self._all_dirty()
        dirty, self._dirty = self._dirty, []
        if len(dirty) > 1 and sum((c - a) * (d - b) for a, b, c, d in dirty) > place.width * place.height:
            dirty = [(0, 0, place.width, place.height)]
        for rect in dirty:
            if rect[0] < rect[2] and rect[1] < rect[3]:
                self._render(*rect)

    def _render(self, x0: int, y0: int, x1: int, y1: int) -> None:
        x0, y0 = max(x0, 0), max(y0, 0)
        x1, y1 = min(x1, self._placement.width), min(y1, self._placement.height)
        across, down = self._across, self._down
        left, right = max(x0, across.first), min(x1, across.last)
        top, bottom = max(y0, down.first), min(y1, down.last)
        if self._current is None or right <= left or bottom <= top:
            self._frame[y0:y1, x0:x1] = self._surround
            return
        self._frame[y0:top, x0:x1] = self._surround
        self._frame[bottom:y1, x0:x1] = self._surround
        self._frame[top:bottom, x0:left] = self._surround
        self._frame[top:bottom, right:x1] = self._surround
        # Bands whose samples stay in the processor's cache.
        device = _AT_ONCE * max(1.0, self._placement.level_scale) ** 2
        band = max(16, int(device) // (right - left))
        for y in range(top, bottom, band):
            self._render_picture((left, y, right, min(y + band, bottom)))

    def _render_picture(self, rect: Rect) -> None:
        x0, y0, x1, y1 = rect
        sx0, sx1 = self._across.source(x0, x1)
        sy0, sy1 = self._down.source(y0, y1)
        box = Box(sx0, sy0, sx1 - sx0, sy1 - sy0)
        target = self._frame[y0:y1, x0:x1]
        if self._across.plain:
            # Sample by sample: composed where it is shown.
            self._compose(box, target.view(np.uint8).reshape(y1 - y0, x1 - x0, 4), self._image(), (x0, y0))
        else:
            samples = np.empty((box.height, box.width, 4), np.uint8)
            self._compose(box, samples, _opaque(samples), (0, 0))
            resample(samples, (sx0, sy0), self._across, self._down, rect, target=target)
        if self._placement.zoom >= _GRID_FROM:
            draw_grid(target, self._across, self._down, rect)
        if self._outlined and self._mask is not None:
            around = (
                max(x0 - 1, self._across.first), max(y0 - 1, self._down.first),
                min(x1 + 1, self._across.last), min(y1 + 1, self._down.last),
            )  # fmt: skip
            bx0, bx1 = self._across.source(around[0], around[2])
            by0, by1 = self._down.source(around[1], around[3])
            plane = self._mask.read(Box(bx0, by0, bx1 - bx0, by1 - by0))
            looked_up = nearest(plane, (bx0, by0), self._across, self._down, around)
            inner = (x0 - around[0], y0 - around[1])
            colour = self._line if self._heat is None else _WHITE
            draw_outline(target, looked_up, inner, colour)

    @property
    def _outlined(self) -> bool:
        # Over a result or over heat the mask's colour would hide what is asked about; a line does not.
        over = self._heat is not None or self._preview is not None
        return over and self._mask_shown and not self._original_shown

    def _compose(self, box: Box, samples: Array, image: QImage, at: tuple[int, int]) -> None:
        """Picture and everything over it: ``(h, w, 4)`` samples of ``box`` at the level on screen.

        Args:
            samples: filled; ``image`` shows the same memory, with the first sample at ``at``.
        """
        level = self._placement.level
        source = self._original if self._original_shown else self._current
        if source is None or self._mask is None:
            raise RuntimeError("nothing to compose")
        source.read(level, box, samples)
        if self._original_shown:
            if source.transparent:
                samples[...] = checkerboard(samples, box, self._placement.level_scale)
            return
        tint = self._mask.read(box)
        if self._preview is not None:
            tint = self._preview.over(samples, tint, level, box)
        if source.transparent:
            samples[...] = checkerboard(samples, box, self._placement.level_scale)
        if self._heat is not None:
            _lay_over(image, at, self._heat.read(box), self._heat_table)
        elif self._mask_shown:
            _lay_over(image, at, tint, self._tint)

    # --- painting -------------------------------------------------------------------------------

    def snapshot(self) -> QImage:
        if self._current is None:
            return QImage()
        self._refresh()
        return self._image().copy()

    def paint(self, painter: QPainter, rect: QRect, ratio: float) -> None:
        self._refresh()
        frame = self._image()
        if ratio == 1:
            painter.drawImage(rect.topLeft(), frame, rect)
        else:
            # A logical rectangle may cut device pixels; whole ones, which the clip cuts, do not blur.
            source = _device_rect(rect, ratio).intersected(frame.rect()).toRectF()
            target = QRectF(source.topLeft() / ratio, source.size() / ratio)
            painter.drawImage(target, frame, source)

    def _image(self) -> QImage:
        """The frame, without a copy."""
        return _opaque(self._frame)


def _device_rect(rect: QRect, ratio: float) -> QRect:
    """The device pixels that a logical rectangle touches."""
    left, top = int(rect.left() * ratio), int(rect.top() * ratio)
    right, bottom = -int(-(rect.right() + 1) * ratio // 1), -int(-(rect.bottom() + 1) * ratio // 1)
    return QRect(QPoint(left, top), QPoint(right - 1, bottom - 1))


def _opaque(pixels: Array) -> QImage:
    """An image of ``(h, w)`` words or ``(h, w, 4)`` bytes, contiguous, without a copy."""
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, width * 4, QImage.Format.Format_RGB32)


def _lay_over(under: QImage, at: tuple[int, int], plane: Array, table: Array) -> None:
    """Blend a byte plane, by its colour table, over an opaque image at a point of it."""
    if not cv2.countNonZero(plane):
        return
    height, width = plane.shape
    colours = coloured(plane, table)
    over = QImage(colours.data, width, height, colours.strides[0], QImage.Format.Format_ARGB32_Premultiplied)
    painter = QPainter(under)
    painter.drawImage(*at, over)
    painter.end()
