"""Light and shadow over a drawn picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np

from maskengines.inpaint.procedural.palettes import Bytes
from maskengines.inpaint.procedural.views import Points, View


def cover(picture: Bytes, view: View, outlines: Iterable[Points], light: float, soft: float) -> None:
    """Multiply what lies under the flat convex world ``outlines`` by ``light``, in place.

    ``soft``: width of their edges in elements. Overlaps count once, as shadows of one sun do.
    """
    half = replace(view, side=view.side // 2, focal=view.focal / 2)
    layer = np.full((half.side, half.side), 128, np.uint8)
    for outline in outlines:
        half.fill(layer, outline, round(128 * light))
    if soft > 1:
        layer = np.asarray(cv2.blur(cv2.blur(layer, _square(soft / 4)), _square(soft / 4)), np.uint8)
    multiply(picture, layer)


def darken_edges(picture: Bytes, view: View, edges: Iterable[Points], light: float, soft: float) -> None:
    """Multiply by ``light`` along world ``edges`` ``(2, 3)``, as corners that less light reaches."""
    scale = 8
    small = replace(view, side=view.side // scale, focal=view.focal / scale)
    layer = np.full((small.side, small.side), 128, np.uint8)
    for edge in edges:
        seen = small.clipped(small.seen(np.concatenate([edge, edge[::-1]])))
        if len(seen) >= 2:
            line = np.round(small.projected(seen)).astype(np.int32)
            cv2.polylines(layer, [line], True, round(128 * light), max(1, round(soft / scale)))
    multiply(picture, np.asarray(cv2.blur(cv2.blur(layer, _square(soft / 8)), _square(soft / 8)), np.uint8))


def multiply(picture: Bytes, layer: Bytes) -> None:
    """Multiply ``picture`` by ``layer`` (any size, 128 = 1) in place."""
    side = picture.shape[0]
    wide = cv2.resize(layer, (side, side), interpolation=cv2.INTER_LINEAR)
    cv2.multiply(picture, cv2.merge([wide] * 3), picture, scale=1 / 128)


def _square(size: float) -> tuple[int, int]:
    odd = 2 * max(1, round(size)) + 1
    return odd, odd
