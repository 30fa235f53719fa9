"""Projects of scenes: what is saved comes back, and at no moment is there less than one of two states."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from maskengines.errors import BadInput
from maskengines.projects import scene_writing
from maskengines.projects.journal import Identity
from maskengines.projects.scene_journal import SceneAutosave, SceneJournal, scene_leftovers
from maskengines.projects.scene_reading import is_scene_project, load_scene_project
from maskengines.projects.scene_state import SceneState
from maskengines.projects.scene_writing import SceneFolder
from maskengines.subjects.scene_files import load_scene
from maskengines.subjects.splat_files import load_gaussians
from tiny_scene import HEIGHT, WIDTH, blobs, write_scene

COUNT = 150
WHO = Identity("tiny", None, Path("/photos/tiny"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scene(tmp_path_factory.mktemp("project") / "tiny")


def painted(value: int = 255) -> np.ndarray[Any, Any]:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[3:9, 5:20] = value
    return mask


@pytest.fixture
def state(folder: Path) -> SceneState:
    scene = load_scene(folder).subject.with_gaussians(blobs(COUNT))
    odd = np.arange(COUNT) % 2 == 1
    return SceneState(
        scene, odd, np.arange(COUNT) < 10, np.arange(COUNT) >= 140, {"p00": painted(), "p02": painted(77)},
        {"p01": np.full((20, 24), 9, np.uint8)}, {"engine": "dual-3dgs"}, str(folder),
        np.arange(COUNT) % 5 == 0,
    )  # fmt: skip


def test_all_of_a_scene_comes_back(state: SceneState, tmp_path: Path) -> None:
    SceneFolder(tmp_path / "s.maskscene").write(state)
    found, notes = load_scene_project(tmp_path / "s.maskscene")
    assert not notes
    assert found.scene.content_hash == state.scene.content_hash
    for name in ("selected", "hidden", "deleted", "locked"):
        np.testing.assert_array_equal(getattr(found, name), getattr(state, name))
    for kind in ("masks", "learned"):
        held, given = getattr(found, kind), getattr(state, kind)
        assert set(held) == set(given)
        for name, array in given.items():
            np.testing.assert_array_equal(held[name], array)
    assert found.settings == state.settings
    assert found.source == state.source


def test_a_project_from_before_there_were_locks_has_none(
    state: SceneState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene_writing, "FLAGS", ("selected", "hidden", "deleted"))
    SceneFolder(tmp_path / "s").write(state)
    found, _ = load_scene_project(tmp_path / "s")
    np.testing.assert_array_equal(found.hidden, state.hidden)
    assert found.locked.shape == (COUNT,)
    assert not found.locked.any()


def test_what_is_deleted_is_no_part_of_what_a_user_saves(state: SceneState, tmp_path: Path) -> None:
    SceneFolder(tmp_path / "s").write(state.without_deleted())
    found, _ = load_scene_project(tmp_path / "s")
    assert found.scene.gaussians is not None
    assert len(found.scene.gaussians) == 140
    assert found.hidden.sum() == 10
    np.testing.assert_array_equal(found.locked, state.locked[:140])
    assert not found.deleted.any()


def test_what_is_deleted_lies_beside_what_a_user_saves(state: SceneState, tmp_path: Path) -> None:
    folder = SceneFolder(tmp_path / "s")
    folder.write(state.without_deleted(), state.removed)
    found, _ = load_scene_project(tmp_path / "s")
    assert found.scene.gaussians is not None
    assert found.deleted.tolist() == [False] * 140 + [True] * 10
    assert np.array_equal(found.scene.gaussians.means, state.scene.gaussians.means)
    (seen,) = (tmp_path / "s").glob("scene-*.ply")
    assert len(load_gaussians(seen).gaussians) == 140, "what any viewer opens"
    folder.write(state.without_deleted())
    assert not list((tmp_path / "s").glob("removed-*.ply")), "it was filled"
    assert len(load_scene_project(tmp_path / "s")[0].deleted) == 140


def test_writing_again_writes_what_changed_and_removes_what_is_left(
    state: SceneState, tmp_path: Path
) -> None:
    project = SceneFolder(tmp_path)
    (tmp_path / "mine.txt").write_text("a file of the user")
    project.write(state)
    before = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*") if file.is_file()}
    project.write(replace(state, masks={"p00": state.masks["p00"], "p02": painted(5)}))
    after = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*") if file.is_file()}
    kept = {file for file in before if after.get(file) == before[file]}
    assert len(after) == len(before)
    assert {file.name for file in after} - {file.name for file in kept} - {"project.json"} == {
        file.name for file in after if file.name.startswith("p02-")
    }
    assert (tmp_path / "mine.txt").exists()


def test_a_write_that_fails_leaves_the_project_that_was_there(
    state: SceneState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = SceneFolder(tmp_path)
    project.write(state)

    def full(*_: Any) -> bytes:
        raise BadInput("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(scene_writing.png, "encode_flat", full)
        with pytest.raises(BadInput, match="disk is full"):
            project.write(replace(state, masks={"p04": painted(1)}))
    found, _ = load_scene_project(tmp_path)
    assert set(found.masks) == {"p00", "p02"}
    project.write(replace(state, masks={"p04": painted(1)}))
    assert set(load_scene_project(tmp_path)[0].masks) == {"p04"}


def test_a_project_that_moves_with_its_photos_finds_them(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "one" / "tiny")
    scene = load_scene(tmp_path / "one" / "tiny").subject
    SceneFolder(tmp_path / "one" / "s").write(SceneState(scene))
    (tmp_path / "one").rename(tmp_path / "two")
    found, notes = load_scene_project(tmp_path / "two" / "s")
    assert not notes
    assert all(Path(photo.path).is_file() for photo in found.scene.photos)
    shutil.rmtree(tmp_path / "two" / "tiny")
    found, notes = load_scene_project(tmp_path / "two" / "s")
    assert len(found.scene.photos) == 7
    assert "p00, p01, p02 and 4 more" in notes[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 99}, "newer"),
        ({"arrays": "../../etc/passwd"}, "outside"),
        ({"masks": {"p00": "masks/gone.png"}}, "damaged"),
        ({"count": 3}, "150 Gaussians where 3"),
        ({"scene": {}}, "damaged"),
    ],
)
def test_a_project_that_makes_no_sense_is_bad_input(
    state: SceneState, tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    SceneFolder(tmp_path).write(state)
    file = tmp_path / "project.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(BadInput, match=words):
        load_scene_project(tmp_path)


@pytest.mark.parametrize("broken", [b"x", b"", b"PK\x03\x04 cut off", b"\x93NUMPY\x01"])
def test_a_damaged_project_is_told_of_in_plain_words(
    state: SceneState, tmp_path: Path, broken: bytes
) -> None:
    SceneFolder(tmp_path / "s.maskscene").write(state)
    (points,) = (tmp_path / "s.maskscene").glob("points-*.npz")
    points.write_bytes(broken)
    with pytest.raises(BadInput) as told:
        load_scene_project(tmp_path / "s.maskscene")
    assert told.value.message == (
        f"The project 's.maskscene' is damaged or incomplete ('{points.name}' cannot be read). Take a "
        "backup of it, or open what it was made from again."
    )


def test_a_folder_that_is_no_project_is_told_apart(tmp_path: Path, folder: Path) -> None:
    assert not is_scene_project(folder)
    (tmp_path / "project.json").write_text('{"kind": "another program"}')
    assert not is_scene_project(tmp_path)


def test_what_a_crash_leaves_is_found_and_gone_on_with(state: SceneState, tmp_path: Path) -> None:
    saving = SceneAutosave(tmp_path, lambda: WHO)
    saving.changed(replace(state, masks={}))
    saving.changed(state)
    assert scene_leftovers(tmp_path) == [], "a journal in use is nobody's to recover"
    saving.abandon()
    (leftover,) = scene_leftovers(tmp_path)
    assert leftover.identity == WHO
    found, notes, journal = leftover.recover()
    assert not notes
    np.testing.assert_array_equal(found.masks["p02"], state.masks["p02"])
    np.testing.assert_array_equal(found.deleted, state.deleted)
    with pytest.raises(BadInput, match="another window"):
        leftover.recover()
    again = SceneAutosave(tmp_path, lambda: WHO, journal)
    again.changed(replace(found, masks={"p05": painted(3)}))
    again.abandon()
    (leftover,) = scene_leftovers(tmp_path)
    found, _, journal = leftover.recover()
    assert set(found.masks) == {"p05"}
    journal.close()
    leftover.discard()
    assert scene_leftovers(tmp_path) == []


def test_a_scene_that_is_saved_or_closed_leaves_no_journal(state: SceneState, tmp_path: Path) -> None:
    saving = SceneAutosave(tmp_path, lambda: WHO)
    saving.changed(state)
    saving.flush()
    assert len(list(tmp_path.glob("scene-*"))) == 1
    saving.saved()
    saving.flush()
    assert not list(tmp_path.glob("scene-*"))
    saving.changed(state)
    saving.flush()
    saving.close()
    assert not list(tmp_path.glob("scene-*"))


def test_a_journal_that_cannot_be_written_is_tried_again(
    state: SceneState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, failures = SceneJournal.write, [OSError("no space left"), OSError("no space left")]

    def flaky(journal: SceneJournal, *given: Any) -> None:
        if failures:
            raise failures.pop()
        write(journal, *given)

    monkeypatch.setattr(SceneJournal, "write", flaky)
    monkeypatch.setattr("maskengines.projects.scene_journal.RETRY", 0.05)
    saving = SceneAutosave(tmp_path, lambda: WHO)
    saving.changed(state)
    for _ in range(100):
        saving.flush()
        if not failures and saving.trouble is None:
            break
        time.sleep(0.05)
    saving.abandon()
    (leftover,) = scene_leftovers(tmp_path)
    assert set(load_scene_project(leftover.folder / "work")[0].masks) == {"p00", "p02"}
