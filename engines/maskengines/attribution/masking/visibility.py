"""Which activations of a tensor may be read, and the books kept about it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Self

import numpy as np
import torch

Array = np.ndarray[Any, Any]
Tensor = torch.Tensor
_ATTRIBUTE = "_maskstudio_visibility"


class Untracked(Exception):
    """An operation mixes hidden and visible activations in a way no rule covers; says which."""


class Visibility:
    """Which activations are visible and which are hidden.

    An activation that is neither is a constant, such as the zeros that a network pads with: it may be
    read, but it is no neighbour to copy from and makes no output visible.

    Masks are bool arrays with as many axes as the tensor; an axis along which nothing changes (the
    channels) has length 1. They are arrays, not tensors, because most of them only lead to other masks.

    Attributes:
        seen: what is visible.
        unseen: what is hidden.
        plan: what `neighbours` prepared for these very masks.
    """

    __slots__ = ("_derived", "_tensors", "plan", "seen", "unseen")

    def __init__(self, seen: Array, unseen: Array | None = None) -> None:
        self.seen = seen
        self.unseen = ~seen if unseen is None else unseen
        self.plan: Any = None
        self._derived: dict[Hashable, tuple[Any, Visibility | None]] = {}
        self._tensors: dict[str, Tensor] = {}

    @classmethod
    def or_none(cls, seen: Array, unseen: Array | None = None) -> Self | None:
        """A `Visibility`, or None where nothing is hidden and every rule is the plain operation."""
        if unseen is None:
            return None if seen.all() else cls(seen)
        return cls(seen, unseen) if unseen.any() else None

    @classmethod
    def moved_by(cls, move: Callable[[Tensor], Tensor], known: Visibility) -> Self | None:
        """What becomes of both masks under a torch function that only moves pixels about."""
        return cls.or_none(*(move(torch.from_numpy(mask)).numpy() for mask in (known.seen, known.unseen)))

    @property
    def axes(self) -> int:
        return self.seen.ndim

    def hidden(self, like: Tensor) -> Tensor:
        """What is hidden, as a bool tensor on the device of ``like``."""
        return self._tensor("unseen", like.device)

    def visible(self, like: Tensor) -> Tensor:
        """What is visible, in the same form."""
        return self._tensor("seen", like.device)

    def _tensor(self, name: str, device: torch.device) -> Tensor:
        found = self._tensors.get(name)
        if found is None or found.device != device:
            found = self._tensors[name] = torch.from_numpy(getattr(self, name)).to(device)
        return found

    def derive(
        self, key: Hashable, make: Callable[[], Visibility | None], other: Any = None
    ) -> Visibility | None:
        """What ``make`` gives, made once per ``key``; ``other`` is kept alive while its id is in the key."""
        found = self._derived.get(key)
        if found is None:
            found = self._derived[key] = (other, make())
        return found[1]

    def constant_along(self, axis: int) -> bool:
        """Whether all of ``axis`` is hidden or visible together."""
        return self.seen.shape[axis] == 1

    def meet(self, other: Visibility) -> Visibility:
        """Visible where both are: the rule for a residual sum."""
        if other is self:
            return self
        found = self.derive(("meet", id(other)), lambda: self._meet(other), other)
        assert found is not None
        return found

    def _meet(self, other: Visibility) -> Visibility:
        seen, unseen = self.seen & other.seen, self.unseen | other.unseen
        # The same object again where nothing changed, so that what was prepared for it serves once more.
        for known in (self, other):
            if unseen.shape == known.unseen.shape and np.array_equal(unseen, known.unseen):
                return known
        return type(self)(seen, unseen)


def visibility_of(value: Any) -> Visibility | None:
    """What is known of a tensor; None for one without hidden activations and for anything else."""
    return getattr(value, _ATTRIBUTE, None)


def attach(tensor: Tensor, visibility: Visibility | None) -> Tensor:
    """Let ``tensor`` carry ``visibility`` from now on; returns the tensor."""
    if visibility is not None or hasattr(tensor, _ATTRIBUTE):
        setattr(tensor, _ATTRIBUTE, visibility)
    return tensor


def without_hidden(tensor: Tensor, value: float) -> Tensor:
    """A copy with ``value`` in place of every hidden activation; itself where none is."""
    known = visibility_of(tensor)
    return tensor if known is None else tensor.masked_fill(known.hidden(tensor), value)
