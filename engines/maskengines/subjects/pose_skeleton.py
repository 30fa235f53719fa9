"""The joints of a pose subject: names, who hangs on whom, and the frames that 3D poses come in.

17 joints in the order of Human3.6M (Ionescu et al., PAMI 2014) as reduced by Martinez et al. (ICCV 2017).
Left and right are the person's own. 3D poses are in millimetres, relative to the hip, in one of two frames:

* **camera**: OpenCV's, x right in the picture, y down, z away from the viewer;
* **upright**: Y up, a person who looks into a level camera faces +Z; what motion files and glTF use.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

JOINTS = (
    "Hip", "RHip", "RKnee", "RAnkle", "LHip", "LKnee", "LAnkle", "Spine", "Thorax", "Nose", "Head",
    "LShoulder", "LElbow", "LWrist", "RShoulder", "RElbow", "RWrist",
)  # fmt: skip
INDEX = {name: number for number, name in enumerate(JOINTS)}
COUNT = len(JOINTS)

PARENTS = (-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15)
"""Parents come before their children."""

_CAMERA = np.array([1.0, -1.0, -1.0])


def bone_lengths(poses: Array) -> Array:
    """``(..., 17, 3)`` to ``(..., 17)``: length of the bone that ends in each joint; the hip has 0."""
    parents = [max(parent, 0) for parent in PARENTS]
    lengths: Array = np.linalg.norm(poses - poses[..., parents, :], axis=-1)
    return lengths


def upright_from_camera(poses: Array) -> Array:
    """``(..., 17, 3)`` from the camera frame to the upright one; its own inverse, a half turn about x."""
    turned: Array = poses * _CAMERA.astype(poses.dtype)
    return turned
