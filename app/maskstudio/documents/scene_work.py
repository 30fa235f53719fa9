"""All of a scene that can be changed: photos, cameras, Gaussians, and what is true of each of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from maskengines.projects.scene_state import FLAGS
from maskengines.subjects.gaussians import Gaussians
from maskengines.subjects.scene import SceneSubject

Array = np.ndarray[Any, Any]


def _frozen(values: Array) -> Array:
    if values.dtype == bool and values.flags.c_contiguous and not values.flags.writeable:
        return values
    array = np.ascontiguousarray(values, bool).view()
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class SceneWork:
    """All of a scene that can be changed. States share what is the same in them, so that going from one to
    another costs nothing, however many Gaussians there are.

    Attributes:
        scene: photos, cameras, and Gaussians or None.
        learned: what the training that was kept takes for clutter, ``(h, w)`` uint8 by the name of a photo.
        selected, hidden, deleted, locked: ``(N,)`` bool, read-only. What is deleted comes back by undo alone;
            what is locked is neither selected nor changed. Left out, all are False.
    """

    scene: SceneSubject
    selected: Array = field(default_factory=lambda: np.zeros(0, bool))
    hidden: Array = field(default_factory=lambda: np.zeros(0, bool))
    deleted: Array = field(default_factory=lambda: np.zeros(0, bool))
    learned: Mapping[str, Array] = field(default_factory=dict)
    locked: Array = field(default_factory=lambda: np.zeros(0, bool))

    def __post_init__(self) -> None:
        count = len(self)
        for name in FLAGS:
            given = getattr(self, name)
            array = _frozen(given if len(given) else np.zeros(count, bool))
            if array.shape != (count,):
                raise ValueError(f"{name} is {array.shape}, where {count} Gaussians are")
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return 0 if self.scene.gaussians is None else len(self.scene.gaussians)

    @property
    def shown(self) -> Array:
        """``(N,)`` bool: neither hidden nor deleted."""
        shown: Array = ~(self.hidden | self.deleted)
        return shown

    @property
    def free(self) -> Array:
        """``(N,)`` bool: shown and not locked, so that it may be selected and changed."""
        free: Array = ~(self.hidden | self.deleted | self.locked)
        return free

    @property
    def none(self) -> Array:
        """``(N,)`` bool: no Gaussian at all."""
        return np.zeros(len(self), bool)

    @property
    def kept(self) -> Gaussians | None:
        """The Gaussians that are not deleted, hidden ones too; None without any."""
        gaussians = self.scene.gaussians
        if gaussians is None or not self.deleted.any():
            return gaussians
        return gaussians.take(~self.deleted)

    @classmethod
    def of(cls, scene: SceneSubject, learned: Mapping[str, Array] | None = None) -> SceneWork:
        """A scene as it was opened: nothing selected, hidden or deleted."""
        return cls(scene, learned=learned or {})
