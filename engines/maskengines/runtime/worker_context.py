"""What an engine sees of the studio while it answers, inside a worker."""

from __future__ import annotations

import logging
import struct
import textwrap
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from maskengines.contract import Candidate, Changes, ImagePatch, Request
from maskengines.errors import Cancelled, EngineFault, StudioError, error_from_kind
from maskengines.runtime.link import Link
from maskengines.runtime.live_state import LiveState
from maskengines.runtime.messages import Answer, Asked, Message, Released
from maskengines.runtime.outbox import Outbox
from maskengines.runtime.plain import NotPlain, pack, unpack, views

CANCELLED_JOB = struct.Struct("<q")

_WAKE_SECONDS = 0.1
_LONGEST_SAYING = 80


def accelerator() -> str:
    """Where engines compute: ``"cuda"`` or ``"mps"`` if PyTorch is loaded and finds one, else ``"cpu"``.

    Engines that need PyTorch import it in ``prepare``; for all others this stays ``"cpu"`` and loads
    nothing.
    """
    import sys

    torch = sys.modules.get("torch")
    if torch is None:
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


class WorkerContext:
    """`RunContext` of one job, or of ``prepare`` (job 0).

    Args:
        flag: shared memory in which the studio writes the number of the job to cancel.
        live: the job's changes; none while preparing.
    """

    def __init__(
        self,
        job: int,
        link: Link,
        outbox: Outbox,
        flag: Any,
        *,
        live: LiveState | None,
        log: logging.Logger,
    ) -> None:
        self.job = job
        self.log = log
        self.device = accelerator()
        self._link = link
        self._outbox = outbox
        self._flag = flag
        self._live = live
        self._asks = 0
        self._answer: Answer | None = None
        self._answered = threading.Condition()

    def progress(self, done: float, total: float, text: str = "") -> None:
        self._outbox.progress(self.job, done, total, text)

    def preview(self, result: ImagePatch | np.ndarray[Any, Any] | Mapping[str, Any]) -> None:
        if not isinstance(result, ImagePatch | np.ndarray | Mapping):
            raise EngineFault(f"A preview must be a picture or a map, not a {type(result).__name__}.")
        try:
            self._outbox.preview(self.job, pack(result))
        except NotPlain as error:
            raise EngineFault(f"A preview cannot be shown: {error}.") from error

    def checkpoint(self) -> None:
        if self.cancelled:
            raise Cancelled

    @property
    def cancelled(self) -> bool:
        return bool(CANCELLED_JOB.unpack_from(self._flag)[0] == self.job)

    def changes(self, wait: float | None = None) -> Changes | None:
        self.checkpoint()
        return None if self._live is None else self._live.take(wait, self.checkpoint)

    def generator(self, seed: int) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64(seed))

    def ask(self, engine_id: str, request: Request) -> Sequence[Candidate]:
        self.checkpoint()
        self._asks += 1
        ask = self._asks
        self._answer = None
        packed = pack(self._question(request))

        def asked(**place: Any) -> Message:
            return Asked(job=self.job, ask=ask, engine=str(engine_id), tree=packed.tree, **place)

        self._outbox.deliver(packed, self.checkpoint, asked)
        with self._answered:
            while self._answer is None or self._answer.ask != ask:
                self.checkpoint()
                self._answered.wait(_WAKE_SECONDS)
        return self._read(self._answer)

    def answered(self, answer: Answer) -> None:
        """Called by the receiver."""
        with self._answered:
            self._answer = answer
            self._answered.notify_all()

    def wake(self) -> None:
        """Let whatever waits look at its checkpoint. Called by the receiver."""
        self._outbox.wake()
        if self._live is not None:
            self._live.wake()
        with self._answered:
            self._answered.notify_all()

    def _question(self, request: Request) -> dict[str, Any]:
        digest = request.subject.content_hash
        question: dict[str, Any] = {
            "digest": digest,
            "masks": dict(request.masks),
            "params": request.params.model_dump(mode="json"),
            "count": request.count,
            "seed": request.seed,
        }
        if not self._link.knows(digest):
            meta, arrays = request.subject.to_arrays()
            question["subject"] = {"kind": request.subject.kind, "meta": meta, "arrays": arrays}
        return question

    def _read(self, answer: Answer) -> list[Candidate]:
        if answer.kind:
            raise error_from_kind(answer.kind, answer.message, answer.log)
        buffer = answer.blob if answer.segment is None else self._link.buffer(answer.segment)
        arrays = [array.copy() for array in views(answer.layout, buffer)]
        if answer.segment is not None:
            self._link.send(Released(segment=answer.segment))
        return [Candidate(**fields) for fields in unpack(answer.tree, arrays)]


def as_studio_error(error: BaseException, title: str) -> StudioError:
    """The sentence a user reads when an engine raised ``error``."""
    if isinstance(error, StudioError):
        return error
    if isinstance(error, MemoryError):
        return EngineFault(
            f"{title} ran out of memory. Close other documents, or use a smaller image or mask."
        )
    if isinstance(error, SystemExit):
        return EngineFault(f"{title} tried to end the program instead of answering.")
    said = f"{_name(error)}: {_plain_words(error)}".removesuffix(": ")
    return EngineFault(f"{title} stopped with an error ({said}). The details say where.")


def _name(error: BaseException) -> str:
    """The name of its type; of one that is called no more than "error", as OpenCV's, with its module."""
    kind = type(error)
    return f"{kind.__module__}.{kind.__name__}" if kind.__name__.lower() == "error" else kind.__name__


def _plain_words(error: BaseException) -> str:
    """What it says, if a person can read it at a glance; the traceback has the rest.

    Paths, code and several lines are for whoever mends the engine, and leave a reader none the wiser.
    """
    said = str(error).strip()
    if not said.isprintable() or "::" in said or any(mark in said for mark in "/\\<>{}|"):
        return ""
    return textwrap.shorten(said, _LONGEST_SAYING, placeholder="…").removeprefix("…")
