"""Which activations of a tensor may be read, and the books kept about it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Self

import torch

Tensor = torch.Tensor
_ATTRIBUTE = "_maskstudio_visibility"


class Untracked(Exception):
    """An operation mixes hidden and visible activations in a way no rule covers; says which."""


class Visibility:
    """Which activations are visible and which are hidden.

    An activation that is neither is a constant, such as the zeros that a network pads with: it may be
    read, but it is no neighbour to copy from and makes no output visible.

    Attributes:
        visible, hidden: bool, with as many axes as the tensor; an axis along which nothing changes (the
            channels) has length 1.
        plans: what `neighbours` prepared for these very masks.
    """

    __slots__ = ("_derived", "hidden", "plans", "visible")

    def __init__(self, visible: Tensor, hidden: Tensor | None = None) -> None:
        self.visible = visible
        self.hidden = ~visible if hidden is None else hidden
        self.plans: dict[Any, Any] = {}
        self._derived: dict[Hashable, tuple[Any, Visibility | None]] = {}

    @classmethod
    def or_none(cls, visible: Tensor, hidden: Tensor | None = None) -> Self | None:
        """A `Visibility`, or None where nothing is hidden and every rule is the plain operation."""
        made = cls(visible, hidden)
        return made if bool(made.hidden.any()) else None

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
        return self.visible.shape[axis] == 1

    def meet(self, other: Visibility) -> Visibility | None:
        """Visible where both are: the rule for a residual sum."""
        if other is self:
            return self
        return self.derive(("meet", id(other)), lambda: self._meet(other), other)

    def _meet(self, other: Visibility) -> Visibility | None:
        visible = self.visible & other.visible
        hidden = self.hidden | other.hidden
        # The same object again where nothing changed, so that what was prepared for it serves once more.
        for known in (self, other):
            if visible.shape == known.visible.shape and torch.equal(hidden, known.hidden):
                return known
        return type(self).or_none(visible, hidden)


def visibility_of(value: Any) -> Visibility | None:
    """What is known of a tensor; None for one without hidden activations and for anything else."""
    return getattr(value, _ATTRIBUTE, None) if isinstance(value, Tensor) else None


def attach(tensor: Tensor, visibility: Visibility | None) -> Tensor:
    """Let ``tensor`` carry ``visibility`` from now on; returns the tensor."""
    if visibility is not None or hasattr(tensor, _ATTRIBUTE):
        setattr(tensor, _ATTRIBUTE, visibility)
    return tensor


def without_hidden(tensor: Tensor, value: float) -> Tensor:
    """A copy with ``value`` in place of every hidden activation; itself where none is."""
    known = visibility_of(tensor)
    return tensor if known is None else tensor.masked_fill(known.hidden, value)
