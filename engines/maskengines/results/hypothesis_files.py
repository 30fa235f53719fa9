"""Hypotheses as files: NPZ for programs, BVH and glTF for animators, keypoints for what reads keypoints."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.contract import Candidate
from maskengines.errors import BadInput
from maskengines.files import atomic_write
from maskengines.results.hypotheses import Hypotheses
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_files import document
from maskengines.subjects.pose_formats.bvh_writing import encode_bvh
from maskengines.subjects.pose_formats.glb import encode_glb
from maskengines.subjects.pose_formats.keypoints import from_body
from maskengines.subjects.pose_skeleton import JOINTS, upright_from_camera

Array = np.ndarray[Any, Any]


def save_hypotheses(candidate: Candidate, subject: PoseSubject, target: Path) -> None:
    """Write a candidate of kind ``hypotheses``; the suffix decides the format and how much goes in:

    * ``.npz``: all of them; ``poses`` and ``weights`` as in `Hypotheses`, ``joints`` (their names) and
      ``joints_2d``;
    * ``.bvh``: all of them as frames, in the order of the result; centimetres, Y up;
    * ``.glb``: the one of highest weight; metres, Y up;
    * ``.json``: that one as seen in the picture, in the format the pose was opened in. ``.coco.json`` and
      ``.openpose.json`` choose one. The confidence of a keypoint is the share of all hypotheses that see it
      within two of its spreads.

    Raises:
        BadInput: the place cannot be written, or the answer is none.
    """
    held = Hypotheses.read(candidate.result)
    writer = {".npz": _npz, ".bvh": _bvh, ".glb": _glb, ".json": _json}[target.suffix.lower()]
    data = writer(held, subject, target)
    with atomic_write(target) as file:
        file.write(data)


def _npz(held: Hypotheses, subject: PoseSubject, target: Path) -> bytes:
    data = io.BytesIO()
    np.savez(
        data, poses=held.poses, weights=held.weights, joints=np.array(JOINTS), joints_2d=held.joints_2d
    )  # fmt: skip
    return data.getvalue()


def _bvh(held: Hypotheses, subject: PoseSubject, target: Path) -> bytes:
    return encode_bvh(upright_from_camera(held.poses.astype(np.float64)), held.weights)


def _glb(held: Hypotheses, subject: PoseSubject, target: Path) -> bytes:
    return encode_glb(upright_from_camera(held.poses[held.best].astype(np.float64)), "Hypothesis")


def _json(held: Hypotheses, subject: PoseSubject, target: Path) -> bytes:
    if np.isnan(held.joints_2d[held.best]).any():
        raise BadInput(
            f"Cannot write '{target.name}': too few joints are known to say where the poses are in it. "
            "Use .npz, .bvh or .glb."
        )
    named = Path(target.stem).suffix.lower().removeprefix(".")
    fmt = subject.source.format if subject.source else "openpose-25"
    if named == "coco":
        fmt = "coco"
    elif named == "openpose" and fmt == "coco":
        fmt = "openpose-25"
    # It places a joint even where no other agrees, and a confidence of 0 would say that it is missing.
    sure = np.maximum(held.agreement(held.best, subject.sigma_px), 0.01)
    xy, likelihood = from_body(fmt, held.joints_2d[held.best].astype(np.float64), sure)
    return document(fmt, np.column_stack([xy, likelihood]).round(3), {}, {}, subject)
