"""The order that Gaussians are drawn in: from back to front."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
_STEPS = 65535


def back_to_front(depths: Array, near: float) -> Array:
    """Numbers of those that lie at `near` or beyond, the farthest first; uint32.

    Depths are told apart to 65536 steps of their logarithm, which sorts in linear time.

    Args:
        depths: ``(N,)`` along the view; what is not finite is left out.
    """
    seen = np.flatnonzero((depths >= near) & (depths < np.inf)).astype(np.uint32)
    if not len(seen):
        return seen
    logs = np.log(depths[seen])
    low, high = float(logs.min()), float(logs.max())
    steps = ((high - logs) * (_STEPS / max(high - low, 1e-6))).astype(np.uint16)
    return seen[np.argsort(steps, kind="stable")]
