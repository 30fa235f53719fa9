"""What a saved project holds of a scene, and how its folder is laid out.

::

    project.json             all that is small, and which of the files beside it count
    scene-DIGEST.ply         Gaussians, as any viewer opens them
    removed-DIGEST.ply       those that are deleted, which tell where there is something to fill
    points-DIGEST.npz        sparse points, where photos see them, and which Gaussians are hidden or locked
    masks/NAME-DIGEST.png    paint over a photo
    learned/NAME-DIGEST.png  what the training that was kept takes for clutter

Photos stay where they are; they are known by path, from here and absolute, and by the hash of their file.
A file is named by what is in it and never written twice, so the moment in which ``project.json`` is replaced
is the moment in which the project is another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from maskengines.contract import MaskArray
from maskengines.subjects.gaussians import Gaussians
from maskengines.subjects.scene import SceneSubject

Array = np.ndarray[Any, Any]

FORMAT = 1
KIND = "maskstudio scene"
PROJECT = "project.json"
SUFFIX = ".maskscene"


FLAGS = ("selected", "hidden", "deleted", "locked")
"""What may be true of each Gaussian."""


def _none() -> Array:
    return np.zeros(0, bool)


@dataclass(frozen=True, eq=False)
class SceneState:
    """A scene at one moment. Nothing in it changes afterwards, so any thread may save it.

    Attributes:
        scene: photos, cameras, points, and Gaussians or None.
        selected, hidden, deleted, locked: ``(N,)`` bool over the Gaussians.
        masks: paint, ``(H, W)`` uint8 by the name of a photo.
        learned: ``(h, w)`` uint8 by the name of a photo, 255 where it was taken for clutter.
        settings: JSON-able.
        source: what it was opened from, or empty.
    """

    scene: SceneSubject
    selected: Array = field(default_factory=_none)
    hidden: Array = field(default_factory=_none)
    deleted: Array = field(default_factory=_none)
    masks: Mapping[str, MaskArray] = field(default_factory=dict)
    learned: Mapping[str, MaskArray] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    locked: Array = field(default_factory=_none)

    def __post_init__(self) -> None:
        count = 0 if self.scene.gaussians is None else len(self.scene.gaussians)
        for name in FLAGS:
            if not len(getattr(self, name)):
                object.__setattr__(self, name, np.zeros(count, bool))

    @property
    def removed(self) -> Gaussians | None:
        """The Gaussians that are deleted; None without any."""
        gaussians = self.scene.gaussians
        return None if gaussians is None or not self.deleted.any() else gaussians.take(self.deleted)

    def with_removed(self, removed: Gaussians) -> Self:
        """The same with more Gaussians that are deleted, after all others."""
        gaussians = self.scene.gaussians
        if gaussians is None:
            raise ValueError("what is removed from a scene without Gaussians?")
        flags: dict[str, Any] = {
            name: np.concatenate([getattr(self, name), np.full(len(removed), name == "deleted")])
            for name in FLAGS
        }
        return replace(self, scene=self.scene.with_gaussians(gaussians.joined(removed)), **flags)

    def without_deleted(self) -> Self:
        """The same without the Gaussians that are deleted."""
        gaussians = self.scene.gaussians
        if gaussians is None or not self.deleted.any():
            return self
        kept = ~self.deleted
        return replace(
            self, scene=self.scene.with_gaussians(gaussians.take(kept)), selected=self.selected[kept],
            hidden=self.hidden[kept], deleted=self.deleted[kept], locked=self.locked[kept],
        )  # fmt: skip
