"""``.spz``: Niantic's packed Gaussians, about a tenth of a PLY (github.com/nianticlabs/spz).

Versions 2 and 3 are one gzip stream, version 4 a zstd stream an attribute. The file's axes are right, up,
back; ours, like those of a PLY, are right, down, forward, so y and z change their sign.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.files import atomic_write
from maskengines.subjects.gaussians import COEFFICIENTS, Gaussians
from maskengines.subjects.scene_formats.common import (
    OpenedGaussians,
    affordable_degree,
    blank,
    check_count,
    damaged,
    drawable,
    logit,
    read_bytes,
    told_degree,
    too_early,
)

Array = np.ndarray[Any, Any]

MAGIC = b"NGSP"
GZIP = b"\x1f\x8b"
_HEADER = struct.Struct("<4sIIBBBB")
_VERSION = 3
"""What we write: the newest that every reader of the format knows."""

_COLOUR = 0.15
"""Scale of the DC term, so that colours somewhat beyond 0..1 fit into a byte."""

_MOST_BITS = 16
_REACH = 1 << 23
_ROOT_HALF = float(np.sqrt(0.5))
_FLIP = np.array([1, -1, -1], np.float32)
_TURN_FLIP = np.array([1, 1, -1, -1], np.float32)
# The sign of each harmonic when y and z change theirs: that of its polynomial in x, y, z.
_SH_FLIP = np.array([1, -1, -1, 1, -1, 1, 1, -1, 1, -1, 1, -1, -1, 1, -1, 1], np.float32)


def is_spz(start: bytes) -> bool:
    """Whether a file that begins like this is one."""
    return start[:4] == MAGIC or start[:2] == GZIP


def read_spz(path: Path) -> OpenedGaussians:
    """Versions 2 to 4, any degree of harmonics (above 3 they are cut).

    Raises:
        BadInput: it cannot be read, is damaged, or of another version.
    """
    data, name = read_bytes(path), path.name
    parts, header = _streams(data, name) if data[:4] == MAGIC else _legacy(data, name)
    _, version, count, told, bits, _, _ = header
    kept = affordable_degree(count, min(told, 3))
    arrays = blank(count, kept)
    arrays["means"][:] = _fixed(parts[0].reshape(count, 3, 3), bits) * _FLIP
    arrays["opacities"][:] = logit(parts[1] / np.float32(255))
    arrays["harmonics"][:, 0] = (parts[2].reshape(count, 3) / 255 - 0.5) / _COLOUR
    arrays["scales"][:] = parts[3].reshape(count, 3) / 16 - 10
    turns = (
        _first_three(parts[4].reshape(count, 3)) if version == 2 else _smallest_three(parts[4].view("<u4"))
    )
    arrays["rotations"][:] = turns * _TURN_FLIP
    if kept:
        held = parts[5].reshape(count, -1, 3)[:, : COEFFICIENTS[kept] - 1]
        signs = _SH_FLIP[1 : COEFFICIENTS[kept], None]
        arrays["harmonics"][:, 1:] = (held.astype(np.float32) - 128) / 128 * signs
    opened = drawable(Gaussians.from_arrays(arrays), name)
    return OpenedGaussians(opened.gaussians, (*told_degree(count, told, kept), *opened.warnings))


def write_spz(gaussians: Gaussians, target: Path) -> None:
    """Write version 3.

    Positions are 24-bit fixed point, as fine as the scene's size allows but no finer than 2^-16; scales are
    kept to steps of 1/16 in their logarithm, rotations to 10 bits a component, the rest to 8 bits,
    harmonics within -1 and 1.

    Raises:
        BadInput: the scene is larger than the format can hold, or the place cannot be written.
    """
    count, coefficients = len(gaussians), COEFFICIENTS[gaussians.degree]
    bits = _fraction_bits(gaussians.means, target.name)
    fixed = np.clip(np.rint(gaussians.means * _FLIP * (1 << bits)), -_REACH, _REACH - 1).astype("<i4")
    signs = _SH_FLIP[1:coefficients, None]
    rest = np.rint(gaussians.harmonics[:, 1:] * signs * 128) + 128
    parts = (
        np.ascontiguousarray(fixed).view(np.uint8).reshape(count, 3, 4)[:, :, :3],
        _bytes(gaussians.alphas * 255),
        _bytes(gaussians.harmonics[:, 0] * (_COLOUR * 255) + 127.5),
        _bytes((gaussians.scales + 10) * 16),
        _packed_rotations(gaussians.rotations * _TURN_FLIP),
        _bytes(rest),
    )
    header = _HEADER.pack(MAGIC, _VERSION, count, gaussians.degree, bits, 0, 0)
    with (
        atomic_write(target) as file,
        gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0, compresslevel=6) as packed,
    ):
        packed.write(header)
        for part in parts:
            packed.write(np.ascontiguousarray(part).data)


def _sizes(header: tuple[Any, ...], name: str) -> list[int]:
    """Bytes of each attribute, once the header is believed."""
    _, version, count, degree, bits, _, _ = header
    if version not in (2, 3, 4):
        raise BadInput(f"'{name}' is SPZ of version {version}; 2, 3 and 4 can be opened. Convert it.")
    if degree > 4 or bits > 24:
        raise damaged(name, "its header makes no sense")
    check_count(count, name)
    rows = (9, 1, 3, 3, 3 if version == 2 else 4, 3 * degree * (degree + 2))
    return [row * count for row in rows]


def _legacy(data: bytes, name: str) -> tuple[list[Array], tuple[Any, ...]]:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        start = unpacker.decompress(data, _HEADER.size)
        if len(start) < _HEADER.size or start[:4] != MAGIC:
            raise damaged(name, "it is no SPZ file inside")
        header = _HEADER.unpack(start)
        sizes = _sizes(header, name)
        body = unpacker.decompress(unpacker.unconsumed_tail, sum(sizes))
    except zlib.error as error:
        raise damaged(name, f"its compressed data make no sense ({error})") from error
    if len(body) < sum(sizes):
        raise too_early(name, len(body), sum(sizes))
    ends = np.cumsum(sizes)
    whole = np.frombuffer(body, np.uint8)
    return [whole[end - size : end] for size, end in zip(sizes, ends.tolist(), strict=True)], header


def _streams(data: bytes, name: str) -> tuple[list[Array], tuple[Any, ...]]:
    """Version 4: header, extensions that are passed over, a table of contents, a zstd frame an attribute."""
    import imagecodecs

    if len(data) < 32:
        raise too_early(name, len(data), 32)
    header = _HEADER.unpack_from(data)
    sizes = _sizes(header, name)
    streams, (table,) = header[6], struct.unpack_from("<I", data, 16)
    start = table + 16 * streams
    if streams < (6 if sizes[5] else 5) or table < 32 or start > len(data):
        raise damaged(name, "its table of contents makes no sense")
    parts = []
    for index, size in enumerate(sizes[:streams]):
        packed, told = struct.unpack_from("<QQ", data, table + 16 * index)
        if told != size or start + packed > len(data):
            raise damaged(name, "it ends too early or its table of contents makes no sense")
        if size:
            try:
                plain = imagecodecs.zstd_decode(data[start : start + packed], out=size)
            except Exception as error:
                raise damaged(name, "its compressed data make no sense") from error
            if len(plain) != size:
                raise damaged(name, "its compressed data are shorter than they should be")
            parts.append(np.frombuffer(plain, np.uint8))
        else:
            parts.append(np.zeros(0, np.uint8))
        start += packed
    return parts, header


def _fixed(bytes_: Array, bits: int) -> Array:
    """24-bit fixed point, ``(n, 3, 3)`` bytes little-endian, as ``(n, 3)`` float32."""
    whole = np.zeros((*bytes_.shape[:2], 4), np.uint8)
    whole[..., 1:] = bytes_
    # One byte up and back down again carries the sign along.
    values: Array = (whole.view("<i4")[..., 0] >> 8) * np.float32(1 / (1 << bits))
    return values


def _fraction_bits(means: Array, name: str) -> int:
    largest = float(np.abs(means).max(initial=1e-6))
    bits = min(_MOST_BITS, 22 - int(np.floor(np.log2(largest))))
    if bits < 0:
        raise BadInput(
            f"Cannot write '{name}': the scene reaches to {largest:.0f} units, and SPZ holds 8 million. "
            "Scale it down, or use .ply."
        )
    return bits


def _packed_rotations(rotations: Array) -> Array:
    """w, x, y, z to: which of x, y, z, w is largest in two bits, the others as sign and nine bits each."""
    unit = rotations / np.linalg.norm(rotations, axis=1, keepdims=True)
    unit = unit[:, [1, 2, 3, 0]]
    largest = np.abs(unit).argmax(axis=1)
    unit = unit * np.where(unit[np.arange(len(unit)), largest] < 0, -1, 1)[:, None]
    others = unit[np.arange(4) != largest[:, None]].reshape(-1, 3)
    steps = (np.abs(others) / _ROOT_HALF * 511 + 0.5).astype(np.uint32) | (others < 0).astype(np.uint32) << 9
    words = largest.astype(np.uint32) << 30 | steps[:, 0] << 20 | steps[:, 1] << 10 | steps[:, 2]
    return words.astype("<u4").view(np.uint8)


def _smallest_three(words: Array) -> Array:
    steps = np.stack([words >> shift & 1023 for shift in (20, 10, 0)], axis=-1)
    others = (steps & 511) / 511 * _ROOT_HALF * np.where(steps & 512, -1, 1)
    largest = (words >> 30).astype(np.intp)
    unit = np.empty((len(words), 4), np.float32)
    unit[np.arange(4) != largest[:, None]] = others.reshape(-1)
    unit[np.arange(len(words)), largest] = np.sqrt(np.maximum(0, 1 - np.square(others).sum(axis=1)))
    return unit[:, [3, 0, 1, 2]]


def _first_three(bytes_: Array) -> Array:
    """Version 2: x, y, z in a byte each; w is what is left of the length, and at or above 0."""
    axes = bytes_.astype(np.float32) / 127.5 - 1
    return np.column_stack([np.sqrt(np.maximum(0, 1 - np.square(axes).sum(axis=1))), axes])


def _bytes(values: Array) -> Array:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
