"""One question put to one worker, from upload to the last answer. Runs in the job's thread."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskengines.contract import Candidate
from maskengines.errors import BadInput, Cancelled, EngineFault, NotReady, StudioError, error_from_kind
from maskengines.params import Params
from maskengines.runtime.checking import check_question, check_visible
from maskengines.runtime.events import Preview, Progress
from maskengines.runtime.finishing import Finisher
from maskengines.runtime.job import GRACE_SECONDS, Job
from maskengines.runtime.link import subject_class
from maskengines.runtime.mailbox import Mailbox
from maskengines.runtime.messages import (
    Answer,
    Asked,
    CandidateMade,
    Close,
    Ended,
    Message,
    NeedSlot,
    PreviewMade,
    ProgressMade,
    Released,
    Run,
    Update,
)
from maskengines.runtime.plain import NotPlain, Packed, as_rows, pack, unpack, views
from maskengines.runtime.registry import EngineRegistry, RegisteredEngine
from maskengines.runtime.segments import Segment, SegmentPool
from maskengines.runtime.subject_store import StoredSubject, SubjectStore
from maskengines.runtime.worker_pool import WorkerPool
from maskengines.runtime.worker_process import WorkerGone, WorkerProcess
from maskengines.subjects.base import Subject

Array = np.ndarray[Any, Any]

MAX_ASK_DEPTH = 4

_numbers = itertools.count(1)
_numbers_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Services:
    """What all jobs of a runtime share."""

    registry: EngineRegistry
    workers: WorkerPool
    segments: SegmentPool
    subjects: SubjectStore


@dataclass(frozen=True, slots=True)
class Question:
    """What one engine is asked; ``masks`` lie in ``segment`` as ``layout`` says."""

    subject: Subject
    masks: Mapping[str, Array]
    layout: list[Any]
    segment: Segment
    params: Params
    count: int
    seed: int


def share_masks(pool: SegmentPool, masks: Mapping[str, Array]) -> tuple[dict[str, Array], list[Any], Segment]:
    """Copy masks into a shared segment: views of the copies, their layout and the segment."""
    packed = Packed(None, list(masks.values()))
    segment = pool.take(max(packed.nbytes, 1))
    packed.write_into(segment.buffer)
    return dict(zip(masks, views(packed.layout, segment.buffer), strict=True)), packed.layout, segment


class _Unheard(Exception):
    """The worker was gone before it said a word."""

    def __init__(self, error: StudioError) -> None:
        super().__init__(error)
        self.error = error


class Conversation:
    """Args:
    chain: ids of the engines that asked for this one, outermost first; empty for a job of its own.
    deliver: called with each finished candidate.
    """

    def __init__(
        self,
        services: Services,
        engine: RegisteredEngine,
        job: Job,
        question: Question,
        *,
        chain: tuple[str, ...],
        deliver: Callable[[Candidate], None],
    ) -> None:
        self._services = services
        self._engine = engine
        self._info = engine.info
        self._job = job
        self._question = question
        self._chain = (*chain, engine.info.id)
        self._own = not chain
        self._deliver = deliver
        self._delivered = 0
        self._heard = False
        self._lent: dict[int, Segment] = {}
        self._finisher: Finisher | None = None
        self._last_word = False
        with _numbers_lock:
            self._number = next(_numbers)

    def hold(self) -> None:
        """Ask, and pass on what comes, until the engine is done.

        Raises:
            StudioError: why there is no (further) answer.
        """
        reason = self._engine.readiness()
        if reason is not None:
            raise NotReady(reason)
        question = self._question
        check_visible(self._info, question.masks)
        finisher = self._finisher = Finisher(
            self._info, question.subject, question.masks, question.params, self._newest
        )
        if finisher.nothing_asked and not self._info.live:
            self._answer_unchanged()
            return
        stored = self._services.subjects.acquire(question.subject)
        try:
            while not self._answered_by_a_worker(stored):
                continue
        finally:
            self._services.subjects.release(stored)
            for segment in self._lent.values():
                self._services.segments.give(segment)
        if self._info.live and finisher.nothing_asked and not self._delivered:
            self._answer_unchanged()

    def _answered_by_a_worker(self, stored: StoredSubject) -> bool:
        """Whether a worker took the question; ``False`` if it had died while nobody used it."""
        worker = self._services.workers.acquire(self._engine)
        used = worker.used
        worker.used = True
        try:
            self._talk(worker, stored, Mailbox())
        except _Unheard as unheard:
            if not used:
                raise unheard.error from None
            return False
        finally:
            self._job.detach(worker)
            self._services.workers.release(self._info.id, worker)
        return True

    def _answer_unchanged(self) -> None:
        assert self._finisher is not None
        for index in range(self._question.count):
            self._deliver(self._finisher.unchanged(self._question.seed + index))

    def _newest(self, space: str, box: Any) -> Array:
        if self._own:
            return self._job.mask_part(space, box)
        return as_rows(self._question.masks[space])[box.slices]

    def _talk(self, worker: WorkerProcess, stored: StoredSubject, mailbox: Mailbox) -> None:
        mark = worker.log.mark()
        self._job.attach(worker, mailbox, self._number)
        try:
            self._ask(worker, stored)
            self._pass_on(worker)
            ended = self._listen(worker, mailbox)
        except (EOFError, WorkerGone):
            if self._job.cancelled:
                raise Cancelled from None
            error = worker.fault(mark)
            if not self._heard:
                raise _Unheard(error) from None
            raise error from None
        except StudioError:
            self._quiet(worker, mailbox)
            raise
        except BaseException:
            worker.kill()
            raise
        if self._job.cancelled:
            raise Cancelled
        if ended.kind:
            worker.log.settle()
            raise error_from_kind(ended.kind, ended.message, worker.log.since(mark) or ended.log)

    def _quiet(self, worker: WorkerProcess, mailbox: Mailbox) -> None:
        """Stop a job that nobody listens to any more, so that its worker can serve the next one."""
        worker.raise_flag(self._number)
        worker.wake(self._number)
        timer = threading.Timer(GRACE_SECONDS, worker.kill)
        timer.start()
        try:
            while True:
                message = mailbox.get()
                if isinstance(message, Ended) and message.job == self._number:
                    return
                if isinstance(message, PreviewMade | CandidateMade | Asked):
                    worker.free(message.slot)
        except EOFError:
            return
        finally:
            timer.cancel()

    def _listen(self, worker: WorkerProcess, mailbox: Mailbox) -> Ended:
        while True:
            message = mailbox.get()
            self._heard = self._heard or message is not None
            if message is None:
                self._pass_on(worker)
            elif not isinstance(message, Ended):
                self._hear(worker, mailbox, message)
            elif message.job == self._number:
                return message

    def _ask(self, worker: WorkerProcess, stored: StoredSubject) -> None:
        question, services = self._question, self._services
        keep_subjects, keep_segments = worker.keep_only(
            services.subjects.digests, services.segments.open_segments
        )
        worker.add_subject(stored)
        worker.add_segment(question.segment)
        worker.send(
            Run(
                job=self._number,
                subject=stored.digest,
                params=question.params.model_dump(mode="json"),
                count=question.count,
                seed=question.seed,
                spaces=list(question.masks),
                layout=question.layout,
                segment=question.segment.id,
                keep_subjects=[*keep_subjects, stored.digest],
                keep_segments=[*keep_segments, stored.segment.id, question.segment.id],
            )
        )

    def _pass_on(self, worker: WorkerProcess) -> None:
        if self._job.cancelled:
            worker.wake(self._number)
        if not self._own:
            return
        pending, parts = self._job.take_pending()
        if pending.boxes or pending.params is not None or pending.values:
            assert self._finisher is not None
            blob = bytearray()
            rectangles: list[Any] = []
            values = pack(pending.values)
            blob += values.to_bytes()
            shapes = {
                space: list(self._job.shape(space))
                for space in pending.boxes
                if space not in self._question.masks
            }
            for space, box in pending.boxes.items():
                rectangles.append([space, box.x, box.y, box.width, box.height, len(blob)])
                blob += parts[space].data
                self._finisher.widen(space, box)
            if pending.params is not None:
                self._finisher.params = pending.params
            worker.send(
                Update(
                    job=self._number,
                    rectangles=rectangles,
                    shapes=shapes,
                    params=None if pending.params is None else pending.params.model_dump(mode="json"),
                    values=values.tree,
                    layout=values.layout,
                    blob=blob,
                )
            )
        if pending.close:
            worker.send(Close(job=self._number))

    def _hear(self, worker: WorkerProcess, mailbox: Mailbox, message: Message) -> None:
        mine = getattr(message, "job", self._number) == self._number and not self._job.cancelled
        if isinstance(message, ProgressMade):
            if mine and self._own:
                done, total = (
                    max(0.0, part) if math.isfinite(part) else 0.0 for part in (message.done, message.total)
                )
                self._job.tell(Progress(self._job.id, done, total, message.text))
        elif isinstance(message, NeedSlot):
            worker.grant(message.slot, message.size)
        elif isinstance(message, PreviewMade):
            try:
                if mine and self._own:
                    self._preview(worker, message)
            finally:
                worker.free(message.slot)
        elif isinstance(message, CandidateMade):
            try:
                stale = self._info.live and mailbox.has(CandidateMade)
                if (mine and not stale) or self._is_last_word(message):
                    self._candidate(worker, message)
            finally:
                worker.free(message.slot)
        elif isinstance(message, Asked):
            self._asked(worker, message)
        elif isinstance(message, Released) and message.segment in self._lent:
            self._services.segments.give(self._lent.pop(message.segment))

    def _is_last_word(self, message: CandidateMade) -> bool:
        """Whether it is what a stopped engine had found by then; one such answer is taken."""
        mine = message.job == self._number and self._job.cancelled and self._own
        last = mine and not self._last_word and not self._info.live and "image" not in self._info.result_kinds
        self._last_word = self._last_word or last
        return last

    def _preview(self, worker: WorkerProcess, message: PreviewMade) -> None:
        assert self._finisher is not None
        result = self._finisher.preview(self._read(worker, message))
        self._job.tell(Preview(self._job.id, result))

    def _candidate(self, worker: WorkerProcess, message: CandidateMade) -> None:
        assert self._finisher is not None
        fields = self._read(worker, message)
        candidate = self._finisher.candidate(fields, message.seconds, message.weights)
        self._delivered += 1
        self._deliver(candidate)

    def _read(self, worker: WorkerProcess, message: PreviewMade | CandidateMade | Asked) -> Any:
        buffer = worker.slot_buffer(message.slot) if message.shared else message.blob
        try:
            return unpack(message.tree, views(message.layout, buffer))
        except NotPlain as error:
            raise EngineFault(f"{self._info.title} gave an answer that cannot be used: {error}.") from error

    def _asked(self, worker: WorkerProcess, message: Asked) -> None:
        try:
            try:
                asked = self._read(worker, message)
                subject, masks = self._asked_about(asked)
            finally:
                worker.free(message.slot)
            candidates = self._ask_another(message.engine, subject, masks, asked)
        except Cancelled:
            worker.wake(self._number)
            return
        except StudioError as error:
            worker.send(Answer(ask=message.ask, kind=error.kind, message=error.message, log=error.log))
            return
        packed = pack([_fields(candidate) for candidate in candidates])
        segment = self._services.segments.take(max(packed.nbytes, 1))
        self._lent[segment.id] = segment
        packed.write_into(segment.buffer)
        worker.add_segment(segment)
        worker.send(Answer(ask=message.ask, tree=packed.tree, layout=packed.layout, segment=segment.id))

    def _asked_about(self, asked: Any) -> tuple[Subject, dict[str, Array]]:
        try:
            masks = {str(space): np.array(mask) for space, mask in asked["masks"].items()}
            if "subject" not in asked:
                return self._question.subject, masks
            given = asked["subject"]
            arrays = {name: np.array(array) for name, array in given["arrays"].items()}
            return subject_class(given["kind"]).from_arrays(given["meta"], arrays), masks
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise EngineFault(f"{self._info.title} asked another engine a malformed question.") from error

    def _ask_another(
        self, engine_id: str, subject: Subject, masks: dict[str, Array], asked: Any
    ) -> list[Candidate]:
        if engine_id in self._chain:
            raise EngineFault(f"{self._info.title} asks '{engine_id}', which waits for its answer.")
        if len(self._chain) >= MAX_ASK_DEPTH:
            raise EngineFault(f"{' -> '.join((*self._chain, engine_id))}: too many engines ask each other.")
        engine = self._services.registry.get(engine_id)
        if engine.info.live:
            raise BadInput(f"'{engine_id}' is a live engine, which another engine cannot ask.")
        params = engine.info.params.read(asked.get("params") or {})
        count, seed = int(asked.get("count", 1)), int(asked.get("seed", 0))
        check_question(engine.info, subject, masks, count, seed)
        views_, layout, segment = share_masks(self._services.segments, masks)
        question = Question(subject, views_, layout, segment, params, count, seed)
        candidates: list[Candidate] = []
        try:
            Conversation(
                self._services, engine, self._job, question, chain=self._chain, deliver=candidates.append
            ).hold()
        finally:
            self._services.segments.give(segment)
        return candidates


def _fields(candidate: Candidate) -> dict[str, Any]:
    return {
        "kind": candidate.kind,
        "result": candidate.result,
        "seed": candidate.seed,
        "label": candidate.label,
        "score": candidate.score,
        "metrics": dict(candidate.metrics),
        "seconds": candidate.seconds,
    }
