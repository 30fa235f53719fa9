"""The undo step of an edit of Gaussians: it keeps those that changed, and can leave memory for the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from maskengines.masks.bag import Bag
from maskengines.subjects.gaussians import FIELDS, Gaussians

from maskstudio.documents.undo import StudioCommand

if TYPE_CHECKING:
    from maskstudio.documents.scene_document import SceneDocument

Array = np.ndarray[Any, Any]


class SplatCommand(StudioCommand):
    """Args:
    chosen: ``(N,)`` bool: the rows that may differ.
    before, after: N Gaussians each; arrays that both share did not change.
    """

    def __init__(
        self, document: SceneDocument, label: str, chosen: Array, before: Gaussians, after: Gaussians
    ) -> None:
        super().__init__(document, label)
        self._scene_document = document
        self._rows = np.flatnonzero(chosen)
        self._bag = Bag(
            {
                (0, number): np.ascontiguousarray(getattr(before, name)[self._rows])
                for number, name in enumerate(FIELDS)
                if not np.may_share_memory(getattr(before, name), getattr(after, name))
            }
        )

    @property
    def bags(self) -> tuple[Bag, ...]:
        return (self._bag,)

    def swap(self, undoing: bool) -> None:
        scene = self._scene_document.work.scene
        assert scene.gaussians is not None
        arrays = scene.gaussians.to_arrays()
        with self._bag.opened() as held:
            for key, rows in list(held.items()):
                name = FIELDS[key[1]]
                held[key] = np.ascontiguousarray(arrays[name][self._rows])
                arrays[name] = np.array(arrays[name])
                arrays[name][self._rows] = rows
        self._scene_document.exchange({"scene": scene.with_gaussians(Gaussians.from_arrays(arrays))})
