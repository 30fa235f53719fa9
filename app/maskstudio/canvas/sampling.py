"""From the samples of a mip level to device pixels, one axis at a time.

Every device pixel is computed from integers that depend on its own position alone, so a repaint of any
rectangle gives the very pixels that a repaint of everything gives.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

Array = np.ndarray[Any, Any]
Rect = tuple[int, int, int, int]
_FRACTIONS = 32
NEAREST_FROM = 2.0
_CACHED = 1 << 14


class Axis:
    """Which samples make device pixels ``first .. last`` of one axis.

    Args:
        length: device pixels of the viewport along this axis.
        start: device pixel of the picture's edge.
        extent: device pixels that the picture covers.
        scale: device pixels per sample; bilinear below `NEAREST_FROM` unless it is 1.
        samples: number of samples of the level.
    """

    def __init__(self, length: int, start: int, extent: int, scale: float, samples: int) -> None:
        self.first = min(max(0, start), length)
        self.last = max(self.first, min(length, start + max(1, extent)))
        self.plain = scale == 1
        self.smooth = scale < NEAREST_FROM and not self.plain
        device = np.arange(self.first, self.last, dtype=np.float64) + 0.5 - start
        self.fraction: Array | None = None
        if self.smooth:
            fixed = np.floor((device / scale - 0.5) * _FRACTIONS + 0.5).astype(np.int64)
            index, fraction = fixed // _FRACTIONS, fixed % _FRACTIONS
            fraction[(index < 0) | (index >= samples - 1)] = 0
            self.fraction = fraction.astype(np.uint16)
        else:
            index = np.floor(device / scale).astype(np.int64)
        self.index: Array = np.clip(index, 0, samples - 1)
        self._samples, self._start, self._scale = samples, start, scale

    def begins(self, first: int, last: int) -> Array:
        """True for the device pixels ``first .. last`` that begin a sample, but for the very first one."""
        before = np.floor((np.arange(first, last) - 0.5 - self._start) / self._scale)
        here = self.index[first - self.first : last - self.first]
        return (before != here) & (before >= 0)

    def source(self, start: int, stop: int) -> tuple[int, int]:
        """Half-open range of samples that device pixels ``start .. stop`` (inside the axis) read."""
        low, high = int(self.index[start - self.first]), int(self.index[stop - 1 - self.first]) + 1
        return low, min(high + self.smooth, self._samples)

    def device(self, low: int, high: int) -> tuple[int, int]:
        """Half-open range of device pixels that read any of the samples ``low .. high``."""
        start = int(self.index.searchsorted(low - self.smooth, "left"))
        stop = int(self.index.searchsorted(high, "left"))
        return self.first + start, self.first + max(start, stop)

    def part(self, start: int, stop: int, low: int) -> tuple[Array, Array | None]:
        """Sample indices relative to ``low``, and fractions, for device pixels ``start .. stop``."""
        where = slice(start - self.first, stop - self.first)
        return self.index[where] - low, None if self.fraction is None else self.fraction[where]


def resample(
    samples: Array, corner: tuple[int, int], across: Axis, down: Axis, rect: Rect, *, target: Array
) -> None:
    """Fill the device pixels of ``rect`` = (x0, y0, x1, y1), where a scale of 1 needs nothing of this.

    Args:
        samples: ``(h, w, 4)`` uint8, contiguous, holding every sample that the rectangle reads.
        corner: column and row of ``samples[0, 0]`` in the level.
        target: ``(y1 - y0, x1 - x0)`` uint32, the four bytes of each pixel in one number.
    """
    x0, y0, x1, y1 = rect
    xi, xf = across.part(x0, x1, corner[0])
    yi, yf = down.part(y0, y1, corner[1])
    words = samples.view(np.uint32)[..., 0]
    if xf is not None and yf is not None:
        where = np.empty((y1 - y0, x1 - x0, 2), np.int16)
        where[..., 0] = xi
        where[..., 1] = yi[:, None]
        weights = yf[:, None] * np.uint16(_FRACTIONS) + xf
        mixed = cv2.remap(samples, where, weights, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        target[...] = mixed.view(np.uint32)[..., 0]
    else:
        wide = words.take(xi, axis=1, mode="clip")
        # Given a target that is no block, take would copy it first; a few rows at once stay in the cache.
        rows = max(1, _CACHED // len(xi))
        for i in range(0, len(yi), rows):
            target[i : i + rows] = wide.take(yi[i : i + rows], axis=0, mode="clip")


def nearest(plane: Array, corner: tuple[int, int], across: Axis, down: Axis, rect: Rect) -> Array:
    """A ``(h, w)`` plane, whose first sample is ``corner``, looked up unmixed for the pixels of ``rect``."""
    x0, y0, x1, y1 = rect
    xi, _ = across.part(x0, x1, corner[0])
    yi, _ = down.part(y0, y1, corner[1])
    return plane.take(xi, axis=1).take(yi, axis=0)
