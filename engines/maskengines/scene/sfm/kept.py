"""Scenes whose cameras were found before, by the content of their photos."""

from __future__ import annotations

import contextlib
import hashlib
import json
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
