"""The one place where an answer meets the picture.

Where the mask is 0 nothing changes, bit for bit; where it is 255 the answer is taken as it is. Between
the two, in the mask's feather, a plain cross-fade would show both textures at once, a double
exposure. So the feather is blended in two bands (Burt and Adelson 1983, "A multiresolution spline with
application to image mosaics"; two bands as in Brown and Lowe 2007, section 6): slow differences of colour
and light fade over the whole feather, fine texture changes hands on a short stretch in its middle.

With ``d = result - original``, ``low`` = ``d`` averaged over the masked neighbours, mask ``m`` and a
steeper mask ``s(m)`` with the same ends:

    out = original + round((m * low + s(m) * (d - low)) / 255)

For a constant ``d`` this is ``original + round(d * m / 255)``. Integers throughout, so the same input
gives the same bytes on every machine.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from maskengines.contract import Box
from maskengines.errors import EngineFault

Array = np.ndarray[Any, Any]

_RADIUS = 4
_REACH = 24
_BAND = 512


class Compositor:
    """Composites any number of results by one mask; what depends on the mask alone is worked out once.

    Args:
        mask: ``(h, w)`` uint8; 0 keeps the original exactly, 255 takes the result exactly. Nobody may write
            to it any more.
    """

    def __init__(self, mask: Array) -> None:
        self._mask = mask
        hard, soft = mask == 255, (mask != 0) & (mask != 255)
        self._hard = hard if hard.any() else None
        self._soft = soft if soft.any() else None
        # Bands keep the 32-bit intermediates of a huge soft mask small; the margin makes them seamless.
        self._bands = [] if self._soft is None else _bands(Box.of_mask(soft.view(np.uint8)))

    def __call__(self, original: Array, result: Array) -> Array:
        """``result`` over ``original``, as a new array.

        Args:
            original, result: ``(h, w, C)`` or ``(h, w)``, both uint8 or both uint16.

        Raises:
            EngineFault: shapes or types do not match.
        """
        mask = self._mask
        if (
            original.shape != result.shape
            or original.dtype != result.dtype
            or mask.shape != original.shape[:2]
        ):
            raise EngineFault(
                f"Cannot composite a result of {result.shape} {result.dtype} over {original.shape} "
                f"{original.dtype} with a mask of {mask.shape}."
            )
        out = original.copy()
        if self._hard is not None:
            _copy(out, result, self._hard)
        margin = max(2 * _RADIUS, _REACH)
        for box in self._bands:
            assert self._soft is not None
            context = box.grown(margin).clipped(mask.shape[1], mask.shape[0])
            blended = _feather(original[context.slices], result[context.slices], mask[context.slices])
            inner = box.moved(-context.x, -context.y).slices
            _copy(out[box.slices], blended[inner], self._soft[box.slices])
        return out


def compose(original: Array, result: Array, mask: Array) -> Array:
    """Composite ``result`` over ``original`` by ``mask``, once; see `Compositor` for the arguments.

    Raises:
        EngineFault: shapes or types do not match.
    """
    return Compositor(mask)(original, result)


def _feather(original: Array, result: Array, mask: Array) -> Array:
    shape = original.shape
    weight = mask.astype(np.int32)
    steep = _steep(mask).astype(np.int32)
    base = original.reshape(*mask.shape, -1).astype(np.int32)
    difference = result.reshape(base.shape).astype(np.int32) - base
    low = _average(difference, mask != 0)
    change = low * weight[..., None] + (difference - low) * steep[..., None]
    base += (2 * change + 255) // 510
    return np.clip(base, 0, np.iinfo(original.dtype).max).astype(original.dtype).reshape(shape)


def _average(values: Array, inside: Array) -> Array:
    """Mean of ``(h, w, C)`` int32 over the masked pixels near each pixel, weighted by a pyramid 17 wide.

    What lies outside the mask is no part of the answer and must not leak into it. Two box sums of at
    most 81 * 81 * 65535 fit 32 bits.
    """
    import cv2

    size = (2 * _RADIUS + 1, 2 * _RADIUS + 1)

    def total(array: Array) -> Array:
        for _ in range(2):
            array = cv2.boxFilter(array, cv2.CV_32S, size, normalize=False, borderType=cv2.BORDER_CONSTANT)
        return array

    support = inside.astype(np.int32)
    count = np.maximum(total(support), 1)
    sums = [total(np.ascontiguousarray(values[..., c]) * support) for c in range(values.shape[2])]
    return np.stack([(2 * s + count) // (2 * count) for s in sums], axis=-1)


def _steep(mask: Array) -> Array:
    """The mask with its ramps drawn together to their middle half, by a smoothstep.

    A ramp is judged against the strongest mask nearby, so that a stroke painted at 40 % opacity stays
    the even 40 % blend it was meant to be: only its rim is a ramp.
    """
    import cv2

    reach = np.ones((2 * _REACH + 1, 2 * _REACH + 1), np.uint8)
    peak = np.maximum(cv2.dilate(mask, reach), 1).astype(np.uint16)
    rise = np.clip(np.arange(256) / 255 * 2 - 0.5, 0, 1)
    curve = np.rint(255 * rise * rise * (3 - 2 * rise)).astype(np.uint16)
    return (peak * curve[mask * np.uint16(255) // peak] + 127) // 255


def _copy(target: Array, source: Array, where: Array) -> None:
    """Write ``source`` over ``target`` in place; numpy takes seventy times as long."""
    import cv2

    written = cv2.copyTo(source, where.view(np.uint8), target)
    if written is not target:
        target[...] = written.reshape(target.shape)


def _bands(box: Box) -> list[Box]:
    return [
        Box(box.x, y, box.width, min(_BAND, box.y + box.height - y))
        for y in range(box.y, box.y + box.height, _BAND)
    ]
