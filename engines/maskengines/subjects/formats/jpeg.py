"""JPEG (ITU-T T.81): grey, YCbCr, RGB, CMYK and YCCK; EXIF and XMP in APP1, profile in APP2 (ICC.1 annex
B.4), resolution in JFIF's APP0 (ITU-T T.871)."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from maskengines.subjects.carried import INCH, Carried, comment, packet, per_inch, resolution_of_exif
from maskengines.subjects.colour import cmyk_to_rgb, to_8_bit
from maskengines.subjects.exif import settle
from maskengines.subjects.formats.common import (
    CUT_SHORT,
    UNDECODABLE,
    Damaged,
    Header,
    Raster,
    Unsupported,
    interleaved,
    raster,
)

if TYPE_CHECKING:
    from maskengines.subjects.image import ImageSubject

SIGNATURE = b"\xff\xd8\xff"
_QUALITY = 95
_EXIF, _ICC, _ADOBE, _JFIF = b"Exif\0\0", b"ICC_PROFILE\0", b"Adobe", b"JFIF\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_APP0, _APP1, _APP2, _APP14, _COM = 0xE0, 0xE1, 0xE2, 0xEE, 0xFE
# Of a density that JFIF says per inch or per centimetre, metres by its unit.
_UNITS = {1: INCH, 2: 0.01}
_SOI, _EOI, _SOS, _TEM = 0xD8, 0xD9, 0xDA, 0x01
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_LARGEST_SEGMENT = 0xFFFF - 2
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


def inspect(data: bytes) -> Header:
    """Walk all markers up to the end-of-image one; what follows it (a motion photo) is let be."""
    size: tuple[int, int] | None = None
    exif: bytes | None = None
    xmp = said = resolution = None
    profile: dict[int, bytes] = {}
    components, adobe, scanned = 0, False, False
    for marker, body in _segments(data):
        if marker in _FRAMES and size is None:
            precision, height, width, components = _frame(body)
            size = width, height
            if precision != 8:
                raise Unsupported(f"it has {precision} bits per channel. Convert it to a 16-bit TIFF or PNG.")
        elif marker == _APP1 and body.startswith(_EXIF):
            exif = exif or body
        elif marker == _APP1 and body.startswith(_XMP):
            xmp = xmp or body[len(_XMP) :]
        elif marker == _COM:
            said = said or body
        elif marker == _APP0 and body.startswith(_JFIF):
            resolution = resolution or _density(body)
        elif marker == _APP2 and body.startswith(_ICC) and len(body) > 14:
            profile[body[12]] = body[14:]
        elif marker == _APP14 and body.startswith(_ADOBE):
            adobe = True
        scanned |= marker == _SOS
    if size is None or not scanned:
        raise Damaged("it holds no pixels")
    if components not in (1, 3, 4):
        raise Unsupported(f"it has {components} colour channels. Convert it to RGB.")
    icc = b"".join(profile[part] for part in sorted(profile)) or None
    orientation, exif = settle(exif)
    layout = "" if components < 4 else "inverted CMYK" if adobe else "CMYK"
    carried = Carried(resolution or resolution_of_exif(exif), packet(xmp), comment(said))
    return Header("JPEG", *size, icc, exif, orientation, layout, carried)


def decode(data: bytes, header: Header) -> Raster:
    """CMYK becomes sRGB through its profile; Adobe writes ink amounts inverted."""
    import imagecodecs

    try:
        decoded = imagecodecs.jpeg8_decode(data)
    except (RuntimeError, ValueError) as error:
        raise Damaged(UNDECODABLE) from error
    if not header.layout:
        return raster(decoded, header.icc)
    ink = 255 - decoded if header.layout.startswith("inverted") else decoded
    return Raster(cmyk_to_rgb(ink, header.icc), None, None)


def check(subject: ImageSubject) -> None:
    """Whether a JPEG can hold the picture.

    Raises:
        Unsupported: it is transparent somewhere, or too large.
    """
    if subject.alpha is not None and subject.alpha.min() < np.iinfo(subject.alpha.dtype).max:
        raise Unsupported("JPEG cannot hold transparency. Save as .png, .tif or .webp instead.")
    if max(subject.width, subject.height) > 65500:
        raise Unsupported("JPEG ends at 65500 pixels a side. Save as .png or .tif instead.")


def encode(subject: ImageSubject) -> bytes:
    """Quality 95 without chroma subsampling; 16 bit is rounded to 8.

    Raises:
        Unsupported: the picture is transparent somewhere, or too large for JPEG.
    """
    import imagecodecs

    check(subject)
    pixels = interleaved(to_8_bit(subject.pixels), None)
    plain = bytes(imagecodecs.jpeg8_encode(np.ascontiguousarray(pixels), level=_QUALITY, subsampling="444"))
    extra = b""
    if subject.exif and len(_EXIF) + len(subject.exif) <= _LARGEST_SEGMENT:
        extra += _segment(_APP1, _EXIF + subject.exif)
    if subject.icc:
        step = _LARGEST_SEGMENT - len(_ICC) - 2
        parts = [subject.icc[at : at + step] for at in range(0, len(subject.icc), step)]
        for number, part in enumerate(parts, 1):
            extra += _segment(_APP2, _ICC + bytes([number, len(parts)]) + part)
    carried = subject.carried
    if carried.xmp and len(_XMP) + len(carried.xmp) <= _LARGEST_SEGMENT:
        extra += _segment(_APP1, _XMP + carried.xmp)
    if carried.comment:
        extra += _segment(_COM, carried.comment)
    # After the JFIF segment, which has to be the first.
    start = 2
    if plain[2:4] == b"\xff\xe0":
        start = 4 + struct.unpack_from(">H", plain, 4)[0]
    return _with_density(plain[:start], carried.resolution) + extra + plain[start:]


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and body of every segment up to the end of the image; coded pixels are skipped."""
    at = 2
    while True:
        found = _NEXT_MARKER.search(data, at)
        if found is None:
            raise Damaged(CUT_SHORT)
        at = found.end()
        marker = data[at - 1]
        if marker == _EOI:
            return
        if marker in (_SOI, _TEM):
            continue
        if at + 2 > len(data):
            raise Damaged(CUT_SHORT)
        end = at + struct.unpack_from(">H", data, at)[0]
        if end > len(data):
            raise Damaged(CUT_SHORT)
        yield marker, data[at + 2 : end]
        at = end


def _density(body: bytes) -> tuple[float, float] | None:
    """Pixels per inch of a JFIF segment, which may instead say no more than how tall pixels are."""
    if len(body) < 12 or body[7] not in _UNITS:
        return None
    across, down = struct.unpack_from(">HH", body, 8)
    return per_inch(across, down, _UNITS[body[7]])


def _with_density(start: bytes, resolution: tuple[float, float] | None) -> bytes:
    """The start of a file, up to the end of its JFIF segment, with a resolution in whole pixels per inch."""
    if resolution is None or start[6:11] != _JFIF:
        return start
    return start[:13] + struct.pack(">BHH", 1, *map(round, resolution)) + start[18:]


def _frame(body: bytes) -> tuple[int, int, int, int]:
    if len(body) < 6:
        raise Damaged("its header is damaged")
    precision, height, width, components = struct.unpack_from(">BHHB", body)
    return precision, height, width, components


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
