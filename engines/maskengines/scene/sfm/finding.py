"""The whole search, as the process for it does it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
from PIL import Image

from maskengines.scene.sfm import mapping
from maskengines.scene.sfm.features import find_features
from maskengines.scene.sfm.matching import pairs
from maskengines.scene.sfm.photos import by_lens, lens_of, reduced
from maskengines.scene.sfm.plan import Plan, Report
from maskengines.scene.sfm.writing import write_scene

Tell = Callable[[float, str], None]

_READ, _COMPARED, _PLACED = 0.2, 0.7, 0.95
"""Shares of the work that are done after each part."""


def find(plan: Plan, tell: Tell) -> Report:
    """Find the cameras of photos and write the scene folder.

    Args:
        tell: is given the share that is done and what is done now.

    Raises:
        BadInput: a photo cannot be read, or fewer than three can be placed.
        OSError: the work cannot be written.
    """
    cv2.setNumThreads(plan.threads)
    folder = plan.work / "photos"
    folder.mkdir()
    count = len(plan.photos)
    found, lenses, files = [], [], {}
    for number, photo in enumerate(plan.photos):
        tell(_READ * number / count, f"Finding the cameras: photo {number + 1} of {count}")
        pixels = reduced(photo, plan.longest)
        # Names in a list of pairs may hold no spaces.
        file = files[photo.name] = folder / f"{number:05d}.png"
        Image.fromarray(pixels).save(file, compress_level=1)
        lenses.append(lens_of(Path(photo.path), pixels.shape[1], pixels.shape[0]))
        found.append(find_features(pixels))

    names = [file.name for file in files.values()]
    mapping.write_database(plan.work, folder, names, by_lens(lenses), found)

    def compared(done: int, total: int) -> None:
        tell(
            _READ + (_COMPARED - _READ) * done / total,
            f"Finding the cameras: {done} of {total} pairs of photos compared",
        )

    chosen = pairs(found)
    compared(0, len(chosen))
    mapping.match(plan.work, names, found, chosen, compared)

    def placed(done: int, total: int) -> None:
        tell(
            _COMPARED + (_PLACED - _COMPARED) * done / total,
            f"Finding the cameras: {done} of {total} photos placed",
        )

    placed(0, count)
    model = mapping.place(plan.work, folder, count, plan.threads, placed)
    tell(_PLACED, "Finding the cameras: writing the scene")
    return write_scene(model, plan.photos, files, plan.scene)
