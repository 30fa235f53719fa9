"""Questions about a selection that arrive as plain data, answered with the rules of `selection`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.scene.contributions import View, contributions
from maskengines.scene.selection import Neighbours, combined, depth_band, through, visible
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import Gaussians

Array = np.ndarray[Any, Any]

REACHES: dict[str, Callable[[Sequence[View]], Array]] = {
    "visible": visible,
    "through": through,
    "band": depth_band,
}


class Selector:
    """Selects among the Gaussians of one scene."""

    def __init__(self, gaussians: Gaussians) -> None:
        self._gaussians = gaussians

    def warm_up(self) -> None:
        """Compile what paint needs, or load it from the cache."""
        camera = Camera(8, 8, 8.0, 8.0, 4.0, 4.0, np.eye(4))
        contributions(self._gaussians.take(slice(0, 1)), camera, np.zeros((8, 8), np.uint8))

    def answer(self, asked: Mapping[str, Any], shown: Array, opacities: Array) -> Array:
        """The selection after what was asked, ``(N,)`` bool; what is not shown stays as it was.

        Args:
            asked: ``before``, (N,) uint8, and ``what``. For ``"paint"``: ``camera`` as a record, ``mask``
                (h, w) uint8 over its picture, ``reach`` in visible, through, band, and ``how`` in replace,
                add, subtract, intersect. For ``"grow"`` and ``"shrink"`` nothing else.
            shown: ``(N,)`` bool.
            opacities: ``(N,)`` logits as they are drawn.

        Raises:
            BadInput: the question makes no sense.
        """
        before = np.asarray(asked["before"]).astype(bool)
        if before.shape != shown.shape:
            raise BadInput(f"The scene has {len(shown)} Gaussians, and the selection {before.shape}.")
        what = asked["what"]
        if what == "paint":
            after = combined(before, self._painted(asked, opacities) & shown, asked["how"])
        elif what == "grow":
            after = self._neighbours.grown(before & shown)
        elif what == "shrink":
            after = self._neighbours.shrunk(before & shown)
        else:
            raise BadInput(f"A selection can be painted, grown or shrunk, not '{what}'.")
        return np.where(shown, after, before)

    def _painted(self, asked: Mapping[str, Any], opacities: Array) -> Array:
        if asked["reach"] not in REACHES:
            raise BadInput(f"Paint reaches {', '.join(REACHES)}, not '{asked['reach']}'.")
        camera = Camera.from_record(asked["camera"], "The camera of the paint")
        drawn = replace(self._gaussians, opacities=opacities)
        return REACHES[asked["reach"]]([contributions(drawn, camera, np.asarray(asked["mask"]))])

    @cached_property
    def _neighbours(self) -> Neighbours:
        return Neighbours(self._gaussians.means)
