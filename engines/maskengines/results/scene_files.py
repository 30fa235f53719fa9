"""Scenes as files of Gaussians."""

from __future__ import annotations

from pathlib import Path

from maskengines.contract import Candidate
from maskengines.results.scenes import scene_from_candidate
from maskengines.subjects.splat_files import save_gaussians


def save_scene(candidate: Candidate, target: Path) -> None:
    """Write the Gaussians of a candidate of kind ``scene``; the suffix decides the format: ``.ply``,
    ``.compressed.ply``, ``.spz`` or ``.splat``. Cameras go into none of them.

    Raises:
        BadInput: the place cannot be written, or the answer is none.
    """
    save_gaussians(scene_from_candidate(candidate).gaussians, target)
