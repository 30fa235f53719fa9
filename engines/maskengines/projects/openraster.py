"""Saves a project as OpenRaster, so that Krita and GIMP open it too.

https://www.openraster.org: ``mimetype`` first and stored, ``stack.xml``, ``data/``, a merged image and
a thumbnail. What only the studio knows lies in ``maskstudio/``.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import time
import zipfile
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np

from maskengines.contract import Box
from maskengines.files import atomic_write, check_target
from maskengines.projects import png, records
from maskengines.projects.pose_work import pose_to_record
from maskengines.projects.state import ProjectState
from maskengines.subjects.image import ImageSubject

MIMETYPE = "image/openraster"
FORMAT = 1
PROJECT_ENTRY = "maskstudio/project.json"
USUAL_DENSITY = 72
"""What OpenRaster takes for a picture that names no resolution, in pixels per inch."""

_log = logging.getLogger(__name__)

Progress = Callable[[float, float, str], None]


def save_project(state: ProjectState, path: Path, progress: Progress | None = None) -> None:
    """Write a project; an older file of that name becomes the backup ``NAME~``.

    Slow (a second or two for 24 megapixels): call it off the GUI thread. ``progress(done, total,
    text)`` may raise `Cancelled`; the old file then stays.

    Raises:
        BadInput: the target cannot be written.
    """
    check_target(path)
    with atomic_write(path) as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            _Writer(archive, state, progress).write()
        keep_backup(path)


def keep_backup(path: Path) -> None:
    """Give the present file a second name, ``NAME~``; there is no moment without a file at ``path``."""
    if not path.exists():
        return
    target = path.resolve()
    step = target.with_name(f".{target.name}~new")
    with contextlib.suppress(OSError):
        step.unlink(missing_ok=True)
        try:
            os.link(target, step)
        except OSError:
            shutil.copy2(target, step)
        step.replace(target.with_name(target.name + "~"))


class _Writer:
    def __init__(self, archive: zipfile.ZipFile, state: ProjectState, progress: Progress | None) -> None:
        self._archive = archive
        self._state = state
        self._progress = progress or (lambda done, total, text: None)
        self._total = 3 + len(state.layers) + len(state.candidates)
        self._done = 0

    def write(self) -> None:
        state = self._state
        original = state.original
        self._put("mimetype", MIMETYPE.encode(), zipfile.ZIP_STORED)
        self._step("Saving the picture")
        original_png = _subject_png(original)
        self._put("data/original.png", original_png)
        layers = []
        for number, layer in enumerate(state.layers, 1):
            self._step("Saving the fills")
            layers.append(records.layer_to_record(layer, partial(self._store, f"data/fill{number}")))
        self._step("Saving the merged picture")
        subject = state.subject
        self._put("mergedimage.png", _subject_png(subject) if layers else original_png)
        self._put("Thumbnails/thumbnail.png", _thumbnail(subject))
        self._put_project(layers)
        self._put("stack.xml", self._stack(layers))

    def _put_project(self, layers: list[dict[str, Any]]) -> None:
        state = self._state
        masks = {}
        for number, (space, mask) in enumerate(state.masks.items()):
            name = f"maskstudio/masks/{number}" + (".png" if mask.ndim == 2 else ".npy")
            self._put(name, png.encode_flat(mask) if mask.ndim == 2 else records.npy_bytes(mask))
            masks[space] = name
        candidates = []
        for number, candidate in enumerate(state.candidates):
            self._step("Saving the candidates")
            if not records.is_storable(candidate):
                _log.warning("a candidate of kind %s cannot be saved", candidate.kind)
                continue
            candidates.append(records.candidate_to_record(candidate, self._numbered(number)))
        original = state.original
        metadata = {}
        for name, blob in original.blobs.items():
            metadata[name] = f"maskstudio/{name}.bin"
            self._put(metadata[name], blob)
        project = {
            "format": FORMAT,
            "kind": "image" if state.pose is None else "pose",
            "width": original.width,
            "height": original.height,
            "mode": original.mode,
            "depth": original.depth,
            "source_format": original.source_format,
            "source": state.source,
            "original": "data/original.png",
            "metadata": metadata,
            "resolution": original.carried.resolution,
            "layers": layers,
            "masks": masks,
            "candidates": candidates,
            "settings": state.settings,
        }
        if state.pose is not None:
            project["pose"] = pose_to_record(state.pose)
        self._put(PROJECT_ENTRY, records.to_json(project))

    def _numbered(self, candidate: int) -> records.Store:
        """A store for one candidate, which may put in several files: ``0.png``, or ``0.npy``, ``0-1.npy``."""
        stored = count()

        def store(suffix: str, data: bytes) -> str:
            number = next(stored)
            name = f"{candidate}-{number}" if number else f"{candidate}"
            return self._store(f"maskstudio/candidates/{name}", suffix, data)

        return store

    def _stack(self, layers: list[dict[str, Any]]) -> bytes:
        """Layers from the top down: the hidden mask, the fills, the original."""
        original = self._state.original
        size = {"w": str(original.width), "h": str(original.height)}
        xres, yres = original.carried.resolution or (USUAL_DENSITY, USUAL_DENSITY)
        density = {"xres": str(round(xres)), "yres": str(round(yres))}
        image = ElementTree.Element("image", {"version": "0.0.3", **size, **density})
        stack = ElementTree.SubElement(image, "stack")

        def layer(name: str, file: str, x: int, y: int, **more: str) -> None:
            attributes = {"name": name, "src": file, "x": str(x), "y": str(y), "opacity": "1.0"}
            attributes |= {"visibility": "visible", "composite-op": "svg:src-over"}
            ElementTree.SubElement(
                stack, "layer", attributes | {k.replace("_", "-"): v for k, v in more.items()}
            )

        mask = self._state.masks.get("pixels")
        box = Box(0, 0, 0, 0) if mask is None or mask.ndim != 2 else Box.of_mask(mask)
        if mask is not None and not box.empty:
            self._put("data/mask.png", png.encode_flat(_overlay(mask[box.slices])))
            layer("Mask", "data/mask.png", box.x, box.y, opacity="0.5", visibility="hidden")
        # Over a transparent picture a fill must not add coverage of its own.
        over = "svg:src-over" if original.alpha is None else "svg:src-atop"
        for number, record in reversed(list(enumerate(layers, 1))):
            if "file" not in record:
                continue  # a fill of nothing
            name = record["label"] or f"Fill {number}"
            layer(name, record["file"], record["x"], record["y"], composite_op=over)
        layer("Original", "data/original.png", 0, 0)
        return ElementTree.tostring(image, encoding="UTF-8", xml_declaration=True)

    def _store(self, stem: str, suffix: str, data: bytes) -> str:
        self._put(stem + suffix, data)
        return stem + suffix

    def _put(self, name: str, data: bytes | list[png.Piece], how: int | None = None) -> None:
        pieces: list[png.Piece] = data if isinstance(data, list) else [data]
        entry = zipfile.ZipInfo(name, time.localtime()[:6])
        entry.compress_type = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
        if how is not None:
            entry.compress_type = how
        entry.file_size = sum(len(piece) for piece in pieces)
        with self._archive.open(entry, "w") as stream:
            for piece in pieces:
                stream.write(piece)

    def _step(self, text: str) -> None:
        self._progress(self._done, self._total, text)
        self._done += 1


def _subject_png(subject: ImageSubject) -> list[png.Piece]:
    return png.photo_pieces(subject.pixels, subject.alpha, subject.icc)


def _overlay(mask: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    rgba = np.empty((*mask.shape, 4), np.uint8)
    rgba[:, :, :3] = (255, 59, 59)
    rgba[:, :, 3] = mask
    return rgba


def _thumbnail(subject: ImageSubject) -> bytes:
    """At most 256 on a side, 8-bit sRGB."""
    scale = min(1.0, 256 / max(subject.width, subject.height))
    size = max(1, round(subject.width * scale)), max(1, round(subject.height * scale))
    pixels = cv2.resize(subject.pixels, size, interpolation=cv2.INTER_AREA).reshape(size[1], size[0], -1)
    shown = ImageSubject(pixels, icc=subject.icc).display_rgb8()
    if subject.alpha is None:
        return png.encode_photo(shown)
    alpha = cv2.resize(subject.alpha, size, interpolation=cv2.INTER_AREA)
    return png.encode_photo(shown, (alpha // 257 if subject.depth == 16 else alpha).astype(np.uint8))
