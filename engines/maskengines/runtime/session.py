"""The runtime: takes questions, answers in events."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import numpy as np

from maskengines.contract import Candidate
from maskengines.errors import BadInput, Cancelled, EngineFault, StudioError
from maskengines.runtime.checking import check_question
from maskengines.runtime.conversation import Conversation, Question, Services, share_masks
from maskengines.runtime.events import CandidateReady
from maskengines.runtime.job import Job, Listener
from maskengines.runtime.job_queue import JobQueue
from maskengines.runtime.registry import EngineRegistry, RegisteredEngine
from maskengines.runtime.segments import SegmentPool
from maskengines.runtime.subject_store import SubjectStore
from maskengines.runtime.worker_pool import WorkerPool
from maskengines.subjects.base import Subject

__all__ = ["Job", "Runtime"]

Array = np.ndarray[Any, Any]

_SPARE_BYTES = 256 << 20
_SUBJECT_BYTES = 1 << 30


class Runtime:
    """Runs engines in worker processes of their own. Use it as a context manager, or `close` it.

    Args:
        interactive: a window is in use: workers leave it a core and the right of way. Otherwise they
            take all cores.

    A script that uses it guards its own start with ``if __name__ == "__main__":``, as with everything that
    starts Python processes.
    """

    def __init__(self, registry: EngineRegistry, *, interactive: bool) -> None:
        if getattr(multiprocessing.current_process(), "_inheriting", False):
            raise RuntimeError(
                "This script starts again in every worker. Put what it does under "
                "'if __name__ == \"__main__\":'."
            )
        segments = SegmentPool(_SPARE_BYTES)
        workers = WorkerPool.interactive() if interactive else WorkerPool.batch()
        self._services = Services(registry, workers, segments, SubjectStore(segments, _SUBJECT_BYTES))
        self._queue = JobQueue()
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._closed = False

    @property
    def registry(self) -> EngineRegistry:
        """The engines that can be asked; replace it after the plugin folder was scanned again."""
        return self._services.registry

    @registry.setter
    def registry(self, registry: EngineRegistry) -> None:
        self._services = replace(self._services, registry=registry)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def submit(
        self,
        engine_id: str,
        subject: Subject,
        masks: Mapping[str, Array],
        params: Mapping[str, Any],
        *,
        count: int = 1,
        seed: int = 0,
        listener: Listener,
    ) -> Job:
        """Ask an engine. Masks are copied at once; the subject must not change.

        What can only be seen by looking closely (an engine that is not trusted, a mask that covers
        everything) arrives as a `Failed` event.

        Raises:
            BadInput: unknown engine, a subject or mask that does not fit, bad parameters or count.
        """
        engine = self.registry.get(engine_id)
        read = engine.info.params.read(params)
        check_question(engine.info, subject, masks, count, seed)
        copies, layout, segment = share_masks(self._services.segments, masks)
        job = Job(engine.info, copies, read, listener, subject.spaces)
        question = Question(subject, copies, layout, segment, read, count, seed)
        job.plan(lambda: self._work(job, engine, question), self._withdraw)
        with self._lock:
            if self._closed:
                raise BadInput("The studio is closing and takes no more jobs.")
            self._queue.add(job)
        self._start_next()
        return job

    def warm_up(self, engine_id: str) -> None:
        """Start an engine's worker and let it prepare; returns at once. An engine that is not ready is
        left alone, and what goes wrong is told by the first job.

        Raises:
            BadInput: unknown engine.
        """
        engine = self.registry.get(engine_id)

        def start() -> None:
            if engine.readiness() is None:
                self._services.workers.warm_up(engine)

        threading.Thread(target=start, name=f"warm-up of {engine_id}", daemon=True).start()

    def close(self) -> None:
        """Cancel all jobs, end all workers, give all memory back."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            jobs = self._queue.jobs
        for job in jobs:
            job.stop(0)
        self._services.workers.close()
        if threading.current_thread() not in self._threads:
            for job in jobs:
                job.wait(5)
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join(5)
        self._services.subjects.close()
        self._services.segments.close()

    def _start_next(self) -> None:
        with self._lock:
            jobs = [] if self._closed else self._queue.startable()
        for job in jobs:
            thread = threading.Thread(target=job.work, name=f"job {job.id}", daemon=True)
            self._threads.add(thread)
            thread.start()

    def _withdraw(self, job: Job) -> bool:
        with self._lock:
            return self._queue.remove(job)

    def _work(self, job: Job, engine: RegisteredEngine, question: Question) -> None:
        def deliver(candidate: Candidate) -> None:
            job.tell(CandidateReady(job.id, candidate))

        error: StudioError | None = None
        try:
            if job.cancelled:
                raise Cancelled
            job.begin()
            Conversation(self._services, engine, job, question, chain=(), deliver=deliver).hold()
        except StudioError as told:
            error = told
        except Exception as unforeseen:
            error = EngineFault(f"The studio failed to run {engine.info.title}: {unforeseen!r}.")
        finally:
            with self._lock:
                self._queue.done(job)
            # What breaks while a job is being stopped is no news to whoever stopped it.
            job.end(Cancelled() if error is not None and job.cancelled else error)
            self._services.segments.give(question.segment)
            self._threads.discard(threading.current_thread())
            self._start_next()
