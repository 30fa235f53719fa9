"""What a training left inside of things, where no photo saw it, and a removal brings to light."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from maskengines.scene.filling.evidence import Evidence, visible_share
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import Gaussians

Array = np.ndarray[Any, Any]

LEAST, TIMES = 0.03, 3.0
"""Share of a Gaussian that must be seen after the removal, and how many times what any photo saw that is."""

_ROUNDS = 3
"""What comes to light may hide more of its kind."""


def leftovers(
    kept: Gaussians, evidence: Evidence, cameras: Sequence[Camera], checkpoint: Callable[[], None]
) -> Array:
    """``(N,)`` bool over ``kept``: Gaussians that no photo saw before the removal, and that can be seen now.

    No photo ever said anything of them, so they are what the training happened to leave there.

    Args:
        evidence: of ``kept`` first, and then of what is removed.
    """
    before = evidence.shares[: len(kept)]
    able = ~evidence.backs(kept)
    found = np.zeros(len(kept), bool)
    for _ in range(_ROUNDS):
        rest = np.flatnonzero(~found)
        drawn, after = kept.take(rest), np.zeros(len(rest))
        for camera in cameras:
            checkpoint()
            np.maximum(after, visible_share(drawn, camera)[0], out=after)
        fresh = rest[able[rest] & (after >= LEAST) & (after >= TIMES * before[rest])]
        if not len(fresh):
            break
        found[fresh] = True
    return found
