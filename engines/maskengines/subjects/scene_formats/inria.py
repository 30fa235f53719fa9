"""Gaussians as the authors of 3D Gaussian splatting write them: one PLY column a number."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.recfunctions import structured_to_unstructured

from maskengines.errors import BadInput
from maskengines.files import atomic_write
from maskengines.subjects.gaussians import COEFFICIENTS, SH_C0, Gaussians
from maskengines.subjects.scene_formats.common import (
    OpenedGaussians,
    affordable_degree,
    blank,
    check_count,
    tamed,
    told_degree,
    told_lost,
)
from maskengines.subjects.scene_formats.ply import header_of

Array = np.ndarray[Any, Any]

_ROWS = 1 << 16
_FLAT = 7.0
"""By how many e-folds a Gaussian without a third axis (2D Gaussian splatting) is thinner than it is wide."""

_AXES = ("x", "y", "z")
_ROTATION = tuple(f"rot_{i}" for i in range(4))
_SCALES = tuple(f"scale_{i}" for i in range(3))
_DC = tuple(f"f_dc_{i}" for i in range(3))
_RGB = ("red", "green", "blue")


def from_vertices(rows: Array, name: str) -> OpenedGaussians:
    """Gaussians from the vertices of a PLY.

    Columns that are not of a Gaussian are left alone. Without rotations Gaussians stand upright, without a
    third scale they are flat, and colours may be red, green and blue instead of harmonics; each with a
    warning. Gaussians whose numbers are not finite are left out.

    Args:
        rows: structured array; may be a memory map, of which little is in memory at a time.

    Raises:
        BadInput: there are none, none can be drawn, or columns are missing without which nothing can be.
    """
    held = set(rows.dtype.names or ())
    count = len(rows)
    check_count(count, name)
    warnings = _check_columns(held, name)
    rest, told, said = _rest_columns(held)
    degree = affordable_degree(count, told)
    warnings += [*said, *told_degree(count, told, degree)]
    rest = [column[: COEFFICIENTS[degree] - 1] for column in rest]
    arrays = blank(count, degree)
    filled = 0
    for start in range(0, count, _ROWS):
        part = _part(np.asarray(rows[start : start + _ROWS]), held, rest, degree)
        good = part.take(part.finite)
        for key, array in good.to_arrays().items():
            arrays[key][filled : filled + len(good)] = array
        filled += len(good)
    warnings += told_lost(count - filled, count, name)
    kept = {key: array[:filled] for key, array in arrays.items()}
    return OpenedGaussians(Gaussians.from_arrays(kept), tuple(warnings))


def write_inria(gaussians: Gaussians, target: Path) -> None:
    """Write a binary PLY with the columns and the order of the original implementation.

    Raises:
        BadInput: the place cannot be written.
    """
    rest = 3 * (COEFFICIENTS[gaussians.degree] - 1)
    columns = [
        *_AXES, "nx", "ny", "nz", *_DC, *(f"f_rest_{i}" for i in range(rest)), "opacity", *_SCALES, *_ROTATION
    ]  # fmt: skip
    header = header_of({"vertex": (len(gaussians), dict.fromkeys(columns, "float"))})
    with atomic_write(target) as file:
        file.write(header)
        for start in range(0, len(gaussians), _ROWS):
            part = gaussians.take(slice(start, start + _ROWS))
            table = np.zeros((len(part), len(columns)), "<f4")
            table[:, 0:3] = part.means
            table[:, 6:9] = part.harmonics[:, 0]
            # Channel by channel, as the original keeps them.
            table[:, 9 : 9 + rest] = part.harmonics[:, 1:].transpose(0, 2, 1).reshape(len(part), rest)
            table[:, 9 + rest] = part.opacities
            table[:, 10 + rest : 13 + rest] = part.scales
            table[:, 13 + rest :] = part.rotations
            file.write(table.data)


def _check_columns(held: set[str], name: str) -> list[str]:
    """Warnings for what can be done without.

    Raises:
        BadInput: the rest.
    """
    missing = [column for column in (*_AXES, "opacity", "scale_0", "scale_1") if column not in held]
    if {"opacity", "scale_0"} <= set(missing):
        raise BadInput(
            f"'{name}' holds points, but no Gaussians: opacity and scales are missing. "
            "Give the PLY that a training wrote."
        )
    if not held >= set(_DC) and not held >= set(_RGB):
        missing += [column for column in _DC if column not in held]
    if missing:
        raise BadInput(f"'{name}' lacks the columns {', '.join(missing)}. Export it again with all of them.")
    warnings = []
    if "scale_2" not in held:
        warnings.append(f"'{name}' has no third scale, so its Gaussians are flat.")
    if not held >= set(_ROTATION):
        warnings.append(f"'{name}' has no rotations, so its Gaussians stand upright.")
    if not held >= set(_DC):
        warnings.append(f"'{name}' has plain colours, which do not change with the view.")
    return warnings


def _rest_columns(held: set[str]) -> tuple[list[list[str]], int, list[str]]:
    """Columns of the higher harmonics by channel, their degree, and what to say of strange ones."""
    count = sum(column.startswith("f_rest_") for column in held)
    per_channel = count // 3
    known = all(f"f_rest_{i}" in held for i in range(count))
    degrees = [degree for degree in range(4) if COEFFICIENTS[degree] - 1 <= per_channel]
    if not count:
        return [[], [], []], 0, []
    if count % 3 or not known:
        return [[], [], []], 0, [f"Its {count} columns f_rest_.. are no harmonics of any degree; left out."]
    degree = degrees[-1]
    exact = COEFFICIENTS[degree] - 1 == per_channel
    said = [] if exact else [f"Its harmonics go beyond degree {degree}; what is beyond was left out."]
    used = range(COEFFICIENTS[degree] - 1)
    return [[f"f_rest_{channel * per_channel + i}" for i in used] for channel in range(3)], degree, said


def _part(rows: Array, held: set[str], rest: list[list[str]], degree: int) -> Gaussians:
    def gathered(columns: Iterable[str]) -> Array:
        # Where all columns are of one type this is a view, six times faster than one column at a time.
        table: Array = structured_to_unstructured(rows[list(columns)], np.float32)
        return table

    count = len(rows)
    with np.errstate(all="ignore"):
        if held >= set(_SCALES):
            scales = gathered(_SCALES).copy()
        else:
            flat = gathered(_SCALES[:2])
            scales = np.column_stack([flat, flat.min(axis=1) - np.float32(_FLAT)])
        rotations = (
            gathered(_ROTATION)
            if held >= set(_ROTATION)
            else np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1))
        )
        harmonics = np.zeros((count, COEFFICIENTS[degree], 3), np.float32)
        if held >= set(_DC):
            harmonics[:, 0] = gathered(_DC)
        else:
            whole = rows.dtype[_RGB[0]].kind in "iu"
            harmonics[:, 0] = (gathered(_RGB) / (255 if whole else 1) - 0.5) / SH_C0
        for channel, columns in enumerate(rest):
            if columns:
                harmonics[:, 1:, channel] = gathered(columns)
        opacities = rows["opacity"].astype(np.float32)
        tamed(opacities, scales)
        return Gaussians(gathered(_AXES), scales, rotations, opacities, harmonics)
