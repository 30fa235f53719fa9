"""Curves as files: CSV and JSON for programs."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from pathlib import Path

from maskengines.contract import Candidate
from maskengines.files import atomic_write
from maskengines.results.curves import CurveResult


def save_curves(candidate: Candidate, target: Path) -> None:
    """Write a candidate of kind ``curve``; the suffix is ``.csv`` (a point a row) or ``.json``.

    Raises:
        BadInput: the place cannot be written.
    """
    read = CurveResult.read(candidate.result)
    data = {".csv": _csv, ".json": _json}[target.suffix.lower()](read, candidate)
    with atomic_write(target) as file:
        file.write(data)


def _csv(read: CurveResult, _: Candidate) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["curve", "x", "y"])
    for number, curve in enumerate(read.curves, 1):
        name = curve.name or number
        writer.writerows((name, x, y) for x, y in zip(curve.x.tolist(), curve.y.tolist(), strict=True))
    return text.getvalue().encode()


def _json(read: CurveResult, candidate: Candidate) -> bytes:
    lines = [{**curve.to_plain(), "x": curve.x.tolist(), "y": curve.y.tolist()} for curve in read.curves]
    made = None if candidate.provenance is None else asdict(candidate.provenance)
    told = {"title": read.title, "curves": lines, "provenance": made}
    return (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode()
