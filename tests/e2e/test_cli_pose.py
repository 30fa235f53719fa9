"""Poses from a script: joints in, one file of hypotheses out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from maskengines.subjects.pose_formats.bvh import read_bvh
from maskstudio.cli import main
from plugin_lab import Lab
from somebody import coco_keypoints

EXTRA = """
subject_kinds = ["pose"]
spaces = ["joints"]
result_kinds = ["hypotheses"]
needs_mask = false
needs_visible = false
"""

HEAD = """
import numpy as np
from maskengines.contract import *

class E:
    def sample(self, request, context):
"""

# Straight from the evidence: joints in the picture plane, each as far off as its evidence is spread.
BODY = """
subject, count = request.subject, request.count
evidence = subject.evidence(request.masks.get("joints"))
rows = np.arange(17)
generator = context.generator(request.seed)
seen = np.zeros((count, 17, 2))
for number in range(count):
    weights = evidence[..., 3] * evidence[..., 2] ** 2
    for joint in range(17):
        if weights[joint].any():
            mode = generator.choice(weights.shape[1], p=weights[joint] / weights[joint].sum())
            x, y, sigma, _ = evidence[joint, mode]
        else:
            (x, y), sigma = np.mean(evidence[:, 0, :2], axis=0), 50
        seen[number, joint] = generator.normal((x, y), sigma)
    context.checkpoint()
poses = np.zeros((count, 17, 3), np.float32)
poses[..., :2] = (seen - seen[:, :1]) * 5
result = {
    "poses": poses, "weights": np.full(count, 1 / count, np.float32), "joints_2d": seen.astype(np.float32),
}
yield Candidate("hypotheses", result, request.seed, metrics={"hypotheses": count})
"""

WRIST = 13  # LWrist

Run = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.usefixtures("warm_workers")


@pytest.fixture
def run(lab: Lab, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the engine ``fan`` on ``joints.json``: exit code, stdout, stderr."""
    lab.plugin("fan", BODY, EXTRA, HEAD)
    monkeypatch.chdir(tmp_path)
    write({"keypoints": coco_keypoints()})

    def command(*words: str, input: str = "joints.json", engine: str = "fan") -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(["run", engine, "--input", input, *words])
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return command


def write(held: Any, name: str = "joints.json") -> None:
    Path(name).write_text(json.dumps(held))


def painted(*discs: tuple[int, int, int], size: tuple[int, int] = (400, 300), name: str = "mask.png") -> None:
    mask = np.zeros(size[::-1], np.uint8)
    for x, y, radius in discs:
        cv2.circle(mask, (x, y), radius, 255, -1)
    cv2.imwrite(name, mask)


def test_all_hypotheses_are_one_candidate_in_one_file(run: Run, tmp_path: Path) -> None:
    code, out, err = run("--out", "fan.npz", "--count", "200", "--seed", "1", "--json")
    assert (code, err) == (0, "")
    told = [json.loads(line) for line in out.splitlines()]
    (candidate,) = [event for event in told if event["event"] == "candidate"]
    assert (candidate["path"], candidate["hypotheses"]) == (str(tmp_path / "fan.npz"), 200)
    with np.load("fan.npz") as held:
        assert held["poses"].shape == (200, 17, 3)
        assert held["weights"].shape == (200,)
    assert run("--out", "again.npz", "--count", "200", "--seed", "1")[0] == 0
    assert Path("again.npz").read_bytes() == Path("fan.npz").read_bytes()
    assert run("--out", "other.npz", "--count", "200", "--seed", "2")[0] == 0
    assert Path("other.npz").read_bytes() != Path("fan.npz").read_bytes()


def test_every_format_is_written_and_its_path_printed(run: Run, tmp_path: Path) -> None:
    for suffix in ("bvh", "glb", "json"):
        assert run("--out", f"fan.{suffix}", "--count", "7") == (0, f"{tmp_path / f'fan.{suffix}'}\n", "")
    assert read_bvh(Path("fan.bvh")).total == 7
    assert Path("fan.glb").read_bytes()[:4] == b"glTF"
    (answer,) = json.loads(Path("fan.json").read_text())["annotations"]
    assert np.reshape(answer["keypoints"], (17, 3))[5, 0] == pytest.approx(220, abs=30)


def test_a_motion_file_can_be_asked_about(run: Run) -> None:
    assert run("--out", "fan.bvh", "--count", "3")[0] == 0
    code, _, err = run("--out", "again.npz", input="fan.bvh")
    assert code == 0
    assert "3 frames" in err
    code, _, err = run("--out", "again.npz", "--person", "2", input="fan.bvh")
    assert (code, err) == (0, "")


def test_paint_over_a_joint_spreads_it_and_two_blobs_split_it(run: Run) -> None:
    def wrists(*words: str) -> np.ndarray[Any, Any]:
        assert run("--out", "fan.npz", "--count", "200", *words)[0] == 0
        with np.load("fan.npz") as held:
            return held["joints_2d"][:, WRIST]

    before = wrists()
    painted((260, 138, 14))
    over = wrists("--mask", "mask.png")
    assert over.std(axis=0).min() > 1.5 * before.std(axis=0).max()
    painted((260, 138, 10), (300, 90, 10))
    split = wrists("--mask", "mask.png")
    left = np.linalg.norm(split - (260, 138), axis=1) < 30
    right = np.linalg.norm(split - (300, 90), axis=1) < 30
    assert 60 < left.sum() < 140
    assert (left | right).mean() > 0.95
    assert not (left & right).any()
    painted()
    assert np.array_equal(wrists("--mask", "mask.png"), before)


def test_of_several_people_one_is_taken_and_that_is_said(run: Run) -> None:
    people = [{"keypoints": coco_keypoints(third)} for third in (0.4, 0.9)]
    write(people)
    code, out, err = run("--out", "fan.npz")
    assert code == 0
    assert out.endswith("fan.npz\n")
    assert err.count("\n") == 1
    assert "2 people" in err
    code, out, err = run("--out", "fan.npz", "--json")
    (warning,) = [e for e in map(json.loads, out.splitlines()) if e["event"] == "warning"]
    assert "number 2" in warning["message"]
    assert err == ""
    assert run("--out", "fan.npz", "--person", "1")[2] == ""


def test_what_is_wrong_is_one_sentence_and_nothing_is_written(run: Run, tmp_path: Path) -> None:
    painted(name="small.png", size=(40, 30))
    painted(name="photo.png")
    write({**{"keypoints": coco_keypoints()}, "box": [0, 0]}, "box.json")
    sized = {"images": [{"id": 1, "width": 400, "height": 300}]}
    write({**sized, "annotations": [{"image_id": 1, "keypoints": coco_keypoints()}]}, "sized.json")
    away = [v + 4000 if k % 3 < 2 else v for k, v in enumerate(coco_keypoints())]
    write({"keypoints": away}, "away.json")
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    for words, input, told in (
        (("--out", "a.npz"), "none.json", "no such file"),
        (("--out", "a.npz"), "photo.png", "works on poses, and 'photo.png' is a picture"),
        (("--out", "a.npz"), "box.json", "no x, y, width and height"),
        (("--out", "a.npz", "--person", "0"), "joints.json", "no person 0"),
        (("--out", "a.npz", "--person", "2"), "joints.json", "no person 2"),
        (("--out", "a.npz", "--count", "0"), "joints.json", "from 1 to 9999"),
        (("--out", "a.png"), "joints.json", ".npz, .bvh, .glb, .json"),
        (("--out", "nowhere/a.npz"), "joints.json", "folder does not exist"),
        ((), "joints.json", "add --out"),
        (("--out", "joints.json"), "joints.json", "overwrite the --input"),
        (("--out", "a.npz", "--mask", "none.png"), "joints.json", "none.png"),
        (("--out", "a.npz", "--mask", "small.png"), "sized.json", "40 x 30 but the image is 400 x 300"),
        (("--out", "a.npz", "--mask", "photo.png"), "away.json", "outside the picture"),
        (("--out", "a.npz", "--set", "nothing=1"), "joints.json", "Unknown parameter"),
    ):
        code, out, err = run(*words, input=input)
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert told in err, err
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_an_engine_for_photos_takes_no_pose(run: Run) -> None:
    painted((50, 50, 9))
    code, _, err = run("--out", "a.png", "--mask", "mask.png", engine="exemplar")
    assert code == 2
    assert "joints.json" in err
    code, _, err = run("--out", "a.png", "--person", "1", input="mask.png", engine="exemplar")
    assert code == 2
    assert "--person" in err


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ('result["poses"] = poses[:, :16]', "16, 3"),
        ('result["weights"] = -result["weights"]', "weights below 0"),
        ('del result["joints_2d"]', "lack one of"),
    ],
)
def test_an_engine_that_gives_no_poses_is_told_of(change: str, told: str, run: Run, lab: Lab) -> None:
    lab.plugin("odd", BODY.replace("yield", f"{change}\nyield"), EXTRA, HEAD)
    code, out, err = run("--out", "a.npz", engine="odd")
    assert (code, out) == (4, "")
    assert told in err
    assert not Path("a.npz").exists()
