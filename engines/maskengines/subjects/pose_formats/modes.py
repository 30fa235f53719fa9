"""Joints that a detector saw in several places, in a file of keypoints.

Beside the keypoints, a person object may hold ``"modes_px": {"LWrist": [[x, y, sigma, likelihood], ...]}``:
Gaussians in pixels for joints of a pose subject, the likeliest where the keypoints say. It is the studio's
own; what does not know it reads the keypoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_skeleton import COUNT, INDEX, JOINTS

Array = np.ndarray[Any, Any]

KEY = "modes_px"
MOST = 8
_FARTHEST = 1e6


def told_modes(subject: PoseSubject) -> dict[str, list[list[float]]]:
    """What goes under `KEY`; empty where every joint is in one place."""
    several = np.flatnonzero(subject.in_several_places).tolist()
    return {
        JOINTS[joint]: [
            [round(value, 3) for value in mode] for mode in subject.modes[joint].tolist() if mode[3] > 0
        ]
        for joint in several
    }


def read_modes(record: Mapping[str, Any], where: str) -> Array:
    """The ``(17, K, 4)`` modes of a person object; K is 0 where there are none.

    Raises:
        BadInput: it holds something else.
    """
    told = record.get(KEY) or {}
    if not isinstance(told, dict) or any(name not in INDEX or not _sound(told[name]) for name in told):
        raise BadInput(
            f'"{KEY}" of {where} must hold up to {MOST} lists of x, y, sigma and likelihood by name of a '
            f"joint, such as LWrist. Mend it, or leave it out."
        )
    modes = np.zeros((COUNT, max(map(len, told.values()), default=0), 4), np.float32)
    for name, rows in told.items():
        modes[INDEX[name], : len(rows)] = rows
    return modes


def _sound(rows: Any) -> bool:
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST:
        return False
    for row in rows:
        if not isinstance(row, list) or len(row) != 4:
            return False
        if not all(isinstance(value, int | float) and abs(value) < _FARTHEST for value in row):
            return False
        if row[2] <= 0 or not 0 < row[3] <= 1:
            return False
    return True
