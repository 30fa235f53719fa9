"""What can be told of a question before any engine looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from maskengines.contract import EngineInfo
from maskengines.errors import BadInput
from maskengines.subjects.base import Subject

Array = np.ndarray[Any, Any]


def check_visible(info: EngineInfo, masks: Mapping[str, Array]) -> None:
    """Raises:
    BadInput: everything is masked, and the engine needs something to go by.
    """
    for mask in masks.values():
        if info.needs_visible and mask.size and mask.min() > 0:
            raise BadInput(
                f"Everything is masked, so {info.title} has nothing to go by. Leave a part of it unmasked."
            )


def check_question(
    info: EngineInfo, subject: Subject, masks: Mapping[str, Array], count: int, seed: int
) -> None:
    """What can be told at once, without looking at every pixel.

    Raises:
        BadInput: it does not fit the engine; says how to mend it.
    """
    if subject.kind not in info.subject_kinds:
        raise BadInput(f"{info.title} works on {' or '.join(info.subject_kinds)}, not on {subject.kind}.")
    if count < 1:
        raise BadInput(f"The count must be 1 or more, not {count}.")
    if not 0 <= seed < 2**63:
        raise BadInput(f"The seed must be a whole number from 0 on, not {seed}.")
    if info.needs_mask and not masks:
        raise BadInput(f"{info.title} needs a mask. Paint over what it shall answer.")
    for space, mask in masks.items():
        shape = subject.spaces.get(space)
        if shape is None:
            raise BadInput(
                f"The {subject.kind} has no '{space}' to mask; it has {', '.join(subject.spaces)}."
            )
        if mask.dtype != np.uint8:
            raise BadInput(f"A mask holds whole numbers from 0 to 255, not {mask.dtype}.")
        if tuple(mask.shape) != tuple(shape):
            raise BadInput(f"The mask is {_size(mask.shape)}, but the {subject.kind} is {_size(shape)}.")


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(str(length) for length in reversed(shape))
