"""Keypoints of a detector, each in one place or in several, as a pose subject.

Limbs correspond one to one. A joint that follows from several keypoints by the formulas of
`maskengines.subjects.pose_formats.keypoints` is where each choice of their places puts it: with a shoulder in
two places the thorax is in two, too.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.pose.crop import PersonBox
from maskengines.subjects.pose import KeypointSource, PoseSubject
from maskengines.subjects.pose_files import BOX_MARGIN, SPREAD
from maskengines.subjects.pose_formats.keypoints import FORMATS, to_body
from maskengines.subjects.pose_skeleton import COUNT

Array = np.ndarray[Any, Any]

POINTS = len(FORMATS["coco"])
MOST_MODES = 4
"""Of a joint; the likeliest are kept."""


def detected_pose(seen: Sequence[Array], box: PersonBox, size: tuple[int, int]) -> PoseSubject:
    """The pose subject of one person.

    Args:
        seen: for each of COCO's 17 keypoints ``(K, 4)``: x, y, sigma in pixels and height in 0..1, the
            highest first; K is 0 where it was not seen.
        box: where the person was looked for, in pixels; the subject's own box is the square around the joints
            that were found, as with poses from files.
        size: width and height of the photo.

    Raises:
        BadInput: none of the joints was seen.
    """
    seen = [np.asarray(modes, np.float64).reshape(-1, 4).round(4) for modes in seen]  # as files say it
    seen = [modes[modes[:, 3] > 0] for modes in seen]
    best = np.array([modes[0] if len(modes) else np.zeros(4) for modes in seen])
    joints, confidence, sigma = _body(best)
    missing = confidence == 0
    if missing.all():
        x, y, width, height = (round(side) for side in box)
        raise BadInput(
            f"No joint can be made out in the box of {width} x {height} pixels at ({x}, {y}). Paint over one "
            "whole person, or lower the least confidence."
        )
    around = _square(best[best[:, 3] > 0, :2], box)
    sigma[missing] = SPREAD * max(around[2:])
    found = best[:, 3] > 0
    record = {
        "sigma_px": [float(row[2]) if there else None for row, there in zip(best, found, strict=True)],
        "box": list(around),
    }
    keypoints = np.where(found[:, None], best[:, [0, 1, 3]], 0)
    return PoseSubject(
        joints,
        confidence,
        sigma,
        missing,
        around,
        size,
        modes=_modes(seen, best),
        source=KeypointSource("coco", keypoints, json.dumps(record)),
    )


def with_asked_joints(before: PoseSubject, found: PoseSubject, asked: Array) -> PoseSubject:
    """A pose whose joints that are ``asked`` for, ``(17,)`` bool, are those that were found; the others stay,
    without paint."""
    kept = before.with_paint(np.zeros(COUNT, bool), np.zeros((COUNT, 0, 4), np.float32))
    modes = np.zeros((COUNT, max(kept.modes.shape[1], found.modes.shape[1]), 4), np.float32)
    modes[~asked, : kept.modes.shape[1]] = kept.modes[~asked]
    modes[asked, : found.modes.shape[1]] = found.modes[asked]
    return replace(
        kept,
        joints=np.where(asked[:, None], found.joints, kept.joints),
        confidence=np.where(asked, found.confidence, kept.confidence),
        sigma_px=np.where(asked, found.sigma_px, kept.sigma_px),
        missing=np.where(asked, found.missing, kept.missing),
        modes=modes,
    )


def _body(rows: Array) -> tuple[Array, Array, Array]:
    return to_body("coco", rows[:, :2], rows[:, 3], rows[:, 2])


def _modes(seen: Sequence[Array], best: Array) -> Array:
    """``(17, K, 4)``, with rows for those joints only that are in several places."""
    needed = _needs(best)
    several = np.array([len(modes) > 1 for modes in seen])
    rows: list[Array] = []
    for joint in range(COUNT):
        points = np.flatnonzero(needed[joint] & several).tolist()
        rows.append(_choices(seen, best, joint, points) if points else np.zeros((0, 4)))
    found = np.zeros((COUNT, max(map(len, rows)), 4), np.float32)
    for joint, row in enumerate(rows):
        found[joint, : len(row)] = row
    return found if found.shape[1] > 1 else found[:, :0]


def _needs(best: Array) -> Array:
    """``(17, 17)`` bool: which keypoints a joint follows from, told by moving each a little."""
    plain = _body(best)[0]
    moved = []
    for point in range(POINTS):
        there = best.copy()
        there[point, :2] += 1
        moved.append((_body(there)[0] != plain).any(axis=1))
    return np.array(moved).T


def _choices(seen: Sequence[Array], best: Array, joint: int, points: list[int]) -> Array:
    """Where a joint is for each choice of a place for ``points``, the likeliest first; places that are within
    one spread of a likelier one are the same."""
    found: list[Array] = []
    for choice in itertools.product(*(seen[point] for point in points)):
        rows = best.copy()
        for point, mode in zip(points, choice, strict=True):
            rows[point] = mode
        places, likely, sigma = _body(rows)
        found.append(np.array([*places[joint], sigma[joint], likely[joint]]))
    found.sort(key=lambda mode: -mode[3])
    kept: list[Array] = []
    for mode in found:
        if all(np.linalg.norm(mode[:2] - other[:2]) > other[2] for other in kept):
            kept.append(mode)
    return np.array(kept[:MOST_MODES]) if len(kept) > 1 else np.zeros((0, 4))


def _square(places: Array, box: PersonBox) -> PersonBox:
    """The square around what was seen; the box that was asked about where that is one point."""
    low, high = places.min(axis=0), places.max(axis=0)
    side = BOX_MARGIN * float((high - low).max())
    if side < 1:
        return box
    x, y = ((low + high) / 2 - side / 2).tolist()
    return x, y, side, side
