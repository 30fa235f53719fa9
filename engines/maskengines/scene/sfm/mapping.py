"""From points that look alike to cameras: COLMAP's verification and incremental mapping, through pycolmap."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pycolmap

from maskengines.errors import BadInput
from maskengines.scene.sfm.features import Features
from maskengines.scene.sfm.matching import LEAST, alike
from maskengines.scene.sfm.photos import Lens
from maskengines.scene.sfm.plan import FEW

Array = np.ndarray[Any, Any]

Progress = Callable[[int, int], None]

_DATABASE, _PAIRS, _MODELS = "database.db", "pairs.txt", "models"
_AT_ONCE = 12
"""Pairs that are verified between two reports of progress."""
_TRIES = 3
"""Models that are begun where one leaves photos over."""
_GUESS = 1.2
"""Focal length in longest sides where EXIF has none; as in COLMAP."""
_LET_OTHERS = 0.001


def write_database(
    work: Path,
    photos: Path,
    names: Sequence[str],
    groups: Mapping[Lens, list[int]],
    found: Sequence[Features],
) -> None:
    """Make the database of a search: a camera for each lens, and the points of each photo.

    Args:
        photos: folder of the reduced photos, called ``names``.
    """
    with _opened(work):
        pass  # it is made
    for lens, numbers in groups.items():
        options = pycolmap.ImageReaderOptions()
        options.camera_model = "SIMPLE_RADIAL"
        options.default_focal_length_factor = _GUESS
        if lens.focal:
            options.camera_params = f"{lens.focal:.3f},{lens.width / 2},{lens.height / 2},0"
        pycolmap.import_images(
            work / _DATABASE,
            photos,
            pycolmap.CameraMode.SINGLE,
            [names[number] for number in numbers],
            options,
        )
    with _opened(work) as database:
        for name, features in zip(names, found, strict=True):
            number = database.read_image_with_name(name).image_id
            database.write_keypoints(number, features.places)


def match(
    work: Path,
    names: Sequence[str],
    found: Sequence[Features],
    pairs: Sequence[tuple[int, int]],
    progress: Progress,
) -> None:
    """Compare photos and keep what one motion of a camera explains.

    Args:
        progress: told of pairs done, and of all.
    """
    options = pycolmap.TwoViewGeometryOptions()
    options.ransac.random_seed = 0
    for start in range(0, len(pairs), _AT_ONCE):
        some = pairs[start : start + _AT_ONCE]
        kept = []
        with _opened(work) as database:
            numbers = [database.read_image_with_name(name).image_id for name in names]
            for one, other in some:
                matches = alike(found[one], found[other])
                if len(matches) >= LEAST:
                    database.write_matches(numbers[one], numbers[other], matches)
                    kept.append(f"{names[one]} {names[other]}\n")
        if kept:
            (work / _PAIRS).write_text("".join(kept), "utf-8")
            pycolmap.verify_matches(work / _DATABASE, work / _PAIRS, options)
        progress(min(start + _AT_ONCE, len(pairs)), len(pairs))


def place(work: Path, photos: Path, count: int, threads: int, progress: Progress) -> Any:
    """Place photo after photo; returns the `pycolmap.Reconstruction` that holds most of them.

    Args:
        photos: folder of the reduced photos, for the colours of points.
        count: of the photos.
        progress: told of photos placed, and of all.

    Raises:
        BadInput: fewer than three could be placed.
    """
    options = pycolmap.IncrementalPipelineOptions()
    options.num_threads = threads
    options.random_seed = 0
    options.min_model_size = FEW
    options.max_num_models = _TRIES
    placed = 0

    def begun() -> None:
        nonlocal placed
        placed = 1
        another()

    def another() -> None:
        nonlocal placed
        placed += 1
        progress(min(placed, count), count)
        # Whoever watches over this process has a turn.
        time.sleep(_LET_OTHERS)

    models = work / _MODELS
    models.mkdir()
    found = pycolmap.incremental_mapping(
        work / _DATABASE, photos, models, options,
        initial_image_pair_callback=begun, next_image_callback=another,
    )  # fmt: skip
    best = max(found.values(), key=lambda model: model.num_reg_images(), default=None)
    if best is None or best.num_reg_images() < FEW:
        raise BadInput(_nothing(work, count))
    return best


def _nothing(work: Path, count: int) -> str:
    with _opened(work) as database:
        overlap = database.num_verified_image_pairs()
    if not overlap:
        return (
            f"None of the {count} photos shows what another shows, so their cameras cannot be found. Take 20 "
            "to 50 photos of one place, each overlapping the one before by two thirds."
        )
    return (
        f"The {count} photos overlap, but not from places far enough apart to tell what is near and what is "
        "far. Walk around while you take them; turning or zooming on one spot does not do."
    )


@contextlib.contextmanager
def _opened(work: Path) -> Iterator[Any]:
    database = pycolmap.Database.open(work / _DATABASE)
    try:
        yield database
    finally:
        database.close()
