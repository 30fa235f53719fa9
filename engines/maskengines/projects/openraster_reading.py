"""Opens OpenRaster files, the studio's own and those of Krita and GIMP, trusting nothing in them."""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.projects import png, records
from maskengines.projects.openraster import FORMAT, MIMETYPE, PROJECT_ENTRY, USUAL_DENSITY
from maskengines.projects.pose_work import PoseWork, pose_from_record
from maskengines.projects.state import ProjectState
from maskengines.subjects.carried import NOTHING, Carried, per_inch
from maskengines.subjects.image import ImageSubject, from_blobs

MAX_ENTRIES = 20_000
MAX_ENTRY_BYTES = 4 << 30
MAX_TOTAL_BYTES = 16 << 30
MAX_TEXT_BYTES = 64 << 20
MAX_RATIO = 1100
"""Deflate cannot shrink by more than 1032; what claims more lies about its size."""

_START_BYTES = 4096
_FIRST_TAG = re.compile(r"<image\b[^>]*")
_XRES, _YRES = (re.compile(rf"""\s{name}=["']([0-9.]{{1,12}})["']""") for name in ("xres", "yres"))

_DAMAGE = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
    zlib.error,
    EOFError,
    RecursionError,
)


def load_project(path: Path) -> ProjectState:
    """Read an OpenRaster file.

    A file without ``maskstudio/`` (from Krita, GIMP, MyPaint) opens as its merged image, and the
    state says ``flattened``: saving over it would lose the layers.

    Raises:
        BadInput: missing, damaged, unsafe, too large, or from a newer version; one sentence each.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _Reader(archive, path).read()
    except FileNotFoundError:
        raise BadInput(f"There is no file '{path}'. Check the name.") from None
    except zipfile.BadZipFile:
        raise BadInput(f"'{path.name}' is damaged or is no OpenRaster file.{_advice(path)}") from None
    except (NotImplementedError, RuntimeError):
        raise BadInput(f"'{path.name}' is encrypted or packed in an unknown way. Save it anew.") from None
    except OSError as error:
        raise BadInput(f"Cannot read '{path}': {error.strerror or error}. Check the file.") from None
    except MemoryError:
        raise BadInput(f"'{path.name}' needs more memory than there is. Close other documents.") from None


class _Reader:
    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self._archive = archive
        self._path = path
        self._infos = {info.filename: info for info in archive.infolist()}

    def read(self) -> ProjectState:
        self._check_archive()
        if PROJECT_ENTRY in self._infos:
            return self._project()
        return self._flattened()

    def _check_archive(self) -> None:
        infos = self._archive.infolist()
        name = self._path.name
        for info in infos:
            parts = PurePosixPath(info.filename.replace("\\", "/"))
            if parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0:1]:
                raise BadInput(f"'{name}' holds a file that points outside of it and was not opened.")
        total = sum(info.file_size for info in infos)
        bomb = any(
            info.file_size > MAX_ENTRY_BYTES or info.file_size > MAX_RATIO * max(info.compress_size, 1)
            for info in infos
        )
        if len(infos) > MAX_ENTRIES or total > MAX_TOTAL_BYTES or bomb:
            raise BadInput(f"'{name}' would unpack to more than a picture can be and was not opened.")
        if "mimetype" not in self._infos or self._text("mimetype").strip() != MIMETYPE:
            raise BadInput(f"'{name}' is no OpenRaster file. Open an image or an .ora project.")

    def _project(self) -> ProjectState:
        try:
            project = json.loads(self._text(PROJECT_ENTRY))
            version = int(project["format"])
        except _DAMAGE as error:
            raise self._damaged("its description") from error
        if version > FORMAT:
            raise BadInput(
                f"'{self._path.name}' was saved by a newer MaskStudio (format {version}, this one reads "
                f"{FORMAT}). Update MaskStudio to open it."
            )
        if project.get("kind") not in ("image", "pose"):
            raise BadInput(f"'{self._path.name}' is a project of a kind that this MaskStudio cannot open.")
        original = self._original(project)
        try:
            layers = tuple(records.layer_from_record(record, self._bytes) for record in project["layers"])
            for layer in layers:
                _require(layer.patch.box.clipped(original.width, original.height) == layer.patch.box)
                _require(layer.patch.pixels.dtype == original.pixels.dtype)
                _require(layer.patch.pixels.shape[2] == original.pixels.shape[2])
        except _DAMAGE as error:
            raise self._damaged("a kept fill") from error
        try:
            masks = {str(k): self._mask(k, v, original) for k, v in project["masks"].items()}
        except _DAMAGE as error:
            raise self._damaged("its mask") from error
        try:
            candidates = tuple(
                records.candidate_from_record(record, self._bytes) for record in project["candidates"]
            )
            settings = dict(project["settings"])
            source = None if project.get("source") is None else str(project["source"])
        except _DAMAGE as error:
            raise self._damaged("a candidate") from error
        pose = self._pose(project, original) if project["kind"] == "pose" else None
        return ProjectState(original, layers, masks, candidates, settings, source, pose)

    def _pose(self, project: Mapping[str, Any], original: ImageSubject) -> PoseWork:
        try:
            work = pose_from_record(project["pose"])
            _require(work.pose.size == (original.width, original.height))
        except _DAMAGE as error:
            raise self._damaged("its pose") from error
        return work

    def _original(self, project: Mapping[str, Any]) -> ImageSubject:
        try:
            pixels, alpha = png.decode(records.bounded(self._bytes(str(project["original"]))))
            mode, depth = str(project["mode"]), int(project["depth"])
            if mode == "LA":
                pixels = np.ascontiguousarray(pixels[:, :, :1])
            metadata = {key: self._bytes(str(name)) for key, name in project["metadata"].items()}
            told = from_blobs(metadata, project)
            original = ImageSubject(pixels, alpha, source_format=str(project["source_format"]), **told)
            expected = (int(project["width"]), int(project["height"]), mode, depth)
            _require((original.width, original.height, original.mode, original.depth) == expected)
        except _DAMAGE as error:
            raise self._damaged("its picture") from error
        return original

    def _mask(self, space: str, name: str, original: ImageSubject) -> np.ndarray[Any, Any]:
        data = self._bytes(str(name))
        array = (
            png.decode(records.bounded(data))[0][:, :, 0]
            if name.endswith(".png")
            else records.npy_array(data)
        )
        _require(array.dtype == np.uint8)
        if space in original.spaces:
            _require(array.shape == original.spaces[space])
        return np.ascontiguousarray(array)

    def _flattened(self) -> ProjectState:
        if "mergedimage.png" not in self._infos:
            raise BadInput(
                f"'{self._path.name}' holds no merged image. Export a PNG from the program that made it."
            )
        try:
            pixels, alpha = png.decode(records.bounded(self._bytes("mergedimage.png")))
        except _DAMAGE as error:
            raise self._damaged("its picture") from error
        if alpha is not None and (alpha == np.iinfo(alpha.dtype).max).all():
            alpha = None
        subject = ImageSubject(pixels, alpha, source_format="OpenRaster", carried=self._density())
        return ProjectState(subject, flattened=True)

    def _density(self) -> Carried:
        """The resolution in the first tag of the stack; the rest of it speaks of layers."""
        try:
            with self._archive.open(self._infos["stack.xml"]) as stream:
                tag = _FIRST_TAG.findall(stream.read(_START_BYTES).decode("utf-8", "replace"))[:1]
            found = [float(name.findall(tag[0])[0]) for name in (_XRES, _YRES)]
        except (*_DAMAGE, IndexError, zipfile.BadZipFile):
            return NOTHING
        usual = found == [USUAL_DENSITY, USUAL_DENSITY]
        return NOTHING if usual else Carried(per_inch(found[0], found[1]))

    def _bytes(self, name: str) -> bytes:
        return self._archive.read(self._infos[name])

    def _text(self, name: str) -> str:
        if self._infos[name].file_size > MAX_TEXT_BYTES:
            raise self._damaged("its description")
        try:
            return self._bytes(name).decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._damaged("its description") from error

    def _damaged(self, what: str) -> BadInput:
        return BadInput(f"'{self._path.name}' is damaged: {what} cannot be read.{_advice(self._path)}")


def _require(condition: bool) -> None:
    if not condition:
        raise ValueError("inconsistent")


def _advice(path: Path) -> str:
    backup = path.with_name(path.name + "~")
    return f" Its backup '{backup.name}' may still open." if backup.exists() else " Open another copy."
