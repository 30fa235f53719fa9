"""From somebody's BVH skeleton to the 17 joints, in millimetres.

Names tell which joint is which: those of CMU's conversions, Mixamo, Biovision, 3ds Max bipeds, DAZ, iClone
and our own. BVH has Y up; files that have Z up are told by how the body stands in them. Limbs are taken as
they are; trunk and head follow, as in the data that the prior knows:

* ``Hip`` and ``Thorax`` are the middles of hips and shoulders, ``Spine`` the middle of the two;
* with ``L = |Thorax - Hip|``, ``u`` the direction from the thorax to the middle of the head and ``f`` the
  one that the shoulders face, ``Nose = Thorax + L (0.2 u + 0.125 f)`` and
  ``Head = Thorax + L (0.4 u + 0.05 f)``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_formats.bvh import BvhJoint, BvhMotion, read_bvh
from maskengines.subjects.pose_skeleton import COUNT, INDEX, JOINTS, upright_from_camera

Array = np.ndarray[Any, Any]

# The first name that a file has counts: where there is a RightArm, its RightShoulder is a collar bone.
_ALIASES = {
    "Hip": ("upleg", "thigh", "upperleg", "femur", "hip"),
    "Knee": ("leg", "lowleg", "lowerleg", "shin", "calf", "tibia", "knee"),
    "Ankle": ("foot", "ankle"),
    "Shoulder": ("arm", "uparm", "upperarm", "shldr", "humerus", "shoulder"),
    "Elbow": ("forearm", "lowarm", "lowerarm", "radius", "elbow"),
    "Wrist": ("hand", "wrist"),
}
_HEADS = (("head", "headend"), ("head", "headtopend"), ("head",), ("neck1",), ("neck",))
_BEFORE = re.compile(r"^(mixamorig\d*|character\d*|bip\d+|ccbase)")
# Millimetres in the units that files come in: metres, CMU's (an inch over 0.45), inches, cm and mm.
_UNITS = (1000.0, 25.4 / 0.45, 25.4, 10.0, 1.0)
_OURS = 10.0  # `encode_bvh` writes centimetres
_LEG = 860.0
_PICTURE, _DISTANCE, _FOCAL = 1000, 5000.0, 2200.0


def open_bvh(path: Path, frame: int | None) -> tuple[PoseSubject, int, int, tuple[str, ...]]:
    """One frame as a pose seen from the front at 5 m, in a picture of 1000 x 1000.

    Args:
        frame: its number from 0; by default the first.

    Returns:
        The subject, the frame's number, the number of frames, and sentences for the user.

    Raises:
        BadInput: as for `read_bvh` and `to_body`.
    """
    number = frame or 0
    motion = read_bvh(path, first=number, limit=1)
    pose = to_body(motion, path.name)[0]
    warnings = []
    if motion.total > 1 and frame is None:
        long = motion.total * motion.frame_time
        told = f"{long / 3600:.1f} hours" if long > 5400 else f"{long:.1f} seconds"
        warnings.append(
            f"'{path.name}' holds {motion.total} frames ({told}); the first is taken. Choose another with "
            f"--person 1 to {motion.total}."
        )
    camera = upright_from_camera(pose)
    xy = _FOCAL * camera[:, :2] / (camera[:, 2:] + _DISTANCE)
    low, high = xy.min(axis=0), xy.max(axis=0)
    xy += _PICTURE / 2 - (low + high) / 2
    side = 1.22 * float((high - low).max())
    corner = (_PICTURE - side) / 2
    subject = PoseSubject(
        xy,
        np.ones(COUNT),
        np.full(COUNT, side / 32),
        np.zeros(COUNT, bool),
        (corner, corner, side, side),
        (_PICTURE, _PICTURE),
    )
    return subject, number, motion.total, tuple(warnings)


def to_body(motion: BvhMotion, name: str) -> Array:
    """``(F, 17, 3)`` millimetres, relative to the hip, Y up.

    Raises:
        BadInput: a joint is not found by name, or the skeleton has no size.
    """
    places = motion.positions()
    names = [_plain(joint.name) for joint in motion.joints]
    exact = {joint.name: row for row, joint in enumerate(motion.joints)}
    if all(joint in exact for joint in JOINTS):
        body, unit = places[:, [exact[joint] for joint in JOINTS]], _OURS
    else:
        body = _derived(places, names, motion.joints, name)
        if _has_z_up(_derived(motion.rest()[None], names, motion.joints, name)[0], body[0]):
            body = body[..., [0, 2, 1]] * [1, 1, -1]
        unit = _scale(body, name)
    return (body - body[:, :1]) * unit


def _derived(places: Array, names: list[str], joints: list[BvhJoint], file: str) -> Array:
    body = np.zeros((len(places), COUNT, 3))
    for side, word in (("R", "right"), ("L", "left")):
        above = -1
        for part, aliases in _ALIASES.items():
            sides = (word, side.lower())
            spelled = [one for alias in aliases for s in sides for one in (f"{s}{alias}", f"{alias}{s}")]
            row = next((names.index(one) for one in spelled if one in names), -1)
            if row < 0 and part in ("Ankle", "Wrist"):
                # Often the end site of the shin or the forearm.
                row = next((n for n, joint in enumerate(joints) if joint.parent == above), -1)
            if row < 0:
                raise BadInput(
                    f"'{file}' has no joint that by its name is the {word} {part.lower()}. Export it with "
                    "the names that Mixamo or CMU use."
                )
            body[:, INDEX[side + part]] = places[:, row]
            above = row
    hip = (body[:, INDEX["RHip"]] + body[:, INDEX["LHip"]]) / 2
    thorax = (body[:, INDEX["RShoulder"]] + body[:, INDEX["LShoulder"]]) / 2
    length = np.linalg.norm(thorax - hip, axis=1, keepdims=True)
    rows = next(([names.index(one) for one in ones] for ones in _HEADS if set(ones) <= set(names)), None)
    head = 2 * thorax - hip if rows is None else places[:, rows].mean(axis=1)
    up = head - thorax
    low = (
        np.linalg.norm(up, axis=1, keepdims=True) < 0.05 * length
    )  # a neck that begins between the shoulders
    up = _unit(np.where(low, thorax - hip, up))
    front = _unit(np.cross(body[:, INDEX["LShoulder"]] - body[:, INDEX["RShoulder"]], up))
    body[:, INDEX["Hip"]] = hip
    body[:, INDEX["Thorax"]] = thorax
    body[:, INDEX["Spine"]] = (hip + thorax) / 2
    body[:, INDEX["Nose"]] = thorax + length * (0.2 * up + 0.125 * front)
    body[:, INDEX["Head"]] = thorax + length * (0.4 * up + 0.05 * front)
    return body


def _has_z_up(rest: Array, first: Array) -> bool:
    """Whether a file has Z up, from its rest pose and its first frame.

    Either the rest pose stands along Z, and the first frame does not deny it by standing along Y; or the rest
    pose stands along Y, and the first frame stands along Z with its feet on the ground of that world.
    """
    ankles = [INDEX["LAnkle"], INDEX["RAnkle"]]
    resting, standing = (np.abs(p[INDEX["Thorax"]] - p[ankles].mean(axis=0)) for p in (rest, first))
    if resting[2] > resting[1]:
        return bool(standing[2] * 2 > standing[1])
    grounded = abs(float(first[ankles, 2].min())) < 0.2 * standing[2]
    return bool(standing[2] > 2 * standing[1] and grounded)


def _scale(body: Array, file: str) -> float:
    """Millimetres per unit of the file: the unit that makes a leg most like 86 cm."""
    first = body[0]
    legs = [
        np.linalg.norm(first[INDEX[f"{side}{low}"]] - first[INDEX[f"{side}{high}"]])
        for side in "RL"
        for high, low in (("Hip", "Knee"), ("Knee", "Ankle"))
    ]
    length = float(sum(legs)) / 2
    if length < 1e-6:
        raise BadInput(f"The legs in '{file}' have no length, so its skeleton has no size. Export it again.")
    return min(_UNITS, key=lambda unit: abs(np.log(length * unit / _LEG)))


def _plain(name: str) -> str:
    bare = re.sub(r"[^a-z0-9]", "", name.rpartition(":")[2].lower())
    return _BEFORE.sub("", bare)


def _unit(vectors: Array) -> Array:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
