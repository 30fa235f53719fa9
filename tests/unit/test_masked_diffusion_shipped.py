"""What the weights of `masked-diffusion` that ship can do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from maskengines.contract import Candidate, Request
from maskengines.disagreement import disagreement
from maskengines.inpaint.diffusion import navier_stokes
from maskengines.inpaint.info import MaskedDiffusionParams
from maskengines.inpaint.masked_diffusion import MaskedDiffusion
from maskengines.runtime.local import run_here
from maskengines.subjects.image import ImageSubject
from PIL import Image
from scipy.stats import spearmanr

Array = np.ndarray[Any, Any]


def ask(pixels: Array, mask: Array, count: int = 1, **params: Any) -> list[Candidate]:
    request = Request(ImageSubject(pixels), {"pixels": mask}, MaskedDiffusionParams(**params), count, 0)
    return run_here(MaskedDiffusion(), request)


def disc(shape: tuple[int, int], radius: float, y: float, x: float) -> Array:
    rows, columns = np.indices(shape)
    return (255 * (np.hypot(rows - y, columns - x) < radius)).astype(np.uint8)


def put(pixels: Array, candidate: Candidate) -> Array:
    result = pixels.copy()
    result[candidate.result.box.slices] = candidate.result.pixels
    return result


@pytest.mark.parametrize("radius", [24, 36])
def test_a_bar_goes_on_through_the_hole(radius: int) -> None:
    pixels = np.full((192, 192, 3), (40, 60, 90), np.uint8)
    cv2.line(pixels, (0, 60), (191, 130), (220, 170, 90), 16, cv2.LINE_AA)
    mask = disc((192, 192), radius, 96, 96)
    hole = mask > 0

    def wrong(filled: Array) -> float:
        return float(np.abs(filled[hole].astype(float) - pixels[hole]).mean())

    [found] = ask(pixels, mask)
    assert wrong(put(pixels, found)) < 0.6 * wrong(navier_stokes(pixels, hole, 4.0))


def test_candidates_are_wrong_where_they_disagree(data_dir: Path) -> None:
    file = sorted((data_dir / "photos/test").glob("*.jpg"))[2]
    pixels = np.asarray(Image.open(file).convert("RGB").resize((256, 192)))
    mask = disc((192, 256), 36, 96, 128)
    answers = ask(pixels, mask, count=4, texture="model", steps=6)
    box = answers[0].result.box.slices
    hole = mask[box] > 0
    error = np.mean([np.abs(each.result.pixels - pixels[box].astype(float)).mean(2) for each in answers], 0)
    told = disagreement(answers, mask.shape)[box]
    assert spearmanr(told[hole], error[hole]).statistic > 0.3


def test_of_fifty_megapixels_only_the_surroundings_of_the_hole_are_looked_at() -> None:
    pixels = np.full((6000, 8400, 3), 90, np.uint8)
    mask = disc((400, 400), 60, 200, 200)
    whole = np.zeros(pixels.shape[:2], np.uint8)
    whole[5000:5400, 7000:7400] = mask
    [found] = ask(pixels, whole, steps=2)
    box = found.result.box
    assert (box.x, box.y) == (7141, 5141)
    assert np.abs(found.result.pixels[whole[box.slices] > 0].astype(int) - 90).mean() < 6
