"""Has cameras looked for in a process of its own, which is killed when the job is cancelled."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import IO, Any

from maskengines.contract import RunContext
from maskengines.errors import EngineFault, NotReady, error_from_kind
from maskengines.scene.sfm.plan import Plan, Report

_PROCESS = "maskengines.scene.sfm.process"
_LOOK_SECONDS = 0.1
"""Between two looks at whether the job was cancelled."""


def need_colmap() -> None:
    """Raises:
    NotReady: pycolmap is not installed.
    """
    if importlib.util.find_spec("pycolmap") is None:
        raise NotReady(
            "Finding the cameras of photos needs the Python package 'pycolmap', which is not installed. "
            "Install it into the studio's environment: pip install 'pycolmap>=4.0,<5'"
        )


def search(plan: Plan, context: RunContext) -> Report:
    """Find the cameras of photos; the scene folder lies at ``plan.scene`` afterwards.

    Raises:
        Cancelled: within a second; the process is gone.
        BadInput: the photos cannot be read or placed, or there is no space to work in.
        EngineFault: COLMAP crashed.
    """
    with _process() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(plan.to_plain()) + "\n")
        process.stdin.flush()
        answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(process.stdout, answers), daemon=True).start()
        while True:
            context.checkpoint()
            try:
                line = answers.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                continue
            if line is None:
                raise EngineFault(
                    f"The search for cameras ended without an answer (exit code {process.wait()}). Try fewer "
                    "or smaller photos."
                )
            told: dict[str, Any] = json.loads(line)
            if "report" in told:
                return Report.read(told["report"])
            if "kind" in told:
                raise error_from_kind(told["kind"], told["message"])
            context.progress(told["share"], 1, told["text"])


@contextlib.contextmanager
def _process() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", _PROCESS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()


def _listen(pipe: IO[str], answers: queue.SimpleQueue[str | None]) -> None:
    with contextlib.suppress(ValueError):  # it was closed, as the process was killed
        for line in pipe:
            answers.put(line)
    answers.put(None)
