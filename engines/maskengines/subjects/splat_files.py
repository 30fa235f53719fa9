"""Opening and writing Gaussians: what each suffix means, and who reads and writes it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from maskengines.errors import BadInput
from maskengines.files import check_target
from maskengines.subjects.gaussians import Gaussians
from maskengines.subjects.scene_formats.common import OpenedGaussians, drawable, unreadable

READABLE_SUFFIXES = (".ply", ".splat", ".spz", ".sog")
WRITABLE_SUFFIXES = (".ply", ".splat", ".spz")


@dataclass(frozen=True)
class Form:
    """One way to write Gaussians.

    Attributes:
        title: what it is, in a few words.
        suffix: of its files.
    """

    title: str
    suffix: str
    write: Callable[[Gaussians, Path], None]


def load_gaussians(path: str | os.PathLike[str]) -> OpenedGaussians:
    """Open Gaussians: PLY (plain or compressed), SPZ, SOG by what the file holds, ``.splat`` by its name.

    Gaussians whose numbers are not finite are left out, and harmonics of a higher degree than memory allows
    are cut, with a warning each.

    Raises:
        BadInput: it cannot be read, is none of these, is damaged, or holds no Gaussian that can be drawn.
    """
    file = Path(path)
    if file.is_dir():
        raise BadInput(f"'{file}' is a folder. Give a file of Gaussians: {', '.join(READABLE_SUFFIXES)}.")
    try:
        with file.open("rb") as stream:
            start = stream.read(16)
    except OSError as error:
        raise unreadable(file, error) from error
    try:
        return _load(file, start)
    except MemoryError:
        raise BadInput(
            f"Cannot open '{file.name}': it does not fit into memory. Thin it out first."
        ) from None


def save_gaussians(gaussians: Gaussians, path: str | os.PathLike[str]) -> None:
    """Write Gaussians in the format of the suffix, all or nothing: ``.compressed.ply``, ``.ply``, ``.spz``
    or ``.splat``. Those that cannot be drawn are left out.

    Raises:
        BadInput: unknown suffix, nothing to write, or the place cannot be written.
    """
    target = check_splat_target(path)
    form_of(target).write(drawable(gaussians, target.name).gaussians, target)


def check_splat_target(path: str | os.PathLike[str]) -> Path:
    """Find out before any work is done whether Gaussians can be saved as ``path``.

    Raises:
        BadInput: unknown or missing suffix, missing folder, or a place that cannot be written.
    """
    target = Path(path)
    form_of(target)
    return check_target(target)


def form_of(path: Path) -> Form:
    """The form of a file's suffix.

    Raises:
        BadInput: there is none; says which there are.
    """
    for form in FORMS:
        if path.name.lower().endswith(form.suffix):
            return form
    listed = ", ".join(form.suffix for form in FORMS)
    raise BadInput(f"Cannot write a scene as '{path.name}'. Use one of {listed}.")


def _load(file: Path, start: bytes) -> OpenedGaussians:
    from maskengines.subjects.scene_formats import ply, sog, spz

    if ply.is_ply(start):
        return _load_ply(file)
    if spz.is_spz(start):
        return spz.read_spz(file)
    if start.startswith(sog.MAGIC):
        return sog.read_sog(file)
    if file.suffix.lower() == ".splat":
        from maskengines.subjects.scene_formats.splat import read_splat

        return read_splat(file)
    if not start:
        raise BadInput(f"Cannot open '{file.name}': the file is empty. Copy or export it again.")
    raise BadInput(
        f"Cannot open '{file.name}': it holds no Gaussians. Give one of {', '.join(READABLE_SUFFIXES)}."
    )


def _load_ply(file: Path) -> OpenedGaussians:
    from maskengines.subjects.scene_formats.compressed import from_chunks, is_compressed
    from maskengines.subjects.scene_formats.inria import from_vertices
    from maskengines.subjects.scene_formats.ply import read_ply

    elements = read_ply(file)
    if is_compressed(elements):
        return from_chunks(elements, file.name)
    if "vertex" not in elements:
        raise BadInput(f"'{file.name}' has no vertices. Give the PLY that a training wrote.")
    return from_vertices(elements["vertex"], file.name)


def _write_ply(gaussians: Gaussians, target: Path) -> None:
    from maskengines.subjects.scene_formats.inria import write_inria

    write_inria(gaussians, target)


def _write_compressed(gaussians: Gaussians, target: Path) -> None:
    from maskengines.subjects.scene_formats.compressed import write_compressed

    write_compressed(gaussians, target)


def _write_spz(gaussians: Gaussians, target: Path) -> None:
    from maskengines.subjects.scene_formats.spz import write_spz

    write_spz(gaussians, target)


def _write_splat(gaussians: Gaussians, target: Path) -> None:
    from maskengines.subjects.scene_formats.splat import write_splat

    write_splat(gaussians, target)


FORMS = (
    Form("PLY, compressed", ".compressed.ply", _write_compressed),
    Form("PLY, whole", ".ply", _write_ply),
    Form("SPZ, packed", ".spz", _write_spz),
    Form("Splat, one colour each", ".splat", _write_splat),
)
"""The first whose suffix fits counts."""
