"""What of a pose lies under the pointer, and what the pose becomes when that is dragged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_template import fitted, guessed, limb

from maskstudio.tools.base import Point

Array = np.ndarray[Any, Any]

REACH = 12.0
"""How far from a joint, or a corner, the pointer still takes it: logical pixels of the screen."""

_LEAST_SIDE = 8.0  # of a box that is dragged small, in image pixels


@dataclass(frozen=True)
class JointGrip:
    """A joint, where it is or where it is guessed."""

    joint: int


@dataclass(frozen=True)
class CornerGrip:
    """A corner of the person's box: 0 or 1 across and down."""

    across: int
    down: int


@dataclass(frozen=True)
class BodyGrip:
    """The inside of the box: the whole pose."""


PoseGrip = JointGrip | CornerGrip | BodyGrip


def grip_at(pose: PoseSubject, x: float, y: float, pixel: float) -> PoseGrip | None:
    """What is taken at an image point: the nearest joint within `REACH`, a known one before a guess; else a
    corner; else the whole.

    Args:
        pixel: image pixels per logical pixel of the screen.
    """
    distances = np.linalg.norm(guessed(pose) - (x, y), axis=1)
    near = distances <= REACH * pixel
    if near.any():
        order = np.where(near, distances + pose.missing * REACH * pixel, np.inf)
        return JointGrip(int(order.argmin()))
    for across in (0, 1):
        for down in (0, 1):
            if np.hypot(*np.subtract(corner(pose, CornerGrip(across, down)), (x, y))) <= REACH * pixel:
                return CornerGrip(across, down)
    left, top, width, height = pose.box
    return BodyGrip() if left <= x <= left + width and top <= y <= top + height else None


def corner(pose: PoseSubject, grip: CornerGrip) -> Point:
    """Where a corner is."""
    x, y, width, height = pose.box
    return x + grip.across * width, y + grip.down * height


def place_of(pose: PoseSubject, grip: PoseGrip | None) -> Point | None:
    """Where to show that a grip is under the pointer; the whole pose has no such place."""
    if isinstance(grip, JointGrip):
        x, y = guessed(pose)[grip.joint].tolist()
        return x, y
    return corner(pose, grip) if isinstance(grip, CornerGrip) else None


def with_joint_moved(pose: PoseSubject, joint: int, by: Point) -> PoseSubject:
    """A joint moved from where it is, or from where it is guessed, and known from then on."""
    x, y = (guessed(pose)[joint] + by).tolist()
    return pose.with_joint(joint, x, y)


def with_limb_moved(pose: PoseSubject, joint: int, by: Point) -> PoseSubject:
    """A joint moved, and what hangs on it along with it; what is unknown there stays so."""
    joints = with_joint_moved(pose, joint, by)
    places = joints.joints.copy()
    for below in limb(joint)[1:]:
        if not pose.missing[below]:
            places[below] += by
    return replace(joints, joints=places)


def scaled(pose: PoseSubject, grip: CornerGrip, by: Point) -> PoseSubject:
    """The pose stretched with its box, the opposite corner held."""
    x, y, width, height = pose.box
    left, right = _span(x, x + width, grip.across, by[0])
    top, bottom = _span(y, y + height, grip.down, by[1])
    return fitted(pose, (left, top, right - left, bottom - top))


def scaled_evenly(pose: PoseSubject, grip: CornerGrip, by: Point) -> PoseSubject:
    """As `scaled`, with the shape of the box kept: it follows the pointer along its diagonal."""
    width, height = pose.box[2:]
    out = by[0] * (2 * grip.across - 1), by[1] * (2 * grip.down - 1)
    share = (out[0] * width + out[1] * height) / (width**2 + height**2)
    share = max(share, _LEAST_SIDE / min(width, height) - 1)
    even = share * width * (2 * grip.across - 1), share * height * (2 * grip.down - 1)
    return scaled(pose, grip, even)


def moved(pose: PoseSubject, by: Point) -> PoseSubject:
    """The whole pose somewhere else."""
    x, y, width, height = pose.box
    return fitted(pose, (x + by[0], y + by[1], width, height))


def _span(low: float, high: float, end: int, by: float) -> tuple[float, float]:
    """One side of a box with one of its ends moved, never through the other."""
    least = min(_LEAST_SIDE, high - low)
    return (low, max(high + by, low + least)) if end else (min(low + by, high - least), high)
