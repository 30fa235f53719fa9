"""What was removed from a scene is filled from a script, and projects of scenes go in where folders do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from maskengines.projects.scene_state import SceneState
from maskengines.projects.scene_writing import SceneFolder
from maskengines.scene.rasteriser import render
from maskengines.subjects.scene_files import load_scene
from maskengines.subjects.splat_files import load_gaussians, save_gaussians
from maskstudio.cli import main
from plugin_lab import Lab
from staged_room import Staged, staged, write_folder

pytestmark = pytest.mark.usefixtures("warm_workers")

Run = Callable[..., tuple[int, list[dict[str, Any]], str]]

PAINTED = """
subject_kinds = ["scene"]
spaces = ["photo"]
result_kinds = ["table"]
needs_mask = false
needs_visible = false
"""

HEAD = """
from maskengines.contract import *

class E:
    def sample(self, request, context):
"""

TELL = """
rows = [[space, int(mask.sum() // 255)] for space, mask in sorted(request.masks.items())]
rows.append(["gaussians", len(request.subject.gaussians)])
columns = [["of", "", "text"], ["n", "", "number"]]
yield Candidate("table", {"columns": columns, "rows": rows}, request.seed)
"""


@pytest.fixture
def run(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def command(*words: str) -> tuple[int, list[dict[str, Any]], str]:
        capfd.readouterr()
        code = main([*words, "--json"])
        captured = capfd.readouterr()
        return code, [json.loads(line) for line in captured.out.splitlines()], captured.err

    return command


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> tuple[Staged, Path]:
    """A folder with photos of a room, ``scene.ply`` with its Gaussians and ``gone.npy`` with the box's
    numbers; and a project of it from which the box was deleted."""
    folder = tmp_path_factory.mktemp("room")
    made = staged()
    write_folder(made, folder / "photos")
    save_gaussians(made.scene, folder / "scene.ply")
    np.save(folder / "gone.npy", np.flatnonzero(made.removed))
    save_gaussians(made.scene.take(made.removed), folder / "box.ply")
    save_gaussians(made.scene.take(~made.removed), folder / "rest.ply")
    scene = load_scene(folder / "photos").subject.with_gaussians(made.scene)
    none = np.zeros(len(made.scene), bool)
    paint = np.zeros((96, 128), np.uint8)
    paint[:10, :20] = 255
    state = SceneState(scene, none, none, made.removed, {"p01": paint})
    SceneFolder(folder / "room.maskscene").write(state.without_deleted(), state.removed)
    return made, folder


def told(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event["event"] == "candidate"]


def psnr_in_hole(room: Staged, filled: Path) -> float:
    scene, found = load_gaussians(filled).gaussians, []
    for camera in room.cameras[::3]:
        hidden = room.hidden(camera)
        off = (np.clip(render(scene, camera).colour, 0, 1) - render(room.truth, camera).colour)[hidden]
        found.append(float(-10 * np.log10(np.mean(off**2))))
    return float(np.mean(found))


def test_a_project_is_filled_where_gaussians_were_deleted(
    run: Run, room: tuple[Staged, Path], tmp_path: Path
) -> None:
    made, folder = room
    code, events, _ = run(
        "run", "scene-fill", "--input", str(folder / "room.maskscene"), "--out", "filled.ply", "--count", "2"
    )
    assert code == 0
    fills = told(events)
    assert [Path(fill["path"]).name for fill in fills] == ["filled-1.ply", "filled-2.ply"]
    for fill in fills:
        assert len(load_gaussians(Path(fill["path"])).gaussians) == fill["gaussians"]
        assert psnr_in_hole(made, Path(fill["path"])) > 28


def test_numbers_or_what_was_removed_say_what_is_gone(run: Run, room: tuple[Staged, Path]) -> None:
    _, folder = room
    settings, found = ["--set", f"photos={folder / 'photos'}", "iterations=0"], []
    for scene, mask in (("scene.ply", "gone.npy"), ("rest.ply", "box.ply")):
        words = ["--input", str(folder / scene), "--mask", str(folder / mask), *settings, "--out", "a.ply"]
        code, events, _ = run("run", "scene-fill", *words)
        assert code == 0
        found.append({key: told(events)[0][key] for key in ("added", "view", "hole_pixels", "gaussians")})
    assert found[0] == found[1]


def test_what_is_wrong_with_a_fill_is_one_sentence(
    run: Run, room: tuple[Staged, Path], tmp_path: Path
) -> None:
    made, folder = room
    np.save(tmp_path / "far.npy", np.array([3, len(made.scene)]))
    np.save(tmp_path / "short.npy", np.ones(7, bool))
    (tmp_path / "text.npy").write_text("1 2 3")
    scene, photos = str(folder / "scene.ply"), f"photos={folder / 'photos'}"
    for words, said in (
        (["--input", scene, "--set", photos], "which Gaussians"),
        (["--input", scene, "--mask", str(folder / "gone.npy")], "photos=FOLDER"),
        (["--input", scene, "--mask", "far.npy", "--set", photos], "there are those from 0"),
        (["--input", scene, "--mask", "short.npy", "--set", photos], "speaks of 7"),
        (["--input", scene, "--mask", "text.npy", "--set", photos], "whole numbers"),
        (["--input", scene, "--mask", str(folder / "gone.npy"), "--set", photos, "view=p77"], "p77"),
        (["--input", scene, "--mask", str(folder / "gone.npy"), "--set", photos, "engine=nobody"], "nobody"),
        (["--input", str(folder / "photos"), "--mask", str(folder / "gone.npy")], "no Gaussians yet"),
    ):
        code, events, _ = run("run", "scene-fill", *words, "--out", "a.ply")
        assert code == 2, words
        assert said in events[-1]["message"]
        assert not (tmp_path / "a.ply").exists()


def test_an_engine_gets_a_project_as_the_window_shows_it(
    run: Run, lab: Lab, room: tuple[Staged, Path]
) -> None:
    made, folder = room
    lab.plugin("tell", TELL, PAINTED, HEAD)
    code, events, _ = run("run", "tell", "--input", str(folder / "room.maskscene"))
    assert code == 0
    (table,) = [event for event in events if event["event"] == "table"]
    rows = {row["of"]: row["n"] for row in table["rows"]}
    assert rows == {"photo/p01": 200, "gaussians": int((~made.removed).sum())}


def test_pictures_of_a_project_show_what_is_not_deleted(
    run: Run, room: tuple[Staged, Path], tmp_path: Path
) -> None:
    made, folder = room
    code, _, _ = run("run", "render-scene", "--input", str(folder / "room.maskscene"), "--out", "a.png")
    assert code == 0
    cameras = folder / "photos" / "scene.json"
    code, _, _ = run("render", str(folder / "room.maskscene"), "--camera", str(cameras), "--out", "frames")
    assert code == 0
    shown = np.clip(render(made.scene.take(~made.removed), made.cameras[0]).colour, 0, 1)
    for file in ("a.png", "frames/p00.png"):
        assert np.abs(cv2.imread(str(tmp_path / file))[..., ::-1] / 255 - shown).max() < 0.003
