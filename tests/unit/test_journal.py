"""The autosave journal: written behind the user's back, read after a crash."""

from __future__ import annotations

import errno
import gc
import os
import shutil
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maskengines.contract import Box, Candidate, ImagePatch, Provenance
from maskengines.errors import BadInput
from maskengines.masks.mask import Mask
from maskengines.projects import autosave as autosave_module
from maskengines.projects import owner
from maskengines.projects.autosave import Autosave, Start
from maskengines.projects.journal import Identity, Journal, Origin, Work
from maskengines.projects.journal_file import MAGIC, JournalFile, Record, read_batches
from maskengines.projects.journal_reading import Leftover, discard, leftovers, recover
from maskengines.projects.openraster import save_project
from maskengines.projects.owner import acquire
from maskengines.projects.state import KeptLayer, ProjectState
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.image_io import save_image

HEIGHT, WIDTH = 400, 600


def picture(seed: int = 0) -> ImageSubject:
    return ImageSubject(np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8))


PLACE = Box(5, 6, 70, 80)


def layer(seed: int, box: Box = PLACE) -> KeptLayer:
    rng = np.random.default_rng(seed)
    patch = ImagePatch(box.x, box.y, rng.integers(0, 256, (box.height, box.width, 3), np.uint8))
    return KeptLayer(patch, f"fill {seed}", Provenance("exemplar", "1", {"a": 1}, seed))


def candidate(seed: int) -> Candidate:
    return Candidate("image", layer(seed).patch, seed, f"no. {seed}")


class Desk:
    """A document without a window: a mask that is painted and an autosave that is told so."""

    def __init__(self, root: Path, state: ProjectState, origin: Origin | None = None) -> None:
        self.mask = Mask((HEIGHT, WIDTH))
        if "pixels" in state.masks:
            self.mask.replace(state.masks["pixels"])
        self.autosave = Autosave(root, self.mask, lambda: Identity("a.png", None, None), Start(state, origin))

    def paint(self, box: Box, value: int) -> None:
        edit = self.mask.edit()
        edit.touch(box)
        self.mask.data[box.slices] = value
        edit.commit()
        self.autosave.mask_changed(box)

    def work(self, *layers: KeptLayer, candidates: tuple[Candidate, ...] = (), modified: bool = True) -> None:
        self.autosave.work_changed(Work(layers, candidates, {"view": {"zoom": 2}}, modified))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def only(root: Path) -> Leftover:
    found = leftovers(root)
    assert len(found) == 1
    return found[0]


def test_strokes_fills_and_candidates_come_back_after_a_crash(root: Path, tmp_path: Path) -> None:
    original = picture()
    save_image(original, tmp_path / "a.png")
    desk = Desk(root, ProjectState(original), Origin.of(tmp_path / "a.png"))
    first, second, answer = layer(1), layer(2), candidate(3)
    desk.paint(Box(10, 10, 300, 300), 200)
    desk.autosave.flush()
    desk.work(first, candidates=(answer,))
    desk.autosave.flush()
    desk.paint(Box(250, 200, 300, 150), 90)
    desk.work(first, second, candidates=(answer,))
    desk.autosave.abandon()
    (tmp_path / "a.png").unlink()

    found = recover(only(root))
    np.testing.assert_array_equal(found.state.masks["pixels"], desk.mask.data)
    expected = original.with_patch(first.patch).with_patch(second.patch)
    assert found.state.subject.content_hash == expected.content_hash
    assert [each.provenance for each in found.state.layers] == [first.provenance, second.provenance]
    assert [each.label for each in found.state.candidates] == ["no. 3"]
    assert found.state.settings == {"view": {"zoom": 2}}
    assert found.identity.title == "a.png"
    found.journal.close()


def test_a_project_is_the_base_of_its_journal(root: Path, tmp_path: Path) -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[7:300, 300:500] = 33
    state = ProjectState(picture(), (layer(1), layer(2)), {"pixels": mask}, (candidate(5),))
    save_project(state, tmp_path / "p.ora")
    desk = Desk(root, state, Origin.of(tmp_path / "p.ora"))
    desk.paint(Box(0, 0, 10, 10), 255)
    desk.work(state.layers[0], layer(9), candidates=state.candidates)
    desk.autosave.abandon()
    found = recover(only(root))
    np.testing.assert_array_equal(found.state.masks["pixels"], desk.mask.data)
    assert [each.label for each in found.state.layers] == ["fill 1", "fill 9"]
    assert len(found.state.candidates) == 1
    found.journal.close()


@pytest.mark.parametrize("gone", [True, False])
def test_a_source_that_changed_meanwhile_does_not_matter(root: Path, tmp_path: Path, gone: bool) -> None:
    original = picture(1)
    save_image(original, tmp_path / "a.png")
    origin = Origin.of(tmp_path / "a.png")
    (tmp_path / "a.png").unlink()
    if not gone:
        save_image(ImageSubject(np.zeros((HEIGHT, WIDTH), np.uint8)), tmp_path / "a.png")
    desk = Desk(root, ProjectState(original), origin)
    desk.paint(Box(1, 2, 3, 4), 5)
    desk.autosave.abandon()
    found = recover(only(root))
    assert found.state.original.content_hash == original.content_hash
    np.testing.assert_array_equal(found.state.masks["pixels"], desk.mask.data)
    found.journal.close()


def test_going_on_after_recovery_and_crashing_again_loses_nothing(root: Path) -> None:
    desk = Desk(root, ProjectState(picture()))
    desk.paint(Box(0, 0, 100, 100), 100)
    desk.work(layer(1), candidates=(candidate(4),))
    desk.autosave.abandon()
    found = recover(only(root))
    assert leftovers(root) == []

    mask = Mask((HEIGHT, WIDTH))
    mask.replace(found.state.masks["pixels"])
    again = Autosave(root, mask, lambda: found.identity, Start(found.state, None, found.journal))
    edit = mask.edit()
    edit.touch(Box(500, 300, 50, 50))
    mask.data[300:350, 500:550] = 1
    edit.commit()
    again.mask_changed(Box(500, 300, 50, 50))
    again.work_changed(Work((*found.state.layers, layer(2)), found.state.candidates, {}, True))
    again.abandon()
    twice = recover(only(root))
    np.testing.assert_array_equal(twice.state.masks["pixels"], mask.data)
    assert [each.label for each in twice.state.layers] == ["fill 1", "fill 2"]
    assert [each.seed for each in twice.state.candidates] == [4]
    twice.journal.close()


def test_saving_ends_the_journal_and_the_next_change_starts_another(root: Path, tmp_path: Path) -> None:
    desk = Desk(root, ProjectState(picture()))
    desk.paint(Box(0, 0, 100, 100), 100)
    desk.autosave.flush()
    saved = ProjectState(picture(), (layer(1),), {"pixels": desk.mask.snapshot()})
    save_project(saved, tmp_path / "p.ora")
    desk.autosave.saved(Start(saved, Origin.of(tmp_path / "p.ora")))
    desk.autosave.flush()
    assert list(root.glob("document-*")) == []
    desk.work(*saved.layers, modified=False)
    desk.autosave.flush()
    assert list(root.glob("document-*")) == []
    desk.paint(Box(200, 200, 100, 100), 50)
    desk.autosave.abandon()
    found = recover(only(root))
    np.testing.assert_array_equal(found.state.masks["pixels"], desk.mask.data)
    assert [each.label for each in found.state.layers] == ["fill 1"]
    found.journal.close()


def test_closing_a_document_leaves_nothing_and_looking_at_one_writes_nothing(root: Path) -> None:
    desk = Desk(root, ProjectState(picture()))
    desk.work(modified=False)
    desk.autosave.flush()
    assert not root.exists()
    desk.paint(Box(0, 0, 10, 10), 1)
    desk.autosave.flush()
    assert len(list(root.iterdir())) == 1
    desk.autosave.close()
    assert list(root.iterdir()) == []


def test_a_document_in_which_all_was_undone_is_not_offered(root: Path) -> None:
    desk = Desk(root, ProjectState(picture()))
    desk.paint(Box(0, 0, 10, 10), 1)
    desk.work()
    desk.autosave.flush()
    desk.paint(Box(0, 0, 10, 10), 0)
    desk.work(modified=False)
    desk.autosave.abandon()
    assert leftovers(root) == []
    assert list(root.iterdir()) == []


def test_a_journal_cut_anywhere_gives_the_state_of_its_last_whole_batch(root: Path) -> None:
    desk = Desk(root, ProjectState(picture()))
    states = [desk.mask.snapshot()] * 2
    rng = np.random.default_rng(2)
    for value in range(1, 7):
        x, y = int(rng.integers(0, 300)), int(rng.integers(0, 200))
        desk.paint(Box(x, y, 290, 190), value)
        desk.work(*(layer(seed, Box(0, 0, 9, 9)) for seed in range(value)))
        desk.autosave.flush()
        states.append(desk.mask.snapshot())
    desk.autosave.abandon()
    leftover = only(root)
    changes = leftover.folder / "changes"
    whole = changes.read_bytes()
    for cut in [*rng.integers(0, len(whole), 25).tolist(), len(MAGIC), 0, len(whole)]:
        changes.write_bytes(whole[:cut])
        batches = len(list(read_batches(changes)))
        found = recover(leftover)
        np.testing.assert_array_equal(found.state.masks["pixels"], states[batches])
        assert len(found.state.layers) == max(0, batches - 1)
        found.journal.write(desk.mask, [(0, 0)], None)
        found.journal.close()
        assert len(list(read_batches(changes))) == batches + 1


@given(st.lists(st.lists(st.binary(max_size=40), max_size=4), max_size=6), st.data())
@settings(max_examples=60, deadline=None)
def test_a_spoiled_byte_hides_what_follows_and_never_invents_anything(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[bytes]], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("journal") / "changes"
    file = JournalFile(path)
    written = [[Record(1, payload) for payload in batch] for batch in batches]
    for batch in written:
        file.append(batch)
    file.close()
    assert list(read_batches(path)) == written
    raw = bytearray(path.read_bytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(raw)
    found = list(read_batches(path))
    assert found == written[: len(found)]


def test_a_full_disk_is_told_and_made_good_once_there_is_room(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(root, ProjectState(picture()))
    desk.paint(Box(0, 0, 10, 10), 1)
    desk.autosave.flush()
    assert desk.autosave.trouble is None

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        desk.paint(Box(300, 300, 50, 50), 2)
        desk.work(layer(1))
        desk.autosave.flush()
        assert "space" in (desk.autosave.trouble or "")
    desk.paint(Box(0, 300, 10, 10), 3)
    desk.autosave.flush()
    assert desk.autosave.trouble is None
    desk.autosave.abandon()
    found = recover(only(root))
    np.testing.assert_array_equal(found.state.masks["pixels"], desk.mask.data)
    assert [each.label for each in found.state.layers] == ["fill 1"]
    found.journal.close()


def test_a_fill_that_is_undone_and_redone_is_there_and_what_was_dropped_is_let_go(root: Path) -> None:
    desk = Desk(root, ProjectState(picture()))
    fill, dropped = layer(1), candidate(2)
    gone = weakref.ref(dropped)
    desk.work(fill, candidates=(dropped,))
    desk.autosave.flush()
    del dropped
    desk.work()
    desk.autosave.flush()
    gc.collect()
    assert gone() is None
    desk.work(fill)
    desk.autosave.abandon()
    found = recover(only(root))
    assert [each.label for each in found.state.layers] == ["fill 1"]
    np.testing.assert_array_equal(found.state.layers[0].patch.pixels, fill.patch.pixels)
    found.journal.close()


def test_a_long_session_does_not_fill_the_disk(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autosave_module, "COMPACT_ABOVE", 200_000)
    desk = Desk(root, ProjectState(picture()))
    rng = np.random.default_rng(0)
    total = 0
    for step in range(12):
        edit = desk.mask.edit()
        edit.touch(Box(0, 0, WIDTH, HEIGHT))
        desk.mask.data[:] = rng.integers(0, 256, (HEIGHT, WIDTH), np.uint8)
        edit.commit()
        desk.autosave.mask_changed(Box(0, 0, WIDTH, HEIGHT))
        desk.work(layer(1), layer(step + 2, Box(0, 0, 5, 5)))
        desk.autosave.flush()
        total += HEIGHT * WIDTH
    changes = next(root.glob("document-*/changes"))
    assert changes.stat().st_size < total / 3
    desk.autosave.abandon()
    found = recover(only(root))
    np.testing.assert_array_equal(found.state.masks["pixels"], desk.mask.data)
    assert [each.label for each in found.state.layers] == ["fill 1", "fill 13"]
    found.journal.close()


def test_the_journal_of_a_living_process_is_left_alone_and_that_of_a_dead_one_is_not(root: Path) -> None:
    desk = Desk(root, ProjectState(picture()))
    desk.paint(Box(0, 0, 10, 10), 1)
    desk.autosave.abandon()
    leftover = only(root)
    script = (
        "import sys, time; from pathlib import Path; from maskengines.projects.owner import acquire;"
        "held = acquire(Path(sys.argv[1])); print(held is not None, flush=True); time.sleep(60)"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script, str(leftover.folder)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == "True"
        assert leftovers(root) == []
        with pytest.raises(BadInput, match="another window"):
            recover(leftover)
        discard(leftover)
        assert leftover.folder.exists()
    finally:
        other.kill()
        other.wait()
    assert only(root) == leftover
    discard(leftover)
    assert leftovers(root) == []


@pytest.mark.parametrize("spoil", ["description", "base", "nothing"])
def test_a_damaged_journal_is_offered_and_refused_in_one_sentence(root: Path, spoil: str) -> None:
    desk = Desk(root, ProjectState(picture()))
    desk.paint(Box(0, 0, 10, 10), 1)
    desk.autosave.abandon()
    folder = only(root).folder
    if spoil == "description":
        (folder / "document.json").write_text("{")
    elif spoil == "base":
        (folder / "base.ora").write_bytes(b"PK\x03\x04 gone")
    leftover = only(root)
    if spoil == "nothing":
        recover(leftover).journal.close()
        return
    with pytest.raises(BadInput) as error:
        recover(leftover)
    assert "\n" not in error.value.message
    assert folder.exists()
    assert acquire(folder) is not None


def test_a_stroke_that_falls_into_the_reading_is_kept_whole(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(root, ProjectState(picture()))
    read, painter = Mask.tile, threading.current_thread()
    strokes = iter([Box(200, 100, 250, 60), Box(30, 100, 500, 200)])

    def tile(mask: Mask, key: tuple[int, int]) -> np.ndarray:
        found = read(mask, key).copy() if threading.current_thread() is not painter else read(mask, key)
        if threading.current_thread() is not painter and (box := next(strokes, None)) is not None:
            # As from the window's thread: written, and told a moment later.
            desk.mask.data[box.slices] = box.x
            threading.Timer(autosave_module.SETTLE / 4, desk.autosave.mask_changed, [box]).start()
        return found

    monkeypatch.setattr(Mask, "tile", tile)
    monkeypatch.setattr(autosave_module, "SETTLE", 0.05)
    batches: list[int] = []
    append = JournalFile.append
    monkeypatch.setattr(JournalFile, "append", lambda *given: batches.append(1) or append(*given))
    desk.paint(Box(10, 10, 300, 100), 90)
    desk.autosave.flush()
    assert next(strokes, None) is None
    assert len(batches) == 2, "the beginning, and all three strokes"
    desk.autosave.abandon()
    found = recover(only(root))
    np.testing.assert_array_equal(found.state.masks["pixels"], desk.mask.data)
    found.journal.close()


def test_many_quick_strokes_become_few_batches(root: Path) -> None:
    desk = Desk(root, ProjectState(picture()))
    for number in range(200):
        desk.paint(Box(number, number, 100, 100), number % 255)
    desk.autosave.flush()
    assert len(list(read_batches(next(root.glob("document-*/changes"))))) < 50
    desk.autosave.close()


def test_a_journal_begun_in_a_folder_that_cannot_be_written_is_trouble_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file where the folder should be")
    desk = Desk(tmp_path / "journal", ProjectState(picture()))
    desk.paint(Box(0, 0, 10, 10), 1)
    desk.autosave.flush()
    assert desk.autosave.trouble
    desk.autosave.close()


def test_a_candidate_that_cannot_be_written_does_not_keep_the_rest_from_it(root: Path) -> None:
    desk = Desk(root, ProjectState(picture()))
    strange = Candidate("scene", object(), 1)
    desk.work(layer(1), candidates=(strange, candidate(2)))
    desk.autosave.flush()
    assert desk.autosave.trouble is None
    desk.autosave.abandon()
    found = recover(only(root))
    assert [each.seed for each in found.state.candidates] == [2]
    assert len(found.state.layers) == 1
    found.journal.close()


def test_answers_after_one_that_the_base_could_not_hold_are_still_told_apart(root: Path) -> None:
    answers = (Candidate("scene", object(), 1), candidate(2), candidate(3))
    desk = Desk(root, ProjectState(picture(), candidates=answers))
    desk.work(layer(1), candidates=answers[1:])
    desk.autosave.flush()
    desk.autosave.abandon()
    found = recover(only(root))
    found.journal.close()
    assert [each.seed for each in found.state.candidates] == [2, 3]


def test_an_answer_of_nothing_and_a_fill_of_nothing_do_not_stop_the_autosave(root: Path) -> None:
    photo = picture()
    desk = Desk(root, ProjectState(photo))
    nothing = ImagePatch(3, 4, photo.pixels[:0, :0])
    kept = KeptLayer(nothing, "unchanged", None)
    desk.work(layer(1), kept, candidates=(Candidate("image", nothing, 5), candidate(6)))
    desk.autosave.flush()
    desk.autosave.abandon()
    found = recover(only(root))
    found.journal.close()
    state = found.state
    assert [each.label for each in state.layers] == ["fill 1", "unchanged"]
    assert [each.seed for each in state.candidates] == [5, 6]
    assert state.candidates[0].result.pixels.shape == (0, 0, 3)


def test_beginning_a_journal_that_fails_leaves_no_folder(root: Path) -> None:
    stranger = ProjectState(picture(), masks={"joints": np.array([object()])})
    with pytest.raises(ValueError, match="Object arrays"):
        Journal.begin(root, Identity("x", None, None), None, stranger)
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("removed", [False, True])
def test_a_new_folder_that_somebody_looks_into_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, removed: bool
) -> None:
    """Whoever looks for what is left behind has the folder for a moment, and may remove it as empty."""
    seen: list[Path] = []

    def looked_into(folder: Path) -> owner.Ownership | None:
        seen.append(folder)
        if len(seen) > 1:
            return acquire(folder)
        if not removed:
            return None
        held = acquire(folder)
        shutil.rmtree(folder)
        return held

    monkeypatch.setattr(owner, "acquire", looked_into)
    folder, held = owner.owned_folder(tmp_path, "scene-")
    assert len(seen) == 2
    assert folder == seen[1]
    assert acquire(folder) is None
    held.release()


def test_a_folder_that_can_never_be_had_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner, "acquire", lambda folder: None)
    with pytest.raises(OSError, match="can be locked"):
        owner.owned_folder(tmp_path, "scene-")
