"""A skeleton that turns: the 17 joints as a hierarchy of rotations around a rest pose.

The rest pose is a T: Y up, facing +Z, the left arm on +X, and all rotations are identities in it. A joint
with three children (hip and thorax) cannot aim at all of them with one rotation, as bodies bend there too;
each child therefore has a link of length 0 of its own (`RPelvis`, `Neck`, ...), which carries the rest.

Rotations are built from the trunk outwards. Pelvis and thorax have frames of their own: the line of the
hips or shoulders and the spine. Every other bone takes the frame above it, turned by the shortest way to its
direction (swing). Upper arms and thighs are then turned about themselves (twist) until the elbow or knee
bends about its hinge, so that no skin is wrung; the straighter the limb, the less is known of that angle, and
the less of it is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from maskengines.subjects.pose_skeleton import INDEX, PARENTS, bone_lengths

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Link:
    """A node of the hierarchy. It sits at ``joint``; ``rest`` is the direction to it from its parent in the
    rest pose, zeros where it sits at the same joint."""

    name: str
    parent: int
    joint: int
    rest: tuple[float, float, float] = (0.0, 0.0, 0.0)


def _links() -> tuple[Link, ...]:
    up, down = (0.0, 1.0, 0.0), (0.0, -1.0, 0.0)
    nose, head = (0.0, 0.846, 0.533), (0.0, 0.945, -0.327)
    chains: list[tuple[str, list[tuple[str, tuple[float, float, float]]]]] = []
    for side, out in (("R", (-1.0, 0.0, 0.0)), ("L", (1.0, 0.0, 0.0))):
        chains.append(
            (f"Hip/{side}Pelvis", [(f"{side}Hip", out), (f"{side}Knee", down), (f"{side}Ankle", down)])
        )
    chains.append(("Hip/Waist", [("Spine", up), ("Thorax", up)]))
    chains.append(("Thorax/Neck", [("Nose", nose), ("Head", head)]))
    for side, out in (("L", (1.0, 0.0, 0.0)), ("R", (-1.0, 0.0, 0.0))):
        arm = [(f"{side}{part}", out) for part in ("Shoulder", "Elbow", "Wrist")]
        chains.append((f"Thorax/{side}Clavicle", arm))
    links = [Link("Hip", -1, 0)]
    at = {"Hip": 0}
    for head_of_chain, bones in chains:
        above, _, base = head_of_chain.partition("/")
        links.append(Link(base, at[above], INDEX[above]))
        for name, rest in bones:
            links.append(Link(name, len(links) - 1, INDEX[name], rest))
            at[name] = len(links) - 1
    return tuple(links)


LINKS = _links()
"""Parents come before their children."""

_AT = {link.name: number for number, link in enumerate(LINKS)}
_HINGES = {
    "RHip": (1.0, 0.0, 0.0), "LHip": (1.0, 0.0, 0.0), "LShoulder": (0.0, -1.0, 0.0),
    "RShoulder": (0.0, 1.0, 0.0),
}  # fmt: skip
# Sines of the bend from which on a hinge is believed, and fully believed.
_BENT = (0.1, 0.35)


def children(number: int) -> list[int]:
    """The links that hang on a link."""
    return [child for child, link in enumerate(LINKS) if link.parent == number]


def offsets(lengths: Array) -> Array:
    """``(L, 3)``: where each link sits from its parent in the rest pose, for ``(17,)`` bone lengths."""
    rest = np.array([link.rest for link in LINKS])
    rest /= np.maximum(np.linalg.norm(rest, axis=1, keepdims=True), 1e-12)
    return rest * np.array([lengths[link.joint] for link in LINKS])[:, None]


def rest_places(lengths: Array) -> Array:
    """``(L, 3)``: where each link sits in the rest pose, from the hip."""
    places = offsets(lengths)
    for number, link in enumerate(LINKS[1:], 1):
        places[number] += places[link.parent]
    return places


def rotations(poses: Array) -> Array:
    """``(N, 17, 3)`` upright poses to ``(N, L, 3, 3)``: how each link is turned against its parent."""
    whole = _global_rotations(np.asarray(poses, np.float64))
    turned = whole.copy()
    for number, link in enumerate(LINKS[1:], 1):
        turned[:, number] = np.swapaxes(whole[:, link.parent], 1, 2) @ whole[:, number]
    return turned


def forward(turned: Array, lengths: Array) -> Array:
    """Inverse of `rotations` for bones of ``(17,)`` lengths: ``(N, 17, 3)`` from the hip."""
    steps = offsets(lengths)
    whole, places = [turned[:, 0]], [np.zeros((len(turned), 3))]
    body = np.zeros((len(turned), len(PARENTS), 3))
    for number, link in enumerate(LINKS[1:], 1):
        places.append(places[link.parent] + whole[link.parent] @ steps[number])
        whole.append(whole[link.parent] @ turned[:, number])
        body[:, link.joint] = places[number]
    return body


def mean_lengths(poses: Array, weights: Array) -> Array:
    """``(17,)``: the weighted mean length of each bone."""
    return np.average(bone_lengths(np.asarray(poses, np.float64)), axis=0, weights=weights)


def _global_rotations(poses: Array) -> Array:
    whole = np.zeros((len(poses), len(LINKS), 3, 3))
    spine, chest = _toward(poses, "Hip", "Spine"), _toward(poses, "Spine", "Thorax")
    pelvis = _frame(_toward(poses, "RHip", "LHip"), spine)
    thorax = _frame(_toward(poses, "RShoulder", "LShoulder"), chest)
    for number, link in enumerate(LINKS):
        below = children(number)
        if link.name == "Hip":
            whole[:, number] = pelvis
        elif link.name == "Thorax":
            whole[:, number] = thorax
        elif not below:
            whole[:, number] = whole[:, link.parent]
        else:
            base = _halfway(pelvis, thorax) if link.name == "Spine" else whole[:, link.parent]
            if LINKS[link.parent].rest == (0.0, 0.0, 0.0) and link.name in _HINGES:
                base = whole[:, LINKS[link.parent].parent]  # a thigh follows the pelvis, not the link between
            child = LINKS[below[0]]
            aim = _unit(poses[:, child.joint] - poses[:, link.joint])
            rest = np.array(child.rest) / np.linalg.norm(child.rest)
            turn = _swing(base @ rest, aim, base[:, :, 0]) @ base
            if link.name in _HINGES:
                turn = _twisted(turn, np.array(_HINGES[link.name]), aim, poses, below[0])
            whole[:, number] = turn
    return whole


def _twisted(turn: Array, hinge: Array, aim: Array, poses: Array, joint: int) -> Array:
    """Turn a bone about itself until its ``hinge`` is the axis that the next bone bends about."""
    lower = LINKS[children(joint)[0]].joint
    normal = np.cross(aim, _unit(poses[:, lower] - poses[:, LINKS[joint].joint]))
    bend = np.linalg.norm(normal, axis=1)
    axis = turn @ hinge
    angle = np.arctan2((np.cross(axis, normal) * aim).sum(1), (axis * normal).sum(1))
    if LINKS[joint].name.endswith("Knee"):
        # A knee bent the wrong way is a knee bent the wrong way, no leg that is turned around.
        angle = np.where(np.abs(angle) > np.pi / 2, angle - np.copysign(np.pi, angle), angle)
    share = np.clip((bend - _BENT[0]) / (_BENT[1] - _BENT[0]), 0, 1)
    return _about(aim, angle * share * share * (3 - 2 * share)) @ turn


def _frame(across: Array, up: Array) -> Array:
    """Rotations whose x axis is ``across`` and whose y axis is as near to ``up`` as it can be."""
    spare = np.eye(3)[np.abs(across).argmin(axis=1)]
    y = up - (up * across).sum(1, keepdims=True) * across
    y = np.where(np.linalg.norm(y, axis=1, keepdims=True) < 1e-6, np.cross(across, spare), y)
    y = _unit(y)
    return np.stack([across, y, np.cross(across, y)], axis=2)


def _swing(start: Array, end: Array, spare: Array) -> Array:
    """The shortest rotation from one direction to another; half a turn goes about ``spare``."""
    axis = np.cross(start, end)
    sine, cosine = np.linalg.norm(axis, axis=1), (start * end).sum(1)
    odd = spare - (spare * start).sum(1, keepdims=True) * start
    odd = np.where(np.linalg.norm(odd, axis=1, keepdims=True) < 1e-3, np.roll(start, 1, 1), odd)
    axis = np.where((sine < 1e-9)[:, None], np.cross(start, _unit(odd)), axis)
    return _about(_unit(axis), np.arctan2(sine, cosine))


def _halfway(start: Array, end: Array) -> Array:
    """Half of the way from one rotation to another."""
    from scipy.spatial.transform import Rotation

    between = Rotation.from_matrix(np.swapaxes(start, 1, 2) @ end).as_rotvec()
    return start @ Rotation.from_rotvec(between / 2).as_matrix()


def _about(axis: Array, angle: Array) -> Array:
    """``(N, 3, 3)`` rotations by ``angle`` about unit vectors (Rodrigues)."""
    cross = np.zeros((len(axis), 3, 3))
    cross[:, [2, 0, 1], [1, 2, 0]] = axis
    cross[:, [1, 2, 0], [2, 0, 1]] = -axis
    sine, cosine = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    return np.eye(3) + sine * cross + (1 - cosine) * (cross @ cross)


def _toward(poses: Array, start: str, end: str) -> Array:
    return _unit(poses[:, INDEX[end]] - poses[:, INDEX[start]])


def _unit(vectors: Array) -> Array:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
