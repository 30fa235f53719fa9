"""What a person has said of a pose, apart from paint, and how projects keep it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_skeleton import COUNT, JOINTS

Array = np.ndarray[Any, Any]
Place = tuple[float, float, float]

FARTHEST_PIN = 3000.0
_TYPES = ("float64", "float32", "uint8")


@dataclass(frozen=True, eq=False)
class PoseWork:
    """Never changes, so any thread may save it.

    Attributes:
        pose: the 2D joints, without paint.
        pins: joints by name that are known in 3D: millimetres from the hip, x right in the picture, y down,
            z away from the viewer.
        body: ``(17, 3)`` float32 millimetres in that frame, the hypothesis that was kept, or ``None``.

    Raises:
        BadInput: a joint cannot be pinned, or lies too far from the hip.
        ValueError: the body is none.
    """

    pose: PoseSubject
    pins: Mapping[str, Place] = field(default_factory=dict)
    body: Array | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "pins", _checked_pins(self.pins))
        object.__setattr__(self, "body", _checked_body(self.body))

    def equals(self, other: PoseWork) -> bool:
        """Whether both say the same."""
        if self.pose is not other.pose and self.pose.content_hash != other.pose.content_hash:
            return False
        if self.body is None or other.body is None:
            same_body = self.body is other.body
        else:
            same_body = np.array_equal(self.body, other.body)
        return same_body and dict(self.pins) == dict(other.pins)


def pose_to_record(work: PoseWork) -> dict[str, Any]:
    """As JSON; a few kilobytes, so that arrays need no files of their own."""
    meta, arrays = work.pose.to_arrays()
    return {
        "subject": meta,
        "arrays": {name: _array_record(array) for name, array in arrays.items()},
        "pins": {name: list(place) for name, place in work.pins.items()},
        "body": None if work.body is None else _array_record(work.body),
    }


def pose_from_record(record: Mapping[str, Any]) -> PoseWork:
    """Inverse of `pose_to_record`; ``ValueError``, ``KeyError`` or ``TypeError`` where it is damaged."""
    arrays = {str(name): _array(held) for name, held in record["arrays"].items()}
    pose = PoseSubject.from_arrays(record["subject"], arrays)
    pins = {str(name): (place[0], place[1], place[2]) for name, place in record["pins"].items()}
    body = None if record["body"] is None else _array(record["body"])
    try:
        return PoseWork(pose, pins, body)
    except BadInput as error:
        raise ValueError(error.message) from error


def _array_record(array: Array) -> dict[str, Any]:
    return {"type": str(array.dtype), "shape": list(array.shape), "values": array.ravel().tolist()}


def _array(record: Mapping[str, Any]) -> Array:
    if record["type"] not in _TYPES:
        raise ValueError(f"an array of {record['type']}")
    array: Array = np.array(record["values"], record["type"])
    return array.reshape(tuple(int(side) for side in record["shape"]))


def _checked_pins(pins: Mapping[str, Place]) -> Mapping[str, Place]:
    kept: dict[str, Place] = {}
    for name, place in pins.items():
        x, y, z = (float(value) for value in place)
        if name not in JOINTS[1:]:
            raise BadInput(f"'{name}' cannot be pinned. These can: {', '.join(JOINTS[1:])}.")
        if not all(math.isfinite(value) and abs(value) <= FARTHEST_PIN for value in (x, y, z)):
            raise BadInput(f"'{name}' can be pinned within {FARTHEST_PIN / 1000:g} m of the hip only.")
        kept[name] = (x, y, z)
    return MappingProxyType(kept)


def _checked_body(body: Array | None) -> Array | None:
    if body is None:
        return None
    kept: Array = np.array(body, np.float32)
    if kept.shape != (COUNT, 3) or not np.isfinite(kept).all():
        raise ValueError(f"a body is ({COUNT}, 3) and finite, not {kept.shape}")
    kept.flags.writeable = False
    return kept
