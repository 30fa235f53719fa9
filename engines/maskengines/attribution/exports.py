"""A map as a file: picture, array, table of regions, or everything."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import ndimage

from maskengines.attribution.pictures import OPACITY, Scale, coloured, over_photo, png
from maskengines.errors import BadInput
from maskengines.files import atomic_write

Array = np.ndarray[Any, Any]
Target = str | os.PathLike[str]

COLUMNS = ("region", "coefficient", "standard_error", "area", "centroid_x", "centroid_y")

_LEFT_OUT = ("state",)
"""What only serves to go on."""


def save_png(path: Target, result: Mapping[str, Any], opacity: float | None = OPACITY) -> None:
    """The map over its photo, or alone where ``opacity`` is ``None``.

    Args:
        result: of a candidate of kind ``map``, as `explain` gives it.

    Raises:
        BadInput: the file cannot be written, or the opacity is not in 0..1.
    """
    if opacity is not None and not 0 <= opacity <= 1:
        raise BadInput(f"The opacity is {opacity:g}; give a number from 0 to 1.")
    values = result["values"]
    scale = Scale.of(values, result["signed"])
    alone = opacity is None or "photo" not in result
    picture = coloured(values, scale) if alone else over_photo(values, result["photo"], scale, opacity or 0.0)
    _write(path, png(picture))


def save_npy(path: Target, result: Mapping[str, Any]) -> None:
    """The values, ``(H, W)`` float32.

    Raises:
        BadInput: the file cannot be written.
    """
    stream = io.BytesIO()
    np.save(stream, np.asarray(result["values"], np.float32), allow_pickle=False)
    _write(path, stream.getvalue())


def save_csv(path: Target, result: Mapping[str, Any]) -> None:
    """The regions, one a line: number, coefficient and its standard error in the target's unit, area in
    pixels, centroid in pixels of the network's input (the middle of the first pixel is 0, 0).

    Raises:
        BadInput: the file cannot be written.
    """
    labels = result["labels"]
    numbers = np.arange(int(labels.max()) + 1)
    centres = ndimage.center_of_mass(np.ones(labels.shape), labels, numbers)
    areas = np.bincount(labels.ravel(), minlength=len(numbers))
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for region, value, error, area, (y, x) in zip(
        numbers, result["coefficients"], result["errors"], areas, centres, strict=True
    ):
        table.writerow([region, f"{value:.9g}", f"{error:.9g}", area, f"{x:.2f}", f"{y:.2f}"])
    _write(path, text.getvalue().encode())


def save_json(
    path: Target,
    result: Mapping[str, Any],
    metrics: Mapping[str, Any] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> None:
    """Everything: arrays as nested lists that give back each number exactly, the photo as a PNG in base64,
    the metrics and where it all comes from.

    Raises:
        BadInput: the file cannot be written.
    """
    kept = {key: value for key, value in result.items() if key not in _LEFT_OUT}
    if "photo" in kept:
        kept["photo"] = {"png": base64.b64encode(png(kept["photo"])).decode()}
    whole = {"map": kept, "metrics": dict(metrics or {}), "provenance": dict(provenance or {})}
    _write(path, json.dumps(_plain(whole), ensure_ascii=False, separators=(",", ":")).encode())


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        # The shortest decimals that read back as the same float32 are half as long as those of a float64.
        flat = [float(text) for text in value.ravel().astype(str)] if value.dtype == np.float32 else None
        return value.tolist() if flat is None else _nested(flat, value.shape)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _nested(flat: list[float], shape: tuple[int, ...]) -> list[Any]:
    if len(shape) < 2:
        return flat
    step = len(flat) // shape[0] if shape[0] else 0
    return [_nested(flat[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0])]


def _write(path: Target, data: bytes) -> None:
    with atomic_write(path) as stream:
        stream.write(data)
