"""Reading BVH: the hierarchy, and as many frames as are wanted.

The file is read line by line, so a motion of hours costs no more than the frames that are taken from it. Real
files differ in the order of channels, have none for some joints or all six for every joint, leave end sites
out, put braces anywhere and names with spaces; all of that is read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from maskengines.errors import BadInput

Array = np.ndarray[Any, Any]

MAX_FRAMES = 20_000
_MAX_JOINTS = 2000
_MAX_LINE = 1 << 20
_KINDS = ("position", "rotation", "scale")


@dataclass
class BvhJoint:
    """A joint or an end site.

    Attributes:
        parent: index of its parent; -1 for a root.
        offset: ``(3,)`` from its parent, in the file's unit.
        channels: in the file's order, an axis (0, 1, 2) and ``position``, ``rotation`` or ``scale``.
        end: it is an end site; it has no name of its own.
    """

    name: str
    parent: int
    offset: Array = field(default_factory=lambda: np.zeros(3))
    channels: list[tuple[int, str]] = field(default_factory=list)
    end: bool = False


@dataclass(frozen=True, eq=False)
class BvhMotion:
    """A skeleton and some frames of its motion.

    Attributes:
        frames: ``(F, C)`` float64: the values of all channels, degrees for rotations.
        first: number of the first of them in the file.
        total: how many frames the file says it has.
        frame_time: seconds.
    """

    joints: list[BvhJoint]
    frames: Array
    first: int
    total: int
    frame_time: float

    def rest(self) -> Array:
        """``(J, 3)``: where everything is while nothing is turned, in the file's unit and axes."""
        places = np.array([joint.offset for joint in self.joints])
        for number, joint in enumerate(self.joints):
            if joint.parent >= 0:
                places[number] += places[joint.parent]
        return places

    def positions(self) -> Array:
        """``(F, J, 3)``: forward kinematics of every joint and end site, in the file's unit and axes.

        Rotations multiply in the order of the channels. A joint with three position channels has its
        place told by them; its offset then is only its rest place.
        """
        count = len(self.frames)
        places = np.zeros((count, len(self.joints), 3))
        turns: list[Array] = []
        column = 0
        for number, joint in enumerate(self.joints):
            turn = np.broadcast_to(np.eye(3), (count, 3, 3))
            place = np.broadcast_to(joint.offset, (count, 3)).copy()
            moved = [axis for axis, kind in joint.channels if kind == "position"]
            for axis, kind in joint.channels:
                values = self.frames[:, column]
                column += 1
                if kind == "rotation":
                    turn = turn @ _about(axis, values)
                elif kind == "position" and len(moved) == 3:
                    place[:, axis] = values
            if joint.parent >= 0:
                before = turns[joint.parent]
                place = places[:, joint.parent] + np.einsum("fij,fj->fi", before, place)
                turn = before @ turn
            places[:, number] = place
            turns.append(turn)
        return places


def read_bvh(path: Path, *, first: int = 0, limit: int = MAX_FRAMES) -> BvhMotion:
    """Read the skeleton and at most ``limit`` frames from number ``first`` on.

    Raises:
        BadInput: it cannot be read, is no BVH, is malformed, or has no motion or no such frame; the
            sentence names the file and the place.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            return _Reader(file, path.name).read(first, limit)
    except FileNotFoundError:
        raise BadInput(f"Cannot open '{path.name}': there is no such file. Check the name.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"Cannot open '{path.name}': {reason}. Choose another file.") from error


class _Reader:
    def __init__(self, file: TextIO, name: str) -> None:
        self._file = file
        self._name = name
        self._line = 0

    def read(self, first: int, limit: int) -> BvhMotion:
        joints = self._hierarchy()
        total, frame_time, rest = self._motion_head()
        width = sum(len(joint.channels) for joint in joints)
        if not width:
            raise self._bad("its skeleton has no channels, so nothing moves")
        if total is not None and not 0 <= first < max(total, 1):
            raise BadInput(f"'{self._name}' has {total} frames and no number {first + 1}. Choose another.")
        rows = []
        for number, row in enumerate(self._frames(width, rest)):
            if number >= first:
                rows.append(row)
            if len(rows) == limit:
                break
        if not rows:
            raise self._bad(f"its MOTION has no frame number {first + 1}")
        frames = np.array(rows)
        if not np.isfinite(frames).all():
            bad = first + int(np.flatnonzero(~np.isfinite(frames).all(axis=1))[0])
            raise BadInput(f"Frame {bad + 1} of '{self._name}' has a value that is no finite number.")
        return BvhMotion(joints, frames, first, max(total or 0, first + len(rows)), frame_time)

    def _hierarchy(self) -> list[BvhJoint]:
        joints: list[BvhJoint] = []
        open_: list[int] = []
        pending: int | None = None
        begun = False
        for words in self._statements():
            key = words[0].upper()
            if not begun:
                if key != "HIERARCHY":
                    raise BadInput(f"'{self._name}' is no BVH: it does not begin with HIERARCHY.")
                begun = True
            elif key in ("ROOT", "JOINT", "END"):
                if len(joints) == _MAX_JOINTS:
                    raise self._bad(f"it has more than {_MAX_JOINTS} joints")
                parent = open_[-1] if open_ else -1
                end = key == "END"
                name = f"{joints[parent].name} end" if end and parent >= 0 else " ".join(words[1:])
                joints.append(BvhJoint(name, parent, end=end))
                pending = len(joints) - 1
            elif key == "{":
                if pending is None:
                    raise self._bad("a brace opens where no joint begins")
                open_.append(pending)
                pending = None
            elif key == "}":
                if not open_:
                    raise self._bad("a brace closes that was never opened")
                open_.pop()
            elif key == "OFFSET" and open_:
                joints[open_[-1]].offset = self._numbers(words[1:4], "OFFSET", 3)
            elif key == "CHANNELS" and open_:
                joints[open_[-1]].channels = self._channels(words[1:])
            elif key == "MOTION":
                if open_:
                    raise self._bad(f"the joint '{joints[open_[-1]].name}' is never closed")
                if not joints:
                    raise self._bad("its HIERARCHY has no joints")
                return joints
            else:
                raise self._bad(f"'{words[0][:40]}' means nothing here")
        if not begun:
            raise BadInput(f"Cannot open '{self._name}': it is empty. Choose a BVH file.")
        raise BadInput(f"'{self._name}' ends without MOTION: it has no frames. Export it with its animation.")

    def _motion_head(self) -> tuple[int | None, float, str]:
        """Number of frames, time of one, and the first line of values."""
        total, frame_time = None, 1 / 30
        for line in self._lines():
            key, _, value = line.partition(":")
            name = " ".join(key.upper().split())
            if name == "FRAMES":
                total = int(self._numbers([value], "Frames", 1)[0])
            elif name == "FRAME TIME":
                frame_time = float(self._numbers([value], "Frame Time", 1)[0])
            else:
                return total, frame_time if frame_time > 0 else 1 / 30, line
        return total, frame_time, ""

    def _frames(self, width: int, line: str) -> Iterator[list[float]]:
        row: list[float] = []
        while line:
            try:
                row += map(float, line.split())
            except ValueError:
                raise self._bad("a frame holds something that is no number") from None
            if len(row) > width:
                raise self._bad(f"a frame has {len(row)} values where the skeleton has {width} channels")
            if len(row) == width:
                yield row
                row = []
            line = next(self._lines(), "")
        if row:
            raise self._bad(f"it ends in the middle of a frame: {len(row)} of {width} values")

    def _statements(self) -> Iterator[list[str]]:
        """Lines of the hierarchy as words, braces apart."""
        for line in self._lines():
            for part in line.replace("{", "\n{\n").replace("}", "\n}\n").split("\n"):
                if words := part.split():
                    yield words

    def _lines(self) -> Iterator[str]:
        """Lines that hold something."""
        while line := self._file.readline(_MAX_LINE):
            self._line += 1
            if len(line) == _MAX_LINE:
                raise self._bad("a line is longer than a megabyte, so it is no BVH")
            if line := line.strip():
                yield line

    def _channels(self, words: list[str]) -> list[tuple[int, str]]:
        found = []
        for word in words[1:]:
            axis, kind = "xyz".find(word[:1].lower()), word[1:].lower()
            if axis < 0 or kind not in _KINDS:
                raise self._bad(f"there is no channel '{word[:40]}'")
            found.append((axis, kind))
        if not words or not words[0].isdigit() or int(words[0]) != len(found):
            raise self._bad(f"CHANNELS says {' '.join(words[:1]) or 'nothing'} and lists {len(found)}")
        return found

    def _numbers(self, words: list[str], key: str, count: int) -> Array:
        try:
            numbers = [float(word) for word in words]
        except ValueError:
            numbers = []
        if len(numbers) != count or not all(map(math.isfinite, numbers)):
            raise self._bad(f"{key} needs {count} number{'s' if count > 1 else ''}")
        return np.array(numbers)

    def _bad(self, what: str) -> BadInput:
        return BadInput(
            f"Cannot read '{self._name}', line {self._line}: {what}. Export it again as BVH."
        )  # fmt: skip


def _about(axis: int, degrees: Array) -> Array:
    """``(F, 3, 3)`` rotations about one axis."""
    angles = np.radians(degrees)
    c, s = np.cos(angles), np.sin(angles)
    turn = np.zeros((len(angles), 3, 3))
    turn[:, axis, axis] = 1
    b, d = (axis + 1) % 3, (axis + 2) % 3
    turn[:, b, b] = turn[:, d, d] = c
    turn[:, b, d], turn[:, d, b] = -s, s
    return turn
