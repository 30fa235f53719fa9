"""WebP (RFC 9649): lossy and lossless, alpha, profile, EXIF and XMP; written lossless."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from maskengines.subjects.carried import Carried, exif_with_resolution, packet, resolution_of_exif
from maskengines.subjects.colour import to_8_bit
from maskengines.subjects.exif import settle
from maskengines.subjects.formats.common import (
    CUT_SHORT,
    UNDECODABLE,
    Damaged,
    Header,
    Raster,
    Unsupported,
    raster,
)

if TYPE_CHECKING:
    from maskengines.subjects.image import ImageSubject

_LARGEST_SIDE = 16383
# On a noisy 24-megapixel photo a seventh of the time of the default effort, for a fifth more bytes.
_EFFORT = 20
_ICC_FLAG, _ALPHA_FLAG, _EXIF_FLAG, _XMP_FLAG = 0x20, 0x10, 0x08, 0x04


def inspect(data: bytes) -> Header:
    """Walk the RIFF chunks; the length in the RIFF header has to be there in full."""
    width = height = frames = 0
    icc = exif = xmp = None
    for kind, body in _chunks(data):
        if kind == b"VP8X" and len(body) >= 10:
            width = 1 + int.from_bytes(body[4:7], "little")
            height = 1 + int.from_bytes(body[7:10], "little")
        elif kind == b"VP8 " and not width and len(body) >= 10:
            width, height = (value & 0x3FFF for value in struct.unpack_from("<HH", body, 6))
        elif kind == b"VP8L" and not width and len(body) >= 5:
            bits = struct.unpack_from("<I", body, 1)[0]
            width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        elif kind == b"ICCP":
            icc = body
        elif kind == b"EXIF":
            exif = body
        elif kind == b"XMP ":
            xmp = body
        frames += kind == b"ANMF"
    if frames > 1:
        raise Unsupported(f"it is an animation of {frames} frames. Save the one you want as PNG first.")
    if not width:
        raise Damaged("its header is damaged")
    orientation, exif = settle(exif)
    carried = Carried(resolution_of_exif(exif), packet(xmp))
    return Header("WebP", width, height, icc, exif, orientation, carried=carried)


def decode(data: bytes, header: Header) -> Raster:
    import imagecodecs

    try:
        return raster(imagecodecs.webp_decode(data), header.icc)
    except (RuntimeError, ValueError) as error:
        raise Damaged(UNDECODABLE) from error


def check(subject: ImageSubject) -> None:
    """Whether a WebP can hold the picture.

    Raises:
        Unsupported: it is too large.
    """
    if max(subject.width, subject.height) > _LARGEST_SIDE:
        raise Unsupported(f"WebP ends at {_LARGEST_SIDE} pixels a side. Save as .png or .tif instead.")


def encode(subject: ImageSubject) -> bytes:
    """Lossless, at 8 bit; colour under full transparency is kept. Grey is stored as RGB.
    EXIF is the only place for a resolution.

    Raises:
        Unsupported: the picture is too large for WebP.
    """
    import imagecodecs

    check(subject)
    channels = np.broadcast_to(to_8_bit(subject.pixels), (subject.height, subject.width, 3)).copy()
    if subject.alpha is not None:
        channels = np.dstack([channels, to_8_bit(subject.alpha)])
    plain = bytes(imagecodecs.webp_encode(channels, level=_EFFORT, lossless=True, method=0))
    pixels = b"".join(_chunk(k, b) for k, b in _chunks(plain) if k in (b"VP8L", b"VP8 ", b"ALPH"))
    exif, xmp = exif_with_resolution(subject.exif, subject.carried.resolution), subject.carried.xmp
    flags = (_ICC_FLAG if subject.icc else 0) | (_EXIF_FLAG if exif else 0) | (_XMP_FLAG if xmp else 0)
    flags |= _ALPHA_FLAG if subject.alpha is not None else 0
    size = (subject.width - 1).to_bytes(3, "little") + (subject.height - 1).to_bytes(3, "little")
    body = _chunk(b"VP8X", struct.pack("<I", flags) + size)
    body += _chunk(b"ICCP", subject.icc) if subject.icc else b""
    body += pixels
    body += _chunk(b"EXIF", exif) if exif else b""
    body += _chunk(b"XMP ", xmp) if xmp else b""
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if len(data) < 12:
        raise Damaged(CUT_SHORT)
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    if end > len(data):
        raise Damaged(CUT_SHORT)
    at = 12
    while at < end:
        if at + 8 > end:
            raise Damaged(CUT_SHORT)
        kind, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > end:
            raise Damaged(CUT_SHORT)
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + (length & 1)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)
