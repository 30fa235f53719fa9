"""Plugins written, trusted and run by tests."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from maskengines.runtime import plugins
from maskengines.runtime.events import CandidateReady, Failed, JobEvent
from maskengines.runtime.registry import EngineRegistry
from maskengines.runtime.session import Job, Runtime
from maskengines.subjects.image import ImageSubject

MANIFEST = """
id = "{name}"
title = "{title}"
summary = "Written by a test."
version = "1"
module = "code"
class = "E"
{extra}
"""

HEAD = """
import ctypes, os, sys, time
import numpy as np
from maskengines.contract import *

class E:
    def sample(self, request, context):
        pixels = request.subject.pixels
"""

GOOD = "yield Candidate('image', pixels // 2, request.seed)"


class Lab:
    """Writes plugins, trusts them, runs them and keeps what they said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._runtime: Runtime | None = None
        self.subject = ImageSubject(np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8))
        self.mask = np.zeros((60, 80), np.uint8)
        self.mask[20:40, 30:50] = 255

    def write(self, name: str, body: str, extra: str = "", head: str = HEAD) -> Path:
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        title = name.replace("-", " ").capitalize()
        (folder / "engine.toml").write_text(MANIFEST.format(name=name, title=title, extra=extra))
        (folder / "code.py").write_text(head + textwrap.indent(textwrap.dedent(body).strip(), " " * 8) + "\n")
        return folder

    def plugin(self, name: str, body: str, extra: str = "", head: str = HEAD) -> None:
        self.write(name, body, extra, head)
        plugins.trust(name)

    @property
    def runtime(self) -> Runtime:
        """Made when first used, so that it knows the plugins that the test wrote before."""
        if self._runtime is None:
            self._runtime = Runtime(EngineRegistry.default(), interactive=True)
        return self._runtime

    def start(self, name: str, listener: Callable[[JobEvent], None], **options: Any) -> Job:
        self.runtime.registry.refresh()
        return self.runtime.submit(
            name, self.subject, {"pixels": self.mask}, {}, listener=listener, **options
        )

    def run(self, name: str, **options: Any) -> list[JobEvent]:
        events: list[JobEvent] = []
        assert self.start(name, events.append, **options).wait(120)
        return events

    def error(self, name: str) -> Any:
        last = self.run(name)[-1]
        assert isinstance(last, Failed)
        return last.error

    def close(self) -> None:
        if self._runtime is not None:
            self._runtime.close()


def until(condition: Callable[[], bool], seconds: float = 120) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


def label(events: list[JobEvent]) -> str:
    (ready,) = [event for event in events if isinstance(event, CandidateReady)]
    return ready.candidate.label
