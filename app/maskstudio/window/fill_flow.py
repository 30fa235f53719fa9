"""Asking for what was removed from a scene to be filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
