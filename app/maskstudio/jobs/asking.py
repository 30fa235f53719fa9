"""Asking an engine about a document: subject and mask out, candidates and previews back."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from maskengines.contract import Box, Candidate, ImagePatch
from maskengines.errors import BadInput, NotReady, StudioError
from maskengines.masks.mask import Asked
from maskengines.results.maps import MapResult
from PySide6.QtCore import QObject, Signal

from maskstudio.documents.pose_document import PoseDocument
from maskstudio.documents.scene_document import SceneDocument
from maskstudio.jobs.item import JobItem
from maskstudio.jobs.live import LivePreview, known_params
from maskstudio.jobs.photo_feed import PhotoFeed
from maskstudio.jobs.reasons import run_disabled_reason
from maskstudio.jobs.showing import Showing

if TYPE_CHECKING:
    from maskengines.runtime.registry import RegisteredEngine

    from maskstudio.documents.document import Document
    from maskstudio.jobs.service import JobService

__all__ = ["Asker", "run_disabled_reason"]


class Asker(QObject):
    """One document's conversation with the engines.

    Painting goes on while a job runs: it was given a copy of the mask. A candidate belongs to the picture
    it was made for; if that is not what the document shows when it arrives, it is put aside, and
    offered once undo or redo brings that picture back.

    Connect ``showing.changed`` to the canvas: it carries the one patch to show out of the candidate
    picked (`show`), the live preview and the running job's preview, or None.

    Signals:
        running_changed: `job` started, answered or ended.
        moved: `job` came nearer to its end.
        preview: intermediate `ImagePatch` of the running job; None once it ended.
        live_preview: `ImagePatch` that follows the brush, or None.
        map_preview: `MapResult` that the running job is at; None once it ended.
        failed: a `StudioError` to show in words.
        put_aside: how many candidates wait for an earlier picture to come back.
    """

    running_changed = Signal()
    moved = Signal()
    preview = Signal(object)
    live_preview = Signal(object)
    map_preview = Signal(object)
    failed = Signal(object)
    put_aside = Signal(int)

    def __init__(self, service: JobService, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent or document)
        self.service = service
        self.document = document
        self.job: JobItem | None = None
        self.expected = 0
        self.showing = Showing(self)
        self.live = LivePreview(service, document, self)
        self.live.patch.connect(self.live_preview)
        self.live.patch.connect(lambda patch: self.showing.put("live", patch))
        self.preview.connect(lambda patch: self.showing.put("run", patch, self._mask_of_job))
        self._photos = PhotoFeed(document.paint, self) if isinstance(document, SceneDocument) else None
        self.shown: Candidate | None = None
        self._aside: list[tuple[tuple[Any, ...], Asked, Candidate]] = []
        self._shown_mark: Hashable = None
        self._answered: tuple[Hashable, str] | None = None
        if document.candidates and document.candidates[0].provenance is not None:
            # A project was opened with its answers; they belong to the question saved beside them.
            self._answered = (document.question_mark(), document.candidates[0].provenance.engine)
        self._asked: tuple[Hashable, str] | None = None
        self._goes_on = False
        self._latest: Candidate | None = None
        self._mask_of_job: Asked | None = None
        self._closed = False
        document.image_changed.connect(self._image_changed)
        if isinstance(document, PoseDocument):
            document.pose_changed.connect(self._pose_changed)
        else:
            document.mask_changed.connect(self._mask_changed)

    @property
    def running(self) -> bool:
        """A job for this document waits or works."""
        return self.job is not None and self.job.active

    @property
    def pending(self) -> int:
        """Candidates still to come from the running job."""
        return max(0, self.expected - self.job.answers) if self.job and self.running else 0

    def run(self, engine_id: str, params: Mapping[str, Any], count: int, seed: int) -> JobItem | None:
        """Ask for ``count`` candidates; None if it could not be asked (then `failed` says why).

        A plugin that is not trusted yet asks first; if the user declines nothing happens.
        """
        engine = self.service.engine(engine_id)
        known = self.service.standing(engine) if engine is not None else None
        reason = run_disabled_reason(self.document, engine, known)
        if self.running:
            reason = "Already at work: Esc cancels"
        if engine is None or known is None or reason is not None:
            self.failed.emit(BadInput(f"{reason or 'This engine is not installed'}."))
            return None
        if known.needs_trust and not self._trusted(engine):
            return None
        document = self.document
        subject, masks = document.question_for(engine.info)
        layers, asked = document.layers, Asked.of(document.mask)
        self._mask_of_job = asked
        self._asked = (document.question_mark(), engine_id)
        values = {**params, **known_params(engine.info, document.params())}
        job = self.service.submit(engine_id, subject, masks, values, count=count, seed=seed)
        # What the engine is at shows from here on, until the next stroke.
        self.live.give_way()
        self.job = job
        self._goes_on, self._latest = engine.info.live, None
        if self._photos is not None:
            self._photos.follow(job if engine.info.live else None)
        # All hypotheses are one answer.
        self.expected = 1 if engine.info.result_kinds == ("hypotheses",) else count
        job.changed.connect(self.running_changed)
        job.moved.connect(self.moved)
        job.preview.connect(lambda result: self._previewed(job, layers, result))
        job.candidate.connect(lambda candidate: self._answer(layers, asked, candidate))
        job.ended.connect(lambda: self._ended(job))
        self.running_changed.emit()
        return job

    def run_again(self, candidate: Candidate) -> JobItem | None:
        """Ask for one candidate's seed and parameters again, with the mask as it is now."""
        made = candidate.provenance
        if made is None:
            self.failed.emit(BadInput("It is not known how this candidate was made. Run an engine anew."))
            return None
        return self.run(made.engine, made.params, 1, candidate.seed)

    def cancel(self) -> None:
        """Stop the running job; candidates that came already stay."""
        if self.job is not None:
            self.job.cancel()

    def show(self, candidate: Candidate | None) -> None:
        """Show a candidate in place, or the picture itself."""
        self.shown = candidate
        self._shown_mark = self.document.question_mark()
        patch = candidate.result if candidate is not None else None
        self.showing.put("candidate", patch if isinstance(patch, ImagePatch) else None, self.document.asked)

    def close(self) -> None:
        """The document is being closed: end the live preview and the running job."""
        self._closed = True
        self.live.set_enabled(False)
        self.cancel()

    def _trusted(self, engine: RegisteredEngine) -> bool:
        if not self.service.confirm_trust(engine):
            return False
        try:
            self.service.trust(engine)
        except StudioError as error:
            self.failed.emit(error)
            return False
        return True

    def _previewed(self, job: JobItem, layers: tuple[Any, ...], result: Any) -> None:
        if self._closed or job is not self.job or not self._shows(layers):
            return
        if isinstance(result, ImagePatch):
            self.preview.emit(result)
        elif isinstance(result, MapResult):
            self.map_preview.emit(result)

    def _answer(self, layers: tuple[Any, ...], asked: Asked, candidate: Candidate) -> None:
        if self._closed:
            return
        if not self._shows(layers):
            self._aside.append((layers, asked, candidate))
            self.put_aside.emit(len(self._aside))
            return
        # Answers to another question do not belong beside these: their disagreement means nothing.
        if self._answered is not None and self._answered != self._asked:
            self.document.clear_candidates()
        self._answered, self.document.asked = self._asked, asked
        # One that goes on gives the same answer again, as far as it has come.
        before, self._latest = self._latest, candidate
        if not self._goes_on or before is None or not self.document.replace_candidate(before, candidate):
            self.document.add_candidate(candidate)

    def _ended(self, job: JobItem) -> None:
        if self._closed:
            # A job outlives its tab for as long as its worker takes to stop; nothing is left to tell.
            return
        if job is self.job:
            self.preview.emit(None)
            self.map_preview.emit(None)
            self.running_changed.emit()
        if job.state == "failed" and job.error is not None:
            if isinstance(job.error, NotReady):
                # A plugin that changed since it was looked at: the next run asks about it.
                self.service.refresh_engines()
            self.failed.emit(job.error)

    def _shows(self, layers: tuple[Any, ...]) -> bool:
        """Whether the document shows the picture that had these kept layers."""
        now = self.document.layers
        return len(now) == len(layers) and all(a is b for a, b in zip(now, layers, strict=True))

    def _image_changed(self, _: Box) -> None:
        self.shown = None
        self.showing.clear()
        if self.job is not None and self.job.active:
            # The question was about a picture that is no longer there.
            self.job.cancel()
        back = [(asked, candidate) for layers, asked, candidate in self._aside if self._shows(layers)]
        if back:
            self._aside = [one for one in self._aside if not self._shows(one[0])]
            for asked, candidate in back:
                self.document.asked = asked
                self.document.add_candidate(candidate)
            self.put_aside.emit(len(self._aside))

    def _pose_changed(self) -> None:
        # A body that is kept, or a stroke beside everything, is no other question.
        if self.shown is not None and self.document.question_mark() != self._shown_mark:
            self.show(None)
            self.showing.changed.emit(None)

    def _mask_changed(self, _: Box) -> None:
        if self.shown is not None:
            self.show(None)
