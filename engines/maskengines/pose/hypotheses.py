"""What a set of sampled poses says: one person's bones, who is typical, how far each joint may be."""

from __future__ import annotations

from typing import Any

import numpy as np

from maskengines.pose.skeleton import BONE_GROUPS, BONES, COUNT, ancestors, bone_lengths, with_bone_lengths

Array = np.ndarray[Any, Any]

BODY_FROM = 20
"""The person's bones are told from the first of the hypotheses, as many as a preview has, so that more do
not change them.
"""


def one_body(poses: Array, keep: Array) -> Array:
    """Poses (N, 17, 3) of one person: bone proportions the same in all, left as long as right, each at its
    own size.

    One photo leaves open how large a person is (and how far away), so each hypothesis keeps its own scale;
    the proportions are the medians of the first `BODY_FROM`. Bones between joints that are pinned are as
    long as the pins say.

    Args:
        keep: (17,) bool, joints that stay where they are (the hip is always one).
    """
    lengths = bone_lengths(poses)
    groups = np.asarray(BONE_GROUPS)
    sizes = lengths.sum(1, keepdims=True)
    shares = np.median(lengths[:BODY_FROM] / np.maximum(sizes[:BODY_FROM], 1e-6), axis=0)
    shares = np.array([shares[groups == group].mean() for group in groups])
    wanted = shares / shares.sum() * sizes
    if not keep.any():
        return with_bone_lengths(poses, wanted.astype(np.float32))
    return _around_pins(poses, wanted, keep)


def _around_pins(poses: Array, lengths: Array, keep: Array) -> Array:
    """As `with_bone_lengths`, for bones that no pin holds: below a pin the limb hangs on, above it nothing
    moves.
    """
    held = keep.copy()
    for pin in np.flatnonzero(keep):
        held[list(ancestors(int(pin)))] = True
    built = poses.astype(np.float32, copy=True)
    for parent, joint in BONES:
        if not held[joint]:
            bone = poses[:, joint] - poses[:, parent]
            now = np.maximum(np.linalg.norm(bone, axis=-1, keepdims=True), 1e-6)
            built[:, joint] = built[:, parent] + bone * (lengths[:, joint, None] / now)
    return built


def distances(poses: Array) -> Array:
    """Mean distance of the joints between any two poses, (N, N) float32, in the unit of `poses` (N, 17,
    3).
    """
    count = len(poses)
    apart = np.zeros((count, count), np.float32)
    for joint in range(COUNT):
        places = poses[:, joint].astype(np.float32)
        apart += np.linalg.norm(places[:, None] - places[None], axis=-1)
    return apart / COUNT


def typical(apart: Array) -> Array:
    """Weights (N,) that add up to 1: how crowded it is around each hypothesis (a Gaussian kernel of a third
    of the median distance).
    """
    count = len(apart)
    if count == 1:
        return np.ones(1, np.float32)
    width = max(float(np.median(apart[~np.eye(count, dtype=bool)])) / 3, 1e-3)
    crowd = np.exp(-np.square(apart / width) / 2).sum(1)
    return (crowd / crowd.sum()).astype(np.float32)


def covariances(points: Array) -> Array:
    """Covariance of each joint over the hypotheses: (N, 17, D) to (17, D, D); 0 for a single hypothesis."""
    away = points - points.mean(0)
    found: Array = np.einsum("njd,nje->jde", away, away) / max(len(points) - 1, 1)
    return found.astype(np.float32)


def ellipses(spreads: Array) -> Array:
    """2D covariances (17, 2, 2) as ellipses (17, 3): half axes of one standard deviation, long one first,
    and the angle of the long one in radians from x towards y.
    """
    values, vectors = np.linalg.eigh(spreads.astype(np.float64))
    axes = np.sqrt(np.maximum(values, 0))
    angle = np.arctan2(vectors[:, 1, 1], vectors[:, 0, 1])
    return np.stack([axes[:, 1], axes[:, 0], angle], -1).astype(np.float32)
