"""Reads the photos and draws the procedural pictures and the holes that training feeds on, in several
processes."""

from __future__ import annotations

import io
import multiprocessing
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from maskengines.errors import BadInput
from maskengines.inpaint import procedural
from maskengines.masks.samplers import SAMPLERS

Array = np.ndarray[Any, np.dtype[Any]]

EVERY = 13
"""One photo in so many is held out of training."""

KINDS = {
    "brush": 6, "blob": 6, "box": 2, "half-plane": 1, "text": 1, "red": 1, "green": 1, "blue": 0.5,
    "purple": 0.5
}  # fmt: skip
"""How often each kind of hole is drawn: mostly what people paint."""

MEDIAN_SHARE = 0.18


def packed(folder: Path, file: Path) -> int:
    """Put the photos of `folder` into one file that travels well; returns how many."""
    photos = sorted(folder.glob("*.jpg"))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for photo in photos:
            archive.write(photo, photo.name)
    return len(photos)


def photos(source: Path) -> tuple[list[Array], list[Array]]:
    """Training photos and those held out, (h, w, 3) uint8, from a folder of JPEGs or a file by `packed`.

    Raises:
        BadInput: there are fewer than two.
    """
    if source.is_dir():
        encoded = [path.read_bytes() for path in sorted(source.glob("*.jpg"))]
    else:
        with zipfile.ZipFile(source) as archive:
            encoded = [archive.read(name) for name in sorted(archive.namelist())]
    if len(encoded) < 2:
        raise BadInput(f"'{source}' holds fewer than two photos. Name the folder or file of training photos.")
    found = [np.asarray(Image.open(io.BytesIO(data)).convert("RGB")) for data in encoded]
    held_out = found[::EVERY]
    return [photo for index, photo in enumerate(found) if index % EVERY], held_out


def picture(task: tuple[int, int]) -> Array:
    """A procedural picture for (side, seed)."""
    side, seed = task
    return procedural.picture(side, np.random.default_rng((7, seed)))


def hole(task: tuple[int, int]) -> Array:
    """A mask for (side, seed), of a kind and a share drawn for the seed."""
    side, seed = task
    random = np.random.default_rng((11, seed))
    kinds = np.array(list(KINDS.values()), dtype=float)
    kind = str(random.choice(list(KINDS), p=kinds / kinds.sum()))
    share = float(np.clip(MEDIAN_SHARE * np.exp(0.9 * random.standard_normal()), 0.01, 0.9))
    mask = SAMPLERS[kind](side, side, share, random)
    if not mask.any():
        mask[side // 2, side // 2] = True
    return mask


def alone() -> None:
    """One thread a process: there are as many processes as cores."""
    import cv2

    cv2.setNumThreads(1)


class Supply:
    """Processes that draw ahead while something else goes on."""

    def __init__(self, processes: int) -> None:
        self._pool = multiprocessing.get_context("spawn").Pool(processes, alone) if processes > 1 else None

    def drawn(
        self, draw: Callable[[tuple[int, int]], Array], side: int, seeds: Iterable[int]
    ) -> Callable[[], list[Array]]:
        """Begin; the call of what is returned waits for all of them."""
        tasks = [(side, seed) for seed in seeds]
        if self._pool is None:
            return lambda: [draw(task) for task in tasks]
        return self._pool.map_async(draw, tasks, chunksize=8).get

    def close(self) -> None:
        if self._pool is not None:
            self._pool.terminate()
