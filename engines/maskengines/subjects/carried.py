"""What an image file says of itself beside pixels, profile and EXIF, and what the saved one says on.

That is the resolution for print, the XMP packet (ISO 16684-1) and the comment. All of it comes from files
that nobody vouches for, so each has a bound, and what is beyond it is left out.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from maskengines.subjects.directories import Broken, Entry, read_chain, read_layout, standalone

INCH = 0.0254
"""Metres."""
LARGEST_PACKET = 1 << 20
LARGEST_COMMENT = (1 << 16) - 3
"""What a segment of a JPEG holds."""

RESOLUTION_TAGS = (282, 283, 296)
_ACROSS, _DOWN, _UNIT = RESOLUTION_TAGS
_RATIONAL, _SHORT = 5, 3
_INCHES, _CENTIMETRES = 2, 3
_FINEST = 65535
# The patterns have no end to look for, so no packet can make them search long.
_ORIENTATION = re.compile(rb"""(tiff:Orientation\s*(?:=\s*["']|>)\s*)[2-8]""")
_FILM = re.compile(rb"""(:(?:MotionPhoto|MicroVideo)\s*(?:=\s*["']|>)\s*)1""")
_OLD_PICTURE = re.compile(rb"""((?:xmpGImg:image|GImage:Data)\s*(?:=\s*["']|>))[^<"']+""")
_MORE_ELSEWHERE = re.compile(rb"""xmpNote:HasExtendedXMP\s{0,9}=\s{0,9}["'][0-9A-Fa-f]{0,64}["']""")


@dataclass(frozen=True)
class Carried:
    """Attributes:
    resolution: pixels per inch across and down, 1 to 65535; ``None`` where the file names no length.
    xmp: the packet, UTF-8, of the picture as it stands upright.
    comment: in the file's own encoding.
    """

    resolution: tuple[float, float] | None = None
    xmp: bytes | None = None
    comment: bytes | None = None

    def turned(self, orientation: int) -> Carried:
        """The same of the picture turned upright from EXIF orientation 1..8."""
        if orientation < 5 or self.resolution is None:
            return self
        return replace(self, resolution=self.resolution[::-1])

    @property
    def remark(self) -> str:
        """The comment as text."""
        said = (self.comment or b"").replace(b"\0", b"")
        try:
            return said.decode("utf-8")
        except UnicodeDecodeError:
            return said.decode("latin-1")


NOTHING = Carried()


def per_inch(across: float, down: float, metres: float = INCH) -> tuple[float, float] | None:
    """Pixels per inch from pixels per so many metres; ``None`` for what no printer or scanner can mean."""
    found = across * INCH / metres, down * INCH / metres
    return found if all(1 <= value <= _FINEST for value in found) else None


def per_metre(resolution: tuple[float, float] | None) -> tuple[int, int] | None:
    """Whole pixels per metre, as PNG and BMP count; both read back as they were."""
    return None if resolution is None else (round(resolution[0] / INCH), round(resolution[1] / INCH))


def packet(data: bytes | None) -> bytes | None:
    """An XMP packet that agrees with the picture: upright, and without pictures of its own.

    Those show it before any edit, what the user painted away included. A film behind the pixels and
    packets beyond this one are not carried on, so it no longer speaks of them.
    """
    found = (data or b"").rstrip(b"\0")
    if not found or len(found) > LARGEST_PACKET or b"\0" in found:
        return None
    try:
        found.decode("utf-8")
    except UnicodeDecodeError:
        return None
    found = _ORIENTATION.sub(rb"\g<1>1", found)
    found = _FILM.sub(rb"\g<1>0", found)
    return _MORE_ELSEWHERE.sub(b"", _OLD_PICTURE.sub(rb"\1", found))


def comment(data: bytes | None) -> bytes | None:
    return data if data and len(data) <= LARGEST_COMMENT else None


def inflated(data: bytes, most: int) -> bytes | None:
    """Unpack deflated ``data``; ``None`` if it is broken, empty or more than ``most`` bytes."""
    unpacker = zlib.decompressobj()
    try:
        found = unpacker.decompress(data, most)
    except zlib.error:
        return None
    return found if unpacker.eof and found else None


def resolution_of(entries: Sequence[Entry]) -> tuple[float, float] | None:
    """The resolution that a TIFF directory names."""
    tags = {entry.tag: entry for entry in entries}
    if _ACROSS not in tags or _DOWN not in tags:
        return None
    unit = (tags[_UNIT].numbers if _UNIT in tags else ()) or (_INCHES,)
    if unit[0] not in (_INCHES, _CENTIMETRES):
        return None
    across, down = (_fraction(tags[tag]) for tag in (_ACROSS, _DOWN))
    return per_inch(across, down, INCH if unit[0] == _INCHES else 0.01)


def resolution_of_exif(exif: bytes | None) -> tuple[float, float] | None:
    """The resolution that EXIF names."""
    return resolution_of(_first_directory(exif))


def exif_with_resolution(exif: bytes | None, resolution: tuple[float, float] | None) -> bytes | None:
    """``exif`` with a resolution, for formats that have no other place; one that has any stays as it is."""
    if resolution is None:
        return exif
    entries = _first_directory(exif)
    if (exif and not entries) or any(entry.tag in RESOLUTION_TAGS for entry in entries):
        return exif
    order = entries[0].order if entries else "<"
    across, down = (struct.pack(f"{order}2I", round(value * 1000), 1000) for value in resolution)
    told = (
        Entry(_ACROSS, _RATIONAL, 1, across, order),
        Entry(_DOWN, _RATIONAL, 1, down, order),
        Entry(_UNIT, _SHORT, 1, struct.pack(f"{order}H", _INCHES), order),
    )
    return standalone((*entries, *told), order)


def _first_directory(exif: bytes | None) -> tuple[Entry, ...]:
    try:
        return next(iter(read_chain(exif, read_layout(exif))), ()) if exif else ()
    except Broken:
        return ()


def _fraction(entry: Entry) -> float:
    """The value of an unsigned fraction; 0 where it is none."""
    if entry.type != _RATIONAL or entry.count < 1:
        return 0.0
    over, under = struct.unpack_from(f"{entry.order}2I", entry.raw)
    return float(over / under) if under else 0.0
