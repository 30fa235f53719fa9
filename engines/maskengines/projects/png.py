"""PNG in memory at full depth: what the layers and masks of a project are made of."""

from __future__ import annotations

import struct
import zlib
from typing import Any, cast

import numpy as np

Array = np.ndarray[Any, Any]
Piece = bytes | memoryview

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_END = 33
_GREY, _RGB, _GREY_ALPHA, _RGBA = 0, 2, 4, 6
_UP = 2
_MOST_IN_CHUNK = 1 << 30


def photo_pieces(pixels: Array, alpha: Array | None = None, icc: bytes | None = None) -> list[Piece]:
    """PNG of ``(H, W, 1 or 3)`` uint8 or uint16 with alpha ``(H, W)`` of the same type, if any.

    Returned in pieces to be written one after the other: joining them would hold up other threads.
    The profile is embedded where it fits the channels. With one filter for all rows and libdeflate
    this takes a third of libpng's time at about the same size.
    """
    grey = pixels.shape[2] == 1
    if alpha is not None:
        pixels = np.dstack((pixels, alpha))
    kind = (_GREY if grey else _RGB) if alpha is None else (_GREY_ALPHA if grey else _RGBA)
    fits = icc is not None and icc[16:20] == (b"GRAY" if grey else b"RGB ")
    return _pieces(pixels, kind, 1, icc if fits else None)


def encode_photo(pixels: Array, alpha: Array | None = None, icc: bytes | None = None) -> bytes:
    """The pieces of `photo_pieces` in one."""
    return b"".join(photo_pieces(pixels, alpha, icc))


def encode_flat(array: Array) -> bytes:
    """PNG of a mask ``(H, W)`` uint8 or of ``(H, W, 4)`` RGBA with large even areas."""
    kind = _GREY if array.ndim == 2 else _RGBA
    return b"".join(_pieces(array, kind, 4, None))


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height from the header, without decoding. ``ValueError`` if it is no PNG."""
    if len(data) < _HEADER_END or data[:8] != SIGNATURE or data[12:16] != b"IHDR":
        raise ValueError("not a PNG")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def decode(data: bytes) -> tuple[Array, Array | None]:
    """``(H, W, 1 or 3)`` pixels, grey or RGB, and ``(H, W)`` alpha or ``None``; uint8 or uint16.

    Raises:
        ValueError: damaged, or no PNG.
    """
    import cv2

    size = size_of(data)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        image = None
    if image is None or image.shape[1::-1] != size:
        raise ValueError("damaged PNG")
    if image.ndim == 2:
        return image[:, :, None], None
    alpha = np.ascontiguousarray(image[:, :, 3]) if image.shape[2] == 4 else None
    return np.ascontiguousarray(image[:, :, 2::-1]), alpha


def _pieces(array: Array, kind: int, level: int, icc: bytes | None) -> list[Piece]:
    """PNG specification (third edition): chunks 5.3, filter type Up 9.2."""
    import imagecodecs

    height, width = array.shape[:2]
    depth = array.dtype.itemsize * 8
    ordered = np.ascontiguousarray(array if depth == 8 else array.astype(">u2"))
    rows = ordered.view(np.uint8).reshape(height, -1)
    filtered = np.empty((height, rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = _UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    # Given its room, the codec has nothing to copy afterwards, which would hold up other threads.
    room = np.empty(filtered.size + filtered.size // 500 + 4096, np.uint8)
    packed: Any = imagecodecs.deflate_encode(cast(Any, filtered), level, raw=False, out=cast(Any, room))
    data = memoryview(packed)
    pieces = [SIGNATURE, *_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))]
    if icc is not None:
        pieces += _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(icc))
    for start in range(0, len(data), _MOST_IN_CHUNK):
        whole = len(data) <= _MOST_IN_CHUNK
        pieces += _chunk(b"IDAT", data if whole else data[start : start + _MOST_IN_CHUNK])
    return pieces + _chunk(b"IEND", b"")


def _chunk(name: bytes, body: Piece) -> list[Piece]:
    checksum = zlib.crc32(body, zlib.crc32(name))
    return [struct.pack(">I", len(body)) + name, body, struct.pack(">I", checksum)]
