"""Poses that somebody drops on a picture, and what is done to all joints of a pose at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from maskengines.assets import asset
from maskengines.errors import BadInput
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_files import SPREAD
from maskengines.subjects.pose_skeleton import COUNT, JOINTS, PARENTS

Array = np.ndarray[Any, Any]
PersonBox = tuple[float, float, float, float]
Place = tuple[float, float, float]

CAMERA_MM = 4500.0
"""How far away a preset's viewer is."""

# Someone stands and looks at the viewer: x from the middle and y from the top, in heights of the person.
_STANDING = {
    "Hip": (0, 0.50), "RHip": (-0.065, 0.505), "RKnee": (-0.075, 0.735), "RAnkle": (-0.08, 0.965),
    "LHip": (0.065, 0.505), "LKnee": (0.075, 0.735), "LAnkle": (0.08, 0.965), "Spine": (0, 0.355),
    "Thorax": (0, 0.20), "Nose": (0, 0.12), "Head": (0, 0.02), "LShoulder": (0.10, 0.21),
    "LElbow": (0.145, 0.375), "LWrist": (0.155, 0.525), "RShoulder": (-0.10, 0.21),
    "RElbow": (-0.145, 0.375), "RWrist": (-0.155, 0.525),
}  # fmt: skip

_OTHER_SIDE = tuple(
    JOINTS.index({"L": "R", "R": "L"}[name[0]] + name[1:]) if name[1].isupper() else joint
    for joint, name in enumerate(JOINTS)
)

_AIR = 1.08  # a box around a person over what their joints take


def template_pose(size: tuple[int, int], box: PersonBox) -> PoseSubject:
    """Someone who stands upright and fills a box, all joints known.

    Args:
        size: width and height of the picture; (0, 0) where nobody knows.
        box: x, y, width and height in pixels. The person is as large as fits, in its middle.

    Raises:
        BadInput: the box has no area.
    """
    return _filling(np.array([_STANDING[name] for name in JOINTS], np.float64), size, box)


def preset_names() -> tuple[str, ...]:
    """What `preset_pose` knows, in the order to show them."""
    return _presets()[0]


def preset_body(name: str) -> Array:
    """``(17, 3)`` float32: the body of a preset in the camera frame, mm from the hip.

    Raises:
        BadInput: there is none of that name.
    """
    names, bodies = _presets()
    if name not in names:
        raise BadInput(f"There is no pose '{name}'. Choose one of: {', '.join(names)}.")
    body: Array = bodies[names.index(name)]
    return body


def preset_pose(name: str, size: tuple[int, int], box: PersonBox) -> PoseSubject:
    """A body drawn from the prior of `diffpose`, as a viewer 4.5 m away sees it; else as `template_pose`.

    Raises:
        BadInput: there is none of that name, or the box has no area.
    """
    body = preset_body(name).astype(np.float64)
    return _filling(body[:, :2] / (body[:, 2:] + CAMERA_MM), size, box)


def fitted(pose: PoseSubject, box: PersonBox) -> PoseSubject:
    """A copy moved and scaled with its box, which becomes ``box``; a spread grows by the mean of both sides.

    Raises:
        BadInput: the box has no area.
    """
    _check(box)
    x, y, width, height = pose.box
    scale = np.array([box[2] / width, box[3] / height])
    spread = float(np.sqrt(scale.prod()))

    def moved(places: Array) -> Array:
        there: Array = (places - (x, y)) * scale + box[:2]
        return there

    modes = pose.modes.copy()
    modes[..., :2], modes[..., 2] = moved(modes[..., :2]), modes[..., 2] * spread
    modes[pose.modes[..., 3] == 0] = 0
    joints = np.where(pose.missing[:, None], 0, moved(pose.joints))
    return replace(pose, joints=joints, sigma_px=pose.sigma_px * spread, modes=modes, box=box)


def mirrored(pose: PoseSubject) -> PoseSubject:
    """A copy with left and right exchanged, flipped about the middle of its box; twice is the pose itself."""
    other = list(_OTHER_SIDE)
    middle = pose.box[0] + pose.box[2] / 2
    joints, modes = pose.joints[other], pose.modes[other]
    joints[:, 0], modes[..., 0] = 2 * middle - joints[:, 0], 2 * middle - modes[..., 0]
    missing = pose.missing[other]
    joints[missing], modes[modes[..., 3] == 0] = 0, 0
    return replace(
        pose,
        joints=joints,
        modes=modes,
        missing=missing,
        confidence=pose.confidence[other],
        sigma_px=pose.sigma_px[other],
        painted=pose.painted[other],
    )


def mirrored_body(body: Array) -> Array:
    """A copy of a body, ``(17, 3)`` with x right of the hip, with left and right exchanged."""
    turned: Array = body[list(_OTHER_SIDE)] * np.array([-1, 1, 1], body.dtype)
    return turned


def mirrored_pins(pins: Mapping[str, Place]) -> dict[str, Place]:
    """Places by the name of a joint, with x right of the hip, each on the other side, of the other joint."""
    return {JOINTS[_OTHER_SIDE[JOINTS.index(name)]]: (-x, y, z) for name, (x, y, z) in pins.items()}


def mirrored_paint(mask: Array, box: PersonBox) -> Array:
    """A copy of paint over the picture, ``(H, W)``, flipped as `mirrored` flips who is in that box, to the
    nearest pixel; what would lie beyond the picture goes."""
    columns = np.arange(mask.shape[1])
    # Of a pixel its centre counts, half a pixel beside its number.
    from_there = np.rint(2 * box[0] + box[2] - 1 - columns).astype(int)
    inside = (from_there >= 0) & (from_there < len(columns))
    flipped = np.zeros_like(mask)
    flipped[:, inside] = mask[:, from_there[inside]]
    return flipped


def without(pose: PoseSubject, joint: int) -> PoseSubject:
    """A copy in which nothing is known of a joint."""
    joints, confidence, missing = pose.joints.copy(), pose.confidence.copy(), pose.missing.copy()
    joints[joint], confidence[joint], missing[joint] = 0, 0, True
    return replace(pose, joints=joints, confidence=confidence, missing=missing)


def with_evidence(pose: PoseSubject, joint: int) -> PoseSubject:
    """A copy in which a joint is known again, where `guessed` says; a known one stays where it is."""
    if not pose.missing[joint]:
        return pose
    x, y = guessed(pose)[joint]
    return pose.with_joint(joint, float(x), float(y))


def guessed(pose: PoseSubject) -> Array:
    """``(17, 2)`` float64 pixels: the joints, and for missing ones where they would be if that limb hung
    down from what is known, inside the picture."""
    standing = np.array([_STANDING[name] for name in JOINTS], np.float64)
    known = ~pose.missing
    if not known.any():
        return template_pose(pose.size, pose.box).joints.copy()
    there, like = pose.joints[known], standing[known]
    size = float(np.linalg.norm(like - like.mean(0)))
    scale = float(np.linalg.norm(there - there.mean(0))) / size if size > 0.1 else 0.0
    tall = max(pose.box[2:]) / _AIR
    scale = scale if 0.2 * tall < scale < 2 * tall else tall
    places = pose.joints.copy()
    for joint, parent in enumerate(PARENTS):
        if known[joint]:
            continue
        begin = places[parent] if parent >= 0 else there.mean(0)
        before = standing[parent] if parent >= 0 else like.mean(0)
        places[joint] = begin + scale * (standing[joint] - before)
        if pose.size != (0, 0):
            places[joint] = np.clip(places[joint], 0, pose.size)
    return places


def limb(joint: int) -> tuple[int, ...]:
    """A joint and all that hangs on it."""
    found = [joint]
    for child, parent in enumerate(PARENTS):
        if parent in found:
            found.append(child)
    return tuple(found)


def _filling(shape: Array, size: tuple[int, int], box: PersonBox) -> PoseSubject:
    """Joints ``(17, 2)`` of any unit as large as fits into a box, in its middle."""
    _check(box)
    low, high = shape.min(0), shape.max(0)
    scale = float((np.array(box[2:]) / (high - low)).min()) / _AIR
    joints = (shape - (low + high) / 2) * scale + np.array(box[:2]) + np.array(box[2:]) / 2
    spread = np.full(COUNT, SPREAD * max(box[2:]), np.float32)
    known = np.zeros(COUNT, bool)
    return PoseSubject(joints, np.ones(COUNT, np.float32), spread, known, box, size)


def _check(box: PersonBox) -> None:
    if not np.isfinite(box).all() or min(box[2:]) <= 0:
        raise BadInput("The person's box has no area. Draw one that is wider and taller than nothing.")


@cache
def _presets() -> tuple[tuple[str, ...], Array]:
    names = json.loads(asset("poses/presets.json").read_text("utf-8"))["names"]
    with np.load(asset("poses/presets.npz")) as data:
        return tuple(names), data["poses"]
