"""What is explained: one class, or one class against another."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from maskengines.attribution.scoring import probabilities
from maskengines.errors import BadInput

Array = np.ndarray[Any, Any]
Measure = Literal["probability", "logit"]

_NEAR = 3


@dataclass(frozen=True)
class Target:
    """A number that the network gives a photo.

    With ``other`` it is the log-odds of the class against that one, ``log(p / q)``, which is the difference
    of their logits; else it is the class's probability or its logit.

    Attributes:
        index, other: class numbers.
        label: of the class, for people; ``"cat against dog"`` for a contrast.
    """

    index: int
    label: str
    measure: Measure = "probability"
    other: int | None = None

    @property
    def name(self) -> str:
        """What the number is, for legends."""
        return "log-odds" if self.other is not None else self.measure

    def values(self, logits: Array) -> Array:
        """The number for each row of ``(N, classes)`` logits: ``(N,)`` float64."""
        if self.other is not None:
            return logits[:, self.index].astype(np.float64) - logits[:, self.other]
        if self.measure == "logit":
            return logits[:, self.index].astype(np.float64)
        return np.asarray(probabilities(logits)[:, self.index])

    def chances(self, logits: Array) -> Array:
        """The same as a chance in 0..1, for curves: the class's probability, for a contrast among the two
        classes alone."""
        if self.other is not None:
            return np.asarray(probabilities(logits[:, [self.index, self.other]])[:, 0])
        return np.asarray(probabilities(logits)[:, self.index])

    def wins(self, logits: Array) -> Array:
        """Whether the class is on top (above the other one for a contrast): ``(N,)`` bool. A tie is no win,
        so that a network that sees nothing and answers evenly recognises nothing."""
        rivals = np.delete(logits, self.index, axis=1) if self.other is None else logits[:, [self.other]]
        return np.asarray(logits[:, self.index] > rivals.max(axis=1))


def choose(
    labels: Sequence[str],
    logits: Array,
    wanted: str = "",
    contrast: str = "",
    measure: Measure = "probability",
) -> Target:
    """The target a user means.

    Args:
        labels: name of every class.
        logits: ``(classes,)`` of the whole photo.
        wanted: a label, one of its synonyms or an index; empty for the class on top.
        contrast: the same for the class to tell it from; empty for none.

    Raises:
        BadInput: no class, several classes, or twice the same.
    """
    index = find(labels, wanted) if wanted.strip() else int(np.argmax(logits))
    if not contrast.strip():
        return Target(index, labels[index], measure)
    other = find(labels, contrast)
    if other == index:
        raise BadInput(
            f"'{labels[index]}' cannot be told from itself. Choose another class for the contrast."
        )
    return Target(index, f"{labels[index]} against {labels[other]}", measure, other)


def find(labels: Sequence[str], wanted: str) -> int:
    """Number of the class with a name, whatever its case; ``"tabby"`` finds ``"tabby, tabby cat"``. A whole
    number that is nobody's name is an index.

    Raises:
        BadInput: there is none (the message names those near), or several.
    """
    asked = wanted.strip().casefold()
    names = [label.strip().casefold() for label in labels]
    synonyms = [[part.strip() for part in name.split(",")] for name in names]
    for found in (
        [i for i, name in enumerate(names) if name == asked],
        [i for i, parts in enumerate(synonyms) if asked in parts],
    ):
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(f"{i} ({labels[i]})" for i in found)
            raise BadInput(f"Several classes are called '{wanted}': {listed}. Give the number of one.")
    if asked.lstrip("-").isdigit():
        if 0 <= int(asked) < len(labels):
            return int(asked)
        raise BadInput(f"There is no class {asked}: this network numbers its classes 0 to {len(labels) - 1}.")
    raise BadInput(f"The network knows no class '{wanted}'. {_nearest(labels, synonyms, asked)}")


def _nearest(labels: Sequence[str], synonyms: list[list[str]], asked: str) -> str:
    owners = {part: i for i, parts in reversed(list(enumerate(synonyms))) for part in parts if part}
    near = [part for part in owners if asked in part.split()][:_NEAR]
    near += difflib.get_close_matches(asked, owners, n=_NEAR, cutoff=0.6)
    classes = list(dict.fromkeys(owners[part] for part in near))[:_NEAR]
    if not classes:
        return "Give one of its labels or a class number."
    return f"Near it are {', '.join(f'{labels[i]!r}' for i in classes)}."
