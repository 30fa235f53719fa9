"""Candidates, layers and provenance as JSON plus named blobs, for projects and the journal."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, cast, get_args

import numpy as np

from maskengines.contract import Candidate, ImagePatch, Provenance, ResultKind
from maskengines.projects import png
from maskengines.projects.state import KeptLayer

Store = Callable[[str, bytes], str]
"""Takes a suffix such as ``".png"`` and the bytes, returns the name to find them by."""
Fetch = Callable[[str], bytes]
"""Gives the bytes of a name; ``KeyError`` if there are none."""

MAX_PIXELS = 400_000_000
_FILE = "$npy"


def to_json(value: Any) -> bytes:
    """Readable JSON, UTF-8; numpy scalars become numbers, anything else unknown its text."""
    return json.dumps(value, ensure_ascii=False, indent=1, default=_plain).encode()


def patch_to_record(patch: ImagePatch, store: Store) -> dict[str, Any]:
    """Without a file where the patch is empty: there is no PNG of nothing."""
    if not patch.pixels.size:
        return {"x": patch.x, "y": patch.y, "shape": patch.pixels.shape, "dtype": patch.pixels.dtype.name}
    return {"x": patch.x, "y": patch.y, "file": store(".png", png.encode_photo(patch.pixels))}


def patch_from_record(record: Mapping[str, Any], fetch: Fetch) -> ImagePatch:
    """Raises ``ValueError``, ``KeyError`` or ``TypeError`` where the record or its PNG is damaged."""
    if "file" not in record:
        height, width, channels = record["shape"]
        if int(height) and int(width):
            raise ValueError("a patch without its pixels")
        pixels = np.empty((int(height), int(width), int(channels)), str(record["dtype"]))
        return ImagePatch(int(record["x"]), int(record["y"]), pixels)
    pixels, _ = png.decode(bounded(fetch(str(record["file"]))))
    return ImagePatch(int(record["x"]), int(record["y"]), pixels)


def layer_to_record(layer: KeptLayer, store: Store) -> dict[str, Any]:
    record = patch_to_record(layer.patch, store)
    return record | {"label": layer.label, "provenance": _provenance_record(layer.provenance)}


def layer_from_record(record: Mapping[str, Any], fetch: Fetch) -> KeptLayer:
    patch = patch_from_record(record, fetch)
    return KeptLayer(patch, str(record.get("label", "")), _provenance(record.get("provenance")))


def candidate_to_record(candidate: Candidate, store: Store) -> dict[str, Any]:
    """Image results as PNG, arrays as NPY, anything else as JSON, with arrays inside it as NPY beside it.

    ``TypeError`` or ``ValueError`` for a result that is none of these (see `is_storable`).
    """
    result: dict[str, Any]
    if isinstance(candidate.result, ImagePatch):
        result = {"type": "patch", **patch_to_record(candidate.result, store)}
    elif isinstance(candidate.result, np.ndarray):
        result = {"type": "array", "file": store(".npy", npy_bytes(candidate.result))}
    else:
        json.dumps(candidate.result, default=_storable)
        result = {"type": "json", "value": _with_files(candidate.result, store)}
    return {
        "kind": candidate.kind,
        "seed": candidate.seed,
        "label": candidate.label,
        "score": candidate.score,
        "metrics": dict(candidate.metrics),
        "seconds": candidate.seconds,
        "provenance": _provenance_record(candidate.provenance),
        "result": result,
    }


def is_storable(candidate: Candidate) -> bool:
    """Whether a candidate can be written at all; one that cannot must not keep the others from it."""
    if isinstance(candidate.result, ImagePatch):
        return True
    if isinstance(candidate.result, np.ndarray):
        return not candidate.result.dtype.hasobject
    try:
        json.dumps(candidate.result, default=_storable)
    except (TypeError, ValueError):
        return False
    return True


def candidate_from_record(record: Mapping[str, Any], fetch: Fetch) -> Candidate:
    """Raises ``ValueError``, ``KeyError`` or ``TypeError`` where the record or its file is damaged."""
    kind = record["kind"]
    if kind not in get_args(ResultKind):
        raise ValueError(f"unknown kind of result '{kind}'")
    held = record["result"]
    result: Any
    if held["type"] == "patch":
        result = patch_from_record(held, fetch)
    elif held["type"] == "array":
        result = npy_array(fetch(str(held["file"])))
    else:
        result = _with_arrays(held["value"], fetch)
    score = record.get("score")
    return Candidate(
        kind=cast(ResultKind, kind),
        result=result,
        seed=int(record["seed"]),
        label=str(record.get("label", "")),
        score=None if score is None else float(score),
        metrics=dict(record.get("metrics", {})),
        provenance=_provenance(record.get("provenance")),
        seconds=float(record.get("seconds", 0.0)),
    )


def npy_bytes(array: np.ndarray[Any, Any]) -> bytes:
    """An array in NumPy's own format; objects are refused with ``ValueError``."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def npy_array(data: bytes) -> np.ndarray[Any, Any]:
    """Inverse of `npy_bytes`; never unpickles. ``ValueError`` if damaged."""
    try:
        array = np.load(io.BytesIO(data), allow_pickle=False)
    except (EOFError, OSError, MemoryError) as error:
        raise ValueError("damaged array") from error
    if not isinstance(array, np.ndarray):
        raise ValueError("damaged array")
    return array


def bounded(data: bytes) -> bytes:
    """The same PNG, if its header promises no more than `MAX_PIXELS`; else ``ValueError``."""
    width, height = png.size_of(data)
    if not 0 < width * height <= MAX_PIXELS:
        raise ValueError(f"a PNG of {width} x {height}")
    return data


def _provenance_record(provenance: Provenance | None) -> dict[str, Any] | None:
    return None if provenance is None else asdict(provenance)


def _provenance(record: Mapping[str, Any] | None) -> Provenance | None:
    if record is None:
        return None
    weights = record.get("weights")
    return Provenance(
        engine=str(record["engine"]),
        version=str(record["version"]),
        params=dict(record["params"]),
        seed=int(record["seed"]),
        weights=None if weights is None else str(weights),
        subject=str(record.get("subject", "")),
        mask=str(record.get("mask", "")),
    )


def _with_files(value: Any, store: Store) -> Any:
    """The value with every array in it replaced by the name of the file it was put into."""
    if isinstance(value, np.ndarray):
        return {_FILE: store(".npy", npy_bytes(value))}
    if isinstance(value, Mapping):
        return {str(key): _with_files(item, store) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_files(item, store) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _with_arrays(value: Any, fetch: Fetch) -> Any:
    """Inverse of `_with_files`."""
    if isinstance(value, dict):
        if set(value) == {_FILE}:
            return npy_array(fetch(str(value[_FILE])))
        return {key: _with_arrays(item, fetch) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_arrays(item, fetch) for item in value]
    return value


def _storable(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return None
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)
