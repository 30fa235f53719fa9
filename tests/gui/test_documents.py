"""Painting, keeping, undoing, saving and reopening a document."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from maskengines.contract import Box, Candidate, ImagePatch, Provenance
from maskengines.errors import BadInput, Cancelled
from maskengines.masks.files import load_mask
from maskengines.masks.mask import Asked
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.image_io import load_image, save_image
from maskstudio.documents import saving
from maskstudio.documents.document import Document
from maskstudio.documents.opening import open_document
from maskstudio.documents.recovery import journal_folder, recoverable
from pytestqt.qtbot import QtBot

HEIGHT, WIDTH = 300, 520


def picture(depth: int = 8, seed: int = 0) -> ImageSubject:
    top, dtype = (256, np.uint8) if depth == 8 else (65536, np.uint16)
    return ImageSubject(np.random.default_rng(seed).integers(0, top, (HEIGHT, WIDTH, 3), dtype))


def answer(of: ImageSubject, box: Box, seed: int) -> Candidate:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, np.iinfo(of.pixels.dtype).max, (box.height, box.width, 3), of.pixels.dtype)
    made = Provenance("exemplar", "1", {}, seed)
    return Candidate("image", ImagePatch(box.x, box.y, pixels), seed, f"Fill {seed}", provenance=made)


def stroke(document: Document, box: Box, value: int = 255) -> bool:
    session = document.begin_mask_edit("Brush")
    session.touch(box)
    document.mask.data[box.slices] = value
    session.changed(box)
    return session.commit()


@pytest.fixture
def document(qtbot: QtBot) -> Iterator[Document]:
    document = Document(picture())
    yield document
    document.close()


@pytest.fixture
def opened(qtbot: QtBot, tmp_path: Path) -> Iterator[Document]:
    save_image(picture(16), tmp_path / "Foto ä.png")
    document = open_document(tmp_path / "Foto ä.png")
    yield document
    document.close()


def test_a_stroke_is_one_undo_step_and_the_views_hear_of_it(document: Document, qtbot: QtBot) -> None:
    boxes: list[Box] = []
    document.mask_changed.connect(boxes.append)
    assert not document.modified
    assert stroke(document, Box(10, 20, 30, 40), 200)
    assert document.modified
    assert boxes == [Box(10, 20, 30, 40)]
    assert document.undo_stack.count() == 1
    assert document.undo_stack.undoText() == "Brush"
    document.undo()
    assert not document.mask.data.any()
    assert boxes[-1].union(Box(10, 20, 30, 40)) == boxes[-1]
    assert not document.modified
    document.redo()
    assert (document.mask.data[20:60, 10:40] == 200).all()


def test_an_empty_stroke_is_no_step(document: Document) -> None:
    assert not stroke(document, Box(10, 20, 30, 40), 0)
    assert document.undo_stack.count() == 0
    assert not document.modified


def test_an_aborted_stroke_is_put_back_and_repainted(document: Document) -> None:
    boxes: list[Box] = []
    session = document.begin_mask_edit("Brush")
    session.touch(Box(0, 0, 50, 50))
    document.mask.data[:50, :50] = 9
    document.mask_changed.connect(boxes.append)
    session.abort()
    assert not document.mask.data.any()
    assert boxes[0].union(Box(0, 0, 50, 50)) == boxes[0]
    assert not session.active


def test_undo_during_a_stroke_waits_and_the_stacks_own_undo_ends_the_stroke(document: Document) -> None:
    stroke(document, Box(0, 0, 10, 10))
    session = document.begin_mask_edit("Brush")
    session.touch(Box(100, 100, 10, 10))
    document.mask.data[100:110, 100:110] = 1
    document.undo()
    assert session.active
    assert document.undo_stack.index() == 1
    document.undo_stack.undo()
    assert not session.active
    assert not document.mask.data.any()


@pytest.mark.parametrize("depth", [8, 16])
def test_keeping_a_fill_clears_the_mask_and_undo_brings_everything_back(qtbot: QtBot, depth: int) -> None:
    document = Document(picture(depth))
    stroke(document, Box(40, 50, 60, 70), 180)
    mask, before = document.mask.data.copy(), document.subject
    chosen, other = answer(before, Box(40, 50, 60, 70), 1), answer(before, Box(40, 50, 60, 70), 2)
    document.add_candidate(chosen)
    document.add_candidate(other)
    boxes: list[Box] = []
    document.image_changed.connect(boxes.append)
    document.keep(chosen)
    assert boxes == [Box(40, 50, 60, 70)]
    np.testing.assert_array_equal(document.subject.pixels[50:120, 40:100], chosen.result.pixels)
    assert document.candidates == []
    assert not document.mask.data.any()
    assert document.layers[0].provenance == chosen.provenance
    assert document.original is before
    after = document.subject.content_hash

    document.undo()
    assert boxes[1:] == [Box(40, 50, 60, 70)]
    assert document.subject.content_hash == before.content_hash
    np.testing.assert_array_equal(document.mask.data, mask)
    assert document.candidates == [chosen, other]
    assert document.layers == ()

    document.redo()
    assert document.subject.content_hash == after
    assert document.candidates == []
    assert len(document.layers) == 1
    document.close()


@pytest.mark.parametrize("at_once", [True, False])
def test_what_others_hold_of_a_large_picture_stays_while_fills_are_kept_and_undone(
    qtbot: QtBot, at_once: bool
) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (1300, 1100, 3), np.uint8)
    document = Document(ImageSubject(pixels.copy()))
    held, expected = [document.subject], [pixels]
    for seed in range(3):
        box = Box(100 * seed, 90, 300, 200)
        fill = answer(document.subject, box, seed)
        document.add_candidate(fill)
        if not at_once:
            qtbot.wait(60)
        document.keep(fill)
        pixels = pixels.copy()
        pixels[box.slices] = fill.result.pixels
        held.append(document.subject)
        expected.append(pixels)
    for step in (document.undo, document.undo, document.undo, document.redo, document.redo):
        step()
        held.append(document.subject)
    expected += [expected[i] for i in (2, 1, 0, 1, 2)]
    for subject, pixels in zip(held, expected, strict=True):
        np.testing.assert_array_equal(subject.pixels, pixels)
        assert not subject.pixels.flags.writeable
    document.close()


@pytest.mark.parametrize("known", [True, False])
def test_what_was_painted_after_asking_outlives_keeping_in_a_project_that_was_saved_between(
    qtbot: QtBot, tmp_path: Path, known: bool
) -> None:
    document = Document(picture(8))
    stroke(document, Box(40, 50, 60, 70), 180)
    if known:
        document.asked = Asked.of(document.mask)
    document.add_candidate(answer(document.subject, Box(40, 50, 60, 70), 1))
    stroke(document, Box(10, 5, 20, 9), 255)
    assert saving.save_project(document, tmp_path / "work.ora").wait()
    again = open_document(tmp_path / "work.ora")
    again.keep(again.candidates[0])
    assert again.mask.selected_box() == Box(10, 5, 20, 9)
    again.close()


def test_answers_that_came_after_keeping_are_not_lost_by_undo(document: Document) -> None:
    first, late = (answer(document.subject, Box(0, 0, 9, 9), seed) for seed in (1, 2))
    document.add_candidate(first)
    document.keep(first)
    document.add_candidate(late)
    document.undo()
    assert document.candidates == [first]
    document.redo()
    assert document.candidates == [late]


@pytest.mark.parametrize("wrong", ["outside", "depth", "kind", "channels"])
def test_an_answer_for_another_picture_is_refused(document: Document, wrong: str) -> None:
    patches = {
        "outside": ImagePatch(WIDTH - 5, 0, np.zeros((6, 6, 3), np.uint8)),
        "depth": ImagePatch(0, 0, np.zeros((6, 6, 3), np.uint16)),
        "channels": ImagePatch(0, 0, np.zeros((6, 6, 1), np.uint8)),
        "kind": np.zeros((HEIGHT, WIDTH), np.float32),
    }
    with pytest.raises(BadInput):
        document.keep(Candidate("image", patches[wrong], 0))
    assert not document.modified
    assert document.layers == ()


actions = st.lists(
    st.tuples(
        st.sampled_from(["stroke", "keep", "replace", "undo", "redo"]),
        st.integers(0, WIDTH - 80),
        st.integers(0, HEIGHT - 60),
        st.integers(1, 255),
    ),
    max_size=14,
)


@given(actions)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_done_undo_gives_the_first_state_and_redo_the_last(
    qtbot: QtBot, steps: list[tuple[str, int, int, int]]
) -> None:
    document = Document(picture())
    document.undo_weight.budget = 100_000
    first = document.subject.content_hash
    for action, x, y, value in steps:
        box = Box(x, y, 80, 60)
        if action == "stroke":
            stroke(document, box, value)
        elif action == "keep":
            document.keep(answer(document.subject, box, value))
        elif action == "replace":
            document.replace_mask(np.full((HEIGHT, WIDTH), value, np.uint8), "Select all")
        elif action == "undo":
            document.undo()
        else:
            document.redo()
    last, mask = document.subject.content_hash, document.mask.data.copy()
    index = document.undo_stack.index()
    document.undo_weight.wait()
    document.undo_stack.setIndex(0)
    assert document.subject.content_hash == first
    assert not document.mask.data.any()
    assert document.layers == ()
    document.undo_stack.setIndex(index)
    assert document.subject.content_hash == last
    np.testing.assert_array_equal(document.mask.data, mask)
    document.close()


def test_old_steps_leave_memory_but_not_the_history(document: Document) -> None:
    document.undo_weight.budget = 1_000_000
    rng = np.random.default_rng(0)
    states = [document.mask.data.copy()]
    for _ in range(30):
        document.replace_mask(rng.integers(0, 256, (HEIGHT, WIDTH), np.uint8), "Noise")
        states.append(document.mask.data.copy())
    document.undo_weight.wait()
    held = sum(bag.nbytes for bag in document._bags_farthest_first())
    assert held <= 1_000_000 + 2 * HEIGHT * WIDTH
    for state in reversed(states[:-1]):
        document.undo()
        np.testing.assert_array_equal(document.mask.data, state)
    for state in states[1:]:
        document.redo()
        np.testing.assert_array_equal(document.mask.data, state)


def test_steps_that_can_never_be_redone_are_let_go(document: Document) -> None:
    stroke(document, Box(0, 0, 99, 99), 3)
    bag = weakref.ref(document._bags_farthest_first()[0])
    document.undo()
    stroke(document, Box(5, 5, 9, 9), 4)
    gc.collect()
    assert bag() is None


def test_a_photo_becomes_a_project_and_opens_as_it_was(
    opened: Document, qtbot: QtBot, tmp_path: Path
) -> None:
    assert opened.title == "Foto ä.png"
    stroke(opened, Box(0, 0, 50, 50), 77)
    kept = answer(opened.subject, Box(10, 10, 20, 20), 1)
    opened.keep(kept)
    stroke(opened, Box(100, 100, 50, 50), 99)
    opened.add_candidate(answer(opened.subject, Box(100, 100, 50, 50), 2))
    opened.change_settings({"engine": {"id": "exemplar", "params": {"patch": 7}}})
    target = tmp_path / "a b.ora"
    task = saving.save_project(opened, target)
    with qtbot.waitSignal(task.done, timeout=60_000) as signal:
        pass
    assert signal.args == [target]
    assert opened.path == target
    assert opened.title == "a b.ora"
    assert not opened.modified

    again = open_document(target)
    assert not again.modified
    assert again.path == target
    assert again.source_path == opened.source_path
    assert again.subject.content_hash == opened.subject.content_hash
    assert again.original.content_hash == opened.original.content_hash
    np.testing.assert_array_equal(again.mask.data, opened.mask.data)
    assert [each.provenance for each in again.layers] == [kept.provenance]
    assert [each.label for each in again.candidates] == ["Fill 2"]
    assert again.settings == opened.settings
    assert again.undo_stack.count() == 0
    again.close()


def test_painting_goes_on_while_saving_and_the_file_has_the_moment_of_saving(
    opened: Document, qtbot: QtBot, tmp_path: Path
) -> None:
    stroke(opened, Box(0, 0, 50, 50), 77)
    at_saving = opened.mask.data.copy()
    task = saving.save_project(opened, tmp_path / "a.ora")
    stroke(opened, Box(200, 200, 50, 50), 88)
    with qtbot.waitSignal(task.ended, timeout=60_000):
        pass
    assert opened.modified
    np.testing.assert_array_equal(open_document(tmp_path / "a.ora").mask.data, at_saving)
    opened.undo()
    assert not opened.modified
    opened.redo()
    assert opened.modified


def test_undoing_past_the_saved_moment_is_a_change(opened: Document, tmp_path: Path) -> None:
    stroke(opened, Box(0, 0, 50, 50), 77)
    assert saving.save_project(opened, tmp_path / "a.ora").wait()
    assert not opened.modified
    opened.undo()
    assert opened.modified
    opened.redo()
    assert not opened.modified
    opened.add_candidate(answer(opened.subject, Box(0, 0, 5, 5), 1))
    assert not opened.modified


def test_a_save_that_fails_says_so_and_the_document_stays_modified(
    opened: Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stroke(opened, Box(0, 0, 50, 50), 77)
    with pytest.raises(BadInput, match=r"\.ora"):
        saving.save_project(opened, tmp_path / "a.psd")
    with pytest.raises(BadInput, match="folder"):
        saving.save_project(opened, tmp_path / "no" / "a.ora")

    def broken(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("maskengines.projects.openraster.save_project", broken)
    task = saving.save_project(opened, tmp_path / "a.ora")
    errors: list[object] = []
    task.failed.connect(errors.append)
    assert not task.wait()
    assert len(errors) == 1
    assert opened.modified
    assert opened.path is None
    assert not (tmp_path / "a.ora").exists()


def test_a_cancelled_save_leaves_no_file(opened: Document, tmp_path: Path) -> None:
    blocker = saving.export_image(opened, tmp_path / "first.png")
    task = saving.save_project(opened, tmp_path / "a.ora")
    task.cancel()
    assert blocker.wait()
    assert not task.wait()
    assert isinstance(task.error, Cancelled)
    assert not (tmp_path / "a.ora").exists()


def test_exports_have_the_depth_of_the_photo_and_the_mask_as_grey(opened: Document, tmp_path: Path) -> None:
    stroke(opened, Box(30, 30, 60, 60), 140)
    opened.keep(answer(opened.subject, Box(30, 30, 60, 60), 4))
    stroke(opened, Box(5, 5, 60, 60), 140)
    image, mask = tmp_path / "out.tif", tmp_path / "mask.png"
    saving.export_image(opened, image)
    saving.export_mask(opened, mask)
    saving.wait_for_saves()
    assert load_image(image).depth == 16
    np.testing.assert_array_equal(load_image(image).pixels, opened.subject.pixels)
    np.testing.assert_array_equal(load_mask(mask, (HEIGHT, WIDTH)), opened.mask.data)
    with pytest.raises(BadInput):
        saving.export_image(opened, tmp_path / "out.xyz")
    with pytest.raises(BadInput):
        saving.export_mask(opened, tmp_path / "mask.jpg")


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"PK\x03\x04 nothing")
    (tmp_path / "b.ora").write_bytes(b"hello")
    for name in ("a.png", "b.ora", "missing.png"):
        with pytest.raises(BadInput):
            open_document(tmp_path / name)


def test_closing_a_document_without_saving_leaves_nothing_to_recover(opened: Document) -> None:
    stroke(opened, Box(0, 0, 50, 50))
    assert opened.autosave is not None
    opened.autosave.flush()
    assert list(journal_folder().glob("document-*"))
    opened.close()
    assert not list(journal_folder().glob("document-*"))
    assert recoverable() == []


def test_disagreement_is_a_map_of_the_picture(document: Document) -> None:
    for seed in (1, 2):
        document.add_candidate(answer(document.subject, Box(40, 40, 30, 30), seed))
    heat = document.disagreement()
    assert heat.shape == (HEIGHT, WIDTH)
    assert heat[40:70, 40:70].max() > 0.1
    assert not heat[:40].any()
