"""What a person sees while a command works: one bar, then nothing but the paths."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr
from pathlib import Path

import numpy as np
import pytest
from maskengines.errors import BadInput, EngineFault
from maskstudio.output import JsonOutput, TextOutput, say


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def screen(self) -> list[str]:
        """The lines as they stand on a terminal: a carriage return writes over what was there."""
        lines = []
        for line in self.getvalue().split("\n"):
            shown = ""
            for part in line.split("\r"):
                shown = part + shown[len(part) :]
            lines.append(shown.rstrip())
        return lines


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


def test_one_bar_moves_in_place_and_is_gone_at_the_end(terminal: Terminal) -> None:
    output = TextOutput()
    with redirect_stderr(terminal):
        output.progress(0, 4, "Looking for patches in the whole photo")
        output.progress(1, 4, "Filling")
    (line,) = terminal.screen()
    assert "25%  Filling" in line
    assert "patches" not in line
    with redirect_stderr(terminal):
        output.close()
    assert terminal.screen() == [""]


@pytest.mark.parametrize(("done", "total"), [(5, 0), (7, 4), (-1, 4), (0.5, 1e-9)])
def test_odd_progress_draws_a_whole_bar(done: float, total: float, terminal: Terminal) -> None:
    with redirect_stderr(terminal):
        TextOutput().progress(done, total, "Working")
    (line,) = terminal.screen()
    assert line.index("]") == 29


def test_an_error_takes_the_place_of_the_bar(terminal: Terminal) -> None:
    output = TextOutput()
    with redirect_stderr(terminal):
        output.progress(1, 4, "Filling")
        output.error(BadInput("Two\nlines   of text."))
    assert terminal.screen() == ["maskstudio: Two lines of text.", ""]


def test_without_a_terminal_there_is_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    output = TextOutput()
    output.progress(1, 2, "Filling")
    output.candidate(Path("/a/b.png"), 0, 1.0, {})
    assert capsys.readouterr() == ("/a/b.png\n", "")


def test_events_are_strict_json_whatever_an_engine_measures(capsys: pytest.CaptureFixture[str]) -> None:
    measured = {
        "distance": np.float32(0.5),
        "lost": float("nan"),
        "steps": np.int64(3),
        "seed": 99,
        "名": "é",
    }
    JsonOutput().candidate(Path("/ü.png"), 7, 1.23456, measured)
    line = capsys.readouterr().out
    assert line.isascii()
    assert json.loads(line, parse_constant=pytest.fail) == {
        "event": "candidate", "path": "/ü.png", "seed": 7, "seconds": 1.235,
        "distance": 0.5, "lost": None, "steps": 3, "名": "é",
    }  # fmt: skip


def test_a_path_that_is_no_unicode_is_printed_in_its_own_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="utf-8"))
    say(b"/caf\xe9.png".decode("utf-8", "surrogateescape"))
    assert raw.getvalue() == b"/caf\xe9.png\n"


def test_a_path_is_readable_where_the_terminal_knows_ascii_only(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    say("/größe.png")
    assert raw.getvalue() == "/größe.png\n".encode()


def test_an_error_event_has_no_more_keys_than_promised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path))
    JsonOutput().error(EngineFault("It broke.", log="line 1\nline 2"))
    event = json.loads(capsys.readouterr().out)
    assert set(event) == {"event", "kind", "message"}
    kept = Path(event["message"].rpartition("Details: ")[2])
    assert "line 1\nline 2" in kept.read_text(encoding="utf-8")
