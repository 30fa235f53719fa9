"""What ``maskstudio run`` opens: the kind of subject that an engine takes, and what a mask says of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from maskengines.contract import EngineInfo, MaskArray
from maskengines.errors import BadInput
from maskengines.masks.files import load_mask
from maskengines.masks.rows import load_rows
from maskengines.projects.scene_reading import is_scene_project, load_scene_project
from maskengines.projects.scene_state import SceneState
from maskengines.subjects.image_io import READABLE_SUFFIXES, load_image
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_files import SUFFIXES, check_inside
from maskengines.subjects.pose_paint import evidence_from_paint
from maskengines.subjects.scene import SceneSubject, need_gaussians
from maskengines.subjects.scene_files import SUFFIXES as SCENES
from maskengines.subjects.scene_files import load_scene

if TYPE_CHECKING:
    from maskstudio.output import Output

GAUSSIANS = "gaussians"


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


def open_scene(
    info: EngineInfo, path: Path, mask: Path | None, output: Output
) -> tuple[SceneSubject, dict[str, MaskArray]]:
    """Open a scene, or a project of one, and tell of what was left out.

    Returns:
        The scene and the masks over it. An engine that must be given a mask over Gaussians gets all of them
        with those of ``mask``, else with those that are deleted in the project; another one gets those that
        are not deleted, with what is painted on photos in the project.

    Raises:
        BadInput: it cannot be opened, or the mask does not fit.
    """
    asks = info.needs_mask and GAUSSIANS in info.spaces
    if mask is not None and not asks:
        raise BadInput(
            "--mask is one picture, and a scene has many photos; leave it out. An engine that takes masks of "
            "photos takes their folder: --set masks=FOLDER."
        )
    state, warnings = _scene_state(path)
    for warning in warnings:
        output.warning(warning)
    if not asks:
        scene = state.without_deleted().scene
        spaces = {photo.name: photo.space for photo in scene.photos}
        takes = "photo" in info.spaces
        return scene, {spaces[name]: paint for name, paint in state.masks.items() if takes}
    return _asked(info, state, mask)


def _scene_state(path: Path) -> tuple[SceneState, tuple[str, ...]]:
    if is_scene_project(path):
        return load_scene_project(path)
    opened = load_scene(path)
    return SceneState(opened.subject), opened.warnings


def _asked(
    info: EngineInfo, state: SceneState, mask: Path | None
) -> tuple[SceneSubject, dict[str, MaskArray]]:
    gaussians = need_gaussians(state.scene)
    if mask is None:
        if not state.deleted.any():
            raise BadInput(
                f"'{info.id}' needs to know which Gaussians: delete some and save the project, or add --mask "
                "FILE: a .npy with their numbers, or a file of Gaussians that were removed."
            )
        return state.scene, {GAUSSIANS: np.where(state.deleted, 255, 0).astype(np.uint8)}
    if mask.suffix.lower() in SCENES:
        removed = load_scene(mask).subject.gaussians
        assert removed is not None
        state = SceneState(state.scene.with_gaussians(gaussians.joined(removed)))
        asked = np.arange(len(gaussians) + len(removed)) >= len(gaussians)
        return state.scene, {GAUSSIANS: np.where(asked, 255, 0).astype(np.uint8)}
    return state.scene, {GAUSSIANS: load_rows(mask, len(gaussians))}
