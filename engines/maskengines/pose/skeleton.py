"""What the network needs of the body beyond `maskengines.subjects.pose_skeleton`: sides, limbs and bones.

Frames, told apart everywhere in this family:

* **camera**: OpenCV's, millimetres, x right in the picture, y down, z away from the viewer. Poses are
  root-relative: the hip is (0, 0, 0), the rest is measured from it. The engine answers in it, (N, 17, 3).
* **upright**: Y up, the person facing +Z with the right hip on -X, millimetres. Motion files and the
  training data use it. Seen by a level camera straight in front it is ``pose * UPRIGHT_TO_CAMERA``.
* **picture**: pixels, x right, y down, (..., 17, 2).
* **box**: the square around the person scaled to [-1, 1] on both axes (DiffPose, section 3.1), x right, y
  down.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from maskengines.subjects.pose_skeleton import COUNT, INDEX, JOINTS, PARENTS, bone_lengths

__all__ = [
    "BONES", "BONE_GROUPS", "COUNT", "INDEX", "JOINTS", "LIMBS", "MIRROR", "PAIRS", "PARENTS",
    "UPRIGHT_TO_CAMERA", "ancestors", "bone_lengths", "with_bone_lengths",
]  # fmt: skip

Array = np.ndarray[Any, Any]

BONES: Final = tuple((parent, joint) for joint, parent in enumerate(PARENTS) if parent >= 0)

# MIRROR[j] is the joint on the other side (itself on the midline).
MIRROR: Final = (0, 4, 5, 6, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 11, 12, 13)
PAIRS: Final = tuple((left, right) for left, right in enumerate(MIRROR) if JOINTS[left].startswith("L"))

# Joints of a limb in order away from the trunk.
LIMBS: Final = {
    "right leg": (1, 2, 3),
    "left leg": (4, 5, 6),
    "trunk": (0, 7, 8),
    "head": (9, 10),
    "left arm": (11, 12, 13),
    "right arm": (14, 15, 16),
}

# The bone that ends in joint j and the one that ends in its mirror are equally long: one group each.
BONE_GROUPS: Final = tuple(min(joint, MIRROR[joint]) for joint in range(COUNT))

# From the upright frame to a level camera that looks the person in the face.
UPRIGHT_TO_CAMERA: Final = np.array([1.0, -1.0, -1.0], np.float32)


def with_bone_lengths(poses: Array, lengths: Array) -> Array:
    """Poses (..., 17, 3) with every bone's direction kept and its length set to `lengths` (..., 17).

    The hip stays put. A bone of length 0 has no direction and stays 0.
    """
    built = poses.astype(np.float32, copy=True)
    for parent, joint in BONES:
        bone = poses[..., joint, :] - poses[..., parent, :]
        now = np.linalg.norm(bone, axis=-1, keepdims=True)
        built[..., joint, :] = built[..., parent, :] + bone * (
            lengths[..., joint, None] / np.maximum(now, 1e-6)
        )
    return built


def ancestors(joint: int) -> tuple[int, ...]:
    """The joints between `joint` and the hip, nearest first, the hip last; empty for the hip itself."""
    chain = []
    while (joint := PARENTS[joint]) >= 0:
        chain.append(joint)
    return tuple(chain)
