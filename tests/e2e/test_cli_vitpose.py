"""From a photo to 3D bodies in a script: joints are found in a box, and DiffPose is asked about them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from maskengines.subjects.pose_files import load_pose
from maskstudio.cli import main
from tiny_vitpose import write_vitpose

Run = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.usefixtures("warm_workers")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_vitpose(tmp_path_factory.mktemp("networks") / "tiny")


@pytest.fixture
def run(
    tiny: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Runs a command beside ``photo.png`` and ``box.png``: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path / "home"))
    tiles = np.random.default_rng(0).integers(0, 256, (10, 8, 3), np.uint8)
    cv2.imwrite("photo.png", np.kron(tiles, np.ones((20, 20, 1), np.uint8)))
    box = np.zeros((200, 160), np.uint8)
    cv2.rectangle(box, (20, 30), (99, 149), 255, -1)
    cv2.imwrite("box.png", box)

    def command(*words: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(["run", *words])
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return command


def test_joints_are_found_in_the_box_and_become_bodies(run: Run, tiny: Path, tmp_path: Path) -> None:
    find = ("vitpose", "--input", "photo.png", "--mask", "box.png", "--set", f"model={tiny}")
    code, out, err = run(*find, "--out", "joints.json", "--count", "3", "--json")
    assert (code, err) == (0, "")
    (told,) = [event for event in map(json.loads, out.splitlines()) if event["event"] == "candidate"]
    assert told["path"] == str(tmp_path / "joints.json")
    assert told["joints"] == 17
    (person,) = json.loads(Path("joints.json").read_text())["annotations"]
    assert len(person["keypoints"]) == 3 * len(person["sigma_px"]) == 51
    pose = load_pose("joints.json").subject
    assert pose.size == (160, 200)
    assert pose.in_several_places.any()
    assert run(*find, "--out", "a.openpose.json") == (0, f"{tmp_path / 'a.openpose.json'}\n", "")
    (person,) = json.loads(Path("a.openpose.json").read_text())["people"]
    assert len(person["pose_keypoints_2d"]) == 3 * len(person["sigma_px"]) == 75
    code, _, err = run("diffpose", "--input", "joints.json", "--out", "bodies.npz", "--count", "20")
    assert (code, err) == (0, "")
    with np.load("bodies.npz") as held:
        assert held["poses"].shape == (20, 17, 3)


def test_what_is_wrong_is_one_sentence_and_nothing_is_written(run: Run, tiny: Path, tmp_path: Path) -> None:
    dot = np.zeros((200, 160), np.uint8)
    dot[50:53, 50:53] = 255
    cv2.imwrite("dot.png", dot)
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.json").write_text('{"model_type": "resnet"}')
    (other / "model.safetensors").write_bytes(b"none")
    before = {path.name for path in tmp_path.iterdir()} | {"home"}
    for words, expected, told in (
        ((), 3, "Give a folder that transformers wrote, or a hub id"),
        (("--set", "model=nowhere"), 2, "There is no folder 'nowhere'"),
        (("--set", f"model={other}"), 2, "damaged or was not fetched to its end"),
        (("--set", f"model={tiny}", "--mask", "dot.png"), 2, "3 x 3 pixels"),
        (("--set", f"model={tiny}", "--set", "least=2"), 2, "least"),
    ):
        code, out, err = run("vitpose", "--input", "photo.png", "--out", "joints.json", *words)
        assert (code, out, err.count("\n")) == (expected, "", 1), err
        assert told in err
    code, out, err = run("vitpose", "--input", "photo.png", "--out", "joints.png")
    assert (code, out) == (2, "")
    assert ".json" in err
    assert {path.name for path in tmp_path.iterdir()} | {"home"} == before
