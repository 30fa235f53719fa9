"""Writing answers that are no pictures: which suffixes there are, and who writes them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from maskengines.contract import Candidate
from maskengines.errors import BadInput
from maskengines.files import check_target
from maskengines.subjects.image_io import check_writable_target

if TYPE_CHECKING:
    from maskengines.subjects.image import ImageSubject
    from maskengines.subjects.pose import PoseSubject
    from maskengines.subjects.scene import SceneSubject

SUFFIXES = {
    "map": (".png", ".npy", ".csv", ".json", ".html", ".pdf"),
    "table": (".json", ".csv", ".png"),
    "curve": (".csv", ".json"),
    "hypotheses": (".npz", ".bvh", ".glb", ".json"),
    "joints": (".json",),
    "scene": (".ply", ".spz", ".splat"),
}


def check_result_target(kinds: Sequence[str], path: str | os.PathLike[str]) -> Path:
    """Find out before any work is done whether an answer of one of ``kinds`` can be saved as ``path``.

    Raises:
        BadInput: unknown or missing suffix, missing folder, or a place that cannot be written.
    """
    target = Path(path)
    if "image" in kinds:
        return check_writable_target(target)
    known = list(dict.fromkeys(suffix for kind in kinds for suffix in SUFFIXES.get(kind, ())))
    _check_suffix(target, known)
    return check_target(target)


def takes(kind: str, path: Path) -> bool:
    """Whether an answer of this kind, which is no picture, can be written with the suffix of ``path``."""
    return path.suffix.lower() in SUFFIXES.get(kind, ())


def save_result(
    candidate: Candidate, subject: ImageSubject | PoseSubject | SceneSubject, path: str | os.PathLike[str]
) -> None:
    """Write an answer about ``subject`` that is no picture; the suffix decides the format.

    Raises:
        BadInput: nothing can write this kind of answer, the suffix does not fit it, or the place cannot be
            written.
    """
    target = Path(path)
    if candidate.kind not in SUFFIXES:
        raise BadInput(f"An answer of the kind '{candidate.kind}' cannot be written to a file here.")
    _check_suffix(target, SUFFIXES[candidate.kind], candidate.kind)
    if candidate.kind == "table":
        from maskengines.results.table_files import save_table

        save_table(candidate, target)
    elif candidate.kind == "curve":
        from maskengines.results.curve_files import save_curves

        save_curves(candidate, target)
    elif candidate.kind == "hypotheses":
        from maskengines.results.hypothesis_files import save_hypotheses

        save_hypotheses(candidate, cast("PoseSubject", subject), target)
    elif candidate.kind == "joints":
        from maskengines.results.joint_files import save_joints

        save_joints(candidate, target)
    elif candidate.kind == "scene":
        from maskengines.results.scene_files import save_scene

        save_scene(candidate, target)
    else:
        from maskengines.results.map_files import save_map

        save_map(candidate, cast("ImageSubject", subject), target)


def _check_suffix(target: Path, known: Sequence[str], kind: str = "") -> None:
    suffix, listed = target.suffix.lower(), ", ".join(known)
    if not suffix:
        raise BadInput(f"'{target.name}' has no suffix to tell the format by. Add one of {listed}.")
    if suffix not in known:
        what = (
            f"a {kind} as '{target.name}'" if kind else f"'{target.name}': '{suffix}' is not a known format"
        )
        raise BadInput(f"Cannot write {what}. Use one of {listed}.")
