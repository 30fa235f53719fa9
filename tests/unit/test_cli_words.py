"""What the words of the command line mean, before anything runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from maskengines.errors import BadInput
from maskengines.params import Params
from maskstudio import launch as launching
from maskstudio.cli import main
from maskstudio.settings_words import read_settings
from pydantic import Field


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[list[Path]]:
    """What the window was asked to open, in place of a window."""
    calls: list[list[Path]] = []

    def launch(files: list[Path]) -> int:
        calls.append(files)
        return 0

    monkeypatch.setattr(launching, "launch", launch)
    return calls


def fails(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run the words, which are bad input; returns the one line on stderr."""
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("maskstudio: ")
    assert captured.err.count("\n") == 1
    return captured.err


def test_no_words_open_an_empty_window(opened: list[list[Path]]) -> None:
    assert main([]) == 0
    assert opened == [[]]


@pytest.mark.parametrize(
    ("words", "files"),
    [
        (["photo.png"], ["photo.png"]),
        (["--open", "photo.png"], ["photo.png"]),
        (["--open=photo.png", "b.ora"], ["photo.png", "b.ora"]),
        (["b.ora", "--open", "photo.png", "c.png"], ["photo.png", "b.ora", "c.png"]),
        (["./run"], ["run"]),
        (["--open", "run"], ["run"]),
        (["--", "run", "-strange.png"], ["run", "-strange.png"]),
        (["runs", "doctor"], ["runs", "doctor"]),
    ],
)
def test_words_that_are_no_command_are_files(
    words: list[str], files: list[str], opened: list[list[Path]]
) -> None:
    assert main(words) == 0
    assert opened == [[Path(name) for name in files]]


def test_a_mistyped_command_says_that_there_is_no_such_file_or_command(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    line = fails(capsys, "doctr")
    assert "no file 'doctr'" in line
    assert "doctor" in line


def test_without_a_display_the_window_says_so_and_exits_3(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert main([]) == 3
    captured = capsys.readouterr()
    assert "no display" in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["run"], "ENGINE"),
        (["run", "exemplar"], "--input"),
        (["run", "exemplar", "--input", "a.png"], "--out"),
        (["run", "exemplar", "--input", "a.png", "--out", "b.png", "--count", "two"], "two"),
        (["run", "exemplar", "--input", "a.png", "--out", "b.png", "--seed", "1.5"], "1.5"),
        (["run", "exemplar", "--inp", "a.png", "--out", "b.png"], "--input"),
        (["run", "exemplar", "--input", "a.png", "--out", "b.png", "--frobnicate"], "--frobnicate"),
        (["plugins"], "list"),
        (["plugins", "trust"], "NAME"),
        (["plugins", "burn", "x"], "burn"),
        (["doctor", "now"], "now"),
        (["--install-desktop", "--uninstall-desktop"], "--install-desktop"),
        (["--install-desktop", "photo.png"], "no file"),
        (["--frobnicate"], "--frobnicate"),
    ],
)
def test_words_that_do_not_fit_are_one_sentence(
    words: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert named in fails(capsys, *words)


def test_with_json_words_that_do_not_fit_are_an_error_event(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--json"]) == 2
    captured = capsys.readouterr()
    event = json.loads(captured.out)
    assert (event["event"], event["kind"]) == ("error", "bad-input")
    assert captured.err == ""


def test_version_and_help_exit_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("maskstudio 0.")
    assert main(["--help"]) == 0
    usage = capsys.readouterr().out
    for spelling in (
        "[--open FILE] [FILE ...]", "--install-desktop | --uninstall-desktop", "engines [ENGINE] [--json]",
        "run ENGINE --input FILE [--mask FILE] --out PATH", "[--count N] [--seed S] [--set key=value ...]",
        "plugins list | trust NAME | forget NAME", "doctor [--json]",
    ):  # fmt: skip
        assert spelling in usage


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["--version"], ["run"]])
def test_help_and_mistakes_load_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys; from maskstudio.cli import main; main(sys.argv[1:]);"
        "print(*(m for m in sys.modules if m.partition('.')[0] in"
        " {'PySide6', 'torch', 'numba', 'numpy', 'pydantic', 'cv2', 'scipy', 'PIL'}), file=sys.stderr)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
    )  # fmt: skip
    assert answer.stderr.splitlines()[-1].strip() == ""


class Knobs(Params):
    size: int = Field(3, ge=1, le=9)
    name: str = "x"
    fast: bool = False
    points: list[tuple[float, float]] = []
    limit: float | None = 1.0


def test_settings_take_the_type_of_their_parameter() -> None:
    knobs = read_settings(
        Knobs, ["size=4", "name=a=b [c]", "fast=true", "points=[[1, 2.5]]", "limit=null", "size=5"]
    )
    assert knobs == Knobs(size=5, name="a=b [c]", fast=True, points=[(1, 2.5)], limit=None)


@pytest.mark.parametrize(
    ("word", "named"),
    [
        ("size", "key=value"),
        ("=3", "key=value"),
        ("sice=3", "sice"),
        ("size=big", "big"),
        ("size=99", "size"),
    ],
)
def test_a_setting_that_does_not_fit_names_the_ones_there_are(word: str, named: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_settings(Knobs, [word])
    assert named in caught.value.message
    assert "fast, limit, name, points, size" in caught.value.message
