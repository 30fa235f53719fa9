"""Asking engines and choosing among answers, for the document in front.

The panels, the job service and the runtime behind it are made after the first paint: they import
pydantic, which costs as much as the rest of the window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskstudio.jobs.service import JobService
    from maskstudio.panels.candidates_panel import CandidatesPanel
    from maskstudio.panels.engine_panel import EnginePanel
    from maskstudio.window.main_window import MainWindow

LOADING = "The engines are still loading"


class EngineFlow:
    """What the Engine menu does."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.service: JobService | None = None
        self.engine_panel: EnginePanel | None = None
        self.candidates_panel: CandidatesPanel | None = None
        self.heat_shown = False

    def run(self) -> None: ...
    def cancel(self) -> None: ...
    def keep(self) -> None: ...
    def next(self) -> None: ...
    def previous(self) -> None: ...
    def toggle_heat(self) -> None: ...
    def heat_to_mask(self) -> None: ...
    def cannot_run(self) -> str | None:
        return self._window.needs_mask() or LOADING

    def cannot_cancel(self) -> str | None:
        return "Nothing is running"

    def cannot_keep(self) -> str | None:
        return "Choose a candidate first"

    def cannot_step(self) -> str | None:
        return "There are no candidates yet: Ctrl+Return asks for some"

    def cannot_disagree(self) -> str | None:
        return "Two candidates are needed to compare: Ctrl+Return asks for more"

    def follow(self, view) -> None: ...
    def forget(self, view) -> None: ...
    def start(self) -> None: ...
    def close(self) -> None: ...
