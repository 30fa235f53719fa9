"""Colour: CMYK to sRGB, and an image's own space to what a screen shows."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

CHECKER = 16
_LIGHT, _DARK = 204, 153


def cmyk_to_rgb(cmyk: Array, icc: bytes | None) -> Array:
    """``(H, W, 4)`` ink amounts (0 = no ink), uint8 or uint16, to ``(H, W, 3)`` sRGB of that type.

    With a usable CMYK profile through it (relative colorimetric with black point compensation);
    without one by the plain formula ``R = (1 - C)(1 - K)``.
    """
    transform = _transform(icc, "CMYK") if icc else None
    if icc is None or transform is None:
        top = np.uint64(np.iinfo(cmyk.dtype).max)
        light = top - cmyk.astype(np.uint64)
        return ((light[..., :3] * light[..., 3:] + top // np.uint64(2)) // top).astype(cmyk.dtype)
    if cmyk.dtype == np.uint16:
        return _cmyk_at_16_bits(cmyk, icc)
    from PIL import Image, ImageCms

    image = Image.frombuffer("CMYK", cmyk.shape[1::-1], np.ascontiguousarray(cmyk), "raw", "CMYK", 0, 1)
    return np.asarray(ImageCms.applyTransform(image, transform))


def _cmyk_at_16_bits(cmyk: Array, icc: bytes) -> Array:
    """Pillow's transforms end at 8 bits; this is the same library (LittleCMS) by another door."""
    import imagecodecs
    from PIL import ImageCms

    converted: Array = imagecodecs.cms_transform(
        np.ascontiguousarray(cmyk),
        icc,
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        colorspace="cmyk",
        outcolorspace="rgb",
        outdtype="uint16",
        intent=imagecodecs.CMS.INTENT.RELATIVE_COLORIMETRIC,
        flags=imagecodecs.CMS.FLAGS.BLACKPOINTCOMPENSATION,
    )
    return converted


def fitting(icc: bytes | None, channels: int) -> bytes | None:
    """The profile if it describes pixels of that many channels (1 or 3), else ``None``: a grey file with
    an RGB profile is broken, and decoders would warn about ours."""
    space = {1: b"GRAY", 3: b"RGB "}[channels]
    return icc if icc and icc[16:20] == space else None


def to_display(pixels: Array, alpha: Array | None, icc: bytes | None, origin: tuple[int, int]) -> Array:
    """Grey or RGB ``(h, w, 1|3)`` of either depth to ``(h, w, 3)`` uint8 sRGB.

    ``origin`` is the ``(x, y)`` of the first pixel in the image, so that neighbouring rectangles
    share one checkerboard.
    """
    shown = to_8_bit(pixels)
    transform = _transform(icc, "L" if shown.shape[2] == 1 else "RGB") if icc and shown.size else None
    if transform is not None:
        from PIL import Image, ImageCms

        source = shown[:, :, 0] if shown.shape[2] == 1 else shown
        managed = ImageCms.applyTransform(Image.fromarray(np.ascontiguousarray(source)), transform)
        shown = shown if managed is None else np.asarray(managed)
    if shown.shape[2] == 1:
        shown = np.repeat(shown, 3, axis=2)
    if alpha is None:
        return np.ascontiguousarray(shown)
    rows = (np.arange(shown.shape[0]) + origin[1]) // CHECKER
    columns = (np.arange(shown.shape[1]) + origin[0]) // CHECKER
    board = np.where((rows[:, None] + columns) % 2, _DARK, _LIGHT).astype(np.uint16)[..., None]
    cover = to_8_bit(alpha).astype(np.uint16)[..., None]
    return ((shown * cover + board * (255 - cover) + 127) // 255).astype(np.uint8)


def to_8_bit(array: Array) -> Array:
    """uint16 to uint8 rounded to the nearest (``v * 255 / 65535``); uint8 as it is."""
    if array.dtype == np.uint8:
        return array
    return ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)


@lru_cache(maxsize=8)
def _transform(icc: bytes, mode: str) -> Any:
    """A Pillow transform to sRGB, or ``None`` for a profile that is broken or of another colour model."""
    from PIL import ImageCms

    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        if profile.profile.xcolor_space.strip() != {"L": "GRAY"}.get(mode, mode):
            return None
        return ImageCms.buildTransform(
            profile,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
