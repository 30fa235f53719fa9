"""PNG (W3C PNG specification, third edition): every mode at 8 and 16 bit, profile, EXIF and XMP."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from maskengines.subjects.carried import (
    LARGEST_COMMENT,
    LARGEST_PACKET,
    Carried,
    comment,
    inflated,
    packet,
    per_inch,
    per_metre,
)
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

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LARGEST_PROFILE = 1 << 24
_XMP, _COMMENT = b"XML:com.adobe.xmp", b"Comment"
_METRE = 1
_PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
# On photos this takes 0.4 of the time of level 3 with a filter chosen per row, for 6 % more bytes.
_LEVEL = 1


def inspect(data: bytes) -> Header:
    """Walk all chunks up to IEND, checking the sum of each; the sizes come from IHDR."""
    size: tuple[int, int] | None = None
    icc = exif = resolution = None
    texts: dict[bytes, bytes] = {}
    pixels = False
    for kind, body, sound in _chunks(data):
        if size is None:
            if kind != b"IHDR" or len(body) != 13:
                raise Damaged("its header is damaged")
            size = struct.unpack(">II", body[:8])
        # A flipped bit in a comment is no reason to refuse a picture.
        if not sound:
            if kind[:1].isupper() or kind == b"tRNS":
                raise Damaged("part of it does not match its checksum")
            continue
        if kind == b"acTL" and len(body) == 8 and struct.unpack(">I", body[:4])[0] > 1:
            frames = struct.unpack(">I", body[:4])[0]
            raise Unsupported(f"it is an animation of {frames} frames. Save the one you want as PNG first.")
        if kind == b"iCCP":
            icc = _profile(body)
        elif kind == b"eXIf":
            exif = bytes(body)
        elif kind == b"pHYs" and len(body) == 9 and body[8] == _METRE:
            across, down = struct.unpack(">II", body[:8])
            resolution = per_inch(across, down, 1.0)
        elif kind in (b"tEXt", b"iTXt"):
            _note(kind, body, texts)
        pixels |= kind == b"IDAT"
    if size is None or not pixels:
        raise Damaged("it holds no pixels")
    orientation, exif = settle(exif)
    carried = Carried(resolution, packet(texts.get(_XMP)), comment(texts.get(_COMMENT)))
    return Header("PNG", *size, icc, exif, orientation, carried=carried)


def decode(data: bytes, header: Header) -> Raster:
    """Palettes become RGB, bits become bytes, a transparent colour becomes alpha."""
    import imagecodecs

    try:
        return raster(imagecodecs.png_decode(_bare(data)), header.icc)
    except (RuntimeError, ValueError) as error:
        raise Damaged(UNDECODABLE) from error


def encode(subject: ImageSubject) -> bytes:
    import imagecodecs

    channels = interleaved(subject.pixels, subject.alpha)
    plain = bytes(imagecodecs.png_encode(channels, level=_LEVEL, filter=imagecodecs.PNG.FILTER.PAETH))
    extra = b""
    if subject.icc:
        extra += _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(subject.icc))
    if subject.exif:
        extra += _chunk(b"eXIf", subject.exif)
    carried = subject.carried
    density = per_metre(carried.resolution)
    if density:
        extra += _chunk(b"pHYs", struct.pack(">IIB", *density, _METRE))
    if carried.xmp:
        extra += _chunk(b"iTXt", _XMP + b"\0\0\0\0\0" + carried.xmp)
    if carried.remark:
        extra += _remark(carried.remark)
    # IHDR is always the first 25 bytes after the signature; the chunks belong before the pixels.
    start = len(SIGNATURE) + 25
    return plain[:start] + extra + plain[start:]


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview, bool]]:
    """Kind, body and whether the checksum holds, IEND included."""
    view = memoryview(data)
    at = len(SIGNATURE)
    while True:
        if at + 12 > len(view):
            raise Damaged(CUT_SHORT)
        length, kind = struct.unpack_from(">I4s", view, at)
        end = at + 12 + length
        if end > len(view):
            raise Damaged(CUT_SHORT)
        sound = zlib.crc32(view[at + 4 : end - 4]) == struct.unpack_from(">I", view, end - 4)[0]
        yield kind, view[at + 8 : end - 4], sound
        if kind == b"IEND":
            return
        at = end


def _bare(data: bytes) -> bytes:
    """The file with nothing but pixels, so that libpng prints no warning about the rest."""
    return SIGNATURE + b"".join(_chunk(kind, body) for kind, body, _ in _chunks(data) if kind in _PIXELS)


def _profile(body: memoryview) -> bytes | None:
    _, _, rest = bytes(body).partition(b"\0")
    return inflated(rest[1:], _LARGEST_PROFILE)


def _note(kind: bytes, body: memoryview, texts: dict[bytes, bytes]) -> None:
    """Put the text of a chunk under its keyword, if it is one of ours and no longer than it may be."""
    keyword = bytes(body[:80]).partition(b"\0")[0]
    most = {_XMP: LARGEST_PACKET, _COMMENT: LARGEST_COMMENT}.get(keyword, 0)
    if len(body) > most + 1024 or keyword in texts:
        return
    rest = bytes(body[len(keyword) + 1 :])
    if kind == b"iTXt":
        packed = rest[:1] == b"\1"
        # Behind the way it is packed: a language and the keyword in it.
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
        rest = (inflated(rest, most) or b"") if packed else rest
    texts[keyword] = rest


def _remark(text: str) -> bytes:
    if text.isascii():
        return _chunk(b"tEXt", _COMMENT + b"\0" + text.encode())
    return _chunk(b"iTXt", _COMMENT + b"\0\0\0\0\0" + text.encode())


def _chunk(kind: bytes, body: bytes | memoryview) -> bytes:
    checksum = zlib.crc32(body, zlib.crc32(kind))
    return b"".join((struct.pack(">I", len(body)), kind, body, struct.pack(">I", checksum)))
