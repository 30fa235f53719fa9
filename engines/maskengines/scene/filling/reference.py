"""From where a hole is filled: the view that shows most of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.scene.filling.hole import Hole, find_hole
from maskengines.scene.filling.rays import reduced
from maskengines.scene.filling.removal import Removal
from maskengines.subjects.cameras import Camera

Array = np.ndarray[Any, Any]

LONGEST = 192
"""Pixels of the longer side at which views are compared."""

MOST = 24
"""Views that are compared; of more, these many evenly."""

_CUT = 0.5
"""What a hole counts that is cut off by the border of the picture."""


def best_view(removal: Removal, cameras: Sequence[Camera], checkpoint: Callable[[], None]) -> Camera:
    """Of the cameras, the one in whose picture the hole has the greatest share. A hole at the border counts
    half, as nothing is known beyond.

    Raises:
        BadInput: none sees a hole.
    """
    step = -(-len(cameras) // MOST)
    scores = []
    for camera in cameras[::step]:
        checkpoint()
        scores.append(_worth(find_hole(removal, reduced(camera, LONGEST))))
    if not scores or max(scores) <= 0:
        raise BadInput("No photo shows a hole: other photos saw what was behind. There is nothing to fill.")
    return cameras[::step][int(np.argmax(scores))]


def _worth(hole: Hole) -> float:
    mask = hole.mask
    cut = mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
    return float(mask.mean()) * (_CUT if cut else 1.0)
