"""Filling what was removed from a scene: asked for here, kept here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from maskengines.results.scenes import SceneResult

    from maskstudio.documents.scene_document import SceneDocument
    from maskstudio.window.main_window import MainWindow

ENGINE = "scene-fill"
LONGEST = 1024
"""Pixels of the longer side of the picture that is taken from where the eye is; the engine takes fewer."""


class FillFlow:
    """Asks the engine, with what its panel shows. Fills come as candidates, like all answers."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def fill(self) -> None:
        """Fill what was removed, seen from where it is seen best."""
        panel = self._window.engines.engine_panel
        if panel is not None and panel.choose(ENGINE):
            panel.run()

    def fill_from_here(self) -> None:
        """Fill what was removed as it is seen now."""
        panel, tab = self._window.engines.engine_panel, self._window.scenes.front
        if panel is not None and tab is not None and panel.choose(ENGINE):
            view = tab.view
            scale = LONGEST / max(view.width(), view.height(), 1)
            camera = view.eye.camera(round(view.width() * scale), round(view.height() * scale))
            panel.run(camera=camera.to_record() | {"near": camera.near})

    def cannot_fill(self) -> str | None:
        """Why nothing can be filled."""
        from maskstudio.window.engine_flow import LOADING

        window, document = self._window, self._window.scenes.document
        reason = window.scenes.needs_gaussians()
        if reason is not None or document is None:
            return reason
        service = window.engines.service
        engine = service.engine(ENGINE) if service is not None else None
        if engine is None:
            return LOADING
        return document.cannot_ask(engine.info) or (
            "Already at work: Esc cancels" if window.engines.running else None
        )


def is_fill(result: SceneResult, document: SceneDocument) -> bool:
    """Whether a candidate's scene is that of a document with a part of it filled."""
    stays = np.asarray(result.extra.get("stays", ()))
    return len(document.work) > 0 and stays.shape == (len(document.work),)


def take_fill(result: SceneResult, document: SceneDocument) -> None:
    """Make the document's scene the filled one, as one undo step.

    What was deleted is filled then, so it is no part of the scene any more. What is hidden stays hidden, and
    what training learned of the photos is kept.
    """
    work = document.work
    stays = np.asarray(result.extra["stays"]) > 0
    added = len(result.gaussians) - int(stays.sum())
    hidden = np.concatenate([work.hidden[stays], np.zeros(added, bool)])
    document.replace_scene(
        work.scene.with_gaussians(result.gaussians), f"Keep {added:,} new Gaussians", work.learned, hidden
    )
