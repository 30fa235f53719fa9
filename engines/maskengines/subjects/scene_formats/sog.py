"""``.sog``: PlayCanvas' Gaussians in lossless WebP pictures, version 2; read only.

A ZIP of ``meta.json`` and pictures in which pixel ``i``, row by row, is of Gaussian ``i``. Scales, colours
and harmonics are numbers of a codebook; of harmonics, whole sets are rows of a palette.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.subjects.gaussians import COEFFICIENTS, Gaussians
from maskengines.subjects.scene_formats.common import (
    OpenedGaussians,
    affordable_degree,
    blank,
    check_count,
    damaged,
    drawable,
    logit,
    told_degree,
    unreadable,
)

Array = np.ndarray[Any, Any]

MAGIC = b"PK\x03\x04"
_VERSION = 2
_PALETTE_COLUMNS = 64
_FIRST_TAG = 252
"""The fourth byte of a rotation is this for w as the largest component, one more for x, and so on."""

_MOST_PIXELS = 16383 * 16383
"""What a WebP can hold."""


def read_sog(path: Path) -> OpenedGaussians:
    """Raises:
    BadInput: it cannot be read, is damaged, or of another version.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(archive, path.name)
    except OSError as error:
        raise unreadable(path, error) from error
    except (
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        TypeError,
        IndexError,
        EOFError,
        NotImplementedError,
    ) as error:
        raise damaged(path.name, f"its parts make no sense together ({error})") from error


def _read(archive: zipfile.ZipFile, name: str) -> OpenedGaussians:
    meta = json.loads(archive.read("meta.json"))
    if meta.get("version") != _VERSION:
        raise BadInput(
            f"'{name}' is SOG of version {meta.get('version', 1)}; version 2 can be opened. Convert it with "
            "splat-transform."
        )
    count = int(meta["count"])
    check_count(count, name)
    rest = meta.get("shN") or {}
    told = int(rest.get("bands", 0))
    if told not in range(4):
        raise damaged(name, f"its harmonics have {told} bands")
    degree = affordable_degree(count, told)
    arrays = blank(count, degree)
    low, high = (_pixels(archive, file, count)[:, :3].astype(np.uint16) for file in meta["means"]["files"])
    mins, maxs = (np.array(meta["means"][end], np.float64) for end in ("mins", "maxs"))
    places = mins + (maxs - mins) * ((high << 8 | low) / 65535)
    arrays["means"][:] = np.sign(places) * np.expm1(np.abs(places))
    arrays["rotations"][:] = _rotations(_pixels(archive, meta["quats"]["files"][0], count))
    codes = np.array(meta["scales"]["codebook"], np.float32)
    arrays["scales"][:] = codes[_pixels(archive, meta["scales"]["files"][0], count)[:, :3]]
    shown = _pixels(archive, meta["sh0"]["files"][0], count)
    arrays["harmonics"][:, 0] = np.array(meta["sh0"]["codebook"], np.float32)[shown[:, :3]]
    arrays["opacities"][:] = logit(shown[:, 3] / np.float32(255))
    if degree:
        arrays["harmonics"][:, 1:] = _harmonics(archive, rest, count, told)[:, : COEFFICIENTS[degree] - 1]
    opened = drawable(Gaussians.from_arrays(arrays), name)
    return OpenedGaussians(opened.gaussians, (*told_degree(count, told, degree), *opened.warnings))


def _pixels(archive: zipfile.ZipFile, file: str, count: int) -> Array:
    """The first ``count`` pixels of a picture, ``(count, 4)`` uint8."""
    pixels = _picture(archive, file).reshape(-1, 4)
    if len(pixels) < count:
        raise ValueError(f"{file} has {len(pixels)} pixels for {count} Gaussians")
    return pixels[:count]


def _picture(archive: zipfile.ZipFile, file: str) -> Array:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(archive.read(file)), formats=["WEBP"]) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise ValueError(f"{file} is too large")
            return np.array(picture.convert("RGBA"))
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise ValueError(f"{file} is no WebP picture") from error


def _rotations(pixels: Array) -> Array:
    others = (pixels[:, :3] / np.float32(255) * 2 - 1) / np.sqrt(np.float32(2))
    largest = pixels[:, 3].astype(np.intp) - _FIRST_TAG
    rotations = np.zeros((len(pixels), 4), np.float32)
    known = largest >= 0
    rotations[~known, 0] = 1
    rows = np.flatnonzero(known)
    places = np.arange(4) != largest[rows, None]
    unit = np.empty((len(rows), 4), np.float32)
    unit[places] = others[rows].reshape(-1)
    unit[~places] = np.sqrt(np.maximum(0, 1 - np.square(others[rows]).sum(axis=1)))
    rotations[rows] = unit
    return rotations


def _harmonics(archive: zipfile.ZipFile, rest: Mapping[str, Any], count: int, bands: int) -> Array:
    """``(count, K - 1, 3)``: rows of the palette, which has 64 entries across."""
    each = COEFFICIENTS[bands] - 1
    palette = _picture(archive, rest["files"][0])[..., :3]
    if palette.shape[1] != _PALETTE_COLUMNS * each:
        raise ValueError(f"a palette of {palette.shape[1]} columns for {bands} bands")
    entries = palette.reshape(-1, each, 3)
    labels = _pixels(archive, rest["files"][1], count)
    which = labels[:, 0].astype(np.intp) | labels[:, 1].astype(np.intp) << 8
    values: Array = np.array(rest["codebook"], np.float32)[entries[which]]
    return values
