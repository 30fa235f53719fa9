"""The many ways in which a TIFF can hold pixels, brought to grey or RGB with straight alpha."""

from __future__ import annotations

import io
import logging
from typing import Any

import numpy as np

from maskengines.subjects.colour import cmyk_to_rgb, to_8_bit
from maskengines.subjects.formats.common import UNDECODABLE, Array, Damaged, Raster, Unsupported, raster

_WHITE_IS_ZERO, _PALETTE, _SEPARATED, _YCBCR = 0, 3, 5, 6
_PLAIN = (0, 1, 2)
_CONVERT_BY_LIBTIFF = (8, 9, 10)
# Fax, LZW and PackBits: tifffile's own LZW decoder writes out of bounds when a strip is corrupt, and a
# picture must not be able to take the studio down.
_DECODE_BY_LIBTIFF = (2, 3, 4, 5, 32773)
_JPEGS = (6, 7, 34892)
_ASSOCIATED = 1
_UNSIGNED = 1


def decode_page(data: bytes, number: int, icc: bytes | None) -> Raster:
    """Decode one page.

    Raises:
        Damaged: its strips do not decode.
        Unsupported: floating-point, signed or 32-bit values, or a colour model without a rule.
    """
    import tifffile

    # What it complains about becomes our own sentence; a user's terminal is no place for the rest.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            page: Any = file.pages[number]
            _check_samples(page)
            if page.photometric in _CONVERT_BY_LIBTIFF or (
                page.photometric == _YCBCR and page.compression not in _JPEGS
            ):
                return _converted_by_libtiff(data, icc)
            stored = (
                _through_libtiff(data, page) if page.compression in _DECODE_BY_LIBTIFF else page.asarray()
            )
            samples = _channels_last(page, np.asarray(stored, np.uint8) if stored.dtype == bool else stored)
            return _interpret(page, samples, icc)
    except (Unsupported, Damaged, MemoryError):
        raise
    except NotImplementedError as error:
        raise Unsupported("it is stored in an unusual way. Convert it to an ordinary TIFF first.") from error
    # The parser and a dozen codecs behind it share no base class, and a broken file can upset any.
    except Exception as error:
        raise Damaged(UNDECODABLE) from error


def _check_samples(page: Any) -> None:
    formats = page.sampleformat
    kinds = set(formats) if isinstance(formats, (tuple, list)) else {int(formats)}
    bits = page.bitspersample
    if 3 in kinds:
        raise Unsupported("it holds floating-point values. Convert it to 16 bits per channel first.")
    if kinds - {_UNSIGNED, 4} or not isinstance(bits, int) or bits > 16:
        raise Unsupported("it is not of 1 to 16 bits per channel. Convert it to 8 or 16 bits first.")


def _channels_last(page: Any, array: Array) -> Array:
    """``(H, W, S)`` from any planar configuration."""
    if page.planarconfig == 2 and page.samplesperpixel > 1:
        array = np.moveaxis(array.reshape(page.samplesperpixel, page.imagelength, page.imagewidth), 0, -1)
    return array.reshape(page.imagelength, page.imagewidth, page.samplesperpixel)


def _interpret(page: Any, samples: Array, icc: bytes | None) -> Raster:
    photometric, bits = int(page.photometric), int(page.bitspersample)
    if photometric == _PALETTE:
        return _through_palette(page.colormap, samples, icc)
    scaled = _to_full_range(samples, bits)
    if photometric == _WHITE_IS_ZERO:
        scaled[..., 0] = np.iinfo(scaled.dtype).max - scaled[..., 0]
    if photometric == _SEPARATED:
        if samples.shape[2] < 4:
            raise Unsupported("it is printed in special inks. Convert it to RGB first.")
        alpha = _alpha(page, scaled, 4)
        return Raster(cmyk_to_rgb(scaled[..., :4], icc), alpha, None)
    if photometric not in (*_PLAIN, _YCBCR):
        raise Unsupported("its colour model is unusual. Convert it to RGB first.")
    colours = 1 if photometric in (0, 1) else 3
    if samples.shape[2] < colours:
        raise Damaged("its header is damaged")
    alpha = _alpha(page, scaled, colours)
    pixels = scaled[..., :colours]
    if alpha is not None and page.extrasamples and page.extrasamples[0] == _ASSOCIATED:
        pixels = _straight(pixels, alpha)
    return Raster(np.ascontiguousarray(pixels), alpha, icc)


def _alpha(page: Any, samples: Array, colours: int) -> Array | None:
    """The first channel beyond the colours, whether or not the file says what it is for."""
    if samples.shape[2] <= colours:
        return None
    return np.ascontiguousarray(samples[..., colours])


def _to_full_range(samples: Array, bits: int) -> Array:
    """1..8 bits to the whole of uint8, 9..16 bits to the whole of uint16."""
    target: type[np.unsignedinteger[Any]] = np.uint8 if bits <= 8 else np.uint16
    if bits in (8, 16):
        return samples.astype(target)
    top = (1 << bits) - 1
    wide = samples.astype(np.uint32)
    return ((wide * np.iinfo(target).max + top // 2) // top).astype(target)


def _through_palette(colormap: Array, indices: Array, icc: bytes | None) -> Raster:
    """Palettes are 16 bits wide; most hold 8-bit colours, some of them without the low byte."""
    table = np.moveaxis(np.asarray(colormap), 0, -1)
    high = (table >> 8).astype(np.uint8)
    table = high if not (table & 0xFF).any() else to_8_bit(table)
    return raster(table[indices[..., 0]], icc)


def _straight(pixels: Array, alpha: Array) -> Array:
    """Divide by alpha, rounded; where alpha is 0 the colour stays as stored."""
    top = np.uint64(np.iinfo(pixels.dtype).max)
    cover = np.where(alpha == 0, top, alpha).astype(np.uint64)[..., None]
    return np.minimum((pixels * top + cover // np.uint64(2)) // cover, top).astype(pixels.dtype)


def _through_libtiff(data: bytes, page: Any) -> Array:
    import imagecodecs
    from PIL import Image

    if page.photometric == _SEPARATED and page.bitspersample == 8:
        with Image.open(io.BytesIO(data), formats=("TIFF",)) as image:
            image.seek(page.index)
            return np.asarray(image)
    decoded: Array = imagecodecs.tiff_decode(data, index=page.index)
    return decoded


def _converted_by_libtiff(data: bytes, icc: bytes | None) -> Raster:
    """CIELab and subsampled YCbCr, which libtiff turns into RGB (at 8 bits)."""
    import cv2

    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    finally:
        cv2.utils.logging.setLogLevel(level)
    if decoded is None:
        raise Unsupported("its colour model is unusual. Convert it to RGB first.")
    return raster(decoded, icc)
