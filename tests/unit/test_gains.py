"""Detail that is made stronger becomes no harsher than around the hole."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from maskengines.inpaint.gains import matched
from maskengines.inpaint.likeness import Texture, curves, strengths

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


def wanted_of(picture: Array, where: Array, *, known: bool) -> Texture:
    return Texture(curves(strengths(picture.mean(axis=2)), *np.nonzero(where)), known)


@pytest.mark.parametrize("known", [False, True])
def test_detail_grows_harsher_than_around_it_only_where_the_photo_itself_says_so(known: bool) -> None:
    ground = np.zeros((160, 160, 1))
    ground[110:] = 1
    photo = noise(4.0 + 56.0 * ground)
    below = np.zeros_like(HOLE)
    below[100:] = True
    result = matched(photo, HOLE, wanted_of(photo, below, known=known), scale=1.0, tick=lambda: None)
    sky, earth = HOLE.copy(), HOLE.copy()
    sky[100:] = False
    earth[:116] = False
    for part in (sky, earth):
        times = detail(result, part) / detail(photo, part)
        assert times > 1.4 if known else times < 1.15
