"""Keeping an answer that fills what was removed from a scene."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from maskengines.results.scenes import SceneResult

    from maskstudio.documents.scene_document import SceneDocument


def is_fill(result: SceneResult, document: SceneDocument) -> bool:
    """Whether a candidate's scene is that of a document with a part of it filled."""
    stays = np.asarray(result.extra.get("stays", ()))
    return len(document.work) > 0 and stays.shape == (len(document.work),)


def take_fill(result: SceneResult, document: SceneDocument) -> None:
    """Make the document's scene the filled one, as one undo step.

    What was deleted is filled then, so it is no part of the scene any more. What is hidden or locked stays
    so, and what training learned of the photos is kept.
    """
    work = document.work
    stays = np.asarray(result.extra["stays"]) > 0
    new = np.zeros(len(result.gaussians) - int(stays.sum()), bool)
    flags = {name: np.concatenate([getattr(work, name)[stays], new]) for name in ("hidden", "locked")}
    scene, label = work.scene.with_gaussians(result.gaussians), f"Keep {len(new):,} new Gaussians"
    document.replace_scene(scene, label, work.learned, flags)
