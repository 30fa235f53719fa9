"""Detail that is made stronger becomes no harsher than around the hole."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from maskengines.inpaint.gains import matched
from maskengines.inpaint.likeness import curves, strengths

Array = np.ndarray[Any, Any]
HOLE = np.zeros((160, 160), bool)
HOLE[40:130, 50:110] = True


def noise(strong: float | Array) -> Array:
    fine = np.random.default_rng(0).normal(0, 1, (160, 160, 3))
    return (128 + cv2.GaussianBlur(fine, (0, 0), 1.0) * strong).astype(np.float32)


def detail(picture: Array, where: Array) -> float:
    grey = picture.mean(axis=2)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return float(cv2.magnitude(across, down)[where].mean())


def wanted_of(picture: Array, where: Array) -> Array:
    return curves(strengths(picture.mean(axis=2)), *np.nonzero(where))


def test_neither_sky_nor_ground_becomes_harsher_than_around_it_when_more_ground_is_expected() -> None:
    ground = np.zeros((160, 160, 1))
    ground[110:] = 1
    photo = noise(4.0 + 56.0 * ground)
    below = np.zeros_like(HOLE)
    below[100:] = True
    result = matched(photo, HOLE, wanted_of(photo, below), scale=1.0, tick=lambda: None)
    sky, earth = HOLE.copy(), HOLE.copy()
    sky[100:] = False
    earth[:116] = False
    assert detail(result, sky) < 1.15 * detail(photo, sky)
    assert detail(result, earth) < 1.15 * detail(photo, earth)
