"""An image subject as the screen wants it: 8-bit BGRA at any mip level, converted where it is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import cv2
import numpy as np
from maskengines.contract import Box, ImagePatch
from PySide6.QtGui import QColorSpace, QImage

from maskstudio.canvas.levels import TileFlags, level_box, pixel_box, shrink, side

Array = np.ndarray[Any, Any]


class Picture(Protocol):
    """The part of an image subject that a canvas reads."""

    @property
    def pixels(self) -> Array:
        """``(H, W, 1 or 3)`` uint8 or uint16, RGB."""

    @property
    def alpha(self) -> Array | None:
        """``(H, W)`` of the same depth, or ``None``."""

    @property
    def icc(self) -> bytes | None:
        """Colour profile, or ``None`` for sRGB."""


class PictureLevels:
    """Display samples of a picture, ``(h, w, 4)`` BGRA, premultiplied where the picture has alpha.

    Level 0 is converted each time it is read, which is cheaper than keeping it; the others are kept
    and built tile by tile.
    """

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.height, self.width = picture.pixels.shape[:2]
        self.transparent = picture.alpha is not None
        self._to_srgb = _ToSrgb(picture.icc, self.transparent) if picture.icc else None
        self._levels: dict[int, tuple[Array, TileFlags]] = {}

    def read(self, level: int, box: Box, into: Array | None = None) -> Array:
        """The samples of ``box``, written ``into`` an ``(h, w, 4)`` uint8 array or a new one."""
        if into is None:
            into = np.empty((box.height, box.width, 4), np.uint8)
        if not level:
            pixels = self.picture.pixels
            if self.transparent or self._to_srgb or pixels.dtype != np.uint8:
                into[...] = self._converted(box, 0)
            else:
                _bgra(pixels[box.slices], into)
            return into
        samples, flags = self._level(level)
        if not flags.complete(box):
            for part in flags.boxes(box, valid=False):
                samples[part.slices] = self._converted(part, level)
            flags.mark(box)
        into[...] = samples[box.slices]
        return into

    def build(self, level: int, box: Box) -> Iterator[None]:
        """Build in small steps what `read` would have to; ends early when the picture is replaced."""
        picture = self.picture
        samples, flags = self._level(level)
        for tile, strips in flags.missing(box, level):
            for strip in strips:
                samples[strip.slices] = self._converted(strip, level)
                yield
                if self.picture is not picture:
                    return
            flags.mark(tile)

    def replace(self, picture: Picture, box: Box) -> None:
        """Another picture of the same size that differs inside ``box`` only."""
        self.picture = picture
        box = box.clipped(self.width, self.height)
        if not box.empty:
            for level, (_, flags) in self._levels.items():
                flags.forget(level_box(box, level))

    def patched(self, patch: ImagePatch, level: int) -> tuple[Box, Array]:
        """The box of samples that a patch touches, and their values with the patch in place."""
        target = level_box(patch.box, level)
        around = pixel_box(target, level, self.width, self.height)
        block = self.picture.pixels[around.slices].copy()
        inner = patch.box.moved(-around.x, -around.y)
        block[inner.slices] = patch.pixels
        return target, self._display(block, around, level)

    def _level(self, level: int) -> tuple[Array, TileFlags]:
        if level not in self._levels:
            width, height = side(self.width, level), side(self.height, level)
            self._levels[level] = np.empty((height, width, 4), np.uint8), TileFlags(width, height)
        return self._levels[level]

    def _converted(self, box: Box, level: int) -> Array:
        around = pixel_box(box, level, self.width, self.height)
        return self._display(self.picture.pixels[around.slices], around, level)

    def _display(self, block: Array, around: Box, level: int) -> Array:
        alpha = self.picture.alpha
        if alpha is None:
            bgra = _bgra(_eight_bit(shrink(block, level)))
        else:
            cover = alpha[around.slices]
            scale = 1 / np.iinfo(cover.dtype).max
            channels = [
                cv2.multiply(np.ascontiguousarray(block[..., i]), cover, scale=scale)
                for i in range(block.shape[2])
            ]
            bgra = _bgra(_eight_bit(shrink(cv2.merge(channels), level)))
            bgra[..., 3] = _eight_bit(shrink(cover, level))
            np.minimum(bgra, bgra[..., 3:], out=bgra)
        return self._to_srgb(bgra) if self._to_srgb else bgra


def _eight_bit(block: Array) -> Array:
    return block if block.dtype == np.uint8 else cv2.convertScaleAbs(block, alpha=1 / 257)


def _bgra(block: Array, into: Array | None = None) -> Array:
    grey = block.ndim == 2 or block.shape[2] == 1
    return cv2.cvtColor(block, cv2.COLOR_GRAY2BGRA if grey else cv2.COLOR_RGB2BGRA, dst=into)


class _ToSrgb:
    """Colour management for the screen; does nothing for sRGB and for profiles that Qt cannot read."""

    def __init__(self, profile: bytes, transparent: bool) -> None:
        space = QColorSpace.fromIccProfile(profile)
        srgb = QColorSpace(QColorSpace.NamedColorSpace.SRgb)
        same = space == srgb or "srgb" in space.description().lower()
        usable = space.isValid() and space.primaries() != QColorSpace.Primaries.SRgb
        usable = usable or (space.isValid() and space.transferFunction() != srgb.transferFunction())
        self._transform = space.transformationToColorSpace(srgb) if usable and not same else None
        formats = QImage.Format
        self._format = formats.Format_ARGB32_Premultiplied if transparent else formats.Format_RGB32

    def __call__(self, bgra: Array) -> Array:
        if self._transform is None:
            return bgra
        height, width = bgra.shape[:2]
        image = QImage(bgra.data, width, height, width * 4, self._format)
        converted = image.colorTransformed(self._transform).convertToFormat(self._format)
        if converted.isNull():
            return bgra
        return np.frombuffer(converted.constBits(), np.uint8).reshape(height, width, 4).copy()
