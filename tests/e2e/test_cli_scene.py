"""Scenes from a script: a folder in and Gaussians out; Gaussians and cameras in and pictures out."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from maskengines.subjects.cameras import Camera, cameras_json
from maskengines.subjects.gaussians import Gaussians
from maskengines.subjects.scene_files import load_scene
from maskengines.subjects.splat_files import load_gaussians, save_gaussians
from maskstudio.cli import main
from plugin_lab import Lab
from some_scene import around, some_gaussians, write_scene_folder

EXTRA = """
subject_kinds = ["scene"]
spaces = ["gaussians"]
result_kinds = ["scene"]
needs_mask = false
needs_visible = false
"""

HEAD = """
import numpy as np
from maskengines.contract import *
from maskengines.results.scenes import SceneResult
from maskengines.subjects.gaussians import Gaussians

class E:
    def sample(self, request, context):
"""

# A Gaussian for each sparse point, in its colour.
BODY = """
subject = request.subject
n = len(subject.points)
dc = (subject.colours / 255 - 0.5) / 0.28209479177387814
made = Gaussians(
    subject.points, np.full((n, 3), -2), np.tile([1, 0, 0, 0], (n, 1)), np.full(n, 3), dc[:, None]
)
plain = SceneResult(made, subject.cameras, {"photos": len(subject.photos)}).to_plain()
yield Candidate("scene", plain, request.seed, metrics={"gaussians": n, "train": len(subject.placed("train"))})
"""

Run = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def run(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in the test's folder: exit code, lines of stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def command(*words: str) -> tuple[int, list[str], str]:
        capfd.readouterr()
        code = main(list(words))
        captured = capfd.readouterr()
        return code, captured.out.splitlines(), captured.err

    return command


def candidates(lines: list[str]) -> list[dict[str, Any]]:
    return [event for event in map(json.loads, lines) if event["event"] == "candidate"]


def test_a_folder_goes_in_and_gaussians_come_out(run: Run, lab: Lab, tmp_path: Path) -> None:
    lab.plugin("dots", BODY, EXTRA, HEAD)
    write_scene_folder(tmp_path / "photos", around(5))
    with np.load(tmp_path / "photos" / "points.npz") as held:
        points, colours = held["xyz"], held["rgb"]
    for name, off in (("a.compressed.ply", 0.01), ("a.spz", 1e-4)):
        code, out, _ = run("run", "dots", "--input", "photos", "--out", name, "--json")
        assert code == 0
        (told,) = candidates(out)
        assert (told["gaussians"], told["train"]) == (20, 4)
        made = load_gaussians(tmp_path / name).gaussians
        order = np.argsort(made.means[:, 0])
        assert np.abs(made.means[order] - points[np.argsort(points[:, 0])]).max() <= off
        assert np.abs(made.colours[order] * 255 - colours[np.argsort(points[:, 0])]).max() < 1


def test_several_scenes_are_numbered_before_the_whole_suffix(run: Run, lab: Lab, tmp_path: Path) -> None:
    lab.plugin("dots", BODY.replace("yield", "for _ in range(request.count): yield"), EXTRA, HEAD)
    write_scene_folder(tmp_path / "photos", around(5))
    code, out, _ = run("run", "dots", "--input", "photos", "--out", "a.compressed.ply", "--count", "2")
    assert (code, out) == (0, [str(tmp_path / f"a-{number}.compressed.ply") for number in (1, 2)])
    assert b"packed_position" in (tmp_path / "a-2.compressed.ply").read_bytes()


def test_what_is_left_out_of_a_folder_is_told(run: Run, lab: Lab, tmp_path: Path) -> None:
    lab.plugin("dots", BODY, EXTRA, HEAD)
    write_scene_folder(tmp_path / "photos", around(5))
    (tmp_path / "photos" / "images" / "p03.png").unlink()
    code, out, said = run("run", "dots", "--input", "photos", "--out", "a.ply")
    assert (code, out) == (0, [str(tmp_path / "a.ply")])
    assert "p03" in said


def test_what_is_wrong_with_a_question_about_a_scene_is_one_sentence(
    run: Run, lab: Lab, tmp_path: Path
) -> None:
    lab.plugin("dots", BODY, EXTRA, HEAD)
    write_scene_folder(tmp_path / "photos", around(4))
    (tmp_path / "empty").mkdir()
    for words, told in (
        (("--input", "none"), "There is no"),
        (("--input", "empty"), "no photos"),
        (("--input", "photos", "--mask", "photos/images/p00.png"), "--set masks=FOLDER"),
        (("--input", "photos", "--person", "1"), "--person"),
        (("--input", "photos", "--out", "a.obj"), ".splat"),
        (("--input", "photos", "--out", "none/a.ply"), "folder does not exist"),
    ):
        out = () if "--out" in words else ("--out", "a.ply")
        code, lines, said = run("run", "dots", *words, *out)
        assert (code, lines) == (2, []), said
        assert told in said
        assert len(said.splitlines()) == 1
    assert not (tmp_path / "a.ply").exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ('plain["means"] = plain["means"][:3]', "malformed"),
        ('plain["means"] = plain["means"] + np.nan', "no finite number"),
        ('plain["cameras"] = [{"w": 3}]', "lacks"),
        ('plain = {"means": 3}', "lacks one of"),
    ],
)
def test_an_engine_that_gives_no_scene_is_told_of(
    change: str, told: str, run: Run, lab: Lab, tmp_path: Path
) -> None:
    lab.plugin("dots", BODY.replace("yield", f"{change}\nyield"), EXTRA, HEAD)
    write_scene_folder(tmp_path / "photos", around(4))
    code, _, said = run("run", "dots", "--input", "photos", "--out", "a.ply")
    assert code == 4
    assert told in said
    assert not (tmp_path / "a.ply").exists()


@pytest.fixture
def ball(tmp_path: Path) -> list[Camera]:
    """``ball.ply``, one red Gaussian at the origin, and ``cameras.json`` around it."""
    dc = (np.array([[[0.9, 0.1, 0.1]]]) - 0.5) / 0.28209479177387814
    one = Gaussians(np.zeros((1, 3)), np.full((1, 3), -1.2), np.array([[1, 0, 0, 0]]), np.full(1, 6), dc)
    save_gaussians(one, tmp_path / "ball.ply")
    cameras = around(4, 60, 40)
    (tmp_path / "cameras.json").write_text(cameras_json(cameras))
    return cameras


def test_a_scene_is_photographed_from_every_camera_of_a_file_always_the_same_way(
    run: Run, ball: list[Camera], tmp_path: Path
) -> None:
    words = ["render", "ball.ply", "--camera", "cameras.json", "--out", "frames", "--json"]
    code, out, _ = run(*words)
    assert code == 0
    told = candidates(out)
    assert [Path(one["path"]).name for one in told] == [f"{camera.name}.png" for camera in ball]
    assert {one["gaussians"] for one in told} == {1}
    shots = [cv2.imread(one["path"])[..., ::-1].astype(int) for one in told]
    for picture in shots:
        assert picture.shape == (40, 60, 3)
        assert np.abs(picture[20, 30] - (228, 25, 25)).max() <= 3
        assert not picture[0, 0].any()
        # It is round, and as wide as its deviation seen from that far: 0.3 * 54 / 4.2 pixels.
        half = (picture[..., 0] > 0.9 * 255 * np.exp(-0.5)).sum()
        expected = np.pi * ((0.301 * 54 / 4.18) ** 2 + 0.3)
        assert half == pytest.approx(expected, rel=0.1)
    code = (
        "import sys; from maskstudio.cli import main; "
        f"main({[word.replace('frames', 'again') for word in words]!r}); "
        "print(sorted({'torch', 'numba', 'PySide6'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    *lines, loaded = done.stdout.splitlines()
    assert loaded == "[]"
    again = [cv2.imread(one["path"])[..., ::-1] for one in candidates(lines)]
    assert all((a == b).all() for a, b in zip(shots, again, strict=True))


def test_pictures_of_cameras_without_names_of_their_own_are_numbered_and_sizes_may_differ(
    run: Run, ball: list[Camera], tmp_path: Path
) -> None:
    (tmp_path / "mixed.json").write_text(cameras_json([ball[0], ball[0].scaled(0.5)]))
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "mine.txt").write_text("stays")
    code, out, _ = run(
        "render", "ball.ply", "--camera", "mixed.json", "--out", "frames", "--set", "background=white"
    )
    assert (code, out) == (0, [str(tmp_path / "frames" / f"000{number}.png") for number in (1, 2)])
    pictures = [cv2.imread(path) for path in out]
    assert [picture.shape[:2] for picture in pictures] == [(40, 60), (20, 30)]
    assert all((picture[0, 0] == 255).all() for picture in pictures)
    assert (tmp_path / "frames" / "mine.txt").exists()


def test_a_turntable_is_pictures_or_a_film_of_once_around(
    run: Run, ball: list[Camera], tmp_path: Path
) -> None:
    words = ["render", "ball.ply", "--turntable", "6", "--size", "60x40", "--json"]
    code, out, _ = run(*words, "--out", "turn", "--elevation", "0")
    assert code == 0
    told = candidates(out)
    assert [Path(one["path"]).name for one in told] == [f"000{number}.png" for number in range(1, 7)]
    for one in told:
        picture = cv2.imread(one["path"])[..., ::-1].astype(int)
        assert picture.shape == (40, 60, 3)
        assert np.abs(picture[20, 30] - (228, 25, 25)).max() <= 3, "the middle is in the middle"
    code, out, _ = run(*words, "--out", "turn.mp4")
    (film,) = candidates(out)
    assert (code, film["path"], film["frames"]) == (0, str(tmp_path / "turn.mp4"), 6)
    assert cv2.VideoCapture(film["path"]).get(cv2.CAP_PROP_FRAME_COUNT) == 6
    for more, wrong in (
        (["--camera", "cameras.json"], "not allowed with"),
        (["--size", "9x9"], "16 to 4096"),
        (["--out", "no/turn.mp4"], "does not exist"),
        (["--out", "turn.GIF"], "named like a file"),
    ):
        code, lines, said = run("render", "ball.ply", "--turntable", "6", "--out", "t", *more)
        assert (code, lines) == (2, [])
        assert wrong in said
    code, _, said = run("render", "ball.ply", "--camera", "cameras.json", "--out", "t", "--size", "60x40")
    assert code == 2
    assert "belong to --turntable" in said
    code, _, said = run("render", "ball.ply", "--camera", "cameras.json", "--out", "frames.mp4")
    assert code == 2
    assert "named like a file" in said
    assert not any((tmp_path / name).exists() for name in ("t", "turn.GIF", "frames.mp4"))


def test_what_is_wrong_with_a_rendering_is_one_sentence(run: Run, ball: list[Camera], tmp_path: Path) -> None:
    write_scene_folder(tmp_path / "photos", around(4))
    (tmp_path / "cut.json").write_text('{"frames": [')
    (tmp_path / "file").write_text("")
    usual = {"scene": "ball.ply", "--camera": "cameras.json", "--out": "frames"}
    for change, told in (
        ({"scene": "none.ply"}, "There is no"),
        ({"scene": "photos"}, "no Gaussians yet"),
        ({"scene": "cameras.json"}, "is no scene"),
        ({"--camera": "none.json"}, "Cannot read"),
        ({"--camera": "cut.json"}, "ends too early"),
        ({"--out": "file"}, "is a file"),
        ({"--out": "no/frames"}, "Cannot make the folder"),
        ({"--set": "background=pink"}, "background"),
        ({"--set": "cameras=[]"}, "--camera"),
    ):
        words = {**usual, **change}
        scene = words.pop("scene")
        code, lines, said = run("render", scene, *(word for pair in words.items() for word in pair))
        assert (code, lines) == (2, []), said
        assert told in said
        assert len(said.splitlines()) == 1
    assert not (tmp_path / "frames").exists()


def test_ctrl_c_ends_a_rendering_and_leaves_whole_pictures(ball: list[Camera], tmp_path: Path) -> None:
    save_gaussians(some_gaussians(3000), tmp_path / "many.ply")
    (tmp_path / "path.json").write_text(cameras_json(around(40, 96, 64) * 50))
    words = ["render", "many.ply", "--camera", "path.json", "--out", "frames", "--json"]
    with subprocess.Popen(
        [sys.executable, "-m", "maskstudio", *words], cwd=tmp_path, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if len(candidates(lines)) == 3:
                process.send_signal(signal.SIGINT)
                break
        lines += process.stdout.readlines()
    assert process.returncode == 130
    assert json.loads(lines[-1])["kind"] == "cancelled"
    pictures = sorted((tmp_path / "frames").iterdir())
    assert [str(path) for path in pictures] == [one["path"] for one in candidates(lines)]
    assert len(pictures) < 2000
    assert all(cv2.imread(str(path)).shape == (64, 96, 3) for path in pictures)


def test_the_cameras_of_photos_alone_are_found_before_an_engine_that_works_on_photos_begins(
    run: Run, lab: Lab, tmp_path: Path, data_dir: Path
) -> None:
    pytest.importorskip("pycolmap")
    lab.plugin("dots", BODY, EXTRA.replace('"gaussians"', '"photo"'), HEAD)
    (tmp_path / "photos").mkdir()
    for number in range(5):
        shutil.copy(data_dir / "scene" / "garden_occ" / "images" / f"g{number:02d}.png", tmp_path / "photos")
    grey = np.full((144, 256, 3), 99, np.uint8)
    assert cv2.imwrite(str(tmp_path / "photos" / "wall.png"), grey)
    code, out, said = run("run", "dots", "--input", "photos", "--out", "a.ply", "--json")
    assert code == 0, said
    (told,) = candidates(out)
    assert told["train"] == 5
    assert told["gaussians"] == len(load_gaussians(tmp_path / "a.ply").gaussians) > 100
    texts = [event["text"] for event in map(json.loads, out) if event["event"] == "progress"]
    assert any("Finding the cameras" in text for text in texts)
    (warning,) = [event for event in map(json.loads, out) if event["event"] == "warning"]
    assert "wall" in str(warning)

    code, out, _ = run("run", "find-cameras", "--input", "photos", "--set", "folder=scene")
    assert code == 0
    assert out[0].split()[0] == "Photo"
    assert len(load_scene(tmp_path / "scene").subject.cameras) == 5
    code, _, said = run("run", "find-cameras", "--input", "photos", "--set", "folder=scene")
    assert (code, len(said.splitlines())) == (2, 1)
    assert "there already" in said
