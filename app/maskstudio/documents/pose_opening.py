"""Opens a file of joints as a project: the person, and the photo that belongs under it."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from maskengines.errors import BadInput
from maskengines.projects.pose_work import PoseWork
from maskengines.projects.state import ProjectState
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.image_io import READABLE_SUFFIXES, load_image
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_files import OpenedPose, build_pose, is_bvh, load_pose
from maskengines.subjects.pose_formats.records import read_people

Array = np.ndarray[Any, Any]
Box = tuple[float, float, float, float]

BLANK = 118
"""Grey of a canvas without a photo: the middle of what a screen shows, to the eye."""
MARGIN = 0.1
"""Around the person's box, in sides of it, where nobody knows how large the picture is."""
ANOTHER = "Choose another by Pose, Choose person or frame."
MOST_BLANK = 100_000_000
LEAST_SIDE = 64


def read_pose(file: Path) -> tuple[ProjectState, tuple[str, ...]]:
    """Read a file of joints; safe in any thread.

    The photo that the file names, or that has its name, is taken if it lies beside it and the pose lies in
    it; else the pose stands on a blank canvas.

    Returns:
        The project, and sentences for the user.

    Raises:
        BadInput: as `load_pose`, or the picture would be larger than can be painted on.
    """
    opened = load_pose(file)
    notes = list(_about_others(file, opened))
    photo = _photo_beside(file, opened.subject)
    if photo is not None:
        try:
            picture = load_image(photo)
            pose = _over(file, opened, picture)
        except BadInput as error:
            notes.append(f"The photo '{photo.name}' is not used. {error.message}")
        else:
            found = replace(pose, photo=str(photo), photo_hash=picture.content_hash)
            return ProjectState(picture, source=str(file), pose=PoseWork(found)), tuple(notes)
    blank, pose = on_blank(opened.subject, file.name, reach_of(file, opened))
    return ProjectState(blank, source=str(file), pose=PoseWork(pose)), tuple(notes)


def reach_of(file: Path, opened: OpenedPose) -> Box:
    """Where the people of a file are who does not say how large its picture is: x, y, width and height around
    the boxes of all, or of the one that was opened where all are too far apart to be painted on."""
    own = opened.subject.box
    if opened.people < 2 or opened.subject.size != (0, 0):
        return own
    corners = [own]
    for number, person in enumerate(read_people(file)):
        with contextlib.suppress(BadInput):  # told when it is chosen
            corners.append(build_pose(person, f"person {number + 1}").box)
    x, y = (min(box[axis] for box in corners) for axis in (0, 1))
    right, below = (max(box[axis] + box[axis + 2] for box in corners) for axis in (0, 1))
    room = (1 + 2 * MARGIN) ** 2 * (right - min(x, 0)) * (below - min(y, 0))
    return (x, y, right - x, below - y) if room < MOST_BLANK else own


def shift_into_picture(reach: Box) -> Array:
    """``(2,)`` whole pixels, by which those are moved who are left of or above where pictures begin."""
    x, y, across, down = reach
    margin = MARGIN * max(across, down)
    shift: Array = np.maximum(0, np.ceil([margin - x if x < 0 else 0, margin - y if y < 0 else 0]))
    return shift


def moved(pose: PoseSubject, shift: Array, size: tuple[int, int]) -> PoseSubject:
    """The pose elsewhere, in a picture of that size."""
    x, y, across, down = pose.box
    joints = np.where(pose.missing[:, None], pose.joints, pose.joints + shift)
    modes = pose.modes.copy()
    modes[..., :2] += np.where(modes[..., 3:] > 0, shift, 0).astype(np.float32)
    box = (x + float(shift[0]), y + float(shift[1]), across, down)
    return replace(pose, joints=joints, modes=modes, box=box, size=size)


def on_blank(pose: PoseSubject, name: str, reach: Box) -> tuple[ImageSubject, PoseSubject]:
    """A grey canvas of the picture's size, or one that holds all that `reach_of` told of, and the pose in it.
    A person left of or above where pictures begin is moved into it.

    Raises:
        BadInput: it would be larger than can be painted on.
    """
    width, height = pose.size
    if (width, height) == (0, 0):
        shift, margin = shift_into_picture(reach), MARGIN * max(reach[2:])
        width, height = (
            max(LEAST_SIDE, int(np.ceil(start + side + margin)))
            for start, side in zip(reach[:2] + shift, reach[2:], strict=True)
        )
        pose = moved(pose, shift, (width, height))
    if width * height > MOST_BLANK:
        raise BadInput(
            f"'{name}' speaks of a picture of {width} x {height}, which is too large to paint on. "
            "Put the photo beside it, or scale its keypoints down."
        )
    return ImageSubject(np.full((height, width, 1), BLANK, np.uint8)), pose


def _over(file: Path, opened: OpenedPose, picture: ImageSubject) -> PoseSubject:
    """The pose in a photo; `BadInput` if it is not from there."""
    size = (picture.width, picture.height)
    told = opened.subject.size
    if told not in ((0, 0), size):
        raise BadInput(
            f"It is {size[0]} x {size[1]}, and '{file.name}' was made for one of {told[0]} x {told[1]}."
        )
    return load_pose(file, person=opened.person, size=size).subject


def _photo_beside(file: Path, pose: PoseSubject) -> Path | None:
    """The photo that the file names, else one with the file's own name as OpenPose writes it."""
    if pose.source is None:
        return None
    try:
        named = json.loads(pose.source.image or "{}").get("file_name")
    except (ValueError, AttributeError):
        named = None
    stem = file.stem.removesuffix("_keypoints")
    names = [Path(str(named)).name] if named else []
    names += [stem + suffix for suffix in READABLE_SUFFIXES]
    return next((path for name in names if name and (path := file.with_name(name)).is_file()), None)


def _about_others(file: Path, opened: OpenedPose) -> tuple[str, ...]:
    """What else the file holds; the command line's own sentence names a word of the command line."""
    if opened.people < 2:
        return ()
    if is_bvh(file):
        return (f"'{file.name}' holds {opened.people} frames; the first is shown. {ANOTHER}",)
    shown = f"number {opened.person + 1}, the most confident, is shown."
    return (f"'{file.name}' holds {opened.people} people; {shown} {ANOTHER}",)
