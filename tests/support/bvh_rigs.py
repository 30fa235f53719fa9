"""BVH files of other people's skeletons, written for tests from one body and a naming."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

Array = np.ndarray[Any, Any]

# Part, parent and offset in millimetres; a T pose, Y up, facing +Z, the left arm on +X.
BODY: dict[str, tuple[str, tuple[float, float, float]]] = {
    "hips": ("", (0, 0, 0)),
    "left hip": ("hips", (95, -40, 0)), "left knee": ("left hip", (0, -430, 5)),
    "left ankle": ("left knee", (0, -425, -10)), "left toe": ("left ankle", (0, -60, 130)),
    "right hip": ("hips", (-95, -40, 0)), "right knee": ("right hip", (0, -430, 5)),
    "right ankle": ("right knee", (0, -425, -10)), "right toe": ("right ankle", (0, -60, 130)),
    "spine": ("hips", (0, 110, -10)), "chest": ("spine", (0, 130, 0)), "neck": ("chest", (0, 250, 5)),
    "head": ("neck", (0, 90, 20)), "head top": ("head", (0, 170, 10)),
    "left collar": ("chest", (20, 210, 10)), "left shoulder": ("left collar", (160, 0, 0)),
    "left elbow": ("left shoulder", (280, 0, 0)), "left wrist": ("left elbow", (250, 0, 0)),
    "left fingers": ("left wrist", (90, 0, 0)),
    "right collar": ("chest", (-20, 210, 10)), "right shoulder": ("right collar", (-160, 0, 0)),
    "right elbow": ("right shoulder", (-280, 0, 0)), "right wrist": ("right elbow", (-250, 0, 0)),
    "right fingers": ("right wrist", (-90, 0, 0)),
}  # fmt: skip
TIPS = ("left toe", "right toe", "head top", "left fingers", "right fingers")

_MIXAMO = {
    "hips": "Hips", "spine": "Spine", "chest": "Spine1", "neck": "Neck", "head": "Head",
    "head top": "HeadTop_End", "hip": "UpLeg", "knee": "Leg", "ankle": "Foot", "toe": "ToeBase",
    "collar": "Shoulder", "shoulder": "Arm", "elbow": "ForeArm", "wrist": "Hand", "fingers": "HandMiddle1",
}  # fmt: skip
_BIOVISION = {
    "hips": "Hips", "spine": "Spine", "chest": "Chest", "neck": "Neck", "head": "Head", "head top": "Top",
    "hip": "Hip", "knee": "Knee", "ankle": "Ankle", "toe": "Toe", "collar": "Collar",
    "shoulder": "Shoulder", "elbow": "Elbow", "wrist": "Wrist", "fingers": "Fingers",
}  # fmt: skip
_ICLONE = {
    "hips": "Hip", "spine": "Waist", "chest": "Spine01", "neck": "NeckTwist01", "head": "Head",
    "head top": "HeadTop", "hip": "Thigh", "knee": "Calf", "ankle": "Foot", "toe": "ToeBase",
    "collar": "Clavicle", "shoulder": "Upperarm", "elbow": "Forearm", "wrist": "Hand", "fingers": "Mid1",
}  # fmt: skip
_BIPED = {
    "hips": "Pelvis", "spine": "Spine", "chest": "Spine1", "neck": "Neck", "head": "Head", "head top": "Nub",
    "hip": "Thigh", "knee": "Calf", "ankle": "Foot", "toe": "Toe0", "collar": "Clavicle",
    "shoulder": "UpperArm", "elbow": "Forearm", "wrist": "Hand", "fingers": "Finger0",
}  # fmt: skip


@dataclass(frozen=True)
class Style:
    """How a file names, orders and measures.

    ``channels`` are of every joint but the root, which always has positions; ``unit`` is millimetres;
    ``tips`` are joints in their own right, end sites or left out; ``calm`` is the largest turn of a joint in
    degrees.
    """

    names: Mapping[str, str]
    channels: Sequence[str]
    unit: float
    prefix: str = ""
    sides: tuple[str, str] = ("Left", "Right")
    tips: str = "end"
    z_up: bool = False
    calm: float = 60.0


STYLES = {
    "cmu": Style(_MIXAMO, ("Zrotation", "Yrotation", "Xrotation"), 25.4 / 0.45),
    "mixamo": Style(_MIXAMO, ("Xrotation", "Yrotation", "Zrotation"), 10.0, "mixamorig:", tips="joint"),
    "every joint placed": Style(
        _MIXAMO, ("Xposition", "Yposition", "Zposition", "Yrotation", "Xrotation", "Zrotation"), 10.0
    ),
    "biovision in inches": Style(_BIOVISION, ("Zrotation", "Xrotation", "Yrotation"), 25.4),
    "wrists as end sites": Style(_BIOVISION, ("Yrotation", "Zrotation", "Xrotation"), 1000.0, tips="cut"),
    "z up": Style(
        _ICLONE, ("Zrotation", "Yrotation", "Xrotation"), 10.0, "CC_Base_", ("L_", "R_"), z_up=True, calm=20
    ),
    "biped with spaces": Style(
        _BIPED, ("Xrotation", "Zrotation", "Yrotation"), 1.0, "Bip01 ", ("L ", "R "), tips="none"
    ),
}


def _spelled(style: Style, part: str) -> str:
    side, _, bare = part.partition(" ")
    if side in ("left", "right"):
        return style.prefix + style.sides[side == "right"] + style.names[bare]
    return style.prefix + style.names[part]


def write(style: Style, frames: int, seed: int = 0) -> tuple[str, dict[str, Array]]:
    """A motion of random turns.

    Returns:
        The file, and where each part is with Y up, ``(F, 3)`` millimetres, by another library's Euler angles.
    """
    generator = np.random.default_rng(seed)
    cut = {"left wrist", "right wrist", *TIPS} if style.tips == "cut" else set(TIPS)
    ends = cut - {"left fingers", "right fingers"} if style.tips == "cut" else cut
    if style.tips == "joint":
        ends = set()
    dropped = {"left fingers", "right fingers"} if style.tips == "cut" else set()
    if style.tips == "none":
        dropped, ends = set(TIPS), set()
    parts = [part for part in BODY if part not in dropped]
    lines, values, places, turns = ["HIERARCHY"], [], {}, {}

    def put(part: str, depth: int) -> None:
        parent, offset = BODY[part]
        pad, place = "  " * depth, np.array(offset) / style.unit
        if style.z_up:
            place = place[[0, 2, 1]] * [1, -1, 1]
        numbers = " ".join(f"{value:.9f}" for value in place)
        if part in ends:
            places[part] = places[parent] + turns[parent].apply(np.tile(place, (frames, 1)))
            lines.extend([f"{pad}End Site", f"{pad}{{", f"{pad}\tOFFSET {numbers}", f"{pad}}}"])
            return
        channels = list(style.channels)
        moved = [name for name in channels if name.endswith("position")]
        if not parent and not moved:
            channels = ["Xposition", "Yposition", "Zposition", *channels]
        order = "".join(name[0] for name in channels if name.endswith("rotation"))
        degrees = generator.uniform(-style.calm, style.calm, (frames, 3))
        turn = Rotation.from_euler(order.upper(), degrees, degrees=True)
        shift = np.tile(place, (frames, 1))
        if not parent:
            shift = shift + generator.uniform(-5, 5, (frames, 3))
        if len(channels) == 6:
            values.append(np.concatenate([shift, degrees], axis=1))
        else:
            values.append(degrees)
        if parent:
            places[part] = places[parent] + turns[parent].apply(shift)
            turns[part] = turns[parent] * turn
        else:
            places[part], turns[part] = shift, turn
        word = "JOINT" if parent else "ROOT"
        lines.extend([f"{pad}{word} {_spelled(style, part)} {{", f"{pad}\tOFFSET\t{numbers}"])
        lines.append(f"{pad}\tCHANNELS {len(channels)} {' '.join(channels)}")
        for child in parts:
            if BODY[child][0] == part:
                put(child, depth + 1)
        lines.append(f"{pad}}}")

    put("hips", 0)
    table = np.concatenate(values, axis=1)
    lines += ["MOTION", f"Frames:\t{frames}", "Frame Time: 0.0083333"]
    lines += [" ".join(f"{value:.9f}" for value in row) for row in table]
    upright = (lambda place: place[:, [0, 2, 1]] * [1, 1, -1]) if style.z_up else lambda place: place
    return "\r\n".join(lines) + "\r\n", {part: upright(place * style.unit) for part, place in places.items()}
