"""Live jobs: what the user paints reaches the engine, and what it answers comes back."""

from __future__ import annotations

import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from alone import alone_with
from maskengines.contract import BadInput, Box, Cancelled, ImagePatch
from maskengines.runtime import plugins, segments
from maskengines.runtime.events import CandidateReady, Failed, Finished, JobEvent
from maskengines.runtime.registry import EngineRegistry
from maskengines.runtime.session import Job, Runtime
from maskengines.subjects.image import ImageSubject

MANIFEST = """
id = "follower"
title = "Follower"
summary = "Answers every change."
version = "1"
module = "code"
class = "Follower"
live = true
weight = "light"
needs_mask = false

[params.level]
type = "integer"
default = 9
minimum = 0
maximum = 255
"""

CODE = """
import time
import numpy as np
from maskengines.contract import Candidate, ImagePatch

class Follower:
    def sample(self, request, context):
        pixels, level = request.subject.pixels, request.params.level
        mask = request.masks.get("pixels", np.zeros(pixels.shape[:2], np.uint8))
        seen, work, number = [], 0.0, 0
        while True:
            number += 1
            time.sleep(work)
            metrics = {"asked": int((mask > 0).sum()), "number": number, "seen": ",".join(seen)}
            yield Candidate("image", np.full_like(pixels, level), number, metrics=metrics)
            changes = context.changes()
            if changes is None:
                return
            mask = changes.masks.get("pixels", mask)
            level = changes.params.level if changes.params else level
            work = changes.values.get("work", work)
            seen = sorted(changes.values)
"""


class Listener:
    """Collects answers; `wait_for` blocks until one satisfies a condition."""

    def __init__(self) -> None:
        self.events: list[JobEvent] = []
        self._changed = threading.Condition()

    def __call__(self, event: JobEvent) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    @property
    def candidates(self) -> list[CandidateReady]:
        return [event for event in self.events if isinstance(event, CandidateReady)]

    def wait_for(self, metric: str, value: object) -> CandidateReady:
        def found() -> CandidateReady | None:
            return next((c for c in self.candidates if c.candidate.metrics[metric] == value), None)

        with self._changed:
            assert self._changed.wait_for(found, 60), [dict(c.candidate.metrics) for c in self.candidates]
            answer = found()
        assert answer is not None
        return answer


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("plugins")
        patch.setenv("MASKSTUDIO_PLUGINS", str(folder))
        patch.setenv("MASKSTUDIO_HOME", str(tmp_path_factory.mktemp("home")))
        (folder / "follower").mkdir()
        (folder / "follower" / "engine.toml").write_text(MANIFEST)
        (folder / "follower" / "code.py").write_text(textwrap.dedent(CODE))
        plugins.trust("follower")
        with Runtime(EngineRegistry.default(), interactive=True) as runtime:
            yield runtime


@pytest.fixture
def subject() -> ImageSubject:
    return ImageSubject(np.random.default_rng(3).integers(10, 256, (90, 120, 3), np.uint8))


def start(runtime: Runtime, subject: ImageSubject, listener: Listener, mask: np.ndarray | None = None) -> Job:
    if mask is None:
        mask = np.zeros((90, 120), np.uint8)
    return runtime.submit("follower", subject, {"pixels": mask}, {}, listener=listener)


def stroke(job: Job, x: int, y: int, size: int = 10) -> None:
    job.update_mask("pixels", Box(x, y, size, size), np.full((size, size), 255, np.uint8))


def test_painting_while_it_runs_is_followed_and_finish_ends_it(
    runtime: Runtime, subject: ImageSubject
) -> None:
    listener = Listener()
    job = start(runtime, subject, listener)
    listener.wait_for("asked", 0)
    stroke(job, 5, 5)
    stroke(job, 100, 70)
    patch = listener.wait_for("asked", 200).candidate.result
    assert isinstance(patch, ImagePatch)
    assert patch.box == Box(5, 5, 105, 75)
    painted = subject.with_patch(patch).pixels
    assert (painted[5:15, 5:15] == 9).all()
    assert (painted[70:80, 100:110] == 9).all()
    untouched = np.ones((90, 120), bool)
    untouched[5:15, 5:15] = untouched[70:80, 100:110] = False
    assert np.array_equal(painted[untouched], subject.pixels[untouched])
    job.finish()
    assert job.wait(120)
    assert job.state == "done"
    assert isinstance(listener.events[-1], Finished)


def test_erasing_makes_the_answer_smaller(runtime: Runtime, subject: ImageSubject) -> None:
    listener = Listener()
    mask = np.zeros((90, 120), np.uint8)
    mask[10:50, 10:50] = 255
    job = start(runtime, subject, listener, mask)
    listener.wait_for("asked", 1600)
    job.update_mask("pixels", Box(10, 10, 40, 20), np.zeros((20, 40), np.uint8))
    assert listener.wait_for("asked", 800).candidate.result.box == Box(10, 30, 40, 20)
    job.finish()
    assert job.wait(120)


def test_the_last_stroke_before_finish_is_answered(runtime: Runtime, subject: ImageSubject) -> None:
    listener = Listener()
    job = start(runtime, subject, listener)
    stroke(job, 20, 20)
    job.finish()
    assert job.wait(120)
    assert listener.candidates[-1].candidate.metrics["asked"] == 100


def test_a_slow_engine_sees_the_newest_mask_not_every_one(runtime: Runtime, subject: ImageSubject) -> None:
    listener = Listener()
    job = start(runtime, subject, listener)
    job.update(values={"work": 0.2})
    listener.wait_for("seen", "work")
    for index in range(100):
        stroke(job, index, 40, 1)
    listener.wait_for("asked", 100)
    job.finish()
    assert job.wait(120)
    assert len(listener.candidates) < 50


def test_new_parameters_and_values_arrive_and_are_recorded(runtime: Runtime, subject: ImageSubject) -> None:
    listener = Listener()
    mask = np.zeros((90, 120), np.uint8)
    mask[:10] = 255
    job = start(runtime, subject, listener, mask)
    listener.wait_for("number", 1)
    job.update(params={"level": "77"}, values={"pins": [[1, 2]], "camera": np.eye(4)})
    ready = listener.wait_for("seen", "camera,pins")
    assert (ready.candidate.result.pixels == 77).all()
    assert ready.candidate.provenance is not None
    assert ready.candidate.provenance.params == {"level": 77}
    with pytest.raises(BadInput, match="level"):
        job.update(params={"level": 1000})
    with pytest.raises(BadInput, match="does not fit"):
        job.update_mask("pixels", Box(115, 0, 10, 10), np.zeros((10, 10), np.uint8))
    with pytest.raises(BadInput, match="no mask over 'joints'"):
        job.update(masks={"joints": mask})
    job.finish()
    assert job.wait(120)


def test_a_whole_new_mask_replaces_the_old_one(runtime: Runtime, subject: ImageSubject) -> None:
    listener = Listener()
    job = start(runtime, subject, listener)
    listener.wait_for("asked", 0)
    mask = np.zeros((90, 120), np.uint8)
    mask[::2, ::2] = 128
    job.update(masks={"pixels": mask})
    mask[:] = 0
    listener.wait_for("asked", 45 * 60)
    job.finish()
    assert job.wait(120)


def test_a_waiting_live_job_is_cancelled_at_once_and_its_worker_stays(
    runtime: Runtime, subject: ImageSubject
) -> None:
    listener = Listener()
    job = start(runtime, subject, listener)
    listener.wait_for("number", 1)
    job.cancel()
    assert job.wait(120)
    last = listener.events[-1]
    assert isinstance(last, Failed)
    assert isinstance(last.error, Cancelled)
    again = Listener()
    job = start(runtime, subject, again)
    again.wait_for("number", 1)
    job.finish()
    assert job.wait(120)


def test_two_documents_have_their_live_jobs_at_the_same_time(runtime: Runtime, subject: ImageSubject) -> None:
    one, two = Listener(), Listener()
    first, second = start(runtime, subject, one), start(runtime, subject, two)
    one.wait_for("number", 1)
    two.wait_for("number", 1)
    stroke(first, 0, 0)
    stroke(second, 0, 0, 20)
    one.wait_for("asked", 100)
    two.wait_for("asked", 400)
    for job in (first, second):
        job.finish()
        assert job.wait(120)


def test_systems_without_anonymous_memory_use_named_segments_and_unlink_them(
    subject: ImageSubject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def named() -> set[str]:
        folder = Path("/dev/shm")
        return {path.name for path in folder.glob("psm_*")} if folder.is_dir() else set()

    mask = np.zeros((90, 120), np.uint8)
    mask[10:60, 10:60] = 255
    listener = Listener()
    monkeypatch.setattr(segments, "HAS_ANONYMOUS", False)
    with alone_with("shared-memory"):
        before = named()
        with Runtime(EngineRegistry.default(), interactive=True) as runtime:
            job = runtime.submit("live-fill", subject, {"pixels": mask}, {}, listener=listener)
            job.update_mask("pixels", Box(70, 70, 5, 5), np.full((5, 5), 255, np.uint8))
            job.finish()
            assert job.wait(120)
            assert len(named()) > len(before)
        assert named() <= before
    assert listener.candidates[-1].candidate.result.box == Box(10, 10, 65, 65)


def test_a_listener_that_fails_does_not_end_the_job(runtime: Runtime, subject: ImageSubject) -> None:
    def broken(event: JobEvent) -> None:
        raise RuntimeError("no window any more")

    job = start(runtime, subject, broken)  # type: ignore[arg-type]
    job.finish()
    assert job.wait(120)
    assert job.state == "done"


def test_a_mask_that_was_not_submitted_begins_empty(runtime: Runtime, subject: ImageSubject) -> None:
    listener = Listener()
    job = runtime.submit("follower", subject, {}, {}, listener=listener)
    listener.wait_for("asked", 0)
    job.update_mask("pixels", Box(10, 20, 4, 3), np.full((3, 4), 255, np.uint8))
    ready = listener.wait_for("asked", 12)
    assert ready.candidate.provenance is not None
    job.finish()
    assert job.wait(120)
