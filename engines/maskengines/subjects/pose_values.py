"""A pose as a live job hears of it: all that can change while the photo stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from maskengines.subjects.pose import PoseSubject

_ARRAYS = ("joints", "confidence", "sigma_px", "missing", "painted", "modes")
_BOOLS = ("missing", "painted")


def pose_values(subject: PoseSubject, asked: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Plain data to send as one value, so that no part of it is newer than another and one answer is enough:
    the person's ``box``, the arrays `PoseSubject` describes, bools as uint8, and ``asked``, the ``(17,)``
    uint8 mask of its joints."""
    arrays = {name: getattr(subject, name) for name in _ARRAYS}
    arrays |= {name: arrays[name].view(np.uint8) for name in _BOOLS}
    return {"box": list(subject.box), "asked": asked, **arrays}


def with_values(subject: PoseSubject, values: Mapping[str, Any]) -> PoseSubject:
    """The subject with what `pose_values` told of it; what is not told stays.

    Raises:
        ValueError: an array has another shape, or holds what is no finite number.
    """
    changes: dict[str, Any] = {name: values[name] for name in _ARRAYS if name in values}
    changes |= {name: np.asarray(changes[name], bool) for name in _BOOLS if name in changes}
    if "box" in values:
        changes["box"] = tuple(float(side) for side in values["box"])
    return replace(subject, **changes)
