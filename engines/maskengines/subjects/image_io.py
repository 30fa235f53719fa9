"""Opening and saving images: PNG, JPEG, WebP, TIFF and BMP.

A file is opened by what it holds, whatever its name says. Its structure is checked before a pixel is
decoded, because decoders fill in what a truncated file lacks. Animations are refused with a sentence:
editing their first frame would lose the others. Of a TIFF with several pages the first is opened.

Saving goes by suffix. PNG and TIFF keep every mode and depth; WebP is written lossless and BMP is, both
at 8 bit; JPEG at quality 95 without chroma subsampling. Profile, EXIF, XMP, comment and resolution go into
the formats that have a place for them; the orientation is 1 in both, since it is applied on opening.
"""

from __future__ import annotations

import importlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.files import atomic_write, check_target
from maskengines.subjects.colour import fitting
from maskengines.subjects.formats.common import Damaged, Header, Unsupported
from maskengines.subjects.image import ImageSubject

_FORMATS = {
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".webp": "webp",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".bmp": "bmp",
}
READABLE_SUFFIXES = (*_FORMATS, ".jpe", ".jfif", ".dib", ".apng")
WRITABLE_SUFFIXES = tuple(_FORMATS)
LOSSLESS_SUFFIXES = (".png", ".tif", ".tiff")
"""Formats that keep every mode at both depths; WebP and BMP are exact for 8-bit pictures only."""

MAX_PIXELS = 400_000_000

_SIGNATURES = (
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"\xff\xd8\xff", "jpeg"),
    (8, b"WEBP", "webp"),
    (0, b"II*\0", "tiff"),
    (0, b"MM\0*", "tiff"),
    (0, b"II+\0", "tiff"),
    (0, b"MM\0+", "tiff"),
    (0, b"BM", "bmp"),
)
_STRANGERS = (
    (0, b"GIF8", "GIF"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftypheic", "HEIC"),
    (4, b"ftypmif1", "HEIF"),
    (4, b"ftyp", "video"),
    (0, b"%PDF", "PDF"),
    (0, b"8BPS", "Photoshop"),
    (0, b"<svg", "SVG"),
    (0, b"gimp xcf", "GIMP"),
    (0, b"\xff\x0a", "JPEG XL"),
    (4, b"JXL ", "JPEG XL"),
    (4, b"jP  ", "JPEG 2000"),
    (0, b"v/1\x01", "OpenEXR"),
    (0, b"#?RADIANCE", "Radiance HDR"),
    (0, b"FUJIFILM", "camera raw"),
)
_SORTS = "PNG, JPEG, WebP, TIFF or BMP"


def load_image(path: str | os.PathLike[str]) -> ImageSubject:
    """Open an image file at its own depth, upright, with alpha apart.

    Raises:
        BadInput: there is no such file, it is no image of a known format, it is damaged, animated,
            too large (over 400 megapixels) or cannot be read; the sentence names the file.
    """
    file = Path(path)
    try:
        return read_image(_read(file), file.name)
    except MemoryError:
        raise BadInput(
            f"Cannot open '{file.name}': it does not fit into memory. Use a smaller one."
        ) from None


def read_image(data: bytes, name: str) -> ImageSubject:
    """Like `load_image`, from the bytes of a file; ``name`` is for error messages."""
    header = inspect_image(data, name)
    module = _recognise(data, name)
    try:
        raster = module.decode(data, header)
        if raster.pixels.shape[:2] != (header.height, header.width):
            raise Damaged("its pixels do not match its header")
    except Damaged as error:
        raise BadInput(f"Cannot open '{name}': {error}. Copy or download it again.") from error
    except Unsupported as error:
        raise BadInput(f"Cannot open '{name}': {error}") from error
    pixels = _upright(raster.pixels, header.orientation)
    alpha = None if raster.alpha is None else _upright(raster.alpha, header.orientation)
    icc, carried = fitting(raster.icc, pixels.shape[2]), header.carried.turned(header.orientation)
    return ImageSubject(pixels, alpha, icc, header.exif, header.format, carried)


def inspect_image(data: bytes, name: str) -> Header:
    """What the bytes of a file say of their picture; no pixel is decoded, but a file that ends too early is
    found. Errors as for `load_image`."""
    module = _recognise(data, name)
    try:
        header: Header = module.inspect(data)
        if not header.width or not header.height or header.width < 0 or header.height < 0:
            raise Damaged("it has no pixels")
        if header.width * header.height > MAX_PIXELS:
            raise Unsupported(
                f"{header.width} x {header.height} pixels are more than the {MAX_PIXELS // 10**6} "
                "megapixels that can be opened. Scale it down first."
            )
    except Damaged as error:
        raise BadInput(f"Cannot open '{name}': {error}. Copy or download it again.") from error
    except Unsupported as error:
        raise BadInput(f"Cannot open '{name}': {error}") from error
    return header


def save_image(subject: ImageSubject, path: str | os.PathLike[str]) -> None:
    """Write ``subject`` in the format of the suffix, all or nothing.

    Raises:
        BadInput: the suffix is unknown, the place cannot be written, the disk is full, or the format
            cannot hold the picture (JPEG has no transparency); an old file stays as it was.
    """
    target = check_writable_target(path)
    data = encode_image(subject, target.name)
    with atomic_write(target) as stream:
        stream.write(data)


def encode_image(subject: ImageSubject, name: str) -> bytes:
    """The bytes of an image file in the format of ``name``'s suffix; errors as for `save_image`."""
    module = importlib.import_module(f"maskengines.subjects.formats.{_format_of(Path(name))}")
    try:
        sound = replace(subject, icc=fitting(subject.icc, subject.pixels.shape[2]))
        encoded: bytes = module.encode(sound)
    except Unsupported as error:
        raise BadInput(f"Cannot write '{Path(name).name}': {error}") from error
    return encoded


def check_writable_target(path: str | os.PathLike[str]) -> Path:
    """Find out before any work is done whether an image can be saved as ``path``.

    Raises:
        BadInput: unknown or missing suffix, missing folder, or a place that cannot be written.
    """
    target = Path(path)
    _format_of(target)
    return check_target(target)


def check_holds(subject: ImageSubject, path: str | os.PathLike[str]) -> None:
    """Find out before any work is done whether the format of the suffix can hold a picture of this size
    and transparency; `BadInput` if not. PNG and TIFF hold all."""
    name = Path(path).name
    module = importlib.import_module(f"maskengines.subjects.formats.{_format_of(Path(name))}")
    try:
        getattr(module, "check", _holds_all)(subject)
    except Unsupported as error:
        raise BadInput(f"Cannot write '{name}': {error}") from error


def _holds_all(subject: ImageSubject) -> None:
    """For formats without a limit of their own."""


def _format_of(target: Path) -> str:
    suffix = target.suffix.lower()
    known = ", ".join(WRITABLE_SUFFIXES)
    if not suffix:
        raise BadInput(f"'{target.name}' has no suffix to tell the format by. Add one of {known}.")
    if suffix not in _FORMATS:
        raise BadInput(f"Cannot write '{target.name}': '{suffix}' is not a known format. Use one of {known}.")
    return _FORMATS[suffix]


def _read(file: Path) -> bytes:
    try:
        if file.is_dir():
            raise BadInput(f"'{file}' is a folder. Give an image file.")
        if file.exists() and not file.is_file():
            raise BadInput(f"'{file}' is no ordinary file. Give an image file.")
        return file.read_bytes()
    except FileNotFoundError:
        raise BadInput(f"There is no file '{file}'. Check the name and the folder.") from None
    except PermissionError:
        raise BadInput(f"Cannot open '{file}': you may not read it. Change its permissions.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"Cannot open '{file}': {reason}. Check the file and its disk.") from None


def _recognise(data: bytes, name: str) -> Any:
    """The module of the format that ``data`` starts like."""
    if not data:
        raise BadInput(f"Cannot open '{name}': the file is empty. Copy or download it again.")
    for at, signature, module in _SIGNATURES:
        if data[at : at + len(signature)] == signature:
            return importlib.import_module(f"maskengines.subjects.formats.{module}")
    for at, signature, sort in _STRANGERS:
        if data[at : at + len(signature)] == signature:
            raise BadInput(f"Cannot open '{name}': it is a {sort} file. Convert it to {_SORTS}.")
    if any(signature.startswith(data[: len(signature)]) for at, signature, _ in _SIGNATURES if not at):
        raise BadInput(f"Cannot open '{name}': the file is cut short. Copy or download it again.")
    raise BadInput(f"Cannot open '{name}': it is no image. Give a {_SORTS} file.")


def _upright(array: np.ndarray[Any, Any], orientation: int) -> np.ndarray[Any, Any]:
    """Turn stored pixels as EXIF orientation 1..8 asks (CIPA DC-008, table 6)."""
    import cv2

    turned: np.ndarray[Any, Any] = array
    match orientation:
        case 2:
            turned = cv2.flip(array, 1)
        case 3:
            turned = cv2.flip(array, -1)
        case 4:
            turned = cv2.flip(array, 0)
        case 5:
            turned = cv2.transpose(array)
        case 6:
            turned = cv2.rotate(array, cv2.ROTATE_90_CLOCKWISE)
        case 7:
            turned = cv2.flip(cv2.transpose(array), -1)
        case 8:
            turned = cv2.rotate(array, cv2.ROTATE_90_COUNTERCLOCKWISE)
    return turned.reshape(*turned.shape[:2], *array.shape[2:])
