"""A worker that warms up while a job comes."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from maskengines.errors import Cancelled
from maskengines.params import Params
from maskengines.runtime import worker_context
from maskengines.runtime.messages import Ended, Message, Prepare, Quit, Run
from maskengines.runtime.worker import Worker
from maskengines.runtime.worker_context import CANCELLED_JOB

RUN = Run(
    job=7, subject="", params={}, count=1, seed=0, spaces=[], layout=[], segment=None, keep_subjects=[],
    keep_segments=[], blob=b"",
)  # fmt: skip


class ScriptedLink:
    """Tells a worker to prepare, to run and to quit; ``told`` is set once it has taken all of it."""

    def __init__(self) -> None:
        self.flag = bytearray(CANCELLED_JOB.size)
        self.told = threading.Event()
        self.sent: list[Message] = []
        self._script: list[Message | None] = [None, Prepare(), RUN, Quit()]

    def receive(self) -> Any:
        if not self._script:
            self.told.set()
            threading.Event().wait()
        return self._script.pop(0)

    def buffer(self, _: int) -> bytearray:
        return self.flag

    def send(self, message: Message) -> None:
        self.sent.append(message)


def test_a_job_that_comes_before_warming_up_has_a_context_can_cancel_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    link = ScriptedLink()
    # Looking for a graphics card takes a while, in which the job comes.
    monkeypatch.setattr(worker_context, "accelerator", lambda: str(link.told.wait()))
    cancelled: list[int] = []

    def prepare(context: worker_context.WorkerContext) -> None:
        CANCELLED_JOB.pack_into(link.flag, 0, RUN.job)
        try:
            context.checkpoint()
        except Cancelled:
            cancelled.append(context.job)
            raise

    info: Any = SimpleNamespace(id="slow", title="Slow", live=False, params=Params)
    engine: Any = SimpleNamespace(prepare=prepare)
    Worker(link, info, lambda: engine, 0, lambda: None).serve()
    assert cancelled == [7]
    ends = {message.job: message.kind for message in link.sent if isinstance(message, Ended)}
    assert ends == {0: "cancelled", 7: "cancelled"}
