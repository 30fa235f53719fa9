"""The samplers by name."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from maskengines.errors import BadInput
from maskengines.masks.samplers.brush import brush
from maskengines.masks.samplers.noise import blue, green, purple, red, white
from maskengines.masks.samplers.selection import BoolMask
from maskengines.masks.samplers.shapes import blob, box, half_plane
from maskengines.masks.samplers.text import text


class MaskSampler(Protocol):
    """A way to draw masks."""

    def __call__(self, height: int, width: int, ratio: float, rng: np.random.Generator, /) -> BoolMask:
        """A mask ``(height, width)``, True where masked, that covers the share ``ratio`` (0..1).

        Exactly ``round(ratio * height * width)`` elements; only `box` may miss that, by up to half its
        shorter side. The same state of ``rng`` gives the same mask.

        Raises `BadInput` for a ratio outside 0..1.
        """
        ...


SAMPLERS: dict[str, MaskSampler] = {
    "brush": brush,
    "blob": blob,
    "box": box,
    "half-plane": half_plane,
    "text": text,
    "white": white,
    "red": red,
    "green": green,
    "blue": blue,
    "purple": purple,
}


def sampler(name: str) -> MaskSampler:
    """The sampler of that name. Raises `BadInput` with the names there are."""
    try:
        return SAMPLERS[name]
    except KeyError:
        raise BadInput(f"There is no mask sampler '{name}'; take one of {', '.join(SAMPLERS)}.") from None
