"""Masks in the shape of writing: what subtitles, watermarks and dates leave of a photo."""

from __future__ import annotations

import math
import string
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from maskengines.masks.samplers.noise import Field, filtered, gaussian
from maskengines.masks.samplers.selection import BoolMask, strongest, wanted

INK = 0.11  # covered share of a character's em square in the bundled font, on average
SMALLEST, LARGEST = 0.05, 0.3  # font size as a share of the image's shorter side

Font = ImageFont.ImageFont | ImageFont.FreeTypeFont


def text(height: int, width: int, ratio: float, rng: np.random.Generator) -> BoolMask:
    """Random words in Pillow's bundled font, upright or turned.

    Words are written until they cover the share; then their strokes are thinned or thickened to exactly
    ``round(ratio * height * width)`` elements, so that past the third of an image that writing can cover
    they run together.
    """
    count = wanted(height, width, ratio)
    if count in (0, height * width):
        return strongest(np.zeros((height, width), np.float32), count)
    side = min(height, width)
    largest = min(LARGEST * (1 - ratio) ** 2 * side, math.sqrt(count / (4 * INK)))
    size = max(6, round(max(SMALLEST * side, largest * rng.uniform(0.4, 1.0))))
    ink = _written(height, width, count, size, rng).astype(np.float32) / np.float32(255.0)
    return strongest(filtered(ink, lambda f: _halo(f, size)), count)


def _halo(frequency: Field, size: int) -> Field:
    """A little blur for strokes to grow into, and less and less of wider ones for the gaps between them."""
    near, middle, far = (gaussian(frequency, share * size) for share in (0.04, 0.12, 0.5))
    return near + np.float32(0.05) * middle + np.float32(0.005) * far


def _written(height: int, width: int, count: int, size: int, rng: np.random.Generator) -> np.ndarray:
    turn = float(rng.choice([0.0, 90.0, 180.0, rng.uniform(-40, 40)], p=[0.5, 0.1, 0.05, 0.35]))
    reach = math.ceil(math.hypot(height, width)) if turn else 0
    page = Image.new("L", (max(width, reach), max(height, reach)))
    _write(page, count / (height * width), size, rng)
    page = page.rotate(turn, Image.Resampling.BILINEAR) if turn else page
    left, top = (page.width - width) // 2, (page.height - height) // 2
    return np.asarray(page.crop((left, top, left + width, top + height)))


def _write(page: Image.Image, ratio: float, size: int, rng: np.random.Generator) -> None:
    draw, font = ImageDraw.Draw(page), _font(size)
    missing = ratio * page.width * page.height
    spacing = round(size * rng.uniform(1.0, 1.5))
    indent = max(0.0, 0.6 - 1.5 * ratio) * page.width
    lines = rng.permutation(np.arange(-rng.uniform(0, spacing), page.height, spacing))
    for y in lines:
        x = rng.uniform(-size, indent)
        while x < page.width:
            word = _word(rng)
            length = draw.textlength(word, font)
            draw.text((x, y), word, fill=255, font=font)
            missing -= np.asarray(page.crop(_inside(page, x, y, length, size))).sum(dtype=np.int64) / 255
            if missing <= 0:
                return
            x += length + 0.3 * size


def _inside(page: Image.Image, x: float, y: float, length: float, size: int) -> tuple[int, int, int, int]:
    right, bottom = min(page.width, round(x + length)), min(page.height, round(y + 1.2 * size))
    left, top = max(0, round(x)), max(0, round(y))
    return left, top, max(left, right), max(top, bottom)


def _word(rng: np.random.Generator) -> str:
    letters = list(string.ascii_lowercase * 3 + string.ascii_uppercase + string.digits)
    return "".join(rng.choice(letters, int(rng.integers(1, 9))))


@lru_cache(maxsize=64)
def _font(size: int) -> Font:
    return ImageFont.load_default(size)
