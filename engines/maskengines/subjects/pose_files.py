"""Opening and writing poses: OpenPose and COCO JSON, and the first frame of a BVH."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.files import atomic_write
from maskengines.subjects.pose import KeypointSource, PoseSubject
from maskengines.subjects.pose_formats.keypoints import BEHIND, FORMATS, from_body, to_body
from maskengines.subjects.pose_formats.modes import KEY, read_modes, told_modes
from maskengines.subjects.pose_formats.records import Person, read_people

Array = np.ndarray[Any, Any]

SUFFIXES = (".json", ".bvh")
"""Of files that `load_pose` opens."""

BOX_MARGIN = 1.22
"""Side of the square box around a person in lengths of what is known of them."""

SPREAD = 2 / 64
"""Spread of a keypoint in sides of the box where the file gives none: detectors are trained on maps of 64
places a side with peaks of a sigma of 2 (Xiao et al., "Simple baselines", ECCV 2018)."""


@dataclass(frozen=True)
class OpenedPose:
    """A pose from a file.

    Attributes:
        person: which of the ``people`` it is, from 0.
        warnings: sentences for the user.
    """

    subject: PoseSubject
    person: int = 0
    people: int = 1
    warnings: tuple[str, ...] = ()


def load_pose(
    path: str | os.PathLike[str], *, person: int | None = None, size: tuple[int, int] | None = None
) -> OpenedPose:
    """Open a pose.

    In a person object, ``"sigma_px"`` (a number, or one per keypoint in the file's order, null where unknown)
    gives the spreads and ``"box": [x, y, w, h]`` the person's box; without it COCO's ``"bbox"`` counts, and
    without that a square around the keypoints.

    Args:
        person: which one, from 0; by default the one with the highest sum of confidences.
        size: width and height of the photo; by default what the file says of it.

    Raises:
        BadInput: it cannot be read, holds no such person, or what it holds makes no sense.
    """
    file = Path(path)
    if is_bvh(file):
        from maskengines.subjects.pose_formats.bvh_pose import open_bvh

        return OpenedPose(*open_bvh(file, person))
    people = read_people(file)
    warnings = []
    if person is None:
        person = int(np.argmax([one.confidence.sum() for one in people]))
        if len(people) > 1:
            warnings.append(
                f"'{file.name}' holds {len(people)} people; number {person + 1}, the most confident, is taken"
                f". Choose another with --person 1 to {len(people)}."
            )
    if not 0 <= person < len(people):
        raise BadInput(
            f"'{file.name}' has no person {person + 1}; it holds {len(people)}. Choose 1 to {len(people)}."
        )
    subject = build_pose(people[person], f"'{file.name}'", size)
    return OpenedPose(subject, person, len(people), tuple(warnings))


def is_bvh(file: Path) -> bool:
    """Whether a file is a BVH: its name says so, or it begins as one does."""
    return file.suffix.lower() == ".bvh" or _start(file).upper().startswith(b"HIERARCHY")


def is_pose_file(file: Path) -> bool:
    """Whether `load_pose` is the one to open a file: its name says so, or it begins like JSON or a BVH."""
    return file.suffix.lower() in SUFFIXES or is_bvh(file) or _start(file)[:1] in (b"{", b"[")


def build_pose(person: Person, where: str, size: tuple[int, int] | None = None) -> PoseSubject:
    """The subject of one person of a file; errors as for `load_pose`."""
    known = size or _image_size(person.image)
    xy, found = person.keypoints[:, :2], person.found
    if known is not None:
        check_inside(xy[found], known, where)
    box = _box(person.record, xy[found], where)
    sigma = _sigma(person, box, where)
    joints, confidence, spread = to_body(person.format, xy, np.where(found, person.confidence, 0), sigma)
    missing = confidence == 0
    if missing.all():
        raise BadInput(
            f"{where} has keypoints of the face or the feet only, which tell nothing of the body. "
            "Give shoulders, hips or limbs."
        )
    spread[missing] = SPREAD * max(box[2:])
    modes = read_modes(person.record, where)
    return PoseSubject(
        joints,
        confidence,
        spread,
        missing,
        box,
        known or (0, 0),
        modes=modes,
        source=KeypointSource(
            person.format, person.keypoints, json.dumps(person.record), json.dumps(person.image or {})
        ),
    )


def check_inside(points: Array, size: tuple[int, int], where: str) -> None:
    """Raises:
    BadInput: none of the ``(n, 2)`` points lies inside the picture.
    """
    inside = ((points >= 0) & (points <= np.array(size))).all(axis=1)
    if len(points) and not inside.any():
        x, y = points.mean(axis=0)
        raise BadInput(
            f"The pose in {where} lies outside the picture: it is around ({x:.0f}, {y:.0f}), and the picture "
            f"is {size[0]} x {size[1]}. Give the photo that it was made from."
        )


def pose_json(subject: PoseSubject, fmt: str = "") -> bytes:
    """The 2D pose as JSON.

    In the format it was opened in, the person object is the file's own; keypoints change only where their
    joints were moved. Into another one, what the 17 joints tell is written and the rest is (0, 0, 0).

    Args:
        fmt: ``"coco"``, ``"openpose-18"`` or ``"openpose-25"``; by default the one it was opened in, else
            ``"openpose-25"``.
    """
    source = subject.source
    fmt = fmt or (source.format if source else "openpose-25")
    confidence = np.where(subject.missing, 0, subject.confidence)
    xy, likelihood = from_body(fmt, subject.joints, confidence)
    keypoints = np.column_stack([xy, likelihood])
    record: dict[str, Any] = {}
    if source is not None and source.format == fmt:
        record = json.loads(source.record)
        keypoints = _merged(subject, source, keypoints)
    record.pop(KEY, None)
    if modes := told_modes(subject):
        record[KEY] = modes
    image = json.loads(source.image or "{}") if source else {}
    return document(fmt, keypoints, record, image, subject)


def save_pose(subject: PoseSubject, path: str | os.PathLike[str], fmt: str = "") -> None:
    """Write what `pose_json` gives, all or nothing.

    Raises:
        BadInput: the place cannot be written.
    """
    data = pose_json(subject, fmt)
    with atomic_write(path) as file:
        file.write(data)


def document(
    fmt: str, keypoints: Array, record: Mapping[str, Any], image: Mapping[str, Any], subject: PoseSubject
) -> bytes:
    """A whole file around one person's ``(K, 3)`` keypoints; ``record`` is what else is told of them."""
    numbers = [_plain(value) for value in keypoints.ravel().tolist()]
    if fmt != "coco":
        key = next((key for key in ("pose_keypoints_2d", "pose_keypoints") if record.get(key)), None)
        person = {"person_id": [-1], **record, key or "pose_keypoints_2d": numbers}
        return _bytes({"version": 1.3, "people": [person]})
    found = keypoints[keypoints[:, 2] > 0, :2]
    low, high = (found.min(0), found.max(0)) if len(found) else (np.zeros(2), np.zeros(2))
    width, height = (high - low).tolist()
    picture = {
        "id": 1, "file_name": Path(subject.photo).name, "width": subject.size[0], "height": subject.size[1]
    }  # fmt: skip
    picture.update(image)
    told = {
        "id": 1, "image_id": picture["id"], "category_id": 1, "iscrowd": 0,
        "bbox": [*low.tolist(), width, height], "area": width * height,
    }  # fmt: skip
    told.update(record)
    told.update(keypoints=numbers, num_keypoints=len(found))
    category = {"id": told["category_id"], "name": "person", "keypoints": list(FORMATS["coco"])}
    return _bytes({"images": [picture], "annotations": [told], "categories": [category]})


def _merged(subject: PoseSubject, source: KeypointSource, ours: Array) -> Array:
    """The file's keypoints, with ours where a joint behind them is no longer what the file says."""
    person = Person(source.format, source.keypoints, {}, {})
    confidence = np.where(person.found, person.confidence, 0)
    before, likely, _ = to_body(source.format, source.keypoints[:, :2], confidence, np.ones(len(ours)))
    moved = (before != subject.joints).any(axis=1) | ((likely == 0) != subject.missing)
    merged = source.keypoints.copy()
    double = source.format == "coco" and (merged[:, 2] > 1).any()
    for row, point in enumerate(FORMATS[source.format]):
        if any(moved[joint] for joint in BEHIND.get(point, ())):
            merged[row] = ours[row]
            if double and ours[row, 2] > 0:
                merged[row, 2] = 2  # a COCO visibility: where a person put it, it is visible
    return merged


def _box(record: Mapping[str, Any], points: Array, where: str) -> tuple[float, float, float, float]:
    for key in ("box", "bbox"):
        if record.get(key) is None:
            continue
        held = record[key]
        numbers = _numbers(held, 4)
        if numbers is not None and min(numbers[2:]) > 0:
            x, y, width, height = numbers
            if key == "bbox" or _reaches(points, numbers):
                return x, y, width, height
            raise BadInput(f"The box of {where} holds none of its keypoints. Give x, y, width and height.")
        if key == "box":
            raise BadInput(
                f"The box of {where} is {json.dumps(held)[:60]}, which is no x, y, width and height in "
                "pixels. Mend it, or leave it out."
            )
    low, high = points.min(axis=0), points.max(axis=0)
    side = BOX_MARGIN * float((high - low).max())
    if side < 1:
        raise BadInput(
            f"{where} has its keypoints in one place, which does not tell how large the person is. "
            'Add "box": [x, y, width, height] to it.'
        )
    x, y = ((low + high) / 2 - side / 2).tolist()
    return x, y, side, side


def _reaches(points: Array, box: Sequence[float]) -> bool:
    low = np.array(box[:2])
    return bool(((points >= low) & (points <= low + box[2:])).all(axis=1).any())


def _sigma(person: Person, box: tuple[float, float, float, float], where: str) -> Array:
    """``(K,)`` pixels."""
    count, usual = len(person.found), SPREAD * max(box[2:])
    held = person.record.get("sigma_px")
    rows = held if isinstance(held, list) else [held] * count
    if len(rows) == count:
        rows = [
            usual if row is None or not there else row for row, there in zip(rows, person.found, strict=True)
        ]
    numbers = _numbers(rows, count)
    if numbers is None or min(numbers) <= 0:
        raise BadInput(
            f'"sigma_px" of {where} must be one number of pixels above 0 for each of its {count} keypoints '
            "(null where it is not known)."
        )
    return np.array(numbers)


def _numbers(held: Any, count: int) -> list[float] | None:
    """``count`` finite numbers below a million, or ``None`` if they are none."""
    if not isinstance(held, list | tuple) or len(held) != count:
        return None
    if not all(isinstance(each, int | float) and abs(each) < 1e6 for each in held):
        return None
    return [float(each) for each in held]


def _image_size(image: Mapping[str, Any]) -> tuple[int, int] | None:
    numbers = _numbers([image.get("width"), image.get("height")], 2)
    return (round(numbers[0]), round(numbers[1])) if numbers and min(numbers) >= 1 else None


def _start(file: Path) -> bytes:
    """The first bytes of a file without what may stand before text; empty if it cannot be read."""
    try:
        with file.open("rb") as stream:
            return stream.read(512).removeprefix(b"\xef\xbb\xbf").lstrip()
    except (OSError, ValueError):
        return b""


def _plain(value: float) -> float | int:
    """Whole numbers as they are in most files; others at their full precision."""
    return int(value) if float(value).is_integer() else value


def _bytes(held: Mapping[str, Any]) -> bytes:
    return (json.dumps(held, ensure_ascii=False) + "\n").encode()
