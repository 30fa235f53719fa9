"""Finding people in a JSON file of keypoints: OpenPose's and COCO's shapes, and what tools make of them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.subjects.pose_formats.keypoints import FORMATS

Array = np.ndarray[Any, Any]

MAX_BYTES = 64 << 20
_OPENPOSE_KEYS = ("pose_keypoints_2d", "pose_keypoints")
_OPENPOSE = {len(FORMATS[name]): name for name in ("openpose-18", "openpose-25")}
_FARTHEST = 1e6
_WANTED = "Give OpenPose (18 or 25 keypoints) or COCO (17 keypoints) JSON."


@dataclass(frozen=True, eq=False)
class Person:
    """One person of a file.

    Attributes:
        format: a name of `FORMATS`.
        keypoints: ``(K, 3)`` float64 as in the file.
        record: the JSON object it came from.
        image: the COCO image it belongs to; empty where there is none.
    """

    format: str
    keypoints: Array
    record: Mapping[str, Any]
    image: Mapping[str, Any]

    @property
    def found(self) -> Array:
        """``(K,)`` bool: which keypoints are there. (0, 0, 0) is missing, and so is a confidence of 0."""
        found: Array = self.keypoints[:, 2] > 0
        return found

    @property
    def confidence(self) -> Array:
        """``(K,)`` in 0..1. A COCO annotation says 2 for a visible point and 1 for an occluded one, which
        counts half; where no point has more than 1 the numbers are a detector's scores."""
        third = self.keypoints[:, 2]
        if self.format == "coco" and (third > 1).any():
            third = third / 2
        return np.clip(third, 0, 1)


def read_people(path: Path) -> list[Person]:
    """Everyone in the file who has a keypoint, in the file's order.

    Raises:
        BadInput: it cannot be read, is no JSON, holds no keypoints or broken ones; says which.
    """
    held = _read(path)
    images = _by_id(held.get("images")) if isinstance(held, dict) else {}
    people = []
    records = list(_records(held, path.name))
    for number, record in enumerate(records, 1):
        where = f"'{path.name}'" if len(records) == 1 else f"person {number} of '{path.name}'"
        person = _person(record, images, where)
        if person is not None and person.found.any():
            people.append(person)
    if not people:
        raise BadInput(
            f"'{path.name}' holds nobody: no person in it has a keypoint. Choose a picture with people."
        )
    return people


def _read(path: Path) -> Any:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise BadInput(
                f"Cannot open '{path.name}': {size >> 20} MB are more than the {MAX_BYTES >> 20} MB that can "
                "be opened. Cut it down to the annotations of one picture."
            )
        data = path.read_bytes()
    except FileNotFoundError:
        raise BadInput(f"Cannot open '{path.name}': there is no such file. Check the name.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"Cannot open '{path.name}': {reason}. Choose another file.") from error
    if not data.strip():
        raise BadInput(f"Cannot open '{path.name}': it is empty. {_WANTED}")
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadInput(f"Cannot open '{path.name}': it is no text file. {_WANTED}") from None
    except json.JSONDecodeError as error:
        ended = error.pos >= len(error.doc.rstrip())
        what = "it ends too early" if ended else f"it is no valid JSON ({error.msg.lower()})"
        raise BadInput(
            f"Cannot open '{path.name}': {what} at line {error.lineno}, column {error.colno}. Write it again."
        ) from None
    except (RecursionError, ValueError):
        raise BadInput(
            f"Cannot open '{path.name}': its JSON is too deep or has absurd numbers. {_WANTED}"
        ) from None


def _records(held: Any, name: str) -> list[Any]:
    """The objects that may be people, whichever way they are wrapped."""
    if isinstance(held, dict):
        for key in ("people", "annotations"):
            if isinstance(held.get(key), list):
                return list(held[key])
        if any(key in held for key in (*_OPENPOSE_KEYS, "keypoints")):
            return [held]
    elif isinstance(held, list) and all(isinstance(item, dict) for item in held):
        return held
    raise BadInput(f"'{name}' is JSON, but no keypoints are in it. {_WANTED}")


def _person(record: Any, images: Mapping[Any, Mapping[str, Any]], where: str) -> Person | None:
    """Raises:
    BadInput: its keypoints are not what they should be.
    """
    if not isinstance(record, dict):
        raise BadInput(f"{_start(where)} is no JSON object. {_WANTED}")
    key = next((key for key in (*_OPENPOSE_KEYS, "keypoints") if record.get(key)), None)
    if key is None:
        return None  # a COCO annotation without keypoints, or a person of whom OpenPose saw the hands only
    values = _flat(record[key], where)
    if key == "keypoints":
        name = "coco" if len(values) == 3 * len(FORMATS["coco"]) else None
    else:
        name = _OPENPOSE.get(len(values) // 3) if len(values) % 3 == 0 else None
    if name is None:
        raise BadInput(
            f"{_start(where)} has {len(values)} numbers under '{key}', which are not x, y and confidence of "
            f"{'17' if key == 'keypoints' else '18 or 25'} keypoints. {_WANTED}"
        )
    keypoints = np.array(values, np.float64).reshape(-1, 3)
    _check(keypoints, FORMATS[name], where)
    image = images.get(record.get("image_id"), {}) if _hashable(record.get("image_id")) else {}
    return Person(name, keypoints, record, image)


def _flat(held: Any, where: str) -> list[float]:
    """Numbers in a list, or in a list of lists as some tools write them."""
    if isinstance(held, list) and held and all(isinstance(item, list) for item in held):
        held = [number for item in held for number in item]
    if not isinstance(held, list) or not all(_number(item) for item in held):
        raise BadInput(f"{_start(where)} has keypoints that are not a list of numbers. {_WANTED}")
    return [_float(item) for item in held]


def _check(keypoints: Array, names: tuple[str, ...], where: str) -> None:
    for (x, y, third), name in zip(keypoints.tolist(), names, strict=True):
        told = name.replace("_", " ")
        if not all(map(math.isfinite, (x, y, third))):
            raise BadInput(
                f"The {told} in {where} is not a finite number. Write 0, 0, 0 for a missing keypoint."
            )
        if third < 0 or max(abs(x), abs(y)) > _FARTHEST:
            raise BadInput(
                f"The {told} in {where} is ({x:g}, {y:g}) with confidence {third:g}, which cannot be. "
                "Give pixels, and a confidence from 0 to 1."
            )
    found = keypoints[:, 2] > 0
    if found.sum() > 1 and np.abs(keypoints[found, :2]).max() <= 1:
        raise BadInput(
            f"The keypoints in {where} lie between -1 and 1, so they are no pixels. Write them with "
            "OpenPose's --keypoint_scale 0."
        )


def _by_id(images: Any) -> dict[Any, Mapping[str, Any]]:
    items = images if isinstance(images, list) else []
    return {
        item["id"]: item for item in items if isinstance(item, dict) and _hashable(item.get("id", []))
    }  # fmt: skip


def _hashable(value: Any) -> bool:
    return isinstance(value, int | str)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer of a thousand digits is valid JSON
        return math.inf


def _start(where: str) -> str:
    return where[:1].upper() + where[1:]
