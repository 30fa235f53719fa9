"""Questions about a selection that arrive as plain data, answered with the rules of `selection`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.scene.contributions import View, contributions
from maskengines.scene.selection import (
    Neighbours,
    by_colour,
    by_opacity,
    by_size,
    combined,
    depth_band,
    through,
    visible,
)
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import Gaussians

Array = np.ndarray[Any, Any]

REACHES: dict[str, Callable[[Sequence[View]], Array]] = {
    "visible": visible,
    "through": through,
    "band": depth_band,
}


HOWS = ("replace", "add", "subtract", "intersect")

_MOST_VIEWS = 16
"""Views that are remembered, so that a further vote does not weigh the earlier ones again."""


class Selector:
    """Selects among the Gaussians of one scene."""

    def __init__(self, gaussians: Gaussians) -> None:
        self._gaussians = gaussians
        self._views: dict[bytes, View] = {}

    def warm_up(self) -> None:
        """Compile what paint needs, or load it from the cache."""
        camera = Camera(8, 8, 8.0, 8.0, 4.0, 4.0, np.eye(4))
        contributions(self._gaussians.take(slice(0, 1)), camera, np.zeros((8, 8), np.uint8))

    def answer(self, asked: Mapping[str, Any], free: Array, opacities: Array) -> Array:
        """The selection after what was asked, ``(N,)`` bool; what is not free stays as it was.

        Args:
            asked: ``before``, (N,) uint8, and ``what``.

                - ``"paint"``: ``votes``, one a view, each with ``camera`` as a record and ``mask``
                  (h, w) uint8 over its picture; ``reach`` in visible, through, band; ``how`` in `HOWS`.
                - ``"look"``: any of ``colour`` (red, green, blue and the distance in CIELAB, sRGB in 0..1),
                  ``sizes`` and ``opacities`` (least and most); all that are given must fit; and ``how``.
                - ``"grow"`` and ``"shrink"``: nothing else.
            free: ``(N,)`` bool: neither hidden nor locked.
            opacities: ``(N,)`` logits as they are drawn.

        Raises:
            BadInput: the question makes no sense.
        """
        before = np.asarray(asked["before"]).astype(bool)
        if before.shape != free.shape:
            raise BadInput(f"The scene has {len(free)} Gaussians, and the selection {before.shape}.")
        what = asked["what"]
        if what in ("paint", "look"):
            if asked["how"] not in HOWS:
                raise BadInput(f"A selection can {', '.join(HOWS)}, not '{asked['how']}'.")
            found = self._painted(asked, opacities) if what == "paint" else self._looking(asked)
            after = combined(before, found & free, asked["how"])
        elif what == "grow":
            after = self._neighbours.grown(before & free)
        elif what == "shrink":
            after = self._neighbours.shrunk(before & free)
        else:
            raise BadInput(f"A selection can be painted, grown, shrunk or made by looks, not '{what}'.")
        return np.where(free, after, before)

    def _painted(self, asked: Mapping[str, Any], opacities: Array) -> Array:
        if asked["reach"] not in REACHES:
            raise BadInput(f"Paint reaches {', '.join(REACHES)}, not '{asked['reach']}'.")
        if not asked["votes"]:
            raise BadInput("Paint over a view first: without any there is nothing to select by.")
        return REACHES[asked["reach"]]([self._view(vote, opacities) for vote in asked["votes"]])

    def _view(self, vote: Mapping[str, Any], opacities: Array) -> View:
        camera = Camera.from_record(vote["camera"], "The camera of the paint")
        mask = np.ascontiguousarray(vote["mask"])
        digest = hashlib.blake2b(repr(camera.to_record()).encode(), digest_size=16)
        for array in (mask, opacities):
            digest.update(np.ascontiguousarray(array).data)
        known = self._views.get(digest.digest())
        if known is None:
            known = contributions(replace(self._gaussians, opacities=opacities), camera, mask)
            self._views[digest.digest()] = known
            for old in list(self._views)[:-_MOST_VIEWS]:
                del self._views[old]
        return known

    def _looking(self, asked: Mapping[str, Any]) -> Array:
        chosen = np.ones(len(self._gaussians), bool)
        if "colour" in asked:
            *colour, within = (float(value) for value in asked["colour"])
            chosen &= by_colour(self._gaussians, colour, within)
        if "sizes" in asked:
            chosen &= by_size(self._gaussians, *map(float, asked["sizes"]))
        if "opacities" in asked:
            chosen &= by_opacity(self._gaussians, *map(float, asked["opacities"]))
        return chosen

    @cached_property
    def _neighbours(self) -> Neighbours:
        return Neighbours(self._gaussians.means)
