"""Writing: signs, posters and pages, in Pillow's bundled font."""

from __future__ import annotations

import string
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from maskengines.inpaint.procedural.fractals import clouds
from maskengines.inpaint.procedural.palettes import Bytes, Palette, filled, palette
from maskengines.inpaint.procedural.patterns import pattern

LETTERS = list(string.ascii_lowercase * 4 + string.ascii_uppercase + string.digits)


def writing(side: int, rng: np.random.Generator) -> Bytes:
    """Lines, blocks and frames on a ground that is plain or busy, seen straight or at an angle."""
    colours = palette(rng)
    dark, light = colours.pair(rng)
    ink, paper = (dark, light) if rng.uniform() < 0.6 else (light, dark)
    busy = rng.uniform()
    if busy < 0.55:
        ground = filled(side, side, paper)
    else:
        ground = pattern(side, rng) if busy < 0.8 else clouds(side, rng)
    page = _page(side, rng)
    picture = ground.copy()
    cv2.copyTo(filled(side, side, ink), page, picture)
    if rng.uniform() < 0.5:
        _decorate(picture, colours, rng)
    return _tilted(picture, rng) if rng.uniform() < 0.6 else picture


def _page(side: int, rng: np.random.Generator) -> Bytes:
    image = Image.new("L", (side, side))
    draw = ImageDraw.Draw(image)
    left, y = rng.uniform(-0.1, 0.4) * side, rng.uniform(-0.05, 0.3) * side
    right = left + rng.uniform(0.4, 1.1) * side
    while y < side:
        size = 4 * round(side * float(np.exp(rng.uniform(np.log(0.02), np.log(0.2)))) / 4) + 8
        for _ in range(1 if size > 0.1 * side else int(rng.integers(1, 7))):
            draw.text((left, y), _line(right - left, size, rng), fill=255, font=_font(size))
            y += 1.3 * size
        y += rng.uniform(0.0, 0.12) * side
        if rng.uniform() < 0.2:
            draw.rectangle((left, y, right, y + rng.uniform(0.002, 0.02) * side), fill=255)
            y += 0.05 * side
    return np.asarray(image)


def _line(length: float, size: int, rng: np.random.Generator) -> str:
    count = max(2, round(length / (0.55 * size)))
    letters = rng.choice(LETTERS, count)
    letters[rng.uniform(size=count) < 0.16] = " "
    return "".join(letters)


def _decorate(picture: Bytes, colours: Palette, rng: np.random.Generator) -> None:
    side = picture.shape[0]
    for _ in range(int(rng.integers(1, 5))):
        (x, y), (w, h) = rng.uniform(-0.1, 0.9, 2) * side, rng.uniform(0.05, 0.6, 2) * side
        width = -1 if rng.uniform() < 0.5 else max(1, round(side * rng.uniform(0.004, 0.02)))
        corners = (round(x), round(y)), (round(x + w), round(y + h))
        cv2.rectangle(picture, *corners, colours.colour(rng).tolist(), width)


def _tilted(picture: Bytes, rng: np.random.Generator) -> Bytes:
    side = picture.shape[0]
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * side
    moved = corners + rng.uniform(-0.2, 0.2, (4, 2)) * side
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), moved.astype(np.float32))
    return np.asarray(
        cv2.warpPerspective(
            picture, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )


@lru_cache(maxsize=128)
def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)
