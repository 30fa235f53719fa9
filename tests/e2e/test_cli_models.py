"""A user manages models on the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from local_hub import LocalHub, Repository, local_hub, pipeline_files, write_files
from maskstudio.cli import main

NAME = "painters/inpainting"
UNET = "unet/diffusion_pytorch_model.fp16.safetensors"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LocalHub]:
    """A hub with one pipeline, and a home of the test's own."""
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path / "home"))
    for name in ("MASKSTUDIO_OFFLINE", "HF_HUB_OFFLINE", "MASKSTUDIO_MODELS", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with local_hub() as listening:
        monkeypatch.setenv("HF_ENDPOINT", listening.address)
        listening.repositories[NAME] = Repository(pipeline_files())
        yield listening


def events(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def started(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "maskstudio", "models", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_a_model_is_pulled_listed_and_removed(hub: LocalHub, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "pull", NAME, "--accept-licence"]) == 0
    said = capsys.readouterr()
    path = Path(said.out.strip())
    assert (path / "model_index.json").is_file()
    assert "may not cheat" in said.err
    assert main(["models", "list"]) == 0
    listed = capsys.readouterr().out
    assert listed.startswith(f"{NAME}  diffusers pipeline, 201 kB, creativeml-openrail-m\n")
    assert str(path) in listed
    assert main(["models", "remove", NAME]) == 0
    assert "201 kB freed" in capsys.readouterr().out
    assert not path.exists()
    assert main(["models", "list"]) == 0
    assert "No models in" in capsys.readouterr().out


def test_scripts_read_events(hub: LocalHub, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "pull", NAME, "--accept-licence", "--json"]) == 0
    told = events(capsys)
    assert told[0]["event"] == "licence"
    assert told[0]["name"] == "creativeml-openrail-m"
    progress = [event for event in told if event["event"] == "progress"]
    assert progress[-1]["done"] == progress[-1]["total"] == told[0]["bytes"] - 6
    assert told[-1]["event"] == "model"
    assert told[-1]["id"] == NAME
    assert main(["models", "list", "--json"]) == 0
    (model,) = events(capsys)
    assert model["state"] == "installed"
    assert model["bytes"] == told[0]["bytes"]
    (Path(model["path"]) / "LICENSE").unlink()
    assert main(["models", "list", "--json"]) == 0
    assert events(capsys)[0]["state"] == "damaged"


def test_without_a_word_on_the_licence_nothing_comes(
    hub: LocalHub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "pull", NAME]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert "may not cheat" in said.err
    assert "--accept-licence" in said.err
    assert hub.fetched(UNET) == []


def test_a_person_is_asked_about_the_licence(
    hub: LocalHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Person:
        def __init__(self, answer: str) -> None:
            self.answer = answer

        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return self.answer

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", Person("n\n"))
    assert main(["models", "pull", NAME]) == 3
    assert "[y/N]" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", Person("yes\n"))
    assert main(["models", "pull", NAME]) == 0


def test_faults_have_their_exit_codes(hub: LocalHub, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "pull", "no/body", "--json"]) == 2
    assert events(capsys)[-1]["kind"] == "bad-input"
    hub.repositories[NAME].gated = True
    assert main(["models", "pull", NAME, "--accept-licence", "--json"]) == 3
    assert "gated" in events(capsys)[-1]["message"]
    assert main(["models", "remove", NAME]) == 2
    assert main(["models", "import", "/nowhere"]) == 2
    assert main(["models", "grow"]) == 2


def test_a_folder_is_imported_and_a_pickle_is_not(
    hub: LocalHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_files(tmp_path / "mine", pipeline_files(64))
    assert main(["models", "import", str(folder)]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert (path / "unet" / "diffusion_pytorch_model.safetensors").is_file()
    assert not list(path.rglob("*.bin"))
    pickled = write_files(tmp_path / "pickled", {"pytorch_model.bin": b"x", "config.json": b"{}"})
    assert main(["models", "import", str(pickled)]) == 2
    assert "any code" in capsys.readouterr().err
    assert hub.asked == []


def test_the_switch_holds_between_commands(hub: LocalHub, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "offline"]) == 0
    assert main(["models", "pull", NAME, "--accept-licence"]) == 3
    assert "models online" in capsys.readouterr().err
    assert hub.asked == []
    assert main(["models", "online"]) == 0
    assert main(["models", "pull", NAME, "--accept-licence"]) == 0


def test_the_doctor_names_the_folder_and_the_models(
    hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MASKSTUDIO_MODELS", str(tmp_path / "big disk"))
    assert main(["models", "import", str(write_files(tmp_path / "mine", pipeline_files(64)))]) == 0
    capsys.readouterr()
    assert main(["doctor", "--json"]) == 0
    (report,) = events(capsys)
    assert report["folders"]["models"] == str(tmp_path / "big disk")
    assert [(model["id"], model["kind"]) for model in report["models"]] == [("mine", "pipeline")]
    assert report["offline"] is False
    assert not [weight for weight in report["weights"] if "big disk" in weight["path"]]


def test_stopped_and_killed_pulls_go_on_where_they_were(
    hub: LocalHub, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.silent.set()
    for how, code in ((signal.SIGINT, 130), (signal.SIGKILL, -9)):
        running = started("pull", NAME, "--accept-licence")
        before = len(hub.fetched(UNET))
        while len(hub.fetched(UNET)) == before:
            assert running.poll() is None, running.communicate()
            time.sleep(0.02)
        time.sleep(0.3)
        running.send_signal(how)
        asked = time.monotonic()
        out, err = running.communicate(timeout=20)
        assert time.monotonic() - asked < 5
        assert running.returncode == code, (out, err)
    assert main(["models", "list", "--json"]) == 0
    (left,) = events(capsys)
    assert (left["id"], left["state"]) == (NAME, "unfinished")
    hub.silent.clear()
    assert main(["models", "pull", NAME, "--accept-licence"]) == 0
    assert hub.fetched(UNET)[-1].startswith("bytes=")


def test_the_command_loads_neither_qt_nor_torch(hub: LocalHub) -> None:
    code = (
        "import sys\nfrom maskstudio.cli import main\n"
        f"assert main(['models', 'pull', {NAME!r}, '--accept-licence']) == 0\n"
        "print({name.split('.')[0] for name in sys.modules} & {'torch', 'PySide6', 'numba', 'transformers'})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert done.stdout.splitlines()[-1] == "set()"
