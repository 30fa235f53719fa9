"""Asking engines and choosing among answers, for the document in front.

The panels, the job service and the runtime behind it are made after the first paint: they import
pydantic, which costs as much as the rest of the window.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from maskengines.errors import StudioError
from PySide6.QtCore import QTimer

from maskstudio.commands.registry import Command

if TYPE_CHECKING:
    from maskengines.contract import Candidate

    from maskstudio.documents.pose_document import PoseDocument
    from maskstudio.jobs.asking import Asker
    from maskstudio.jobs.service import JobService
    from maskstudio.panels.candidates_panel import CandidatesPanel
    from maskstudio.panels.engine_panel import EnginePanel
    from maskstudio.panels.readout_panel import ReadoutPanel
    from maskstudio.window.document_view import DocumentView
    from maskstudio.window.main_window import MainWindow

LOADING = "The engines are still loading"
NO_CANDIDATES = "There are no candidates yet: Ctrl+Enter asks for some"
WARM_UP_MS = 400
"""Pause between the first look at a document and the start of a worker, so that the view settles first."""


class EngineFlow:
    """What the Engine menu does, and what ties panels, canvases and jobs together."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.service: JobService | None = None
        self.engine_panel: EnginePanel | None = None
        self.candidates_panel: CandidatesPanel | None = None
        self.readout_panel: ReadoutPanel | None = None
        self._parts: list[Any] = []
        self._tied: set[DocumentView] = set()
        self._warm = QTimer(window, singleShot=True, interval=WARM_UP_MS)
        self._warm.timeout.connect(self._warm_up)

    # --- coming and going -----------------------------------------------------------------------

    def start(self) -> None:
        """Make panels and service; once, after the first paint."""
        if self.service is not None:
            return
        from maskstudio.jobs.service import JobService
        from maskstudio.panels.candidates_panel import CandidatesPanel
        from maskstudio.panels.engine_panel import EnginePanel
        from maskstudio.panels.history_panel import HistoryPanel
        from maskstudio.panels.jobs_bar import JobsBar
        from maskstudio.panels.readout_panel import ReadoutPanel

        window = self._window
        service = self.service = JobService(window)
        engine = self.engine_panel = EnginePanel(service)
        candidates = self.candidates_panel = CandidatesPanel(service)
        history, bar = HistoryPanel(), JobsBar(service)
        readout = self.readout_panel = ReadoutPanel(service)
        # The engine comes last: it is the one that starts what the others listen to.
        self._parts = [readout, candidates, history, bar, engine]
        readout.chosen.connect(engine.fill_in)
        readout.wanted.connect(window.side["readout"].setVisible)
        window.side["engine"].set_body(engine)
        window.side["readout"].set_body(readout)
        window.side["candidates"].set_body(candidates)
        window.side["history"].set_body(history)
        window.status.add_right(bar)
        for changed in (engine.reason_changed, candidates.candidate_shown, service.jobs_changed):
            changed.connect(window.actions_changed)
        engine.reason_changed.connect(
            lambda: candidates.set_engine(None if engine.engine is None else engine.engine.info)
        )
        service.engines_changed.connect(self._warm.start)
        if window.diary is not None:
            window.diary.follow_jobs(service)
        candidates.keep_requested.connect(self._keep)
        candidates.candidate_shown.connect(window.scenes.pick)
        candidates.body_shown.connect(window.poses.pick)
        candidates.body_shown.connect(self._hand_moved)
        candidates.body_kept.connect(window.poses.keep)
        candidates.hand_body_kept.connect(window.poses.keep_shown)
        candidates.heat_toggled.connect(self._show_heat)
        candidates.compare_held.connect(window.look.hold_compare)
        candidates.export_requested.connect(window.saving.export_result)
        service.start()
        for view in window.views:
            self._tie(view)
        self.follow(window.view)

    def follow(self, view: DocumentView | None) -> None:
        """Another tab came to the front, or its document was read."""
        if self.service is None:
            return
        if view is not None:
            self._tie(view)
        document = view.document if view is not None else None
        self._lay_cards_over(view)
        for part in self._parts:
            part.set_document(document)
        self._hand_moved()
        if view is not None and view.canvas is not None:
            # What lay over it when it went to the back is no longer chosen.
            view.canvas.set_heat(None)
        if document is not None:
            self._warm.start()

    def _lay_cards_over(self, view: DocumentView | None) -> None:
        if self.candidates_panel is not None:
            canvas = view.canvas if view is not None else None
            self.candidates_panel.map_card.lay_over(canvas or self.candidates_panel)

    def forget(self, view: DocumentView) -> None:
        """A tab is being closed: end its jobs."""
        self._lay_cards_over(None)
        self._tied.discard(view)
        if self.service is not None and view.document is not None:
            for part in self._parts:
                part.set_document(None)
            self.service.release(view.document)

    def close(self) -> None:
        """The window is being closed: end all workers."""
        self._warm.stop()
        if self.service is not None:
            for part in self._parts:
                part.set_document(None)
            self.service.close()

    def _tie(self, view: DocumentView) -> None:
        """Let a document's answers reach its canvas."""
        if self.service is None or view.document is None or view in self._tied:
            return
        self._tied.add(view)
        asker = self.service.asker(view.document)
        if view.canvas is not None:
            # What streams in is motion enough.
            canvas, showing = view.canvas, asker.showing
            showing.streamed.connect(lambda patch: canvas.set_preview(patch, showing.asked))
            showing.picked.connect(lambda patch: canvas.fade_to_preview(patch, showing.asked))
        asker.running_changed.connect(self._window.actions_changed)
        asker.failed.connect(self._failed)
        self._window.poses.tie(view, asker)
        self._window.scenes.tie(view, self.service)
        self._window.cameras.tie(view, asker)
        # After the pose's own view: what it follows is what can be kept.
        asker.live.readout.connect(self._hand_moved)

    def _warm_up(self) -> None:
        """Start the chosen engine's worker while the user still looks or paints."""
        if self.service is None or not self.service.ready or self._window.document is None:
            return
        chosen = self.engine_panel.engine if self.engine_panel is not None else None
        if chosen is not None and chosen.origin != "plugin" and chosen.readiness() is None:
            self.service.warm_up(chosen.info.id)

    def _failed(self, error: StudioError) -> None:
        """The panel says it too, but it may be folded away."""
        panel = self.engine_panel
        if panel is None or not panel.isVisible():
            self._window.show_error(error)

    # --- the commands ---------------------------------------------------------------------------

    @property
    def asker(self) -> Asker | None:
        """The conversation of the document in front."""
        document = self._window.document
        return self.service.asker(document) if self.service is not None and document is not None else None

    @property
    def shown(self) -> Candidate | None:
        """The candidate shown in place."""
        return self.candidates_panel.shown() if self.candidates_panel is not None else None

    @property
    def running(self) -> bool:
        """Whether a job of the document in front waits or works."""
        asker = self.asker
        return asker is not None and asker.running

    def run(self) -> None:
        """Ask the chosen engine."""
        if self.engine_panel is not None:
            self.engine_panel.run()

    def choices(self) -> list[Command]:
        """One command for each engine that can be asked now, to choose it by name."""
        panel = self.engine_panel
        if panel is None or self._window.document is None:
            return []
        return [
            Command(
                f"engine.use.{each.info.id}", f"Use {each.info.title}", partial(panel.choose, each.info.id),
                words=f"{each.info.id} engine", hint=each.info.summary,
            )
            for each in panel.offered
        ]  # fmt: skip

    def cannot_run(self) -> str | None:
        """Why Run cannot run: the first thing the user can do about it."""
        if self._window.document is None:
            return self._window.needs_document()
        if self.engine_panel is None:
            return LOADING
        return self.engine_panel.disabled_reason()

    def cancel(self) -> None:
        """Stop the running job; with none, let go of the candidate shown, then of the heat."""
        panel, asker = self.candidates_panel, self.asker
        if asker is not None and asker.running:
            asker.cancel()
        elif panel is not None and self.shown is not None:
            panel.gallery.pick(-1)
        elif panel is not None:
            panel.set_heat(False)
        self._window.actions_changed()

    def cannot_cancel(self) -> str | None:
        """Why there is nothing to stop."""
        if self.running or self.shown is not None or self.heat_shown:
            return None
        return "Nothing is running"

    def _hand_moved(self, *_: object) -> None:
        panel, there = self.candidates_panel, self._window.poses.hand_body
        if panel is not None and panel.hand_body != there:
            panel.set_hand_body(there)
            self._window.actions_changed()

    def keep(self) -> None:
        """Make the candidate shown part of the picture; of bodies, keep the one that is chosen, or else the
        one that follows the hand."""
        if self.candidates_panel is not None:
            self.candidates_panel.keep_shown()

    def cannot_keep(self) -> str | None:
        """Why nothing can be kept."""
        if self.candidates_panel is None:
            return LOADING
        reason = self.candidates_panel.cannot_keep()
        return NO_CANDIDATES if reason is not None and self._no_candidates() else reason

    def next(self) -> None:
        """Show the next candidate in place."""
        if self.candidates_panel is not None:
            self.candidates_panel.show_next()

    def previous(self) -> None:
        """Show the previous candidate in place."""
        if self.candidates_panel is not None:
            self.candidates_panel.show_previous()

    def cannot_step(self) -> str | None:
        """Why there is no next one."""
        return NO_CANDIDATES if self._no_candidates() else None

    @property
    def heat_shown(self) -> bool:
        """Whether the canvas shows where the candidates differ."""
        return self.candidates_panel is not None and self.candidates_panel.heat_on

    def toggle_heat(self) -> None:
        """Show or hide where the candidates differ."""
        if self.candidates_panel is not None:
            self.candidates_panel.set_heat(not self.heat_shown)

    def heat_to_mask(self) -> None:
        """Ask again where the candidates differ."""
        panel = self.candidates_panel
        if panel is not None:
            panel.set_heat(True)
            panel.heat_to_mask()

    def cannot_disagree(self) -> str | None:
        """Why there is no disagreement to show."""
        if self.candidates_panel is not None and self.candidates_panel.can_disagree():
            return None
        return "Two candidates are needed to compare: Ctrl+Enter asks for more"

    def map_to_mask(self) -> None:
        """Ask about what the map shown marks."""
        if self.candidates_panel is not None:
            self.candidates_panel.map_card.make_mask()

    def cannot_use_map(self) -> str | None:
        """Why there is no map to make a mask from."""
        shown = self.shown
        return None if shown is not None and shown.kind == "map" else "Choose a map first: click one"

    def export_shown(self) -> None:
        """Write the map, table or bodies shown to a file; with none shown, the body that was kept."""
        panel, posed = self.candidates_panel, self._posed
        if panel is not None and self.shown is not None:
            self._window.saving.export_result(self.shown, panel.chosen_body())
        elif posed is not None:
            self._window.saving.export_body(posed)

    def cannot_export(self) -> str | None:
        """Why there is nothing to write."""
        shown = self.shown
        if shown.kind != "image" if shown is not None else self._has_body:
            return None
        return "Choose a map, a table, a curve, joints or a body first: click one"

    @property
    def _posed(self) -> PoseDocument | None:
        document = self._window.document
        if document is None or document.kind != "pose":
            return None
        from maskstudio.documents.pose_document import PoseDocument

        return document if isinstance(document, PoseDocument) else None

    @property
    def _has_body(self) -> bool:
        posed = self._posed
        return posed is not None and posed.body is not None

    def _no_candidates(self) -> bool:
        document = self._window.document
        return self.candidates_panel is None or document is None or not document.candidates

    def _keep(self, candidate: Candidate) -> None:
        document = self._window.document
        if document is None:
            return
        try:
            if candidate.kind == "joints":
                self._window.poses.take_joints(candidate)
            elif candidate.kind == "scene":
                self._window.scenes.take(candidate)
            else:
                document.keep(candidate)
        except StudioError as error:
            self._window.show_error(error)

    def _show_heat(self, heat: Any) -> None:
        canvas = self._window.look.canvas
        if canvas is not None:
            canvas.set_heat(heat)
        self._window.actions_changed()
