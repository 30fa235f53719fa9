"""A map as a file: picture, array, table of regions, everything, or a page to print."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maskengines.contract import Candidate
from maskengines.errors import BadInput
from maskengines.files import atomic_write
from maskengines.results.maps import MapResult
from maskengines.results.pictures import over_photo, png
from maskengines.results.report import report
from maskengines.results.report_html import html
from maskengines.results.report_page import pdf

if TYPE_CHECKING:
    from maskengines.subjects.image import ImageSubject

Array = np.ndarray[Any, Any]

COLUMNS = ("region", "value", "standard_error", "area", "centroid_x", "centroid_y")


def save_map(candidate: Candidate, subject: ImageSubject, target: Path) -> None:
    """Write a candidate of kind ``map`` about ``subject``; the suffix is ``.png`` (the map over the photo, at
    the photo's size), ``.npy`` (the values as the engine gave them), ``.csv`` (a line a region), ``.json``
    (everything), ``.html`` or ``.pdf`` (one page).

    Raises:
        BadInput: the map has no regions for ``.csv``, or the place cannot be written.
    """
    read = MapResult.read(candidate.result, (subject.height, subject.width))
    suffix = target.suffix.lower()
    if suffix == ".png":
        data = _picture(read, subject)
    elif suffix == ".npy":
        data = _array(read)
    elif suffix == ".csv":
        data = _table(read)
    elif suffix == ".json":
        data = _everything(read, candidate)
    else:
        page = report(read, photo=_seen(read, subject), about=_about(candidate))
        data = html(page).encode() if suffix == ".html" else pdf(page)
    with atomic_write(target) as stream:
        stream.write(data)


def _picture(read: MapResult, subject: ImageSubject) -> bytes:
    """The photo, grey where the map covers it, with the map over it."""
    import cv2

    picture = subject.display_rgb8()[..., :3].copy()
    frame = read.frame
    size = frame.width, frame.height
    method = cv2.INTER_AREA if read.values.shape[1] > size[0] else cv2.INTER_LINEAR
    values = cv2.resize(read.values, size, interpolation=method)
    picture[frame.slices] = over_photo(values, picture[frame.slices], read.scale)
    return png(picture)


def _array(read: MapResult) -> bytes:
    stream = io.BytesIO()
    np.save(stream, read.values, allow_pickle=False)
    return stream.getvalue()


def _table(read: MapResult) -> bytes:
    """Value and standard error in the map's unit, area in places of the map, centroid in pixels of the photo
    (the middle of the first pixel is 0, 0)."""
    if read.regions is None:
        raise BadInput("This map has no regions to list. Write it as .npy for its values.")
    from scipy import ndimage

    values, errors = read.region_table()
    numbers = np.arange(len(values))
    centres = ndimage.center_of_mass(np.ones(read.regions.shape), read.regions, numbers)
    areas = np.bincount(read.regions.ravel(), minlength=len(numbers))
    across = read.frame.width / read.values.shape[1]
    down = read.frame.height / read.values.shape[0]
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for region, value, error, area, (y, x) in zip(numbers, values, errors, areas, centres, strict=True):
        if area:
            place = read.frame.x + (x + 0.5) * across - 0.5, read.frame.y + (y + 0.5) * down - 0.5
            told = "" if np.isnan(error) else f"{error:.9g}"
            table.writerow([region, f"{value:.9g}", told, area, f"{place[0]:.2f}", f"{place[1]:.2f}"])
    return text.getvalue().encode()


def _everything(read: MapResult, candidate: Candidate) -> bytes:
    """Arrays as nested lists that give back each number exactly, the photo as a PNG in base64."""
    kept = read.to_plain()
    if read.photo is not None:
        kept["photo"] = {"png": base64.b64encode(png(read.photo)).decode()}
    made = None if candidate.provenance is None else asdict(candidate.provenance)
    whole = {"map": kept, "metrics": dict(candidate.metrics), "provenance": made}
    return json.dumps(_plain(whole), ensure_ascii=False, separators=(",", ":")).encode()


def _seen(read: MapResult, subject: ImageSubject) -> Array:
    """What the map lies on, ``(h, w, 3)`` uint8: what the engine saw, else that part of the photo."""
    if read.photo is not None:
        return read.photo
    import cv2

    shown = subject.display_rgb8()[read.frame.slices][..., :3]
    size = read.values.shape[1], read.values.shape[0]
    return np.ascontiguousarray(cv2.resize(shown, size, interpolation=cv2.INTER_AREA))


def _about(candidate: Candidate) -> dict[str, str]:
    made = candidate.provenance
    if made is None:
        return {}
    about = {"Engine": f"{made.engine} {made.version}", "Photo": made.subject[:12]}
    return about if made.weights is None else {**about, "Weights": made.weights[:12]}


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
