"""A user asks an engine from a script: files come out, the same every time, and nothing else changes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest
from maskstudio.cli import main
from PIL import Image

pytestmark = pytest.mark.usefixtures("warm_workers")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a 96x72 photo of blurred noise over a gradient, and a mask with a soft edge."""
    folder = tmp_path_factory.mktemp("photos")
    noise = np.random.default_rng(7).integers(0, 256, (72, 96, 3), dtype=np.uint8)
    picture = cv2.addWeighted(cv2.GaussianBlur(noise, (0, 0), 1.2), 0.8, np.full_like(noise, 120), 0.2, 0)
    picture += np.linspace(0, 40, 96, dtype=np.uint8)[None, :, None]
    Image.fromarray(picture).save(folder / "photo.png")
    mask = np.zeros((72, 96), np.uint8)
    mask[28:48, 36:60] = 255
    mask[24:28, 36:60] = 100
    Image.fromarray(mask).save(folder / "mask.png")
    return folder


def words(folder: Path, out: Path, *more: str, image: str = "photo.png") -> list[str]:
    return [
        "run", "exemplar", "--input", str(folder / image), "--mask", str(folder / "mask.png"),
        "--out", str(out), *more,
    ]  # fmt: skip


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def pixels(path: Path) -> np.ndarray[Any, Any]:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image


def test_one_fill_is_written_and_its_path_printed(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words(folder, Path("fill.png"))) == 0
    captured = capfd.readouterr()
    assert captured.out == f"{tmp_path / 'fill.png'}\n"
    assert captured.err == ""
    before, after, mask = pixels(folder / "photo.png"), pixels(Path("fill.png")), pixels(folder / "mask.png")
    assert np.array_equal(before[mask == 0], after[mask == 0])
    assert (before[mask == 255] != after[mask == 255]).any(axis=1).mean() > 0.5


def test_several_fills_are_numbered_told_as_events_and_come_again_from_their_own_seed(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(words(folder, tmp_path / "fill.png", "--count", "3", "--seed", "11", "--json")) == 0
    captured = capfd.readouterr()
    assert captured.err == ""
    told = events(captured.out)
    progress = [event for event in told if event["event"] == "progress"]
    assert progress
    assert all({"done", "total", "text"} <= set(event) for event in progress)
    candidates = [event for event in told if event["event"] == "candidate"]
    assert [event["path"] for event in candidates] == [str(tmp_path / f"fill-{n}.png") for n in (1, 2, 3)]
    assert all(event["seconds"] >= 0 for event in candidates)
    assert sum(event["seconds"] for event in candidates) > 0
    assert len({event["seed"] for event in candidates}) == 3
    assert {path.name for path in tmp_path.iterdir()} == {"fill-1.png", "fill-2.png", "fill-3.png"}
    last = candidates[-1]
    assert main(words(folder, tmp_path / "again.png", "--count", "1", "--seed", str(last["seed"]))) == 0
    assert np.array_equal(pixels(tmp_path / "again.png"), pixels(Path(last["path"])))


def test_the_same_command_in_two_processes_gives_the_same_file(folder: Path, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        subprocess.run(
            [sys.executable, "-m", "maskstudio", *words(folder, tmp_path / name, "--seed", "5")], check=True
        )
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("kind", ["grey", "grey16", "rgb16", "rgba", "grey-alpha"])
def test_mode_and_depth_stay_and_what_was_not_asked_for_is_bit_exact(
    kind: str, folder: Path, tmp_path: Path
) -> None:
    rgb = pixels(folder / "photo.png")
    grey, alpha = rgb[..., 1], rgb[..., 2]
    source = tmp_path / "source.png"
    if kind == "grey-alpha":
        Image.merge("LA", [Image.fromarray(grey), Image.fromarray(alpha)]).save(source)
    else:
        picture = {
            "grey": grey, "grey16": grey.astype(np.uint16) * 257 + 3,
            "rgb16": rgb.astype(np.uint16) * 256 + 77, "rgba": np.dstack([rgb, alpha]),
        }[kind]  # fmt: skip
        cv2.imwrite(str(source), picture)
    (tmp_path / "mask.png").write_bytes((folder / "mask.png").read_bytes())
    assert (
        main(words(tmp_path, tmp_path / "fill.png", "--set", "method=navier-stokes", image="source.png")) == 0
    )
    with Image.open(source) as before, Image.open(tmp_path / "fill.png") as after:
        assert before.mode == after.mode
        if kind == "grey-alpha":
            assert np.array_equal(np.asarray(before)[..., 1], np.asarray(after)[..., 1])
    first, second, mask = pixels(source), pixels(tmp_path / "fill.png"), pixels(folder / "mask.png")
    assert (first.dtype, first.shape) == (second.dtype, second.shape)
    assert np.array_equal(first[mask == 0], second[mask == 0])
    if kind == "rgba":
        assert np.array_equal(first[..., 3], second[..., 3])


@pytest.mark.parametrize("count", [1, 2])
def test_a_mask_that_asks_for_nothing_gives_the_picture_back(
    count: int, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    Image.new("L", (96, 72)).save(tmp_path / "mask.png")
    (tmp_path / "photo.png").write_bytes((folder / "photo.png").read_bytes())
    assert main(words(tmp_path, tmp_path / "same.png", "--count", str(count), "--json")) == 0
    told = [event for event in events(capfd.readouterr().out) if event["event"] == "candidate"]
    assert len(told) == count
    for event in told:
        assert np.array_equal(pixels(Path(event["path"])), pixels(folder / "photo.png"))


def test_a_setting_changes_the_fill(folder: Path, tmp_path: Path) -> None:
    assert main(words(folder, tmp_path / "a.png", "--set", "method=patches")) == 0
    assert main(words(folder, tmp_path / "b.png", "--set", "method=navier-stokes")) == 0
    assert not np.array_equal(pixels(tmp_path / "a.png"), pixels(tmp_path / "b.png"))


def test_an_engine_that_follows_the_brush_answers_once(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = words(folder, tmp_path / "live.png")
    asked[1] = "live-fill"
    assert main(asked) == 0
    assert capfd.readouterr().out == f"{tmp_path / 'live.png'}\n"
    before, after, mask = (
        pixels(folder / "photo.png"),
        pixels(tmp_path / "live.png"),
        pixels(folder / "mask.png"),
    )
    assert np.array_equal(before[mask == 0], after[mask == 0])
    assert not np.array_equal(before, after)


def test_running_loads_no_qt_and_no_kernels_into_the_calling_process(folder: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom maskstudio.cli import main\n"
        "if __name__ == '__main__':\n"
        "    code = main(sys.argv[1:])\n"
        "    print(*(m for m in sys.modules if m.partition('.')[0] in"
        " {'PySide6', 'shiboken6', 'torch', 'numba'}), sep='\\n')\n"
        "    sys.exit(code)\n"
    )
    (tmp_path / "script.py").write_text(code)
    answer = subprocess.run(
        [sys.executable, str(tmp_path / "script.py"), *words(folder, tmp_path / "fill.png")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert answer.stdout.split() == [str(tmp_path / "fill.png")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_in_mid_run_stops_everything_and_leaves_no_partial_file(
    number: signal.Signals, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "maskstudio", *words(folder, out / "fill.png", "--count", "500", "--json")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(json.loads(line))
        if seen[-1]["event"] == "candidate":
            break
    workers = psutil.Process(process.pid).children(recursive=True)
    assert workers
    # A terminal sends Ctrl+C to the whole group.
    os.killpg(process.pid, number)
    # Not `communicate`: it does not know of lines that were read ahead.
    seen += events(process.stdout.read())
    assert process.stderr is not None
    complaints = process.stderr.read()
    assert process.wait(60) == 130
    assert seen[-1]["event"] == "error"
    assert seen[-1]["kind"] == "cancelled"
    assert complaints == ""
    written = {event["path"] for event in seen if event["event"] == "candidate"}
    assert {str(path) for path in out.iterdir()} == written
    assert 0 < len(written) < 500
    for path in written:
        assert pixels(Path(path)).shape == (72, 96, 3)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(worker.is_running() for worker in workers):
        time.sleep(0.05)
    assert not [worker for worker in workers if worker.is_running() and worker.status() != "zombie"]


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    command = f"'{sys.executable}' -m maskstudio engines --json | head -c 1"
    answer = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert answer.stdout == "{"
    assert "Traceback" not in answer.stderr
