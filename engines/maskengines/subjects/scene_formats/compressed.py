"""PlayCanvas' compressed PLY: chunks of 256 Gaussians, each number as a share of its chunk's range."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.files import atomic_write
from maskengines.subjects.gaussians import COEFFICIENTS, SH_C0, Gaussians
from maskengines.subjects.scene_formats.common import (
    OpenedGaussians,
    affordable_degree,
    blank,
    check_count,
    damaged,
    drawable,
    logit,
    told_degree,
)
from maskengines.subjects.scene_formats.morton import morton_order
from maskengines.subjects.scene_formats.ply import header_of

Array = np.ndarray[Any, Any]

CHUNK = 256
_RANGES = tuple(
    f"{end}_{what}"
    for group in (("x", "y", "z"), ("scale_x", "scale_y", "scale_z"), ("r", "g", "b"))
    for end in ("min", "max")
    for what in group
)
_PACKED = ("packed_position", "packed_rotation", "packed_scale", "packed_color")
_SPREAD = 8.0
"""Harmonics of -4 to 4 fill a byte."""

_SCALE_LIMIT = 20.0
"""Scales beyond exp(+-20) are as good as none or all, and would blunt those of their whole chunk."""

_ROWS = 256 * CHUNK
_HALF_ROOT = np.float32(np.sqrt(0.5))


def is_compressed(elements: Mapping[str, Array]) -> bool:
    """Whether the elements of a PLY are those of this format."""
    vertex = elements.get("vertex")
    return "chunk" in elements and vertex is not None and set(_PACKED) <= set(vertex.dtype.names or ())


def from_chunks(elements: Mapping[str, Array], name: str) -> OpenedGaussians:
    """Gaussians from the elements ``chunk``, ``vertex`` and, where there are harmonics, ``sh``.

    Raises:
        BadInput: they do not fit together, or there are none.
    """
    vertex, chunk, sh = elements["vertex"], elements["chunk"], elements.get("sh")
    count = len(vertex)
    check_count(count, name)
    ranges = set(chunk.dtype.names or ())
    if len(chunk) != -(-count // CHUNK) or not ranges >= set(_RANGES[:12]):
        raise damaged(name, f"{len(chunk):,} chunks do not fit {count:,} Gaussians")
    told = 0
    if sh is not None:
        columns = len(sh.dtype.names or ())
        if len(sh) != count or columns not in (9, 24, 45):
            raise damaged(name, f"{len(sh):,} rows of {columns} harmonics do not fit {count:,} Gaussians")
        told = COEFFICIENTS.index(columns // 3 + 1)
    degree = affordable_degree(count, told)
    arrays = blank(count, degree)
    for start in range(0, count, _ROWS):
        part = slice(start, min(count, start + _ROWS))
        packed = np.asarray(vertex[part])
        own = np.arange(part.start, part.stop) // CHUNK
        limits = np.asarray(chunk[own[0] : own[-1] + 1])
        _unpack(packed, limits, own - own[0], {key: array[part] for key, array in arrays.items()})
        if sh is not None and degree:
            arrays["harmonics"][part, 1:] = _harmonics(np.asarray(sh[part]), told, degree)
    opened = drawable(Gaussians.from_arrays(arrays), name)
    return OpenedGaussians(opened.gaussians, (*told_degree(count, told, degree), *opened.warnings))


def write_compressed(gaussians: Gaussians, target: Path) -> None:
    """Write Gaussians along a Morton curve, so that the ranges of chunks are small.

    Positions keep 11, 10 and 11 bits of their chunk's range, scales the same, rotations 10 bits a component,
    colours and opacities 8, harmonics 8 bits of -4 to 4.

    Raises:
        BadInput: the place cannot be written.
    """
    count = len(gaussians)
    order = morton_order(gaussians.means)
    rest = 3 * (COEFFICIENTS[gaussians.degree] - 1)
    told: dict[str, tuple[int, Mapping[str, str]]] = {
        "chunk": (-(-count // CHUNK), dict.fromkeys(_RANGES, "float")),
        "vertex": (count, dict.fromkeys(_PACKED, "uint")),
    }
    if rest:
        told["sh"] = (count, {f"f_rest_{i}": "uchar" for i in range(rest)})
    ranges, packed = [], []
    for start in range(0, count, _ROWS):
        limits, words = _pack(gaussians.take(order[start : start + _ROWS]))
        ranges.append(limits)
        packed.append(words)
    with atomic_write(target) as file:
        file.write(header_of(told))
        for table in (*ranges, *packed):
            file.write(table.data)
        for start in range(0, count if rest else 0, _ROWS):
            part = gaussians.harmonics[order[start : start + _ROWS], 1:]
            bytes_ = np.clip((part / _SPREAD + 0.5) * 256, 0, 255).astype(np.uint8)
            file.write(np.ascontiguousarray(bytes_.transpose(0, 2, 1)).data)


def _unpack(packed: Array, limits: Array, own: Array, into: Mapping[str, Array]) -> None:
    def spread(shares: Array, names: tuple[str, ...]) -> Array:
        low, high = (np.stack([limits[f"{end}_{name}"] for name in names], -1)[own] for end in ("min", "max"))
        value: Array = low * (1 - shares) + high * shares
        return value

    into["means"][:] = spread(_thirds(packed["packed_position"]), ("x", "y", "z"))
    into["scales"][:] = spread(_thirds(packed["packed_scale"]), ("scale_x", "scale_y", "scale_z"))
    into["rotations"][:] = _rotations(packed["packed_rotation"])
    colours = np.stack([packed["packed_color"] >> shift & 255 for shift in (24, 16, 8, 0)], -1) / 255
    shown = colours[:, :3]
    if set(_RANGES[12:]) <= set(limits.dtype.names or ()):
        shown = spread(shown, ("r", "g", "b"))
    into["harmonics"][:, 0] = (shown - 0.5) / SH_C0
    into["opacities"][:] = logit(colours[:, 3])


def _harmonics(rows: Array, told: int, degree: int) -> Array:
    """``(n, K - 1, 3)`` from bytes that are kept channel by channel."""
    table = np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), 3, COEFFICIENTS[told] - 1)
    # The two ends of a byte stand for the ends of the range, all others for the middle of their step.
    shares = np.where(table == 0, 0, np.where(table == 255, 1, (table + np.float32(0.5)) / 256))
    values: Array = ((shares - 0.5) * _SPREAD).transpose(0, 2, 1)[:, : COEFFICIENTS[degree] - 1]
    return values


def _pack(part: Gaussians) -> tuple[Array, Array]:
    """Ranges ``(chunks, 18)`` float32 and words ``(n, 4)`` uint32 of Gaussians that begin with a chunk."""
    count = len(part)
    scales = np.clip(part.scales, -_SCALE_LIMIT, _SCALE_LIMIT)
    limits, shares = [], []
    for values in (part.means, scales, part.colours):
        low, high, share = _ranged(values)
        limits += [low, high]
        shares.append(share)
    words = np.empty((count, 4), "<u4")
    words[:, 0] = _joined_thirds(shares[0])
    words[:, 1] = _packed_rotations(part.rotations)
    words[:, 2] = _joined_thirds(shares[1])
    colours = _steps(np.column_stack([shares[2], part.alphas]), 8)
    words[:, 3] = colours[:, 0] << 24 | colours[:, 1] << 16 | colours[:, 2] << 8 | colours[:, 3]
    return np.concatenate(limits, axis=1).astype("<f4"), words


def _ranged(values: Array) -> tuple[Array, Array, Array]:
    """Lowest and highest of each chunk, ``(chunks, 3)``, and where each value lies between, 0..1."""
    chunks = -(-len(values) // CHUNK)
    padded = np.concatenate([values, np.repeat(values[-1:], chunks * CHUNK - len(values), axis=0)])
    grouped = padded.reshape(chunks, CHUNK, 3)
    low, high = grouped.min(axis=1), grouped.max(axis=1)
    width = np.where(high > low, high - low, 1)
    return low, high, ((grouped - low[:, None]) / width[:, None]).reshape(-1, 3)[: len(values)]


def _steps(shares: Array, bits: int) -> Array:
    most = (1 << bits) - 1
    found: Array = np.clip(np.floor(shares * most + 0.5), 0, most).astype(np.uint32)
    return found


def _joined_thirds(shares: Array) -> Array:
    found: Array = _steps(shares[:, 0], 11) << 21 | _steps(shares[:, 1], 10) << 11 | _steps(shares[:, 2], 11)
    return found


def _thirds(words: Array) -> Array:
    parts = ((words >> 21) / 2047, (words >> 11 & 1023) / 1023, (words & 2047) / 2047)
    return np.stack(parts, axis=-1).astype(np.float32)


def _packed_rotations(rotations: Array) -> Array:
    """Which component is largest in two bits, then the three others in ten bits each."""
    unit = rotations / np.linalg.norm(rotations, axis=1, keepdims=True)
    largest = np.abs(unit).argmax(axis=1)
    rows = np.arange(len(unit))
    unit = unit * np.where(unit[rows, largest] < 0, -1, 1)[:, None]
    others = unit[np.arange(4) != largest[:, None]].reshape(-1, 3)
    steps = _steps(others * _HALF_ROOT + 0.5, 10)
    found: Array = largest.astype(np.uint32) << 30 | steps[:, 0] << 20 | steps[:, 1] << 10 | steps[:, 2]
    return found


def _rotations(words: Array) -> Array:
    shares = np.stack([words >> shift & 1023 for shift in (20, 10, 0)], axis=-1) / 1023
    others = (shares - 0.5) / _HALF_ROOT
    rotations = np.empty((len(words), 4), np.float32)
    largest = (words >> 30).astype(np.intp)
    rotations[np.arange(4) != largest[:, None]] = others.reshape(-1)
    rotations[np.arange(len(words)), largest] = np.sqrt(np.maximum(0, 1 - np.square(others).sum(axis=1)))
    return rotations
