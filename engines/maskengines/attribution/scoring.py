"""What every explanation stands on: a classifier asked about one photo with parts of it hidden.

Nothing here loads torch, so explanations can be tested against a closed form.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

Array = np.ndarray[Any, Any]


class Scorer(Protocol):
    """A classifier bound to one photo and to one strategy of hiding.

    Attributes:
        shape: height and width of the network's input; all masks here have it.
        labels: name of every class, by index.
        photo: ``(H, W, 3)`` uint8, what the network sees of the photo, after resizing and cropping.
    """

    shape: tuple[int, int]
    labels: Sequence[str]
    photo: Array

    def logits(self, visible: Array) -> Array:
        """Class logits, ``(N, classes)`` float32, of the photo seen through each of ``visible``:
        ``(N, H, W)`` bool, True where the photo is given. ``N`` may be any number; the same row is
        the same whatever stands beside it, to float32 rounding."""


def probabilities(logits: Array) -> Array:
    """Softmax over the last axis, in float64: ``(..., classes)``, each row sums to 1."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    grown = np.exp(shifted)
    return grown / grown.sum(axis=-1, keepdims=True)
