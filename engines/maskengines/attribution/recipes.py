"""What may be in a procedural scene: the standard split, and the ones that test something in particular."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Recipe:
    """What may be in a scene.

    Attributes:
        size: side of the square image in pixels.
        main_area: least and greatest area of the main object, as parts of the image.
        companions: least and greatest number of other objects.
        companion_area: least and greatest area of those, as parts of the main object's.
        clutter: greatest number of lumps and bars without a class behind the objects.
        occluders: least and greatest number of bars and lumps in front of the main object.
        covered: greatest part of the main object that occluders may cover.
        patterned: probability that an object, a lump or the background has a pattern and is not plain.
        blur: greatest standard deviation of the blur in pixels.
        noise: greatest standard deviation of the pixel noise, in parts of white.
        cue: a planted shortcut: a ``patch`` in a corner, or the ``background``'s texture, which tells
            the class by its kind; ``none`` in the standard split.
        cue_agrees: probability that the cue tells the true class; else it tells another one.
    """

    size: int = 96
    main_area: tuple[float, float] = (0.09, 0.25)
    companions: tuple[int, int] = (0, 2)
    companion_area: tuple[float, float] = (0.2, 0.5)
    clutter: int = 2
    occluders: tuple[int, int] = (0, 2)
    covered: float = 0.3
    patterned: float = 0.9
    blur: float = 1.0
    noise: float = 0.05
    cue: Literal["none", "patch", "background"] = "none"
    cue_agrees: float = 1.0


STANDARD = Recipe()
"""What the network is trained on and its accuracy is stated for."""
CLEAN = Recipe(companions=(0, 0), clutter=0, occluders=(0, 0), blur=0.0, noise=0.01)
"""One object on a background."""
OCCLUDED = Recipe(occluders=(1, 3), covered=0.4)
"""One to three things in front of the main object, as far as they find room."""
PAIR = Recipe(
    main_area=(0.09, 0.13), companions=(1, 1), companion_area=(0.76, 0.84), clutter=0, occluders=(0, 0)
)
"""Two objects of different classes and about the same size, for contrasts of two classes."""
