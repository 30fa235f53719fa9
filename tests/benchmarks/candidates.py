"""Candidates of several seeds, on more photos and masks than `exemplar` was made with.

Run ``python -m tests.benchmarks candidates [--quick]``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.benchmarks import exemplar

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("MASKSTUDIO_DATA", ROOT.parent / "shared" / "data")) / "photos" / "train"
LONG_SIDE = 520
OTHERS = 14
NEAR = 1.2
Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Asked:
    """One photo and hole, and what four seeds answered: one row of ``figures`` ``(4, 4)`` each, of PSNR in
    dB, SSIM, texture distance and CPU seconds; ``apart``, the least distance of two in noise floors."""

    name: str
    figures: Array
    apart: float

    @property
    def textures(self) -> list[float]:
        return sorted(self.figures[:, 2].tolist())

    @property
    def near(self) -> int:
        """How many are at most a fifth further from the truth in texture than the best is."""
        return sum(value <= NEAR * self.textures[0] for value in self.textures)


def others() -> Iterator[tuple[str, Array]]:
    """Photographs `exemplar` was not made with, ``(H, W, 3)`` uint8, the longer side 520 pixels."""
    files = sorted(DATA.glob("*.jpg"))
    for file in files[5 :: max(1, len(files) // OTHERS)][:OTHERS]:
        photo = cv2.cvtColor(cv2.imread(str(file), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        times = LONG_SIDE / max(photo.shape[:2])
        yield file.stem, cv2.resize(photo, None, fx=times, fy=times, interpolation=cv2.INTER_AREA)


def ask(name: str, photo: Array, mask: Array) -> Asked:
    hole, results, figures = mask > 0, [], []
    for seed in range(exemplar.SEEDS):
        begin = time.process_time()
        result = exemplar.ask_exemplar(photo, mask, seed)
        spent = time.process_time() - begin
        results.append(result[hole].astype(float))
        figures.append((
            exemplar.psnr(photo, result, hole),
            exemplar.similarity(photo, result, hole),
            exemplar.texture_distance(photo, result, hole),
            spent,
        ))  # fmt: skip
    apart = min(float(np.abs(a - b).mean()) for i, a in enumerate(results) for b in results[:i])
    return Asked(name, np.array(figures), apart / exemplar.noise_floor(photo))


def table(quick: bool) -> str:
    """Markdown; ``quick`` asks of three photos instead of thirty."""
    known = exemplar.photos(exemplar.QUICK if quick else tuple(exemplar.PHOTOS))
    sets: dict[str, list[tuple[str, Array, int]]] = {
        "the photos above": [(name, photo, 0) for name, photo in known.items()],
        "other masks": [] if quick else [(name, photo, 1) for name, photo in known.items()],
        "other photos": [] if quick else [(name, photo, 0) for name, photo in others()],
    }
    exemplar.ask_exemplar(np.full((256, 256, 3), 9, np.uint8), exemplar.holes(256, 256)["blob"])
    rows, missed = [], []
    for title, asked in sets.items():
        found = [
            ask(name, photo, exemplar.holes(*photo.shape[:2], seed)["blob"]) for name, photo, seed in asked
        ]
        if not found:
            continue
        quality, likeness, texture, spent = np.concatenate([one.figures for one in found]).mean(axis=0)
        near, total = sum(one.near for one in found), len(found) * exemplar.SEEDS
        rows.append(
            f"| {title} | {len(found)} | {quality:.1f} | {likeness:.3f} | {texture:.1f} | {spent:.1f} "
            f"| {near} of {total} | {min(one.apart for one in found):.1f} |"
        )
        missed += [
            f"| {title} | {one.name} | {' '.join(f'{value:.2f}' for value in one.textures)} |"
            for one in found
            if one.near < exemplar.SEEDS
        ]
    return "\n".join([
        f"Blob holes, {exemplar.SEEDS} seeds a photo. *Other masks* are drawn from another seed, *other",
        f"photos* are photographs with a longer side of {LONG_SIDE} pixels. How far two candidates are",
        "apart is in noise floors of the photo, the least of each line.",
        "",
        "| holes in | photos | PSNR dB | SSIM | texture distance | CPU s | texture distance within a fifth "
        "of the best's | two candidates apart |",
        "|---|---|---|---|---|---|---|---|",
        *rows,
        "",
        "| where some are further away | photo | texture distance of each |",
        "|---|---|---|",
        *missed,
    ])  # fmt: skip
