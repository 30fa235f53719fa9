"""Paint from several views that one selection comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from maskengines.contract import MaskArray

Array = np.ndarray[Any, Any]
Vote = Mapping[str, Any]
"""``camera`` as a record, and ``mask`` over its picture."""

_KEPT = 32


@dataclass(frozen=True, eq=False)
class Poll:
    """What was selected before the first vote, and the votes, one a view."""

    before: Array
    votes: tuple[Vote, ...] = ()

    def painted(self, camera: dict[str, Any], mask: MaskArray, *, takes_away: bool) -> Poll | None:
        """With a stroke; those from one view are one vote. None where there is nothing to take away from."""
        own = [vote for vote in self.votes if _same_view(vote, camera, mask)]
        if takes_away:
            if not own:
                return None
            mask = np.minimum(own[0]["mask"], 255 - mask)
        elif own:
            mask = np.maximum(own[0]["mask"], mask)
        others = tuple(vote for vote in self.votes if not any(vote is each for each in own))
        return Poll(self.before, (*others, {"camera": camera, "mask": mask}))


class Votes:
    """The poll that led to each selection, so that undo takes a vote back. A selection that was made in
    another way begins a new one."""

    def __init__(self) -> None:
        self._polls: list[tuple[Array, Poll]] = []

    def of(self, selected: Array) -> Poll:
        """The poll of the selection that is this very array."""
        for array, poll in self._polls:
            if array is selected:
                return poll
        return Poll(selected)

    def keep(self, selected: Array, poll: Poll) -> None:
        """That selection came from this poll."""
        self._polls = [*self._polls[1 - _KEPT :], (selected, poll)]

    def forget(self) -> None:
        """The next stroke begins anew."""
        self._polls = []


def _same_view(vote: Vote, camera: dict[str, Any], mask: MaskArray) -> bool:
    return bool(vote["camera"] == camera and vote["mask"].shape == mask.shape)
