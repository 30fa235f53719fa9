"""Jobs in worker processes: who waits for whom, who is asked, what travels."""

from __future__ import annotations

import os
import threading

import numpy as np
import psutil
import pytest
from maskengines.contract import BadInput, Cancelled, EngineFault, ImagePatch
from maskengines.runtime import paths
from maskengines.runtime.events import CandidateReady, Failed, Finished, JobEvent, Preview, Progress
from maskengines.runtime.registry import EngineRegistry
from maskengines.runtime.session import Runtime
from maskengines.runtime.worker_pool import cores
from maskengines.subjects.image import ImageSubject
from plugin_lab import GOOD, HEAD, Lab, label, until


def test_a_crash_leaves_other_engines_and_jobs_alone(lab: Lab) -> None:
    lab.plugin(
        "steady",
        """
        while not context.changes(0.05).values:
            context.progress(1, 2, "waiting")
        yield Candidate('image', pixels, 0, label='survived')
        """,
        'weight = "light"',
    )
    lab.plugin("bomb", "os.kill(os.getpid(), 11)\nyield")
    events: list[JobEvent] = []
    job = lab.start("steady", events.append)
    assert until(lambda: any(isinstance(event, Progress) for event in events))
    assert "SIGSEGV" in lab.error("bomb").message
    job.update(values={"go": True})
    assert job.wait(120)
    assert label(events) == "survived"


def test_a_cancelled_job_that_still_waits_ends_at_once(lab: Lab) -> None:
    lab.plugin("first", "while not context.changes(0.05).values: pass\n" + GOOD)
    lab.plugin("second", GOOD)
    one: list[JobEvent] = []
    two: list[JobEvent] = []
    three: list[JobEvent] = []
    first = lab.start("first", one.append)
    second = lab.start("second", two.append)
    third = lab.start("second", three.append)
    second.cancel()
    assert second.wait(120)
    assert second.state == "cancelled"
    assert third.state == "queued"
    first.update(values={"go": 1})
    assert third.wait(120)
    assert isinstance(one[-1], Finished)
    assert isinstance(three[-1], Finished)
    assert [type(event) for event in two] == [Failed]


def test_a_worker_that_dies_while_nobody_uses_it_is_replaced(lab: Lab) -> None:
    lab.plugin("idle", "yield Candidate('image', pixels, 0, metrics={'pid': os.getpid()})")
    pids = []
    for _ in range(3):
        (ready,) = [event for event in lab.run("idle") if isinstance(event, CandidateReady)]
        pids.append(int(ready.candidate.metrics["pid"]))
        os.kill(pids[-1], 9)
    assert len(set(pids)) == 3


def prepared_by(code: str) -> str:
    """The head of a plugin whose engine prepares by ``code``."""
    return HEAD.replace(
        "    def sample", f"    def prepare(self, context):\n        {code}\n\n    def sample"
    )


def test_warming_up_prepares_once_and_the_job_finds_the_same_worker(lab: Lab) -> None:
    log = lab.folder / "log"
    head = prepared_by(f"print(os.getpid(), file=open({str(log)!r}, 'a'))")
    lab.plugin("warm", "yield Candidate('image', pixels, 0, metrics={'pid': os.getpid()})", head=head)
    lab.runtime.warm_up("warm")
    assert until(log.exists)
    lab.runtime.warm_up("warm")
    for _ in range(2):
        (ready,) = [event for event in lab.run("warm") if isinstance(event, CandidateReady)]
    assert log.read_text().split() == [str(ready.candidate.metrics["pid"])]


def test_a_job_asked_right_after_warming_up_uses_the_warm_worker_and_can_be_cancelled(lab: Lab) -> None:
    begun = lab.folder / "begun"
    endless = f"open({str(begun)!r}, 'w').close()\n        while True: context.checkpoint(); time.sleep(0.01)"
    lab.plugin("slow-start", GOOD, head=prepared_by(endless))
    me = psutil.Process()
    lab.runtime.warm_up("slow-start")
    assert until(lambda: len(engines_of(me)) == 1)
    job = lab.start("slow-start", lambda event: None)
    # A worker that is still importing cannot hear of the end, and would be stopped by force.
    assert until(lambda: job.state == "running" and begun.exists())
    workers = engines_of(me)
    job.cancel()
    assert job.wait(120)
    assert job.state == "cancelled"
    assert workers == engines_of(me)
    assert len(workers) == 1


def engines_of(process: psutil.Process) -> list[int]:
    """Pids of the workers; multiprocessing's own helper is none."""
    return [child.pid for child in process.children() if "spawn_main" in " ".join(child.cmdline())]


def test_a_preview_may_show_a_part_only(lab: Lab) -> None:
    lab.plugin(
        "partial",
        """
        context.preview(ImagePatch(30, 20, np.zeros_like(pixels[:10, :10])))
        while not context.changes(0.05).values: pass
        yield Candidate('image', pixels, 0)
        """,
    )
    events: list[JobEvent] = []
    job = lab.start("partial", events.append)
    assert until(lambda: any(isinstance(event, Preview) for event in events))
    job.update(values={"go": 1})
    assert job.wait(120)
    (preview,) = [event.result for event in events if isinstance(event, Preview)]
    assert isinstance(preview, ImagePatch)
    expected = lab.subject.pixels[20:40, 30:50].copy()
    expected[:10, :10] = 0
    assert np.array_equal(preview.pixels, expected)


@pytest.mark.parametrize("all_cores", [False, True])
@pytest.mark.parametrize("interactive", [True, False])
def test_workers_leave_a_core_and_the_right_of_way_to_a_window(
    lab: Lab, interactive: bool, all_cores: bool
) -> None:
    lab.plugin(
        "counter",
        """
        import cv2, numba
        metrics = {"nice": os.nice(0), "cv2": cv2.getNumThreads(), "numba": numba.config.NUMBA_NUM_THREADS,
                   "cache": numba.config.CACHE_DIR, "omp": int(os.environ["OMP_NUM_THREADS"])}
        yield Candidate('image', pixels, 0, metrics=metrics)
        """,
        "all_cores = true" if all_cores else "",
    )
    events: list[JobEvent] = []
    with Runtime(EngineRegistry.default(), interactive=interactive) as runtime:
        job = runtime.submit("counter", lab.subject, {"pixels": lab.mask}, {}, listener=events.append)
        assert job.wait(120)
    (metrics,) = [event.candidate.metrics for event in events if isinstance(event, CandidateReady)]
    threads = max(1, cores() - 1) if interactive and not all_cores else cores()
    assert [metrics[name] for name in ("cv2", "numba", "omp")] == [threads] * 3
    behind = (10 if all_cores else 5) if interactive else 0
    assert metrics["nice"] == os.nice(0) + behind
    assert metrics["cache"] == str(paths.numba_cache_folder())


def test_closing_ends_every_job_with_one_event(lab: Lab) -> None:
    lab.plugin("endless", "context.progress(1, 2)\nwhile True: time.sleep(1)\nyield")
    ends: list[JobEvent] = []
    working = threading.Event()

    def listener(event: JobEvent) -> None:
        if isinstance(event, Progress):
            working.set()
        if isinstance(event, Failed | Finished):
            ends.append(event)

    jobs = [lab.start("endless", listener) for _ in range(3)]
    assert working.wait(120)
    lab.close()
    assert sorted(event.job_id for event in ends) == sorted(job.id for job in jobs)
    assert {job.state for job in jobs} == {"cancelled"}
    assert engines_of(psutil.Process()) == []


def test_light_jobs_overtake_heavy_ones(lab: Lab) -> None:
    lab.plugin("slow", "while not context.changes(0.05).values: pass\n" + GOOD)
    lab.plugin("quick", GOOD, 'weight = "light"')
    heavy = lab.start("slow", lambda event: None)
    assert isinstance(lab.run("quick")[-1], Finished)
    assert heavy.state == "running"
    heavy.cancel()
    assert heavy.wait(120)


def test_one_engine_asks_another_and_gets_composited_answers(lab: Lab) -> None:
    lab.plugin(
        "inner", "yield Candidate('image', 255 - pixels, request.seed, label='inner')", 'weight = "light"'
    )
    lab.plugin(
        "outer",
        """
        half = request.masks["pixels"] // 255 * 255
        answers = context.ask("inner", Request(request.subject, {"pixels": half}, request.params, seed=5))
        patch = answers[0].result
        yield Candidate('image', patch, answers[0].seed, label="asked " + answers[0].label)
        """,
    )
    (ready,) = [event for event in lab.run("outer") if isinstance(event, CandidateReady)]
    assert (ready.candidate.label, ready.candidate.seed) == ("asked inner", 5)
    expected = 255 - lab.subject.pixels[20:40, 30:50]
    assert np.array_equal(ready.candidate.result.pixels, expected)


@pytest.mark.parametrize(
    ("asked", "kind", "said"),
    [("ring", EngineFault, "waits for its answer"), ("nobody", BadInput, "no engine 'nobody'")],
)
def test_a_question_that_cannot_be_answered_is_an_error(
    lab: Lab, asked: str, kind: type[Exception], said: str
) -> None:
    lab.plugin("ring", f"context.ask({asked!r}, request)\nyield")
    error = lab.error("ring")
    assert isinstance(error, kind)
    assert said in error.message


def test_cancelling_reaches_the_engine_that_was_asked(lab: Lab) -> None:
    lab.plugin("deaf", "open('/proc/self/comm')\ncontext.preview(pixels)\nwhile True: time.sleep(1)\nyield")
    lab.plugin("asker", "context.progress(1, 2)\ncontext.ask('deaf', request)\nyield")
    events: list[JobEvent] = []
    job = lab.start("asker", events.append)
    children = psutil.Process()
    assert until(lambda: any(isinstance(event, Progress) for event in events))
    job.cancel()
    assert job.wait(120)
    assert isinstance(events[-1], Failed)
    assert isinstance(events[-1].error, Cancelled)
    assert until(lambda: len([c for c in children.children() if c.status() == "running"]) == 0)


def test_an_all_black_mask_gives_the_image_back(lab: Lab) -> None:
    lab.plugin("never", "raise RuntimeError('should not run')\nyield")
    lab.mask[:] = 0
    events = lab.run("never", count=3, seed=4)
    candidates = [event.candidate for event in events if isinstance(event, CandidateReady)]
    assert [candidate.seed for candidate in candidates] == [4, 5, 6]
    assert all(candidate.result.box.empty and candidate.label == "unchanged" for candidate in candidates)
    assert isinstance(events[-1], Finished)


def test_an_all_white_mask_is_bad_input_before_anything_starts(lab: Lab) -> None:
    lab.plugin("never", "raise RuntimeError('should not run')\nyield")
    lab.mask[:] = 255
    error = lab.error("never")
    assert isinstance(error, BadInput)
    assert "Everything is masked" in error.message


def test_a_large_image_travels_whole(lab: Lab) -> None:
    lab.subject = ImageSubject(np.random.default_rng(2).integers(0, 65536, (700, 900, 3), np.uint16))
    lab.mask = np.zeros((700, 900), np.uint8)
    lab.mask[1:-1, 1:-1] = 255
    lab.plugin("inverse", "context.preview(pixels ^ 1)\nyield Candidate('image', 65535 - pixels, 0)")
    events = lab.run("inverse")
    (ready,) = [event for event in events if isinstance(event, CandidateReady)]
    assert np.array_equal(ready.candidate.result.pixels, 65535 - lab.subject.pixels[1:-1, 1:-1])


UNTIL_STOPPED = """
try:
    while True:
        context.progress(1, 2, "looking")
        context.checkpoint()
        time.sleep(0.01)
except Cancelled:
    for value in (1, 2):
        yield Candidate({kind}, 0)
    raise
"""


@pytest.mark.parametrize(
    ("kind", "answers"),
    [("'map', np.full(mask.shape, value / 2)", 1), ("'image', pixels", 0)],
    ids=["a map found so far", "a picture"],
)
def test_a_stopped_engine_may_say_what_it_has_found_but_no_half_made_picture(
    lab: Lab, kind: str, answers: int
) -> None:
    body = "mask = request.masks['pixels']\n" + UNTIL_STOPPED.replace("{kind}", kind)
    lab.plugin("looker", body, f'result_kinds = ["{kind[1:].partition(chr(39))[0]}"]')
    events: list[JobEvent] = []
    job = lab.start("looker", events.append)
    assert until(lambda: any(isinstance(event, Progress) for event in events))
    job.cancel()
    assert job.wait(120)
    assert job.state == "cancelled"
    found = [event.candidate for event in events if isinstance(event, CandidateReady)]
    assert len(found) == answers
    assert isinstance(events[-1], Failed)
    assert isinstance(events[-1].error, Cancelled)
    lab.plugin("after", GOOD)
    assert isinstance(lab.run("after")[-1], Finished)
