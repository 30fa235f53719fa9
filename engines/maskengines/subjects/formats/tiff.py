"""TIFF (TIFF 6.0, Adobe technical notes 1 and 2, BigTIFF): structure, metadata and writing."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Literal

from maskengines.subjects.carried import Carried, packet, resolution_of
from maskengines.subjects.directories import (
    EXIF,
    GPS,
    SUB_IFDS,
    Broken,
    Entry,
    build,
    read_chain,
    read_layout,
    standalone,
)
from maskengines.subjects.exif import ORIENTATION
from maskengines.subjects.formats.common import CUT_SHORT, Damaged, Header, Raster, interleaved
from maskengines.subjects.formats.tiff_pixels import decode_page

if TYPE_CHECKING:
    from maskengines.subjects.image import ImageSubject

_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION = 254, 256, 257, 258, 259
_DESCRIPTION, _SAMPLES, _XMP, _ICC = 270, 277, 700, 34675
_CHUNKS = ((273, 279), (324, 325))
_PHOTOMETRIC, _YCBCR = 262, 6
_TOLD = (_DESCRIPTION, 271, 272, 305, 306, 315, 316, 33432, EXIF, GPS)
_UNCOMPRESSED, _REDUCED = 1, 1
_LEVEL = 6


def inspect(data: bytes) -> Header:
    """Walk every directory; each value, strip and tile has to lie inside the file in full.

    ``layout`` carries the number of the page to decode: the first that is no reduced version.
    """
    try:
        layout = read_layout(data)
        pages = read_chain(data, layout)
    except Broken as error:
        raise Damaged(CUT_SHORT) from error
    if not pages:
        raise Damaged("it holds no pixels")
    for page in pages:
        _check_chunks(page, len(data))
        for entry in page:
            for child in entry.children if entry.tag == SUB_IFDS else ():
                _check_chunks(child, len(data))
    number = next((n for n, p in enumerate(pages) if not _number(p, _SUBFILE) & _REDUCED), 0)
    page = pages[number]
    told = tuple(entry for entry in page if entry.tag in _TOLD)
    exif = standalone(told, layout.order) if told else None
    icc = next((entry.raw for entry in page if entry.tag == _ICC), None)
    xmp = next((entry.raw for entry in page if entry.tag == _XMP), None)
    orientation = _number(page, ORIENTATION, 1)
    return Header(
        "TIFF",
        _number(page, _WIDTH),
        _number(page, _HEIGHT),
        icc,
        exif,
        orientation if 1 <= orientation <= 8 else 1,
        str(number),
        Carried(resolution_of(page), packet(xmp)),
    )


def decode(data: bytes, header: Header) -> Raster:
    return decode_page(data, int(header.layout), header.icc)


def encode(subject: ImageSubject) -> bytes:
    """Deflate with a horizontal predictor; alpha unassociated; EXIF as directories of the file,
    XMP and the resolution as tags."""
    import tifffile

    told, order = _told(subject.exif)
    resolution, xmp = subject.carried.resolution, subject.carried.xmp
    stream = io.BytesIO()
    tifffile.imwrite(
        stream,
        interleaved(subject.pixels, subject.alpha),
        byteorder=order,
        photometric="rgb" if subject.pixels.shape[2] == 3 else "minisblack",
        planarconfig="contig",
        extrasamples=None if subject.alpha is None else ["unassalpha"],
        compression="zlib",
        compressionargs={"level": _LEVEL},
        predictor=True,
        software=False,
        metadata=None,
        iccprofile=subject.icc,
        resolution=resolution,
        resolutionunit=None if resolution is None else "INCH",
        extratags=[
            (ORIENTATION, 3, 1, 1, True),
            *([(_XMP, 1, len(xmp), xmp, True)] if xmp else []),
        ],
    )
    return _with_entries(stream.getvalue(), told)


def _told(exif: bytes | None) -> tuple[tuple[Entry, ...], Literal["<", ">"]]:
    """What an EXIF block says that a TIFF can say too, and its byte order, which the file takes over:
    so values can be copied without knowing what they mean."""
    if exif:
        try:
            layout = read_layout(exif)
            first = next(iter(read_chain(exif, layout)), ())
            return tuple(entry for entry in first if entry.tag in _TOLD), "<" if layout.order == "<" else ">"
        except Broken:
            pass
    return (), "<"


def _with_entries(data: bytes, told: tuple[Entry, ...]) -> bytes:
    """Put a longer directory at the end of the file and point the header to it; tifffile writes no
    directories that tags point to."""
    layout = read_layout(data)
    if not told or layout.word != "I":
        return data
    start = len(data) + len(data) % 2
    entries = (*read_chain(data, layout)[0], *told)
    out = bytearray(data.ljust(start, b"\0") + build(entries, start, layout.order))
    struct.pack_into(f"{layout.order}I", out, 4, start)
    return bytes(out)


def _check_chunks(page: tuple[Entry, ...], size: int) -> None:
    tags = {entry.tag: entry for entry in page}
    for offsets, counts in _CHUNKS:
        if offsets not in tags or counts not in tags:
            continue
        pairs = list(zip(tags[offsets].numbers, tags[counts].numbers, strict=False))
        if any(start + length > size for start, length in pairs):
            raise Damaged(CUT_SHORT)
        plain = _number(page, _COMPRESSION, 1) == _UNCOMPRESSED and _number(page, _PHOTOMETRIC) != _YCBCR
        if plain and sum(length for _, length in pairs) < _plain_size(page):
            raise Damaged("it holds less than its header announces")


def _plain_size(page: tuple[Entry, ...]) -> int:
    """Least number of bytes of the uncompressed pixels; rows are padded to whole bytes."""
    bits = next((entry.numbers for entry in page if entry.tag == _BITS), ()) or (1,)
    per_pixel = sum(bits) if len(bits) > 1 else bits[0] * _number(page, _SAMPLES, 1)
    return _number(page, _HEIGHT) * (_number(page, _WIDTH) * per_pixel // 8)


def _number(page: tuple[Entry, ...], tag: int, default: int = 0) -> int:
    values = next((entry.numbers for entry in page if entry.tag == tag), ())
    return values[0] if values else default
