"""Keypoint sets of detectors, and how they become the 17 joints of a pose subject and back.

Limbs correspond one to one. The trunk and the head follow from formulas:

* ``Hip`` = mid-hip where the set has it, else the middle of both hips;
* ``Thorax`` = neck where the set has it (OpenPose defines it as the middle of the shoulders), else their
  middle;
* ``Spine`` = the middle of ``Hip`` and ``Thorax``;
* ``Nose`` = the middle of ``Thorax`` and the nose: this joint of Human3.6M sits at the chin, 117 mm from the
  thorax, while the tip of the nose is about twice as far up and forward;
* ``Head`` = ``Thorax + 0.9 (E - Thorax)``, where ``E`` is the middle of the ears, else one ear, the middle
  of the eyes, one eye or the nose, with a spread that grows in this order.

A derived joint is as likely as the least likely point it needs, and missing if one is missing. With weights
``w`` its variance is ``sum w^2 sigma^2``, plus that of the formula for the head.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from maskengines.subjects.pose_skeleton import COUNT, INDEX

Array = np.ndarray[Any, Any]

_COCO = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder",
    "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee",
    "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
_OPENPOSE_18 = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow",
    "left_wrist", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
)  # fmt: skip
_OPENPOSE_25 = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow",
    "left_wrist", "mid_hip", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee",
    "left_ankle", "right_eye", "left_eye", "right_ear", "left_ear", "left_big_toe", "left_small_toe",
    "left_heel", "right_big_toe", "right_small_toe", "right_heel",
)  # fmt: skip

FORMATS = {"coco": _COCO, "openpose-18": _OPENPOSE_18, "openpose-25": _OPENPOSE_25}
"""Names of the keypoints of each set, in its order."""

_LIMBS = {
    "right_hip": "RHip", "right_knee": "RKnee", "right_ankle": "RAnkle", "left_hip": "LHip",
    "left_knee": "LKnee", "left_ankle": "LAnkle", "left_shoulder": "LShoulder", "left_elbow": "LElbow",
    "left_wrist": "LWrist", "right_shoulder": "RShoulder", "right_elbow": "RElbow",
    "right_wrist": "RWrist",
}  # fmt: skip

BEHIND: dict[str, tuple[int, ...]] = {
    **{point: (INDEX[joint],) for point, joint in _LIMBS.items()},
    "mid_hip": (INDEX["Hip"],),
    "neck": (INDEX["Thorax"],),
    "nose": (INDEX["Nose"], INDEX["Thorax"]),
}
"""Which of the 17 joints tell where a keypoint is; those not listed (eyes, ears, feet) none does."""

HEAD_SHARE, NOSE_SHARE = 0.9, 0.5
# What stands for the middle of the head, and how far off it may be as a share of its distance to the thorax.
_FACES = (
    (("left_ear", "right_ear"), 0.05),
    (("left_ear",), 0.15),
    (("right_ear",), 0.15),
    (("left_eye", "right_eye"), 0.25),
    (("left_eye",), 0.3),
    (("right_eye",), 0.3),
    (("nose",), 0.4),
)


@dataclass(frozen=True)
class _Point:
    """A point of the picture with its variance per axis and its likelihood."""

    xy: Array
    variance: float
    likelihood: float

    def towards(self, other: _Point, share: float) -> _Point:
        """``self + share (other - self)``."""
        return _Point(
            (1 - share) * self.xy + share * other.xy,
            (1 - share) ** 2 * self.variance + share**2 * other.variance,
            min(self.likelihood, other.likelihood),
        )


def to_body(name: str, keypoints: Array, confidence: Array, sigma: Array) -> tuple[Array, Array, Array]:
    """Keypoints of the set ``name`` as the 17 joints.

    Args:
        keypoints: ``(K, 2)`` pixels.
        confidence: ``(K,)`` in 0..1; 0 is missing.
        sigma: ``(K,)`` pixels.

    Returns:
        ``(17, 2)`` positions, ``(17,)`` confidence (0 where missing) and ``(17,)`` sigma (0 where missing).
    """
    found = {
        point: _Point(np.asarray(keypoints[k], np.float64), float(sigma[k]) ** 2, float(confidence[k]))
        for k, point in enumerate(FORMATS[name])
        if confidence[k] > 0
    }
    body = {joint: found[point] for point, joint in _LIMBS.items() if point in found}
    hip = found.get("mid_hip") or _middle(found, "left_hip", "right_hip")
    thorax = found.get("neck") or _middle(found, "left_shoulder", "right_shoulder")
    if hip is not None:
        body["Hip"] = hip
    if thorax is not None:
        body["Thorax"] = thorax
        if hip is not None:
            body["Spine"] = hip.towards(thorax, 0.5)
        if "nose" in found:
            body["Nose"] = thorax.towards(found["nose"], NOSE_SHARE)
        head = _head(found, thorax)
        if head is not None:
            body["Head"] = head
    xy, likelihood, spread = np.zeros((COUNT, 2)), np.zeros(COUNT), np.zeros(COUNT)
    for joint, place in body.items():
        row = INDEX[joint]
        xy[row], likelihood[row], spread[row] = place.xy, place.likelihood, np.sqrt(place.variance)
    return xy, likelihood, spread


def from_body(name: str, joints: Array, confidence: Array) -> tuple[Array, Array]:
    """The 17 joints as keypoints of the set ``name``; eyes, ears and feet are not known of them.

    Args:
        joints: ``(17, 2)``.
        confidence: ``(17,)``; 0 is missing.

    Returns:
        ``(K, 2)`` positions and ``(K,)`` confidence; 0 and (0, 0) where missing.
    """
    names = FORMATS[name]
    xy, likelihood = np.zeros((len(names), 2)), np.zeros(len(names))
    for row, point in enumerate(names):
        behind = list(BEHIND.get(point, ()))
        if not behind or not confidence[behind].all():
            continue
        likelihood[row] = confidence[behind].min()
        xy[row] = joints[behind[0]]
        if point == "nose":
            chin, thorax = joints[behind]
            xy[row] = thorax + (chin - thorax) / NOSE_SHARE
    return xy, likelihood


def _middle(found: dict[str, _Point], left: str, right: str) -> _Point | None:
    return found[left].towards(found[right], 0.5) if left in found and right in found else None


def _head(found: dict[str, _Point], thorax: _Point) -> _Point | None:
    for points, doubt in _FACES:
        if all(point in found for point in points):
            face = found[points[0]] if len(points) == 1 else found[points[0]].towards(found[points[1]], 0.5)
            place = thorax.towards(face, HEAD_SHARE)
            off = doubt * float(np.linalg.norm(face.xy - thorax.xy))
            return _Point(place.xy, place.variance + off**2, place.likelihood)
    return None
