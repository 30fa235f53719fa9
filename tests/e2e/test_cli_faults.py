"""An engine that breaks under ``maskstudio run`` costs the command and nothing else."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from maskstudio.cli import main
from PIL import Image

MODULE = """
import os, time
import numpy as np
from maskengines.contract import BadInput, Candidate, ImagePatch, NotReady

class Broken:
    def prepare(self, context):
        pass

    def sample(self, request, context):
        height, width = request.masks["pixels"].shape
        def answer(shade):
            pixels = np.full((height, width, 3), shade, np.uint8)
            return Candidate("image", ImagePatch(0, 0, pixels), request.seed)
{body}
"""

Run = Callable[..., list[str]]


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Writes and trusts a plugin with this body and returns the words that run it."""
    monkeypatch.setenv("MASKSTUDIO_PLUGINS", str(tmp_path / "plugins"))
    Image.new("RGB", (40, 30), (10, 20, 30)).save(tmp_path / "photo.png")
    mask = np.zeros((30, 40), np.uint8)
    mask[5:15, 5:15] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")

    def write(body: str, *more: str) -> list[str]:
        folder = tmp_path / "plugins" / "broken"
        folder.mkdir(parents=True)
        (folder / "engine.toml").write_text(
            'id = "broken"\ntitle = "Broken"\nsummary = "Breaks."\nversion = "1"\n'
            'module = "broken"\nclass = "Broken"\n'
        )
        code = MODULE.format(body=textwrap.indent(textwrap.dedent(body), " " * 8))
        (folder / "broken.py").write_text(code)
        assert main(["plugins", "trust", "broken"]) == 0
        return [
            "run", "broken", "--input", str(tmp_path / "photo.png"), "--mask", str(tmp_path / "mask.png"),
            "--out", str(tmp_path / "out.png"), *more,
        ]  # fmt: skip

    return write


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("raise ValueError('no luck')\nyield", 4, "no luck"),
        ("os.kill(os.getpid(), 11)\nyield", 4, "broken"),
        ("os._exit(0)\nyield", 4, "broken"),
        ("return\nyield", 4, "broken"),
        ("raise NotReady('Fetch the weights first.')\nyield", 3, "Fetch the weights"),
        ("raise BadInput('Paint less.')\nyield", 2, "Paint less"),
    ],
)
def test_a_fault_is_one_sentence_and_the_exit_code_says_which_kind(
    body: str, code: int, said: str, broken: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    words = broken(body)
    capfd.readouterr()
    assert main(words) == code
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert said.casefold() in captured.err.casefold()
    assert not Path(words[words.index("--out") + 1]).exists()


def test_a_person_is_told_where_the_engines_own_words_are(
    broken: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    words = broken("print('I was counting sheep')\nraise ValueError('fell asleep')\nyield")
    capfd.readouterr()
    assert main(words) == 4
    line = capfd.readouterr().err
    assert line.count("\n") == 1
    log = Path(line.rpartition("Details: ")[2].strip().rstrip("."))
    assert "fell asleep" in log.read_text(encoding="utf-8")


CODE = "OpenCV(5.0.0) /io/opencv/imgwarp.cpp:1427: error: (-215:Assertion failed) dst.cols < SHRT_MAX"


@pytest.mark.parametrize("words", [CODE, "one line\nand another", "word " * 100])
def test_what_an_engine_raises_is_in_the_log_and_of_it_the_line_has_what_can_be_read_at_a_glance(
    words: str, broken: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = broken(f"raise ValueError({words!r})\nyield")
    capfd.readouterr()
    assert main(asked) == 4
    line = capfd.readouterr().err
    sentence, _, place = line.partition(" Details: ")
    assert len(sentence) < 170
    assert "Broken stopped with an error (ValueError" in sentence
    assert sentence.endswith("The details say where.")
    assert not {"opencv", "another"} & set(re.findall(r"\w+", sentence))
    log = Path(place.strip()).read_text(encoding="utf-8")
    assert words.strip() in log
    assert "broken.py" in log


def test_what_was_saved_before_a_fault_stays(
    broken: Run, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = broken("yield answer(200)\nraise RuntimeError('tired')", "--count", "2", "--json")
    capfd.readouterr()
    assert main(words) == 4
    told = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    kinds = [event["event"] for event in told if event["event"] != "progress"]
    assert kinds == ["candidate", "error"]
    assert told[-1]["kind"] == "engine-fault"
    assert "tired" in told[-1]["message"]
    saved = np.asarray(Image.open(tmp_path / "out-1.png"))
    assert tuple(saved[10, 10]) == (200, 200, 200)
    assert tuple(saved[20, 20]) == (10, 20, 30)
    assert not (tmp_path / "out-2.png").exists()


def test_an_engine_that_hangs_is_ended_by_ctrl_c(broken: Run, tmp_path: Path) -> None:
    words = broken("open(os.environ['STARTED'], 'w').close()\ntime.sleep(3600)\nyield")
    started = tmp_path / "started"
    environment: dict[str, Any] = {**os.environ, "STARTED": str(started)}
    process = subprocess.Popen([sys.executable, "-m", "maskstudio", *words], env=environment, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    while not started.exists():
        time.sleep(0.05)
        assert process.poll() is None, process.communicate()
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    out, complaints = process.communicate(timeout=60)
    assert (process.returncode, out, complaints) == (130, "", "maskstudio: Cancelled.\n")
    gone, alive = psutil.wait_procs(workers, timeout=10)
    assert gone
    assert not alive
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_in_the_terminal_ends_the_window_and_its_workers(
    number: signal.Signals, tmp_path: Path
) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "photo.png")
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "MASKSTUDIO_HOME": str(tmp_path / "home")}
    process = subprocess.Popen(
        [sys.executable, "-m", "maskstudio", str(tmp_path / "photo.png")], env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    log = tmp_path / "home" / "data" / "logs" / "maskstudio.log"
    deadline = time.monotonic() + 90
    while not log.exists():  # until the photo is open
        time.sleep(0.05)
        assert process.poll() is None
        assert time.monotonic() < deadline
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    assert process.wait(timeout=60) == 130
    assert not psutil.wait_procs(workers, timeout=10)[1]
