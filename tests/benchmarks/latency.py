"""How late the event loop is while an engine works: a 5 ms timer, idle against `exemplar` running.

A real job service with its worker process, and the engine panel, the gallery and the jobs bar attached, so
that progress, previews and candidates cause the work they cause in the window. The stretches take turns, so
that what else the machine does falls on all of them. A process that is busy for itself alone, with the
niceness of a worker, shows what the scheduler takes before the studio does anything.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from maskengines.subjects.image import ImageSubject
from maskstudio.documents.document import Document
from maskstudio.jobs.item import JobItem
from maskstudio.jobs.service import JobService
from maskstudio.panels.candidates_panel import CandidatesPanel
from maskstudio.panels.engine_panel import EnginePanel
from maskstudio.panels.jobs_bar import JobsBar
from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget

INTERVAL_MS = 5
SIDE = 1024
HOLE = 280
NICENESS = 5
WAIT_SECONDS = 180


def table(quick: bool) -> str:
    """Heading, method and a Markdown table; ``quick`` listens for a shorter time."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    rounds, stretch = (2, 4.0) if quick else (4, 10.0)
    service = JobService()
    service.start()
    _until(lambda: service.ready, "the engines")
    document = _document()
    panels = _panels(service, document)
    try:
        job = _ask(service, document)
        _until(lambda: job.answers > 0 or not job.active, "the first candidate")
        service.asker(document).cancel()
        _until(lambda: not job.active, "the end of the warm-up")
        idle, beside, running, answers = [], [], [], 0
        for _ in range(rounds):
            document.clear_candidates()
            idle += _lateness(stretch, lambda: None)
            with _busy_process():
                beside += _lateness(stretch, lambda: None)
            keeper = _Keeper(service, document)
            running += _lateness(stretch, keeper.keep_running)
            answers += keeper.stop()
    finally:
        for panel in panels:
            panel.close()
        service.close()
    rows = [
        _row("idle", idle),
        _row("another process busy", beside),
        _row("`exemplar` running", running),
    ]
    ratio = np.percentile(running, 99) / max(1e-6, np.percentile(idle, 99))
    return (
        f"## Event loop\n\nLateness in milliseconds of a {INTERVAL_MS} ms timer in the process with the "
        f"window, {SIDE} x {SIDE} pixels, a {HOLE}-pixel hole; stretches take turns "
        f"({rounds} of {stretch:.0f} s each). While it ran, {answers} candidates came. "
        f"p99 running / idle: **{ratio:.2f}** (to stay below 2).\n\n"
        "| | p50 | p90 | p99 | max | ticks |\n|---|---|---|---|---|---|\n" + "\n".join(rows)
    )


def _row(name: str, late: list[float]) -> str:
    p50, p90, p99 = np.percentile(late, (50, 90, 99))
    return f"| {name} | {p50:.2f} | {p90:.2f} | {p99:.2f} | {max(late):.1f} | {len(late)} |"


def _document() -> Document:
    rng = np.random.default_rng(1)
    coarse = rng.integers(40, 200, (SIDE // 8, SIDE // 8, 3), np.uint8)
    pixels = np.kron(coarse, np.ones((8, 8, 1), np.uint8))
    document = Document(ImageSubject(np.ascontiguousarray(pixels), None, None, None, "PNG"))
    y, x = np.ogrid[:SIDE, :SIDE]
    hole = (y - SIDE // 2) ** 2 + (x - SIDE // 2) ** 2 < (HOLE // 2) ** 2
    document.replace_mask(np.where(hole, np.uint8(255), np.uint8(0)), "Hole")
    return document


def _panels(service: JobService, document: Document) -> list[QWidget]:
    engine, candidates, bar = EnginePanel(service), CandidatesPanel(service), JobsBar(service)
    for panel in (engine, candidates):
        panel.set_document(document)
        panel.resize(320, 480)
        panel.show()
    return [engine, candidates, bar]


def _ask(service: JobService, document: Document) -> JobItem:
    job = service.asker(document).run("exemplar", {"method": "patches"}, 16, 0)
    if job is None:
        raise RuntimeError("the engine would not run")
    return job


@contextmanager
def _busy_process() -> Iterator[None]:
    busy = subprocess.Popen(
        ["nice", "-n", str(NICENESS), sys.executable, "-c", "while True: sum(range(10000))"]
    )
    try:
        yield
    finally:
        busy.kill()
        busy.wait()


class _Keeper:
    """Sees to it that a job is running all the time."""

    def __init__(self, service: JobService, document: Document) -> None:
        self._service, self._document = service, document
        self._job = _ask(service, document)
        self._answers = 0
        _until(lambda: self._job.state == "running", "the job")

    def keep_running(self) -> None:
        if self._job.state == "failed":
            raise RuntimeError(f"the engine failed: {self._job.error}")
        if not self._job.active:
            self._answers += self._job.answers
            self._job = _ask(self._service, self._document)

    def stop(self) -> int:
        """Cancel and return how many candidates came."""
        self._service.asker(self._document).cancel()
        _until(lambda: not self._job.active, "the end of the job")
        return self._answers + self._job.answers


def _lateness(stretch: float, every_tick: Callable[[], None]) -> list[float]:
    """Milliseconds by which each tick came late."""
    late: list[float] = []
    last = [time.perf_counter()]
    loop, timer = QEventLoop(), QTimer()

    def tick() -> None:
        now = time.perf_counter()
        late.append(max(0.0, 1000 * (now - last[0]) - INTERVAL_MS))
        every_tick()
        last[0] = now

    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    timer.start(INTERVAL_MS)
    QTimer.singleShot(round(1000 * stretch), loop.quit)
    loop.exec()
    timer.stop()
    return late


def _until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"waited in vain for {what}")
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
        time.sleep(0.002)
