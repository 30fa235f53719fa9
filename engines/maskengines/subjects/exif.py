"""EXIF as far as an editor needs it: which way up, and no longer so once the pixels are turned.

EXIF is a TIFF structure (CIPA DC-008 section 4.6): an 8-byte header, then directories of 12-byte
entries, each followed by the offset of the next directory.
"""

from __future__ import annotations

import struct

ORIENTATION = 0x0112
_PREFIX = b"Exif\0\0"
_THUMBNAIL_OFFSET, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_ENTRY = 12


def settle(blob: bytes | None) -> tuple[int, bytes | None]:
    """Read the orientation (1..8) and return it with the same EXIF saying 1.

    The thumbnail (second directory) is blanked, because it shows the picture before any edit, what the
    user painted away included. Everything else stays byte for byte. A blob that is no EXIF gives
    ``(1, None)``.
    """
    if not blob:
        return 1, None
    data = bytearray(blob[len(_PREFIX) :] if blob.startswith(_PREFIX) else blob)
    order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]), "")
    try:
        if not order or struct.unpack_from(order + "H", data, 2)[0] != 42:
            return 1, None
        first = struct.unpack_from(order + "I", data, 4)[0]
        entries, link = _directory(data, order, first)
    except struct.error:
        return 1, None
    orientation = 1
    if ORIENTATION in entries:
        value = entries[ORIENTATION] + 8
        found = struct.unpack_from(order + "H", data, value)[0]
        orientation = found if 1 <= found <= 8 else 1
        struct.pack_into(order + "H", data, value, 1)
    _drop_thumbnail(data, order, link)
    return orientation, bytes(data)


def _directory(data: bytearray, order: str, offset: int) -> tuple[dict[int, int], int]:
    """Position of every entry by tag, and the position of the link to the next directory."""
    count = struct.unpack_from(order + "H", data, offset)[0]
    link = offset + 2 + count * _ENTRY
    struct.unpack_from(order + "I", data, link)
    positions = range(offset + 2, link, _ENTRY)
    return {struct.unpack_from(order + "H", data, at)[0]: at for at in positions}, link


def _drop_thumbnail(data: bytearray, order: str, link: int) -> None:
    second = struct.unpack_from(order + "I", data, link)[0]
    struct.pack_into(order + "I", data, link, 0)
    if not second:
        return
    try:
        entries, _ = _directory(data, order, second)
        start = struct.unpack_from(order + "I", data, entries[_THUMBNAIL_OFFSET] + 8)[0]
        length = struct.unpack_from(order + "I", data, entries[_THUMBNAIL_LENGTH] + 8)[0]
    except (struct.error, KeyError):
        return
    end = min(start + length, len(data))
    if start < end:
        data[start:end] = bytes(end - start)
