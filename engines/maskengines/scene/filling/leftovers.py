"""What a training left inside of things, where no photo saw it, and a removal brings to light."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from maskengines.scene.filling.evidence import Evidence, Sights
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import Gaussians

Array = np.ndarray[Any, Any]


def leftovers(
    kept: Gaussians,
    removed: Gaussians,
    evidence: Evidence,
    cameras: Sequence[Camera],
    checkpoint: Callable[[], None],
) -> Array:
    """``(N,)`` bool over ``kept``: Gaussians that no photo saw because of what is removed, and that one could
    see now but for others of their kind.

    No photo ever said anything of them, so they are what the training happened to leave there.

    Args:
        evidence: of ``kept`` first, and then of what is removed.
    """
    backed = evidence.backs(kept)
    found = ~backed
    if not found.any():
        return found
    rest = kept.take(backed)
    hidden = ~Sights.of(rest.joined(removed), cameras, checkpoint).seen(kept.means[found])
    found[found] = hidden & Sights.of(rest, cameras, checkpoint).seen(kept.means[found])
    return found
