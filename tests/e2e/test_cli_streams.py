"""Scripts start the command line with streams closed, full, or in a folder that has gone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

MASKSTUDIO = f"'{sys.executable}' -m maskstudio"
RUN = f"{MASKSTUDIO} run live-fill --input photo.png --mask mask.png --out out.png"


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shades = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    Image.fromarray(shades).save(tmp_path / "photo.png")
    mask = np.zeros((40, 50), np.uint8)
    mask[10:20, 15:30] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    return tmp_path


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_hinder_nothing(closed: str, folder: Path) -> None:
    answer = shell(f"{RUN} {closed}", folder)
    assert (answer.returncode, answer.stderr) == (0, "")
    with Image.open(folder / "out.png") as image:
        image.load()
        assert image.size == (50, 40)


def test_a_warning_never_gets_into_a_file_that_took_the_number_of_a_closed_stream(folder: Path) -> None:
    code = (
        "import os; from maskstudio.output import open_standard_streams; open_standard_streams();"
        "file = open('kept', 'wb'); os.write(2, b'a warning'); file.close()"
    )
    shell(f"'{sys.executable}' -c \"{code}\" 2>&-", folder)
    assert (folder / "kept").read_bytes() == b""


@pytest.mark.parametrize(
    "words", ["engines", "engines --json", "doctor", "doctor --json", "engines nosuch --json"]
)
def test_a_full_disk_behind_stdout_is_one_sentence(words: str, folder: Path) -> None:
    answer = shell(f"{MASKSTUDIO} {words} >/dev/full", folder)
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert "stdout" in answer.stderr
    assert "No space left" in answer.stderr


@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full"])
def test_the_exit_code_tells_when_stderr_cannot(stderr: str, folder: Path) -> None:
    assert shell(f"{MASKSTUDIO} nosuch.png {stderr}", folder).returncode == 2


def test_the_folder_one_stands_in_was_deleted(folder: Path) -> None:
    answer = shell(f"mkdir gone; cd gone; rmdir ../gone; {RUN}", folder)
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert "deleted" in answer.stderr


def test_a_limit_of_the_system_is_told_as_what_it_is(folder: Path) -> None:
    answer = shell(f"ulimit -f 2; {RUN}", folder)
    assert answer.returncode == 3
    assert answer.stderr.count("\n") == 1
    assert "File too large" in answer.stderr
    assert not (folder / "out.png").exists()


def test_a_command_under_nohup_outlives_its_terminal(folder: Path) -> None:
    answer = shell(f"nohup {RUN} --json > told 2>&1 & until grep -q Starting told; do sleep 0.05; done;"
                   " kill -HUP $!; wait $!", folder)  # fmt: skip
    assert answer.returncode == 0
    assert (folder / "out.png").exists()
