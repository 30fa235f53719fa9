"""The way to a worker and back: live updates, and a 24-megapixel photo uploaded once.

A live engine that does nothing but answer (a plugin written here) is asked by dirty rectangles: one at a
time for the round trip, then as fast as it goes. The upload is the time until a job on a 24-megapixel photo
has its first answer: the first time (hash, fresh memory, copy), again, and with another photo; held against
copying the photo once.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from maskengines.contract import Box
from maskengines.runtime import plugins
from maskengines.runtime.events import CandidateReady, JobEvent
from maskengines.runtime.registry import EngineRegistry
from maskengines.runtime.session import Job, Runtime
from maskengines.subjects.image import ImageSubject

MANIFEST = """
id = "echo"
title = "Echo"
summary = "Answers at once."
version = "1"
module = "echo"
class = "Echo"
live = true
weight = "light"
"""

CODE = """
import time
from maskengines.contract import Box, Candidate, ImagePatch

class Echo:
    def sample(self, request, context):
        pixels, mask, number = request.subject.pixels, request.masks["pixels"], -1
        work = 0.0
        while True:
            box = Box.of_mask(mask)
            time.sleep(work)
            patch = ImagePatch(box.x, box.y, pixels[box.slices])
            yield Candidate("image", patch, 0, metrics={"number": number})
            changes = context.changes()
            if changes is None:
                return
            mask = changes.masks.get("pixels", mask)
            number = changes.values.get("number", number)
            work = changes.values.get("work", work)
"""


class Ear:
    """Remembers when which answer came."""

    def __init__(self) -> None:
        self.came: dict[Any, float] = {}
        self.changed = threading.Condition()

    def __call__(self, event: JobEvent) -> None:
        if isinstance(event, CandidateReady):
            with self.changed:
                self.came.setdefault(event.candidate.metrics["number"], time.perf_counter())
                self.changed.notify_all()

    def wait_for(self, number: int) -> float:
        with self.changed:
            assert self.changed.wait_for(lambda: number in self.came, 120)
            return self.came[number]


def photo(height: int, width: int, seed: int) -> ImageSubject:
    return ImageSubject(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


def started(runtime: Runtime, subject: ImageSubject, mask: np.ndarray) -> tuple[Job, Ear, float]:
    """A live job, and the seconds to its first answer."""
    ear = Ear()
    begun = time.perf_counter()
    job = runtime.submit("echo", subject, {"pixels": mask}, {}, listener=ear)
    return job, ear, ear.wait_for(-1) - begun


def closed(job: Job) -> None:
    job.finish()
    assert job.wait(60)


def round_trips(job: Job, ear: Ear, count: int) -> list[float]:
    """Seconds from a stroke's dirty rectangle to the answer to it, one after the other."""
    seconds = []
    for number in range(count):
        begun = time.perf_counter()
        paint(job, number)
        seconds.append(ear.wait_for(number) - begun)
    return seconds


def flood(job: Job, ear: Ear, first: int, seconds: float) -> tuple[float, float]:
    """Strokes and answers a second when painting as fast as a hand with 1000 events a second."""
    begun, number = time.perf_counter(), first
    while time.perf_counter() - begun < seconds:
        paint(job, number)
        number += 1
        time.sleep(0.001)
    spent = time.perf_counter() - begun
    ear.wait_for(number - 1)
    return (number - first) / spent, len([n for n in ear.came if n >= first]) / spent


def paint(job: Job, number: int) -> None:
    x = (number * 7) % 400
    job.update_mask("pixels", Box(x, 100, 32, 32), np.full((32, 32), 255, np.uint8))
    job.update(values={"number": number})


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def table(quick: bool) -> str:
    """The figures as Markdown."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "plugins" / "echo"
        folder.mkdir(parents=True)
        (folder / "engine.toml").write_text(MANIFEST)
        (folder / "echo.py").write_text(CODE)
        os.environ["MASKSTUDIO_PLUGINS"] = str(folder.parent)
        os.environ["MASKSTUDIO_HOME"] = name
        plugins.trust("echo")
        with Runtime(EngineRegistry.default(), interactive=True) as runtime:
            return _measured(runtime, quick)


def _measured(runtime: Runtime, quick: bool) -> str:
    rows = []
    strokes = 200 if quick else 1000
    for label, height, width in (("0.3 megapixels", 512, 512), ("24 megapixels", 4000, 6000)):
        mask = np.zeros((height, width), np.uint8)
        job, ear, _ = started(runtime, photo(height, width, 0), mask)
        trips = round_trips(job, ear, strokes)
        painted, answered = flood(job, ear, strokes, 1.0 if quick else 4.0)
        job.update(values={"work": 0.03})
        _, busy = flood(job, ear, 1_000_000, 1.0 if quick else 4.0)
        closed(job)
        p99 = sorted(trips)[int(0.99 * len(trips))]
        rows.append(
            f"| live, {label} "
            f"| {1000 * statistics.median(trips):.1f} / {1000 * p99:.1f} ms round trip (p50/p99) "
            f"| {answered:.0f} answers/s to {painted:.0f} strokes/s; {busy:.0f}/s with 30 ms of work |"
        )
    subjects = [photo(4000, 6000, seed) for seed in (1, 2)]
    mask = np.zeros((4000, 6000), np.uint8)
    mask[:100, :100] = 255
    copy = statistics.median(timed(subjects[0].pixels.copy) for _ in range(5))
    hashed = timed(lambda: ImageSubject(subjects[0].pixels).content_hash)
    for label, subject in (
        ("first time", subjects[0]),
        ("again", subjects[0]),
        ("another photo", subjects[1]),
    ):
        job, _, seconds = started(runtime, subject, mask)
        closed(job)
        rows.append(
            f"| 24 megapixels, {label} | {1000 * seconds:.0f} ms to the first answer "
            f"| {seconds / copy:.1f}x |"
        )
    rows.append(
        f"| of which the content hash, once a photo | {1000 * hashed:.0f} ms | {hashed / copy:.1f}x |"
    )
    head = "## Runtime\n\nUpload rows are held against copying the photo once in memory.\n"
    return "\n".join([head, "| | | |", "|---|---|---|", *rows])
