"""Joints as files: COCO or OpenPose JSON, with the spread of each keypoint beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.contract import Candidate
from maskengines.files import atomic_write
from maskengines.results.joints import pose_from_candidate
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_files import document, pose_json
from maskengines.subjects.pose_formats.keypoints import FORMATS
from maskengines.subjects.pose_formats.modes import KEY, told_modes

Array = np.ndarray[Any, Any]

_MIDDLES = {"neck": ("left_shoulder", "right_shoulder"), "mid_hip": ("left_hip", "right_hip")}


def save_joints(candidate: Candidate, target: Path) -> None:
    """Write a candidate of kind ``joints`` as JSON: COCO's 17 keypoints, or OpenPose's 25 where the name ends
    in ``.openpose.json``. The person object holds ``"sigma_px"`` and ``"box"``, and ``"modes_px"`` where
    joints were seen in several places, so that what opens it knows all that the detector knew.

    Raises:
        BadInput: the place cannot be written, or the answer is none.
    """
    pose = pose_from_candidate(candidate)
    named = Path(target.stem).suffix.lower()
    data = _openpose(pose) if named == ".openpose" else pose_json(pose, "coco")
    with atomic_write(target) as file:
        file.write(data)


def _openpose(pose: PoseSubject) -> bytes:
    """The detector's own keypoints under OpenPose's names: the face's stay, the feet's are missing."""
    if pose.source is None or pose.source.format != "coco":
        return pose_json(pose, "openpose-25")
    told = json.loads(pose.source.record)
    keypoints, sigma = as_openpose(pose.source.keypoints, told["sigma_px"])
    record = {"sigma_px": sigma, "box": list(pose.box)}
    if modes := told_modes(pose):
        record[KEY] = modes
    return document("openpose-25", keypoints, record, {}, pose)


def as_openpose(keypoints: Array, sigma: list[float | None]) -> tuple[Array, list[float | None]]:
    """COCO's ``(17, 3)`` keypoints and their spreads as OpenPose's 25. Neck and mid-hip are the middles of
    shoulders and hips, with half the root of the summed variances."""
    held = dict(zip(FORMATS["coco"], keypoints.tolist(), strict=True))
    spreads = dict(zip(FORMATS["coco"], sigma, strict=True))
    for name, (left, right) in _MIDDLES.items():
        a, b = held[left], held[right]
        if a[2] > 0 and b[2] > 0:
            held[name] = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, min(a[2], b[2])]
            spreads[name] = round(float(np.hypot(spreads[left] or 0, spreads[right] or 0)) / 2, 3)
    names = FORMATS["openpose-25"]
    return np.array([held.get(name, [0, 0, 0]) for name in names]), [spreads.get(name) for name in names]
