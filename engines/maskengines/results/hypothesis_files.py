"""Hypotheses as files: NPZ for programs, BVH and glTF for animators, keypoints for what reads keypoints."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.contract import Candidate
from maskengines.errors import BadInput
from maskengines.files import atomic_write
from maskengines.results.hypotheses import Hypotheses
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_files import document
from maskengines.subjects.pose_formats import rig
from maskengines.subjects.pose_formats.bvh_writing import encode_bvh
from maskengines.subjects.pose_formats.glb import encode_glb
from maskengines.subjects.pose_formats.keypoints import from_body
from maskengines.subjects.pose_skeleton import JOINTS, upright_from_camera

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Form:
    """One way to write hypotheses.

    Attributes:
        title: what it is, in a few words.
        suffix: of its files; several forms may share one.
        encode: the whole file, of hypotheses, the pose they are about and the number of the chosen one.
    """

    title: str
    suffix: str
    encode: Callable[[Hypotheses, PoseSubject, int], bytes]


def _npz(held: Hypotheses, subject: PoseSubject, chosen: int) -> bytes:
    data = io.BytesIO()
    np.savez(
        data, poses=held.poses, weights=held.weights, joints=np.array(JOINTS), joints_2d=held.joints_2d
    )  # fmt: skip
    return data.getvalue()


def _all_as_json(held: Hypotheses, subject: PoseSubject, chosen: int) -> bytes:
    seen = [[[_known(x), _known(y)] for x, y in body] for body in held.joints_2d.tolist()]
    told = {
        "joints": list(JOINTS),
        "unit": "millimetres from the hip; x right in the picture, y down, z away from the viewer",
        "weights": [round(weight, 6) for weight in held.weights.tolist()],
        "poses": np.round(held.poses.astype(np.float64), 3).tolist(),
        "joints_2d": seen,
    }
    return (json.dumps(told) + "\n").encode("ascii")


def _all_as_bvh(held: Hypotheses, subject: PoseSubject, chosen: int) -> bytes:
    return encode_bvh(upright_from_camera(held.poses.astype(np.float64)), held.weights)


def _bvh(held: Hypotheses, subject: PoseSubject, chosen: int) -> bytes:
    return encode_bvh(upright_from_camera(held.poses[chosen : chosen + 1].astype(np.float64)), np.ones(1))


def _glb(held: Hypotheses, subject: PoseSubject, chosen: int) -> bytes:
    return encode_glb(upright_from_camera(held.poses[chosen].astype(np.float64)), "Hypothesis")


def _as_it_came(held: Hypotheses, subject: PoseSubject, chosen: int) -> bytes:
    return _keypoints(held, subject, chosen, subject.source.format if subject.source else "openpose-25")


def _openpose(held: Hypotheses, subject: PoseSubject, chosen: int) -> bytes:
    came = subject.source.format if subject.source else ""
    return _keypoints(held, subject, chosen, came if came.startswith("openpose") else "openpose-25")


def _coco(held: Hypotheses, subject: PoseSubject, chosen: int) -> bytes:
    return _keypoints(held, subject, chosen, "coco")


ALL_AS_FRAMES = Form("BVH, all as frames", ".bvh", _all_as_bvh)
FORMS = (
    ALL_AS_FRAMES,
    Form("BVH, this body", ".bvh", _bvh),
    Form("glTF, this body", ".glb", _glb),
    Form("NumPy, all", ".npz", _npz),
    Form("JSON, all in 3D", ".poses.json", _all_as_json),
    Form("OpenPose JSON, this body", ".openpose.json", _openpose),
    Form("COCO JSON, this body", ".coco.json", _coco),
    Form("Keypoints as they came, this body", ".json", _as_it_came),
)
"""The first form of a suffix is the usual one."""


def form_of(path: str | os.PathLike[str]) -> Form:
    """The usual form of a file's suffix.

    Raises:
        BadInput: there is none; says which there are.
    """
    name = Path(path).name
    for form in FORMS:
        if name.lower().endswith(form.suffix):
            return form
    listed = ", ".join(dict.fromkeys(form.suffix for form in FORMS))
    raise BadInput(f"Cannot write hypotheses as '{name}'. Use one of {listed}.")


def form_for(path: str | os.PathLike[str], wanted: Form) -> Form:
    """The form that was chosen for a file, unless its name says another one.

    Raises:
        BadInput: its suffix is none of ours.
    """
    named = form_of(path)
    return wanted if wanted.suffix.endswith(named.suffix) else named


def save_hypotheses(candidate: Candidate, subject: PoseSubject, target: Path) -> None:
    """Write a candidate of kind ``hypotheses``; the suffix decides the format and how much goes in:

    * ``.npz``: all of them; ``poses`` and ``weights`` as in `Hypotheses`, ``joints`` (their names) and
      ``joints_2d``; ``.poses.json``: the same as text, null where a joint is not seen;
    * ``.bvh``: all of them as frames, in the order of the result; centimetres, Y up;
    * ``.glb``: the one of highest weight; metres, Y up;
    * ``.json``: that one as seen in the picture, in the format the pose was opened in. ``.coco.json`` and
      ``.openpose.json`` choose one. The confidence of a keypoint is the share of all hypotheses that see it
      within two of its spreads.

    Raises:
        BadInput: the place cannot be written, or the answer is none.
    """
    held = Hypotheses.read(candidate.result)
    save_form(held, subject, target, form_of(target), held.best)


def save_form(held: Hypotheses, subject: PoseSubject, target: Path, form: Form, chosen: int) -> None:
    """Write hypotheses in a form; ``chosen`` is "this body" to those forms that hold one.

    A BVH of all has one skeleton, with bones of the mean length by weight; each frame keeps the directions of
    its bones, and its joints are off by what `motion_error` says. A BVH of one body has that body's bones.

    Raises:
        BadInput: the place cannot be written, or it is not known where the body is in the picture.
    """
    data = form.encode(held, subject, chosen)
    with atomic_write(target) as file:
        file.write(data)


def motion_error(held: Hypotheses) -> tuple[float, float]:
    """Millimetres by which the joints of a BVH of all are off: on average by weight, and at most.

    A photo does not tell how large a person is, so hypotheses have a size each and a BVH has one for all; the
    mean lengths are those that put the ends of the bones nearest, in squares.
    """
    poses = upright_from_camera(held.poses.astype(np.float64))
    written = rig.forward(rig.rotations(poses), rig.mean_lengths(poses, held.weights))
    off = np.linalg.norm(written - poses, axis=-1)
    return float(np.average(off.mean(axis=1), weights=held.weights)), float(off.max())


def _keypoints(held: Hypotheses, subject: PoseSubject, chosen: int, fmt: str) -> bytes:
    if np.isnan(held.joints_2d[chosen]).any():
        raise BadInput(
            "Cannot write keypoints: too few joints are known to say where the poses are in the picture. "
            "Use .npz, .bvh or .glb."
        )
    # It places a joint even where no other agrees, and a confidence of 0 would say that it is missing.
    sure = np.maximum(held.agreement(chosen, subject.sigma_px), 0.01)
    xy, likelihood = from_body(fmt, held.joints_2d[chosen].astype(np.float64), sure)
    return document(fmt, np.column_stack([xy, likelihood]).round(3), {}, {}, subject)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 3)
