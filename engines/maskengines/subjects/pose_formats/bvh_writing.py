"""Writing poses as BVH: one skeleton, a frame per pose."""

from __future__ import annotations

from typing import Any

import numpy as np

from maskengines.subjects.pose_formats import rig

Array = np.ndarray[Any, Any]

FRAME_TIME = 1 / 30
_CENTIMETRES = 0.1
_END = 5.0


def encode_bvh(poses: Array, weights: Array) -> bytes:
    """A BVH of upright poses: centimetres, Y up, the hip at the origin.

    A BVH has one length for each bone: the mean over the poses by their weights. Poses whose bones have
    that length come back from it as they were; of others the directions do.

    Args:
        poses: ``(N, 17, 3)`` millimetres, upright, relative to the hip; frame n is pose n.
        weights: ``(N,)`` above or at 0, not all 0.
    """
    lengths = rig.mean_lengths(poses, weights)
    steps = rig.offsets(lengths) * _CENTIMETRES
    turned = rig.rotations(poses)
    order: list[int] = []
    lines = ["HIERARCHY", *_joint(0, 0, steps, order), "MOTION", f"Frames: {len(poses)}"]
    lines.append(f"Frame Time: {FRAME_TIME:.7f}")
    degrees = np.degrees(_euler_zxy(turned))[:, order].reshape(len(poses), -1)
    # The sum turns minus zero into zero.
    for row in np.round(degrees, 6) + 0.0:
        lines.append("0 0 0 " + " ".join(f"{value:.6f}" for value in row))
    return ("\n".join(lines) + "\n").encode("ascii")


def _joint(number: int, depth: int, steps: Array, order: list[int]) -> list[str]:
    """The lines of a joint and all below it; notes the order in which channels come."""
    order.append(number)
    link, pad = rig.LINKS[number], "\t" * depth
    place = "" if depth else "Xposition Yposition Zposition "
    lines = [
        f"{pad}{'JOINT' if depth else 'ROOT'} {link.name}",
        f"{pad}{{",
        f"{pad}\tOFFSET {_spelled(steps[number])}",
        f"{pad}\tCHANNELS {3 if depth else 6} {place}Zrotation Xrotation Yrotation",
    ]
    below = rig.children(number)
    for child in below:
        lines += _joint(child, depth + 1, steps, order)
    if not below:
        # The last joint of a limb has no bone of its own; a short one lets viewers show it.
        rest = np.array(link.rest) / np.linalg.norm(link.rest) * _END
        lines += [f"{pad}\tEnd Site", f"{pad}\t{{", f"{pad}\t\tOFFSET {_spelled(rest)}", f"{pad}\t}}"]
    return [*lines, f"{pad}}}"]


def _spelled(vector: Array) -> str:
    return " ".join(f"{value:.6f}" for value in vector + 0.0)


def _euler_zxy(turned: Array) -> Array:
    """Rotations ``(..., 3, 3)`` as angles z, x, y in radians with ``R = Rz Rx Ry``."""
    flat = np.hypot(turned[..., 0, 1], turned[..., 1, 1])
    x = np.arctan2(turned[..., 2, 1], flat)
    locked = flat < 1e-9
    z = np.arctan2(-turned[..., 0, 1], turned[..., 1, 1])
    y = np.arctan2(-turned[..., 2, 0], turned[..., 2, 2])
    # Where x is a right angle, z and y turn about the same axis: z takes it all.
    z = np.where(locked, np.arctan2(turned[..., 1, 0], turned[..., 0, 0]), z)
    return np.stack([z, x, np.where(locked, 0.0, y)], axis=-1)
