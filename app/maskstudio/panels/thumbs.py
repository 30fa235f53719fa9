"""Small pictures of candidates, made from samples so that a large hole costs as little as a small one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from maskengines.contract import Box, Candidate, ImagePatch
from PySide6.QtGui import QImage

if TYPE_CHECKING:
    from maskstudio.documents.document import Document

CONTEXT = 0.35
"""Margin shown around the hole, as a share of its longer side."""
OVERSAMPLING = 2

Pixels = np.ndarray[Any, np.dtype[np.uint8]]


def framing(hole: Box, width: int, height: int, aspect: float) -> Box:
    """What a thumbnail shows of a ``width`` by ``height`` image: the hole with some context.

    The box has ``aspect`` (width over height) as far as the image allows, and lies inside it.
    """
    margin = max(8, round(CONTEXT * max(hole.width, hole.height)))
    box = hole.grown(margin)
    wide = max(box.width, round(box.height * aspect))
    high = max(box.height, round(box.width / aspect))
    wide, high = min(wide, width), min(high, height)
    x = box.x + (box.width - wide) // 2
    y = box.y + (box.height - high) // 2
    return Box(min(max(0, x), width - wide), min(max(0, y), height - high), wide, high)


def image_thumbnail(pixels: np.ndarray[Any, Any], patch: ImagePatch, frame: Box, side: int) -> QImage:
    """The part ``frame`` of an image with ``patch`` laid over it, at most ``side`` pixels long.

    ``pixels`` is ``(H, W, 1|3)`` uint8 or uint16. Reads about ``(2 * side) ** 2`` samples, whatever the
    size of the frame.
    """
    import cv2

    step = max(1, max(frame.width, frame.height) // (OVERSAMPLING * side))
    # Strided slices: picking the same samples by index takes ten times as long.
    across = slice(frame.x, frame.x + frame.width, step)
    sampled = pixels[frame.y : frame.y + frame.height : step, across].copy()
    top, bottom = _samples(frame.y, frame.height, patch.box.y, patch.box.height, step)
    left, right = _samples(frame.x, frame.width, patch.box.x, patch.box.width, step)
    if top < bottom and left < right:
        y, x = frame.y + top * step - patch.y, frame.x + left * step - patch.x
        sampled[top:bottom, left:right] = patch.pixels[y::step, x::step][: bottom - top, : right - left]
    shown = rgb8(sampled)
    scale = side / max(shown.shape[:2])
    size = (max(1, round(shown.shape[1] * scale)), max(1, round(shown.shape[0] * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return to_qimage(np.ascontiguousarray(cv2.resize(shown, size, interpolation=method)))


def _samples(begin: int, length: int, part: int, size: int, step: int) -> tuple[int, int]:
    """Which of the samples at ``begin``, ``begin + step``, ... below ``begin + length`` lie in the ``size``
    pixels from ``part`` on: the first, and the one after the last."""
    count = -(-length // step)
    first = max(0, -(-(part - begin) // step))
    return first, min(count, max(first, -(-(part + size - begin) // step)))


def map_thumbnail(candidate: Candidate, document: Document, side: int) -> QImage:
    """A map of kind ``map`` over the part of the photo that it covers, at most ``side`` pixels long."""
    import cv2
    from maskengines.results.maps import MapResult
    from maskengines.results.pictures import over_photo

    subject = document.subject
    read = MapResult.read(candidate.result, (subject.height, subject.width))
    frame = read.frame
    step = max(1, max(frame.width, frame.height) // (OVERSAMPLING * side))
    rows, columns = frame.slices
    under = rgb8(subject.pixels[rows, columns][::step, ::step])
    scale = side / max(under.shape[:2])
    size = (max(1, round(under.shape[1] * scale)), max(1, round(under.shape[0] * scale)))
    photo = cv2.resize(under, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    values = cv2.resize(read.values, size, interpolation=cv2.INTER_LINEAR)
    return to_qimage(over_photo(values, photo, read.scale))


def rgb8(pixels: np.ndarray[Any, Any]) -> Pixels:
    """``(h, w, 1|3)`` of 8 or 16 bit as ``(h, w, 3)`` uint8."""
    if pixels.dtype == np.uint16:
        pixels = pixels >> 8
    pixels = pixels.astype(np.uint8, copy=False)
    return np.ascontiguousarray(np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels)


def to_qimage(pixels: Pixels) -> QImage:
    """A picture that owns its bytes, from ``(h, w, 3)`` uint8."""
    height, width = pixels.shape[:2]
    return QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
