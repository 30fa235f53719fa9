"""Somebody who stands in a picture of 400 x 300 with their arms out, as a detector writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from maskengines.subjects.pose_formats.keypoints import FORMATS

SIZE = (400, 300)
PLACES = {
    "nose": (200, 60), "left_eye": (205, 55), "right_eye": (195, 55), "left_ear": (211, 58),
    "right_ear": (189, 58), "left_shoulder": (220, 85), "right_shoulder": (180, 85),
    "left_elbow": (240, 112), "right_elbow": (160, 112), "left_wrist": (260, 138),
    "right_wrist": (140, 138), "left_hip": (212, 140), "right_hip": (188, 140), "left_knee": (213, 182),
    "right_knee": (187, 182), "left_ankle": (214, 225), "right_ankle": (186, 225),
}  # fmt: skip


def coco_keypoints(third: float = 2, by: tuple[float, float] = (0, 0)) -> list[float]:
    """x, y and visibility of COCO's 17, moved by some pixels."""
    moved = [(PLACES[name][0] + by[0], PLACES[name][1] + by[1]) for name in FORMATS["coco"]]
    return [float(value) for place in moved for value in (*place, third)]


def coco_file(path: Path) -> Path:
    """Write them as a file of annotations."""
    held: dict[str, Any] = {
        "images": [{"id": 1, "width": SIZE[0], "height": SIZE[1]}],
        "annotations": [{"image_id": 1, "keypoints": coco_keypoints()}],
    }
    path.write_text(json.dumps(held))
    return path
