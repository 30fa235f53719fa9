"""A scene, and what is taken out of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.scene.filling.evidence import Evidence
from maskengines.scene.filling.leftovers import leftovers
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import Gaussians

Array = np.ndarray[Any, Any]

HALF = 127


@dataclass(frozen=True, eq=False)
class Removal:
    """What stays of M Gaussians and what does not, with what photos saw while all were there.

    Attributes:
        stays: ``(M,)`` bool.
        kept: those that stay, bit for bit and in their order.
        removed: all others: what was asked for, and `leftovers`.
        asked: how many were asked for.
        backed: ``(N,)`` bool over ``kept``: a photo saw it.
    """

    stays: Array
    kept: Gaussians
    removed: Gaussians
    asked: int
    backed: Array
    evidence: Evidence


def remove(
    gaussians: Gaussians, mask: Array | None, cameras: Sequence[Camera], checkpoint: Callable[[], None]
) -> Removal:
    """Take out what a mask says, and what comes to light behind it that no photo saw.

    Args:
        mask: ``(M,)`` uint8, above 127 for what is removed.
        cameras: of the photos.

    Raises:
        BadInput: nothing is removed, or all is.
    """
    gone = np.zeros(len(gaussians), bool) if mask is None else np.asarray(mask) > HALF
    if not gone.any():
        raise BadInput(
            "Nothing of the scene is removed, so there is nothing to fill. Delete Gaussians first."
        )
    if gone.all():
        raise BadInput("All of the scene is removed, so there is nothing to go by. Leave what is around.")
    left = gaussians.take(~gone)
    taken = gaussians.take(gone)
    evidence = Evidence(left.joined(taken), cameras, checkpoint)
    bared = leftovers(left, taken, evidence, cameras, checkpoint)
    stays = ~gone
    stays[stays] = ~bared
    return Removal(
        stays, gaussians.take(stays), gaussians.take(~stays), int(gone.sum()), evidence.backs(left)[~bared],
        evidence,
    )  # fmt: skip
