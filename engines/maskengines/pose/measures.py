"""How good hypotheses are: errors, how often the truth lies where they say, bones, agreement with the
picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from maskengines.pose.skeleton import PAIRS, bone_lengths

Array = np.ndarray[Any, Any]


def joint_errors(poses: Array, truth: Array) -> Array:
    """Distances (..., 17) of poses (..., 17, 3) from `truth`, in their unit."""
    found: Array = np.linalg.norm(poses - truth, axis=-1)
    return found


def mpjpe(poses: Array, truth: Array, which: Array | None = None) -> Array:
    """Mean per-joint position error (protocol 1) of poses (B, N, 17, 3) against (B, 17, 3): (B, N).

    Args:
        which: (B, 17) bool, the joints that count; all if ``None``. Bodies with none give NaN.
    """
    errors = joint_errors(poses, truth[:, None])
    if which is None:
        return errors.mean(-1)
    counted = which.sum(-1)[:, None]
    with np.errstate(invalid="ignore"):
        return (errors * which[:, None]).sum(-1) / np.where(counted, counted, np.nan)


def aligned(poses: Array, truth: Array) -> Array:
    """Poses (B, N, 17, 3) turned, scaled and moved onto `truth` (B, 17, 3) as well as can be (Procrustes;
    protocol 2).
    """
    goal = truth[:, None]
    middle, aim = poses.mean(-2, keepdims=True), goal.mean(-2, keepdims=True)
    a, b = poses - middle, goal - aim
    u, s, vt = np.linalg.svd(np.swapaxes(a, -1, -2) @ b)
    sign = np.ones_like(s)
    sign[..., 2] = np.sign(np.linalg.det(u @ vt))
    turn = (u * sign[..., None, :]) @ vt
    scale = (s * sign).sum(-1) / np.maximum(np.square(a).sum((-1, -2)), 1e-9)
    found: Array = scale[..., None, None] * (a @ turn) + aim
    return found


def resized(poses: Array, truth: Array) -> Array:
    """Poses (B, N, 17, 3) scaled about the hip until their bones add up to those of `truth` (B, 17, 3).

    One picture does not tell how large a person is; what is still wrong after this is the pose and the
    proportions.
    """
    size, wanted = bone_lengths(poses).sum(-1), bone_lengths(truth).sum(-1)
    found: Array = poses * (wanted[:, None] / np.maximum(size, 1e-6))[..., None, None]
    return found


def inside(poses: Array, truth: Array) -> Array:
    """How central the truth is among hypotheses, per joint: the share of hypotheses that lie farther out,
    (B, 17), in 0..1.

    "Out" is the Mahalanobis distance with the hypotheses' mean and covariance. The region that holds a
    share p of the hypotheses holds the truth where this is at least 1 - p; if the hypotheses are right,
    that happens in a share p of all cases.
    """
    middle = poses.mean(1, keepdims=True)
    away = poses - middle
    spread = np.einsum("bnjd,bnje->bjde", away, away) / poses.shape[1]
    spread += 1e-2 * np.eye(poses.shape[-1])
    inverse = np.linalg.inv(spread)
    out = np.einsum("bnjd,bjde,bnje->bnj", away, inverse, away)
    miss = truth[:, None] - middle
    truth_out = np.einsum("bnjd,bjde,bnje->bnj", miss, inverse, miss)
    found: Array = (out > truth_out).mean(1)
    return found


def coverage(central: Array, share: float) -> float:
    """Share of cases whose truth lies in the region that holds `share` of the hypotheses; `central` from
    `inside`.
    """
    return float((central > 1 - share).mean())


def bone_error(poses: Array, truth: Array) -> float:
    """Mean absolute error of bone lengths of hypotheses (B, N, 17, 3) against (B, 17, 3), in their unit."""
    wrong = np.abs(bone_lengths(poses) - bone_lengths(truth)[:, None])
    return float(wrong[..., 1:].mean())


def bone_unsteadiness(poses: Array) -> float:
    """Mean standard deviation of bone lengths over the hypotheses of a body, in their unit."""
    return float(bone_lengths(poses)[..., 1:].std(1).mean())


def asymmetry(poses: Array) -> float:
    """Mean difference of left and right bones, in the unit of the poses: the bone error of the authors' code
    (`calculate_symmetry_error`), which compares a hypothesis with itself and not with the truth.
    """
    lengths = bone_lengths(poses)
    left, right = [pair[0] for pair in PAIRS], [pair[1] for pair in PAIRS]
    return float(np.abs(lengths[..., left] - lengths[..., right]).mean())
