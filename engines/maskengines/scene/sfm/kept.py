"""Scenes whose cameras were found before, by the content of their photos."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from maskengines.errors import BadInput
from maskengines.places import cache_folder
from maskengines.scene.sfm.plan import Report
from maskengines.subjects.scene import ScenePhoto
from maskengines.subjects.scene_formats.folder import IMAGES, POINTS, SCENE

_VERSION = "1"
"""Of the search; another one finds other cameras."""

_REPORT = "report.json"

MOST_BYTES = 2 << 30
"""Of all scenes that are kept; beyond, those that were not used for longest go."""


def scene_place(photos: Sequence[ScenePhoto], longest: int) -> Path:
    """Where the scene of these photos is kept, whether it is there or not."""
    digest = hashlib.blake2b(f"{_VERSION} {longest}".encode(), digest_size=16)
    for photo in photos:
        digest.update(f" {photo.digest} {photo.name}".encode())
    return cache_folder() / "scenes" / digest.hexdigest()


def report_of(scene: Path, photos: Sequence[ScenePhoto]) -> Report | None:
    """What was found, if all of it is still there."""
    try:
        report = Report.read(json.loads((scene / _REPORT).read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    with contextlib.suppress(OSError):
        os.utime(scene / _REPORT)  # it is used, so it is not the next to go
    lost = set(report.lost)
    files = [scene / SCENE, scene / POINTS]
    files += [scene / IMAGES / f"{photo.name}.png" for photo in photos if photo.name not in lost]
    return report if all(file.is_file() for file in files) else None


def keep(made: Path, report: Report, scene: Path) -> None:
    """Move a scene folder that was made to where it is kept; what is left of an older one goes.

    Raises:
        BadInput: it cannot be written.
    """
    try:
        (made / _REPORT).write_text(json.dumps(report.to_plain()), "utf-8")
        shutil.rmtree(scene, ignore_errors=True)
        scene.parent.mkdir(parents=True, exist_ok=True)
        made.rename(scene)
    except OSError as error:
        raise _refused(scene, error) from error


def prune(place: Path, most: int = MOST_BYTES) -> None:
    """Remove kept scenes, those first that were not used for longest, until the others take at most ``most``
    bytes. The one that was used last stays, however large it is, and so does what is no kept scene."""
    used = sorted(_kept(place), reverse=True)
    total = 0
    for number, (_, scene) in enumerate(used):
        total += _bytes(scene)
        if number and total > most:
            # Without its report it is no kept scene any more, should removing the rest be cut short.
            with contextlib.suppress(OSError):
                (scene / _REPORT).unlink()
            shutil.rmtree(scene, ignore_errors=True)


def _kept(place: Path) -> Iterator[tuple[float, Path]]:
    """When each kept scene was used last, and where it is."""
    with contextlib.suppress(OSError):
        for scene in place.iterdir():
            with contextlib.suppress(OSError):
                yield (scene / _REPORT).stat().st_mtime, scene


def _bytes(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += file.stat().st_size
    return total


@contextlib.contextmanager
def workshop(scene: Path) -> Iterator[Path]:
    """An empty folder on the disk where a scene will be kept; gone at the end.

    Raises:
        BadInput: it cannot be made.
    """
    try:
        scene.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".search-", dir=scene.parent))
    except OSError as error:
        raise _refused(scene, error) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _refused(place: Path, error: OSError) -> BadInput:
    return BadInput(
        f"Cannot write the scene to '{place}': {error.strerror or error}. Choose another folder, or free "
        "some space."
    )
