"""Engines in the window: real worker processes behind the service, its items and the asker."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shiboken6
from maskengines.contract import Box, Candidate, ImagePatch, Provenance
from maskengines.masks.mask import Asked
from maskengines.runtime import plugins
from maskengines.runtime.events import CandidateReady, Failed, Finished, JobEvent, Preview, Progress, Started
from maskengines.subjects.image import ImageSubject
from maskstudio.documents.document import Document
from maskstudio.jobs.asking import Asker
from maskstudio.jobs.mailbox import Mailbox
from maskstudio.jobs.service import JobService
from pytestqt.qtbot import QtBot
from started_service import started_service

MANIFEST = """
id = "{id}"
title = "{title}"
summary = "Paints the hole in one colour per seed."
version = "1"
module = "probe"
class = "Probe"
weight = "light"
default_count = 2

[params.mode]
type = "string"
title = "Mode"
enum = ["fill", "slow", "raise", "die", "flood"]
default = "fill"
"""
CODE = """
import os, time
import numpy as np
from maskengines.contract import Box, Candidate, ImagePatch, Provenance


class Probe:
    info = None

    def prepare(self, context):
        pass

    def sample(self, request, context):
        mode = request.params.mode
        mask = request.masks["pixels"]
        box = Box.of_mask(mask)
        shape = (box.height, box.width, request.subject.pixels.shape[2])
        for index in range(request.count):
            seed = request.candidate_seed(index)
            if mode == "raise":
                print("the engine looked at", box)
                raise ZeroDivisionError("nothing to divide")
            if mode == "die":
                os._exit(9)
            if mode == "flood":
                for step in range(20000):
                    context.progress(step, 20000, "flooding")
            if mode == "slow":
                for step in range(200):
                    context.progress(step, 200, "thinking")
                    context.preview(ImagePatch(box.x, box.y, np.full(shape, step, np.uint8)))
                    context.checkpoint()
                    time.sleep(0.02)
            pixels = np.full(shape, seed % 200 + 50, request.subject.pixels.dtype)
            yield Candidate("image", ImagePatch(box.x, box.y, pixels), seed)
"""

WAIT = 90_000


def write_plugin(folder: Path, name: str, title: str) -> Path:
    place = folder / name
    place.mkdir(parents=True)
    (place / "engine.toml").write_text(MANIFEST.format(id=name, title=title))
    (place / "probe.py").write_text(CODE)
    return place


@pytest.fixture(scope="module")
def plugin_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("plugins")
    write_plugin(root, "probe", "Probe")
    write_plugin(root, "stranger", "Stranger")
    return root


@pytest.fixture(scope="module")
def service(qapp: Any, plugin_root: Path) -> Iterator[JobService]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MASKSTUDIO_PLUGINS", str(plugin_root))
        plugins.trust("probe")
        with started_service(qapp) as made:
            yield made


@pytest.fixture
def document(qapp: Any) -> Iterator[Document]:
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 50, (96, 128, 3), np.uint8)
    made = Document(ImageSubject(pixels, None, None, None, "PNG"))
    yield made
    made.close()


def paint(document: Document, box: Box, label: str = "Stroke") -> None:
    edit = document.begin_mask_edit(label)
    edit.touch(box)
    document.mask.data[box.slices] = 255
    edit.changed(box)
    edit.commit()


@pytest.fixture
def asker(service: JobService, document: Document, qtbot: QtBot) -> Iterator[Asker]:
    made = service.asker(document)
    yield made
    service.release(document)
    qtbot.waitUntil(lambda: not made.running, timeout=WAIT)


def test_run_streams_candidates_into_the_document(asker: Asker, document: Document, qtbot: QtBot) -> None:
    paint(document, Box(20, 30, 16, 12))
    job = asker.run("probe", {}, 3, 7)
    assert job is not None
    assert asker.pending == 3
    qtbot.waitUntil(lambda: job.state == "done", timeout=WAIT)
    assert [candidate.seed for candidate in document.candidates] == [7, 8, 9]
    patch = document.candidates[1].result
    assert isinstance(patch, ImagePatch)
    assert patch.box == Box(20, 30, 16, 12)
    assert (patch.pixels == 58).all()
    assert asker.pending == 0


def test_asking_again_with_the_same_mask_adds_and_with_another_replaces(
    asker: Asker, document: Document, qtbot: QtBot
) -> None:
    paint(document, Box(20, 30, 16, 12))
    for seed, expected in ((1, [1]), (2, [1, 2])):
        job = asker.run("probe", {}, 1, seed)
        assert job is not None
        qtbot.waitUntil(lambda job=job: job.state == "done", timeout=WAIT)
        assert [candidate.seed for candidate in document.candidates] == expected
    paint(document, Box(60, 10, 5, 5))
    job = asker.run_again(document.candidates[0])
    assert job is not None
    qtbot.waitUntil(lambda: job.state == "done", timeout=WAIT)
    assert [candidate.seed for candidate in document.candidates] == [1]


def test_painting_while_a_job_runs_is_kept_and_shows_its_progress(
    asker: Asker, document: Document, qtbot: QtBot
) -> None:
    paint(document, Box(20, 30, 16, 12))
    shown: list[object] = []
    asker.showing.changed.connect(shown.append)
    job = asker.run("probe", {"mode": "slow"}, 1, 0)
    assert job is not None
    qtbot.waitUntil(lambda: bool(job.fraction) and bool(shown), timeout=WAIT)
    assert isinstance(shown[-1], ImagePatch)
    assert job.text == "thinking"
    paint(document, Box(80, 60, 10, 10))
    qtbot.waitUntil(lambda: job.state == "done", timeout=WAIT)
    assert document.mask.data[65, 85] == 255
    assert document.mask.data[35, 25] == 255
    assert document.candidates[0].result.box == Box(20, 30, 16, 12)
    assert shown[-1] is None


def test_cancel_ends_a_running_job(asker: Asker, document: Document, qtbot: QtBot) -> None:
    paint(document, Box(20, 30, 16, 12))
    job = asker.run("probe", {"mode": "slow"}, 1, 0)
    assert job is not None
    qtbot.waitUntil(lambda: job.state == "running", timeout=WAIT)
    asker.cancel()
    qtbot.waitUntil(lambda: job.state == "cancelled", timeout=WAIT)
    assert document.candidates == []
    assert not asker.running


def test_an_engine_that_raises_is_told_in_words_with_its_log(
    asker: Asker, document: Document, qtbot: QtBot
) -> None:
    paint(document, Box(20, 30, 16, 12))
    with qtbot.waitSignal(asker.failed, timeout=WAIT) as told:
        asker.run("probe", {"mode": "raise"}, 1, 0)
    error = told.args[0]
    assert "Probe" in error.message
    assert "Traceback" not in error.message
    assert "the engine looked at" in error.log
    assert asker.service.jobs[0].state == "failed"


def test_an_engine_that_dies_leaves_the_document_alone_and_the_next_run_works(
    asker: Asker, document: Document, qtbot: QtBot
) -> None:
    paint(document, Box(20, 30, 16, 12))
    with qtbot.waitSignal(asker.failed, timeout=WAIT):
        asker.run("probe", {"mode": "die"}, 1, 0)
    assert document.mask.selected_count == 16 * 12
    job = asker.run("probe", {}, 1, 5)
    assert job is not None
    qtbot.waitUntil(lambda: job.state == "done", timeout=WAIT)
    assert len(document.candidates) == 1


def test_keeping_while_a_job_runs_puts_its_late_answers_aside_until_undo(
    asker: Asker, document: Document, qtbot: QtBot
) -> None:
    paint(document, Box(20, 30, 16, 12))
    first = asker.run("probe", {}, 1, 1)
    assert first is not None
    qtbot.waitUntil(lambda: first.state == "done", timeout=WAIT)
    layers = document.layers
    document.keep(document.candidates[0])
    late = Candidate("image", ImagePatch(20, 30, np.zeros((12, 16, 3), np.uint8)), 99)
    with qtbot.waitSignal(asker.put_aside, timeout=WAIT) as told:
        asker._answer(layers, Asked.of(document.mask), late)
    assert told.args == [1]
    assert late not in document.candidates
    document.undo()
    assert late in document.candidates


def test_what_is_painted_while_a_job_runs_is_still_there_when_its_answer_is_kept(
    asker: Asker, document: Document, qtbot: QtBot
) -> None:
    paint(document, Box(20, 30, 16, 12))
    job = asker.run("probe", {}, 1, 1)
    assert job is not None
    paint(document, Box(60, 5, 7, 8))
    paint(document, Box(30, 30, 10, 12))
    qtbot.waitUntil(lambda: job.state == "done", timeout=WAIT)
    document.keep(document.candidates[0])
    left = np.zeros_like(document.mask.data)
    left[Box(60, 5, 7, 8).slices] = left[Box(36, 30, 4, 12).slices] = 255
    assert np.array_equal(document.mask.data, left)
    document.undo()
    assert document.mask.selected_box() == Box(20, 5, 47, 37)
    document.keep(document.candidates[0])
    assert np.array_equal(document.mask.data, left)


def test_a_job_that_ends_after_its_tab_was_closed_says_nothing(
    service: JobService, document: Document, qtbot: QtBot
) -> None:
    asker = Asker(service, document)
    paint(document, Box(20, 30, 16, 12))
    job = asker.run("probe", {"mode": "slow"}, 1, 0)
    assert job is not None
    qtbot.waitUntil(lambda: job.state == "running", timeout=WAIT)
    asker.close()
    shiboken6.delete(asker)
    with qtbot.captureExceptions() as met:
        qtbot.waitUntil(lambda: job.state == "cancelled", timeout=WAIT)
        qtbot.wait(50)
    assert met == []


def test_keep_cancels_the_rest_of_the_question(asker: Asker, document: Document, qtbot: QtBot) -> None:
    paint(document, Box(20, 30, 16, 12))
    candidate = Candidate("image", ImagePatch(20, 30, np.zeros((12, 16, 3), np.uint8)), 4)
    document.add_candidate(candidate)
    job = asker.run("probe", {"mode": "slow"}, 1, 0)
    assert job is not None
    qtbot.waitUntil(lambda: job.state == "running", timeout=WAIT)
    document.keep(candidate)
    qtbot.waitUntil(lambda: job.state == "cancelled", timeout=WAIT)
    assert document.candidates == []


def test_run_without_a_mask_says_what_to_do(asker: Asker, qtbot: QtBot) -> None:
    with qtbot.waitSignal(asker.failed, timeout=WAIT) as told:
        assert asker.run("probe", {}, 1, 0) is None
    assert told.args[0].message == "Paint a mask first: B."


def test_a_wrong_parameter_ends_the_job_with_a_sentence(
    asker: Asker, document: Document, qtbot: QtBot
) -> None:
    paint(document, Box(20, 30, 16, 12))
    with qtbot.waitSignal(asker.failed, timeout=WAIT) as told:
        asker.run("probe", {"speed": 3}, 1, 0)
    assert "'speed'" in told.args[0].message


def test_an_untrusted_plugin_asks_once_then_runs(
    asker: Asker, document: Document, qtbot: QtBot, plugin_root: Path
) -> None:
    paint(document, Box(20, 30, 16, 12))
    asked: list[str] = []
    answers = iter([False, True])

    def confirm(engine: Any) -> bool:
        asked.append(engine.info.title)
        return next(answers)

    asker.service.confirm_trust = confirm
    assert asker.run("stranger", {}, 1, 0) is None
    assert asked == ["Stranger"]
    assert plugins.find("stranger").status == "untrusted"
    for _ in range(2):
        job = asker.run("stranger", {}, 1, 0)
        assert job is not None
        qtbot.waitUntil(lambda job=job: not job.active, timeout=WAIT)
        assert job.state == "done", job.error
    assert asked == ["Stranger", "Stranger"]
    (plugin_root / "stranger" / "probe.py").write_text(CODE + "\n# changed\n")
    with qtbot.waitSignals([asker.failed, asker.service.engines_changed], timeout=WAIT):
        asker.run("stranger", {}, 1, 0)
    answers = iter([False])
    assert asker.run("stranger", {}, 1, 0) is None
    assert len(asked) == 3


def test_live_preview_follows_the_brush_and_ends_with_the_toggle(
    asker: Asker, document: Document, qtbot: QtBot
) -> None:
    patches: list[ImagePatch | None] = []
    asker.live_preview.connect(patches.append)
    asker.live.set_enabled(True)
    assert not asker.live.running
    paint(document, Box(20, 30, 16, 12))
    qtbot.waitUntil(lambda: bool(patches) and patches[-1] is not None, timeout=WAIT)
    paint(document, Box(70, 50, 10, 10))

    def covers_both() -> bool:
        patch = patches[-1]
        return patch is not None and patch.box.union(Box(70, 50, 10, 10)) == patch.box

    qtbot.waitUntil(covers_both, timeout=WAIT)
    assert asker.showing.patch is patches[-1]
    document.undo()
    document.undo()
    qtbot.waitUntil(lambda: patches[-1] is None, timeout=WAIT)
    assert asker.showing.patch is None
    paint(document, Box(20, 30, 16, 12))
    qtbot.waitUntil(lambda: asker.live.running, timeout=WAIT)
    asker.live.set_enabled(False)
    assert not asker.live.running
    assert patches[-1] is None


def test_a_flood_of_progress_is_thinned_before_it_reaches_the_window(
    asker: Asker, document: Document, qtbot: QtBot
) -> None:
    paint(document, Box(20, 30, 16, 12))
    told: list[float | None] = []
    job = asker.run("probe", {"mode": "flood"}, 1, 0)
    assert job is not None
    job.changed.connect(lambda: told.append(job.fraction))
    qtbot.waitUntil(lambda: job.state == "done", timeout=WAIT)
    assert len(told) < 400
    assert len(document.candidates) == 1


@pytest.mark.parametrize("sender", ["same thread", "another thread"])
def test_mail_keeps_order_and_only_the_newest_progress(qtbot: QtBot, sender: str) -> None:
    got: list[JobEvent] = []
    mailbox = Mailbox(got.append)
    candidate = Candidate("image", None, 1)

    def send() -> None:
        mailbox.post(Started("a"))
        for step in range(1000):
            mailbox.post(Progress("a", step, 1000))
            mailbox.post(Preview("a", np.full((1, 1, 3), step % 255, np.uint8)))
        mailbox.post(CandidateReady("a", candidate))
        mailbox.post(Progress("a", 1000, 1000))
        mailbox.post(Finished("a"))

    if sender == "same thread":
        send()
    else:
        thread = threading.Thread(target=send)
        thread.start()
        thread.join()
    qtbot.waitUntil(lambda: bool(got) and isinstance(got[-1], Finished), timeout=WAIT)
    kinds = [type(event).__name__ for event in got]
    assert kinds == ["Started", "Progress", "Preview", "CandidateReady", "Progress", "Finished"]
    assert isinstance(got[1], Progress)
    assert got[1].done == 999


def test_an_answer_does_not_wait_because_progress_was_brought_a_moment_ago(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maskstudio.jobs.mailbox.RATE", 0.001)  # a rest of a quarter of an hour
    got: list[JobEvent] = []
    mailbox = Mailbox(got.append)
    mailbox.post(Progress("a", 1, 9))
    qtbot.waitUntil(lambda: len(got) == 1)
    mailbox.post(Progress("a", 2, 9))
    answer = CandidateReady("a", Candidate("image", None, 0))
    mailbox.post(answer)
    qtbot.waitUntil(lambda: len(got) == 3)
    assert got[1:] == [Progress("a", 2, 9), answer]
    mailbox.post(CandidateReady("a", Candidate("image", None, 1)))
    qtbot.wait(80)
    assert len(got) == 3, "answers rest too, from one to the next"


def test_a_closed_mailbox_delivers_nothing(qtbot: QtBot) -> None:
    got: list[JobEvent] = []
    mailbox = Mailbox(got.append)
    mailbox.post(Started("a"))
    mailbox.close()
    mailbox.post(Finished("a"))
    qtbot.wait(80)
    assert got == []


def test_closing_while_a_job_runs_ends_it(
    qapp: Any, plugin_root: Path, document: Document, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASKSTUDIO_PLUGINS", str(plugin_root))
    service = JobService()
    with qtbot.waitSignal(service.engines_changed, timeout=WAIT):
        service.start()
    paint(document, Box(20, 30, 16, 12))
    job = service.asker(document).run("probe", {"mode": "slow"}, 1, 0)
    assert job is not None
    qtbot.waitUntil(lambda: job.state == "running", timeout=WAIT)
    behind = job._job
    service.close()
    assert behind is not None
    assert behind.wait(5)
    assert not service.ready


def test_engines_that_cannot_be_loaded_are_told_and_can_be_tried_again(qtbot: QtBot) -> None:
    calls: list[int] = []

    def broken() -> Any:
        calls.append(1)
        raise RuntimeError("disk full")

    service = JobService(loader=broken)
    for _ in range(2):
        with qtbot.waitSignal(service.start_failed, timeout=WAIT) as told:
            service.start()
        assert "disk full" in told.args[0].message
    assert len(calls) == 2
    service.close()


def test_a_failed_event_of_a_cancelled_job_is_no_failure(qtbot: QtBot) -> None:
    from maskengines.errors import Cancelled
    from maskstudio.jobs.item import JobItem

    item = JobItem("probe", "Probe", live=False)
    item.receive(Started("a"))
    item.receive(Failed("a", Cancelled()))
    assert item.state == "cancelled"
    item.receive(Progress("a", 1, 2))
    assert item.fraction is None


def test_progress_moves_a_job_without_telling_of_a_change(qtbot: QtBot) -> None:
    from maskstudio.jobs.item import JobItem

    item = JobItem("probe", "Probe", live=False)
    item.receive(Started("a"))
    told: list[str] = []
    item.changed.connect(lambda: told.append("changed"))
    item.moved.connect(lambda: told.append("moved"))
    for step in range(1, 50):
        item.receive(Progress("a", step, 100))
    assert told == ["moved"], "what comes too fast to be read is not told"
    assert item.fraction == 0.49


def test_a_job_cancelled_before_the_runtime_heard_of_it_never_runs(
    asker: Asker, document: Document, qtbot: QtBot
) -> None:
    paint(document, Box(20, 30, 16, 12))
    gate = threading.Event()
    asker.service._errands.send(lambda: (gate.wait(10), None)[1])
    job = asker.run("probe", {"mode": "slow"}, 1, 0)
    assert job is not None
    asker.cancel()
    gate.set()
    qtbot.waitUntil(lambda: job.state == "cancelled", timeout=WAIT)
    assert document.candidates == []


def test_a_stroke_while_the_question_is_handed_over_does_not_change_it(
    asker: Asker, document: Document, qtbot: QtBot
) -> None:
    paint(document, Box(20, 30, 16, 12))
    gate = threading.Event()
    asker.service._errands.send(lambda: (gate.wait(10), None)[1])
    job = asker.run("probe", {}, 1, 0)
    paint(document, Box(90, 70, 9, 9))
    gate.set()
    assert job is not None
    qtbot.waitUntil(lambda: job.state == "done", timeout=WAIT)
    assert document.candidates[0].result.box == Box(20, 30, 16, 12)


def test_answers_of_an_opened_project_make_room_for_those_to_a_new_mask(
    service: JobService, document: Document, qtbot: QtBot
) -> None:
    paint(document, Box(20, 30, 16, 12))
    saved = Candidate(
        "image", ImagePatch(20, 30, np.zeros((12, 16, 3), np.uint8)), 1,
        provenance=Provenance("probe", "1", {}, 1),
    )  # fmt: skip
    document.add_candidate(saved)
    asker = service.asker(document)
    first = asker.run("probe", {}, 1, 2)
    assert first is not None
    qtbot.waitUntil(lambda: first.state == "done", timeout=WAIT)
    assert [candidate.seed for candidate in document.candidates] == [1, 2]
    paint(document, Box(90, 70, 9, 9))
    second = asker.run("probe", {}, 1, 3)
    assert second is not None
    qtbot.waitUntil(lambda: second.state == "done", timeout=WAIT)
    assert [candidate.seed for candidate in document.candidates] == [3]
    service.release(document)
