"""The typeface of a printed page: the one that comes with Pillow, so that a page looks the same on every
machine, and one of the system's where a text has letters that it lacks."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import cast

from PIL import ImageFont

Font = ImageFont.FreeTypeFont

_SYSTEM = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial.ttf", "arial.ttf", "NotoSansCJK-Regular.ttc")
_NOWHERE = "\ue123"
"""A private character that no text typeface has."""


def typeset(text: str, size: int) -> tuple[str, Font]:
    """What to draw and with which typeface, ``size`` in pixels.

    Where no typeface has all letters, accents are dropped and what is still missing becomes a question mark.
    """
    for name in ("", *_SYSTEM):
        if all(_has(name, letter) for letter in text):
            return text, cast(Font, _font(name, size))
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return "".join(letter if _has("", letter) else "?" for letter in plain), cast(Font, _font("", size))


@cache
def _font(name: str, size: int) -> Font | None:
    if not name:
        return cast(Font, ImageFont.load_default(size))
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


@cache
def _has(name: str, letter: str) -> bool:
    font = _font(name, 24)
    if font is None:
        return False
    mask, missing = font.getmask(letter), font.getmask(_NOWHERE)
    return letter.isspace() or mask.size != missing.size or bytes(mask) != bytes(missing)
