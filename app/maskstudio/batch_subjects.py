"""What ``maskstudio run`` opens: the kind of subject that an engine takes, and what a mask says of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from maskengines.contract import EngineInfo, MaskArray
from maskengines.errors import BadInput
from maskengines.masks.files import load_mask
from maskengines.subjects.image_io import READABLE_SUFFIXES, load_image
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_files import SUFFIXES, check_inside
from maskengines.subjects.pose_paint import evidence_from_paint
from maskengines.subjects.scene import SceneSubject
from maskengines.subjects.scene_files import SUFFIXES as SCENES
from maskengines.subjects.scene_files import load_scene

if TYPE_CHECKING:
    from maskstudio.output import Output


def subject_kind(info: EngineInfo, path: Path) -> str:
    """``image``, ``pose`` or ``scene``: what the engine takes, and if it takes several, what the file says: a
    folder is a scene, and a suffix tells the others apart.

    Raises:
        BadInput: the engine takes poses and the file is a picture.
    """
    if "scene" in info.subject_kinds and (
        info.subject_kinds == ("scene",) or path.is_dir() or path.suffix.lower() in SCENES
    ):
        return "scene"
    if "pose" not in info.subject_kinds:
        return "image"
    suffix = path.suffix.lower()
    if "image" in info.subject_kinds:
        return "pose" if suffix in SUFFIXES else "image"
    if suffix in READABLE_SUFFIXES:
        raise BadInput(
            f"'{info.id}' works on poses, and '{path.name}' is a picture. Give the joints in it: OpenPose or "
            "COCO JSON, or a BVH."
        )
    return "pose"


def with_mask(subject: PoseSubject, path: Path) -> tuple[PoseSubject, MaskArray]:
    """Read a mask over the photo as a question about joints. Where the file of the pose does not say how
    large the photo is, the mask does.

    Returns:
        The subject with what the paint says, and the mask of its joints.

    Raises:
        BadInput: no readable image, not the size of the photo, or the pose lies outside it.
    """
    if subject.size == (0, 0):
        picture = load_image(path)
        size = picture.width, picture.height
        check_inside(subject.joints[~subject.missing], size, f"the file that '{path.name}' was painted for")
        subject = replace(subject, size=size)
    return evidence_from_paint(load_mask(path, subject.size[::-1]), subject)


def open_scene(path: Path, mask: Path | None, output: Output) -> SceneSubject:
    """Open a scene and tell of what was left out.

    Raises:
        BadInput: it cannot be opened, or there is a mask, of which a scene would need one a photo.
    """
    if mask is not None:
        raise BadInput(
            "--mask is one picture, and a scene has many photos; leave it out. An engine that takes masks of "
            "photos takes their folder: --set masks=FOLDER."
        )
    opened = load_scene(path)
    for warning in opened.warnings:
        output.warning(warning)
    return opened.subject
