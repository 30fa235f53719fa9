"""What hangs on the walls of a room."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from maskengines.inpaint.procedural import textures
from maskengines.inpaint.procedural.fractals import sky
from maskengines.inpaint.procedural.palettes import Bytes, Palette, filled, palette


@dataclass(frozen=True)
class Paint:
    """A room's colours: light ones for walls and frames, dark ones for floor and furniture."""

    light: Palette
    dark: Palette


def window(paint: Paint, rng: np.random.Generator) -> Bytes:
    """Panes before the sky, ``(96, 96, 3)``."""
    face = sky(96, 96, rng)
    frame = paint.light.colour(rng).tolist()
    for at in np.linspace(0, 95, int(rng.integers(2, 5))):
        cv2.line(face, (round(at), 0), (round(at), 95), frame, 4)
    for at in np.linspace(0, 95, int(rng.integers(2, 5))):
        cv2.line(face, (0, round(at)), (95, round(at)), frame, 4)
    cv2.rectangle(face, (0, 0), (95, 95), frame, 9)
    return face


def door(paint: Paint, rng: np.random.Generator) -> Bytes:
    """A door with panels in its frame, ``(128, 64, 3)``."""
    face = filled(128, 64, paint.dark.colour(rng))
    edge = np.clip(face[0, 0] * 0.7, 0, 255).tolist()
    rows = int(rng.integers(1, 4))
    for top in np.linspace(8, 122, rows + 1)[:-1]:
        cv2.rectangle(face, (10, round(top)), (54, round(top + 114 / rows - 8)), edge, 2)
    cv2.rectangle(face, (0, 0), (63, 127), paint.light.colour(rng).tolist(), 4)
    cv2.circle(face, (56, 66), 2, paint.light.colour(rng).tolist(), -1)
    return face


def framed(paint: Paint, rng: np.random.Generator) -> Bytes:
    """A framed picture, ``(96, 96, 3)``."""
    face = textures.texture(palette(rng), rng)[:96, :96].copy()
    cv2.rectangle(face, (0, 0), (95, 95), paint.light.colour(rng).tolist(), 20)
    cv2.rectangle(face, (0, 0), (95, 95), paint.dark.colour(rng).tolist(), 8)
    return face
