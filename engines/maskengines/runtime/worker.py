"""The worker: one process, one engine, one job at a time.

The engine runs in the main thread; a receiver thread takes in messages and ends the process when the
studio is gone; a third thread sends what waits.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from maskengines.contract import Candidate, Engine, EngineInfo, Request
from maskengines.errors import EngineFault, StudioError
from maskengines.runtime.link import Link
from maskengines.runtime.live_state import LiveState
from maskengines.runtime.messages import (
    Answer,
    Cancel,
    CandidateMade,
    Close,
    Ended,
    Free,
    Grant,
    Message,
    Prepare,
    Quit,
    Run,
    Update,
)
from maskengines.runtime.outbox import PREVIEW_SECONDS, Outbox
from maskengines.runtime.plain import NotPlain, pack, views
from maskengines.runtime.worker_context import WorkerContext, as_studio_error


class Worker:
    """Args:
    load: imports the engine; called once, in the main thread, before the first job.
    flag_segment: the first segment the studio adds; holds the number of the job to cancel.
    restore_output: points stdout and stderr back at the log, whatever an engine did to them.
    """

    def __init__(
        self,
        link: Link,
        info: EngineInfo,
        load: Callable[[], Engine],
        flag_segment: int,
        restore_output: Callable[[], None],
    ) -> None:
        self._link = link
        self._info = info
        self._load = load
        self._restore_output = restore_output
        self._outbox = Outbox(link.send, 0.0 if info.live else PREVIEW_SECONDS)
        self._tasks: queue.SimpleQueue[tuple[Message, LiveState | None]] = queue.SimpleQueue()
        self._live: dict[int, LiveState] = {}
        self._context: WorkerContext | None = None
        self._engine: Engine | None = None
        self._prepared = False
        self._log = logging.getLogger(f"maskengines.engine.{info.id}")
        link.receive()
        self._flag = link.buffer(flag_segment)

    def serve(self) -> None:
        """Work until told to quit."""
        threading.Thread(target=self._receive, name="receiver", daemon=True).start()
        while True:
            task, live = self._tasks.get()
            if isinstance(task, Quit):
                return
            self._restore_output()
            if isinstance(task, Run) and live is not None:
                self._end(task.job, lambda task=task, live=live: self._answer(task, live))  # type: ignore[misc]
                self._live.pop(task.job, None)
            else:
                self._end(0, lambda: self._ready(0))

    # The receiver's thread.

    def _receive(self) -> None:
        try:
            while True:
                self._dispatch(self._link.receive())
        except (EOFError, OSError):
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(70)

    def _dispatch(self, message: Message) -> None:
        if isinstance(message, Run):
            buffer = message.blob if message.segment is None else self._link.buffer(message.segment)
            masks = dict(zip(message.spaces, views(message.layout, buffer), strict=True))
            live = self._live[message.job] = LiveState(masks, self._info.params)
            live.request_masks = masks
            if self._context is not None and self._context.job == 0:
                # Warming up is now this job's business: it is what a user sees, and may cancel.
                self._context.job = message.job
            self._tasks.put((message, live))
        elif isinstance(message, Prepare | Quit):
            self._tasks.put((message, None))
        elif isinstance(message, Update):
            if message.job in self._live:
                self._live[message.job].apply(message)
        elif isinstance(message, Close):
            if message.job in self._live:
                self._live[message.job].close()
        elif isinstance(message, Cancel):
            if self._context is not None:
                self._context.wake()
        elif isinstance(message, Free):
            self._outbox.free(message.slot)
        elif isinstance(message, Grant):
            buffer = self._link.buffer(message.segment)
            self._outbox.grant(message.slot, memoryview(buffer).nbytes, buffer)
        elif isinstance(message, Answer) and self._context is not None:
            self._context.answered(message)

    # The main thread.

    def _end(self, job: int, work: Callable[[], object]) -> None:
        kind = message = log = ""
        try:
            work()
        except BaseException as error:
            told = as_studio_error(error, self._info.title)
            kind, message, log = told.kind, told.message, told.log
            if not isinstance(error, StudioError) or error.__cause__ is not None:
                traceback.print_exc()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                continue
        self._outbox.settle()
        self._context = None
        self._link.send(Ended(job=job, kind=kind, message=message, log=log))

    def _ready(self, job: int) -> Engine:
        context = self._context or self._new_context(job, None)
        self._context = context
        came = list(self._live)
        if context.job == 0 and came:
            # As above, for a job that came before there was a context to give it.
            context.job = came[0]
        if self._engine is None:
            self._engine = self._load()
            faulthandler.enable()
        if not self._prepared:
            prepare = getattr(self._engine, "prepare", None)
            if prepare is not None:
                prepare(context)
            self._prepared = True
        return self._engine

    def _new_context(self, job: int, live: LiveState | None) -> WorkerContext:
        return WorkerContext(job, self._link, self._outbox, self._flag, live=live, log=self._log)

    def _answer(self, run: Run, live: LiveState) -> None:
        context = self._context = self._new_context(run.job, live)
        context.checkpoint()
        engine = self._ready(run.job)
        context.checkpoint()
        request = Request(
            subject=self._link.subject(run.subject),
            masks=live.request_masks,
            params=self._info.params.read(run.params),
            count=run.count,
            seed=run.seed,
        )
        self._stream(run.job, engine, request, context)

    def _stream(self, job: int, engine: Engine, request: Request, context: WorkerContext) -> None:
        answers = engine.sample(request, context)
        try:
            iterator = iter(answers)
        except TypeError:
            raise EngineFault(
                f"{self._info.title} gave a {type(answers).__name__} where candidates were expected; "
                "its 'sample' should yield them."
            ) from None
        delivered, begun = 0, time.monotonic()
        for candidate in iterator:
            now = time.monotonic()
            self._deliver(job, candidate, now - begun, context)
            delivered, begun = delivered + 1, time.monotonic()
            if delivered >= request.count and not self._info.live:
                break
        close = getattr(iterator, "close", None)
        if close is not None:
            close()
        if not delivered and not self._info.live:
            raise EngineFault(f"{self._info.title} finished without giving an answer.")

    def _deliver(self, job: int, candidate: object, seconds: float, context: WorkerContext) -> None:
        if not isinstance(candidate, Candidate):
            raise EngineFault(
                f"{self._info.title} gave a {type(candidate).__name__} where a Candidate was expected."
            )
        fields = {
            "kind": candidate.kind,
            "result": candidate.result,
            "seed": candidate.seed,
            "label": candidate.label,
            "score": candidate.score,
            "metrics": candidate.metrics,
        }
        try:
            packed = pack(fields)
        except NotPlain as error:
            raise EngineFault(f"{self._info.title} gave an answer that cannot be used: {error}.") from error
        weights = getattr(self._engine, "weights_hash", None)
        seconds = candidate.seconds if candidate.seconds > 0 else seconds

        def made(**place: Any) -> Message:
            return CandidateMade(
                job=job, tree=packed.tree, seconds=seconds, weights=weights and str(weights), **place
            )

        # A stopped engine may still hand over what it has found; only pictures are all or nothing.
        last_word = context.cancelled and candidate.kind != "image"
        self._outbox.deliver(packed, _patient if last_word else context.checkpoint, made)


def _patient() -> None:
    """A checkpoint that lets a last word out; one that nobody takes ends with the worker."""
