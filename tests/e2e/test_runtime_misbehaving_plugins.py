"""Plugins that break in every way we could think of: each gives a sentence, and harms nothing else."""

from __future__ import annotations

import os
import threading
import time

import numpy as np
import pytest
from maskengines.contract import BadInput, Cancelled, EngineFault, NotReady
from maskengines.runtime import plugins
from maskengines.runtime.events import CandidateReady, Failed, Finished, JobEvent, Preview, Progress
from plugin_lab import GOOD, HEAD, Lab, label, until


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


def test_a_plugin_that_needs_no_mask_is_asked_with_an_empty_one(lab: Lab) -> None:
    lab.plugin("darken", GOOD, "needs_mask = false")
    lab.mask[:] = 0
    (ready,) = [event for event in lab.run("darken", seed=7) if isinstance(event, CandidateReady)]
    assert np.array_equal(lab.subject.with_patch(ready.candidate.result).pixels, lab.subject.pixels // 2)


def test_an_error_that_is_raised_with_no_text_is_told_and_the_worker_lives_on(lab: Lab) -> None:
    lab.plugin(
        "terse",
        """
        if request.seed < 4:
            raise [BadInput(ValueError("no such tone")), NotReady(5), BadInput(""), NotReady][request.seed]
        yield Candidate('image', pixels, request.seed, metrics={'pid': os.getpid()})
        """,
    )
    pids = set()
    for seed, said in enumerate(("no such tone", "5", BadInput.unsaid, NotReady.unsaid)):
        last = lab.run("terse", seed=seed)[-1]
        assert isinstance(last, Failed)
        assert last.error.message == said
        (ready,) = [event for event in lab.run("terse", seed=99) if isinstance(event, CandidateReady)]
        pids.add(ready.candidate.metrics["pid"])
    assert len(pids) == 1


WRONG = {
    "yield Candidate('image', pixels.astype(float), 0)": "float64",
    "yield Candidate('image', pixels[..., :2], 0)": "(60, 80, 2)",
    "yield Candidate('image', ImagePatch(0, 0, pixels[:9, :9]), 0)": "does not cover",
    "yield Candidate('image', pixels[:9, :9], 0)": "picture of 9 x 9, where the photo has 80 x 60",
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


# The second holds the interpreter's lock, so that no other thread of the worker runs; the third no longer
# hears the studio.
@pytest.mark.parametrize(
    "hang",
    [
        "while True: time.sleep(0.1)",
        "ctypes.PyDLL(None).sleep(600)",
        "os.closerange(3, 256)\nwhile True: time.sleep(0.1)",
    ],
)
def test_a_hung_plugin_can_be_cancelled(lab: Lab, hang: str) -> None:
    lab.plugin("hung", f"context.progress(1, 2)\ntime.sleep(0.3)\n{hang}\nyield")
    events: list[JobEvent] = []
    running = threading.Event()

    def listener(event: JobEvent) -> None:
        events.append(event)
        if isinstance(event, Progress):
            running.set()

    job = lab.start("hung", listener)
    assert running.wait(120)
    job.cancel()
    assert job.wait(120)
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
    assert started.wait(120)
    job.cancel()
    assert job.wait(120)
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
        while not context.changes(0.01).values:
            context.preview(np.full_like(pixels, index % 256))
        yield Candidate('image', pixels, 0)
        """,
    )
    events: list[JobEvent] = []

    def slow(event: JobEvent) -> None:
        time.sleep(0.05)
        events.append(event)

    job = lab.start("flood", slow)
    # A preview that still waits when a job ends is dropped; on a busy machine that may be all of them.
    assert until(lambda: any(isinstance(event, Preview) for event in events))
    job.update(values={"seen": True})
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
