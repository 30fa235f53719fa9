"""Plugins that break in every way we could think of: each gives a sentence, and harms nothing else."""

from __future__ import annotations

import os
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from maskengines.contract import BadInput, Cancelled, EngineFault, ImagePatch, NotReady
from maskengines.runtime import paths, plugins
from maskengines.runtime.events import CandidateReady, Failed, Finished, JobEvent, Preview, Progress
from maskengines.runtime.registry import EngineRegistry
from maskengines.runtime.session import Job, Runtime
from maskengines.runtime.worker_pool import cores
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
        assert self.start(name, events.append, **options).wait(60)
        return events

    def error(self, name: str) -> Any:
        last = self.run(name)[-1]
        assert isinstance(last, Failed)
        return last.error

    def close(self) -> None:
        if self._runtime is not None:
            self._runtime.close()


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setenv("MASKSTUDIO_PLUGINS", str(tmp_path / "plugins"))
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path / "home"))
    lab = Lab(tmp_path / "plugins")
    yield lab
    lab.close()


def until(condition: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


def test_a_good_plugin_changes_what_is_masked_and_nothing_else(lab: Lab) -> None:
    lab.plugin("halver", GOOD)
    events = lab.run("halver", seed=7)
    (ready,) = [event for event in events if isinstance(event, CandidateReady)]
    result = lab.subject.with_patch(ready.candidate.result).pixels
    inside = lab.mask > 0
    assert np.array_equal(result[~inside], lab.subject.pixels[~inside])
    assert np.array_equal(result[inside], lab.subject.pixels[inside] // 2)
    assert isinstance(events[-1], Finished)
    provenance = ready.candidate.provenance
    assert provenance is not None
    assert (provenance.engine, provenance.seed, provenance.subject) == ("halver", 7, lab.subject.content_hash)


def test_an_error_is_a_sentence_and_the_worker_lives_on(lab: Lab) -> None:
    lab.plugin(
        "moody",
        """
        if request.seed == 1:
            print("about to fail")
            raise ValueError("the moon is full")
        context.log.info("fine")
        yield Candidate('image', pixels // 2, request.seed, metrics={"pid": os.getpid()})
        """,
    )
    pids = []
    for seed in (0, 1, 0):
        events = lab.run("moody", seed=seed)
        if seed == 1:
            assert isinstance(events[-1], Failed)
            assert isinstance(events[-1].error, EngineFault)
            assert "ValueError: the moon is full" in events[-1].error.message
            assert "about to fail" in events[-1].error.log
            assert "code.py" in events[-1].error.log
            continue
        pids += [event.candidate.metrics["pid"] for event in events if isinstance(event, CandidateReady)]
    assert len(pids) == 2
    assert pids[0] == pids[1]


@pytest.mark.parametrize(
    ("body", "said", "logged"),
    [
        ("ctypes.string_at(0)", "crashed (SIGSEGV)", "Segmentation fault"),
        ("os._exit(7)", "exit code 7", ""),
        ("os.closerange(3, 256); time.sleep(60)", "was stopped|exit code 0", ""),
        ("sys.exit('bye')", "tried to end the program", ""),
        ("os.kill(os.getpid(), 9)", "memory ran out", ""),
        ("os.abort()", "crashed (SIGABRT)", ""),
        ("raise MemoryError", "ran out of memory", ""),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", ""),
    ],
)
def test_a_crash_is_told_and_the_next_job_gets_a_new_worker(
    lab: Lab, body: str, said: str, logged: str
) -> None:
    lab.plugin("crasher", f"if request.seed == 0:\n    {body}\n{GOOD}")
    error = lab.error("crasher")
    assert isinstance(error, EngineFault)
    assert any(part in error.message for part in said.split("|"))
    assert logged in error.log
    assert isinstance(lab.run("crasher", seed=1)[-1], Finished)


WRONG = {
    "yield Candidate('image', pixels.astype(float), 0)": "float64",
    "yield Candidate('image', pixels[..., :2], 0)": "(60, 80, 2)",
    "yield Candidate('image', ImagePatch(0, 0, pixels[:9, :9]), 0)": "does not cover",
    "yield Candidate('image', None, 0)": "nothing in it",
    "yield Candidate('image', 'a picture', 0)": "str",
    "yield Candidate('picture', pixels, 0)": "unknown kind",
    "yield Candidate('image', pixels, None)": "seed",
    "yield Candidate('image', pixels, 0, score='good')": "score",
    "yield Candidate('image', pixels, 0, label=5)": "label",
    "yield Candidate('image', pixels, 0, metrics={'a': [1]})": "metrics",
    "yield Candidate('map', np.full((60, 80), np.nan), 0)": "not numbers",
    "yield Candidate('table', object(), 0)": "object",
    "yield Candidate('table', {'a': np.array([object()])}, 0)": "not a number",
    "yield pixels": "where a Candidate was expected",
    "yield None": "where a Candidate was expected",
    "return 5": "candidates were expected",
    "return []": "without giving an answer",
    "return [3]": "int where a Candidate was expected",
    "context.preview('look'); yield": "not a str",
    "context.preview(np.array([None])); yield": "preview cannot be shown",
    "context.preview(pixels[:, :, :2]); time.sleep(1); context.checkpoint(); yield": "(60, 80, 2)",
}


def test_a_wrong_answer_is_an_engine_fault_and_the_worker_lives_on(lab: Lab) -> None:
    methods = "".join(
        f"    def case{n}(self, pixels, context):\n        {body}\n\n" for n, body in enumerate(WRONG)
    )
    lab.plugin(
        "wrong",
        f"""
        if request.seed < {len(WRONG)}:
            return getattr(self, f"case{{request.seed}}")(pixels, context)
        return [Candidate('image', pixels, 0, metrics={{'pid': os.getpid()}})]
        """,
        head=HEAD.replace("    def sample", methods + "    def sample"),
    )
    pids = set()
    for seed, said in enumerate(WRONG.values()):
        last = lab.run("wrong", seed=seed)[-1]
        assert isinstance(last, Failed)
        assert isinstance(last.error, EngineFault)
        assert said in last.error.message
        (ready,) = [event for event in lab.run("wrong", seed=99) if isinstance(event, CandidateReady)]
        pids.add(ready.candidate.metrics["pid"])
    assert len(pids) == 1


# The second holds the interpreter's lock, so that no other thread of the worker runs.
@pytest.mark.parametrize("hang", ["while True: time.sleep(0.1)", "ctypes.PyDLL(None).sleep(600)"])
def test_a_hung_plugin_can_be_cancelled(lab: Lab, hang: str) -> None:
    lab.plugin("hung", f"context.progress(1, 2)\ntime.sleep(0.3)\n{hang}\nyield")
    events: list[JobEvent] = []
    running = threading.Event()

    def listener(event: JobEvent) -> None:
        events.append(event)
        if isinstance(event, Progress):
            running.set()

    job = lab.start("hung", listener)
    assert running.wait(60)
    job.cancel()
    assert job.wait(30)
    assert isinstance(events[-1], Failed)
    assert isinstance(events[-1].error, Cancelled)
    assert job.state == "cancelled"


def test_a_polite_plugin_keeps_its_worker_when_cancelled(lab: Lab) -> None:
    lab.plugin(
        "polite",
        """
        if request.seed == 0:
            context.progress(1, 2, str(os.getpid()))
            while True:
                context.checkpoint()
                time.sleep(0.01)
        yield Candidate('image', pixels, 0, metrics={"pid": os.getpid()})
        """,
    )
    started = threading.Event()
    texts: list[str] = []

    def listener(event: JobEvent) -> None:
        if isinstance(event, Progress):
            texts.append(event.text)
            started.set()

    job = lab.start("polite", listener)
    assert started.wait(60)
    job.cancel()
    assert job.wait(30)
    (ready,) = [event for event in lab.run("polite", seed=1) if isinstance(event, CandidateReady)]
    assert str(ready.candidate.metrics["pid"]) == texts[0]


def test_a_flood_of_progress_and_previews_is_thinned_and_the_newest_arrives(lab: Lab) -> None:
    lab.plugin(
        "flood",
        """
        for index in range(20_000):
            context.progress(index + 1, 20_000, "x" * 500)
            if index % 20 == 0:
                context.preview(np.full_like(pixels, index % 256))
        yield Candidate('image', pixels, 0)
        """,
    )
    events: list[JobEvent] = []

    def slow(event: JobEvent) -> None:
        time.sleep(0.05)
        events.append(event)

    job = lab.start("flood", slow)
    assert job.wait(120)
    assert isinstance(events[-1], Finished)
    progress = [event for event in events if isinstance(event, Progress)]
    assert progress[-1].done == 20_000
    assert len(progress) < 2_000
    assert 0 < len([event for event in events if isinstance(event, Preview)]) < 500


def test_megabytes_of_output_do_not_pile_up(lab: Lab) -> None:
    lab.plugin(
        "chatty", "for _ in range(4000): print('x' * 4000)\nprint('the end')\nraise RuntimeError('now')"
    )
    error = lab.error("chatty")
    assert "RuntimeError: now" in error.message
    assert "the end" in error.log
    assert len(error.log) <= 64 << 10


@pytest.mark.parametrize("closing", ["sys.stdout.close()", "os.close(1)", "sys.stdout = None"])
def test_a_plugin_that_closes_its_output_does_not_spoil_the_next_job(lab: Lab, closing: str) -> None:
    lab.plugin("mute", f"if request.seed == 0:\n    {closing}\n    print('lost')\nprint('heard')\n{GOOD}")
    lab.run("mute")
    assert isinstance(lab.run("mute", seed=1)[-1], Finished)


def test_a_missing_package_is_named(lab: Lab) -> None:
    lab.plugin("needy", GOOD, head="import nonexistent_package.sub\n" + HEAD)
    error = lab.error("needy")
    assert isinstance(error, NotReady)
    assert "nonexistent_package" in error.message


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("this is no python\n", "SyntaxError"),
        ("1/0\n", "ZeroDivisionError"),
        ("E = 5\n", "no class 'E'"),
        ("class E:\n    def other(self):\n        pass\n", "no method 'sample'"),
        ("import os; os._exit(3)\n", "exit code 3"),
    ],
)
def test_code_that_does_not_load_is_an_engine_fault(lab: Lab, head: str, said: str) -> None:
    (lab.write("unloadable", "pass") / "code.py").write_text(head)
    plugins.trust("unloadable")
    error = lab.error("unloadable")
    assert isinstance(error, EngineFault)
    assert said in error.message


def test_untrusted_and_changed_plugins_do_not_run(lab: Lab) -> None:
    folder = lab.write("stranger", f"open({str(lab.folder / 'ran')!r}, 'w')\n{GOOD}")
    error = lab.error("stranger")
    assert isinstance(error, NotReady)
    assert "maskstudio plugins trust stranger" in error.message

    plugins.trust("stranger")
    assert isinstance(lab.run("stranger")[-1], Finished)
    (lab.folder / "ran").unlink()

    (folder / "helper.py").write_text("x = 1\n")
    error = lab.error("stranger")
    assert isinstance(error, NotReady)
    assert "changed" in error.message
    assert not (lab.folder / "ran").exists()


def test_a_plugin_that_is_changed_and_trusted_again_runs_as_it_is_now(lab: Lab) -> None:
    lab.plugin("mutable", "yield Candidate('image', pixels, 0, label='old')")
    assert label(lab.run("mutable")) == "old"
    lab.plugin("mutable", "yield Candidate('image', pixels, 0, label='new')")
    assert label(lab.run("mutable")) == "new"


def label(events: list[JobEvent]) -> str:
    (ready,) = [event for event in events if isinstance(event, CandidateReady)]
    return ready.candidate.label


def test_running_a_plugin_leaves_its_content_as_it_was_trusted(lab: Lab) -> None:
    folder = lab.write("neat", GOOD, head="import helper\n" + HEAD)
    (folder / "helper.py").write_text("x = 1\n")
    plugins.trust("neat")
    for _ in range(2):
        assert isinstance(lab.run("neat")[-1], Finished)
    assert sorted(path.name for path in folder.iterdir()) == ["code.py", "engine.toml", "helper.py"]


def test_a_compiled_file_planted_in_pycache_is_not_run(lab: Lab) -> None:
    import py_compile

    folder = lab.write(
        "planted", "yield Candidate('image', pixels, 0, label=helper.x)", head="import helper\n" + HEAD
    )
    helper = folder / "helper.py"
    helper.write_text("x = 'evil'\n")
    stamp = (1_700_000_000, 1_700_000_000)
    os.utime(helper, stamp)
    py_compile.compile(str(helper))
    helper.write_text("x = 'good'\n")
    os.utime(helper, stamp)
    plugins.trust("planted")
    assert label(lab.run("planted")) == "good"


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
    assert job.wait(30)
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
    assert second.wait(10)
    assert second.state == "cancelled"
    assert third.state == "queued"
    first.update(values={"go": 1})
    assert third.wait(60)
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
    lab.plugin("slow-start", GOOD, head=prepared_by("while True: context.checkpoint(); time.sleep(0.01)"))
    me = psutil.Process()
    lab.runtime.warm_up("slow-start")
    assert until(lambda: len(engines_of(me)) == 1)
    job = lab.start("slow-start", lambda event: None)
    assert until(lambda: job.state == "running")
    workers = engines_of(me)
    job.cancel()
    assert job.wait(30)
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
    assert job.wait(30)
    (preview,) = [event.result for event in events if isinstance(event, Preview)]
    assert isinstance(preview, ImagePatch)
    expected = lab.subject.pixels[20:40, 30:50].copy()
    expected[:10, :10] = 0
    assert np.array_equal(preview.pixels, expected)


@pytest.mark.parametrize("interactive", [True, False])
def test_workers_leave_a_core_and_the_right_of_way_to_a_window(lab: Lab, interactive: bool) -> None:
    lab.plugin(
        "counter",
        """
        import cv2, numba
        metrics = {"nice": os.nice(0), "cv2": cv2.getNumThreads(), "numba": numba.config.NUMBA_NUM_THREADS,
                   "cache": numba.config.CACHE_DIR, "omp": int(os.environ["OMP_NUM_THREADS"])}
        yield Candidate('image', pixels, 0, metrics=metrics)
        """,
    )
    events: list[JobEvent] = []
    with Runtime(EngineRegistry.default(), interactive=interactive) as runtime:
        job = runtime.submit("counter", lab.subject, {"pixels": lab.mask}, {}, listener=events.append)
        assert job.wait(60)
    (metrics,) = [event.candidate.metrics for event in events if isinstance(event, CandidateReady)]
    threads = max(1, cores() - 1) if interactive else cores()
    assert [metrics[name] for name in ("cv2", "numba", "omp")] == [threads] * 3
    assert metrics["nice"] == os.nice(0) + (5 if interactive else 0)
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
    assert working.wait(60)
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
    assert heavy.wait(30)


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
    assert job.wait(30)
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
