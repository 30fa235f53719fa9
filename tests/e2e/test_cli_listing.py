"""A user looks at what there is: engines, plugins, the machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from maskengines.assets import asset
from maskstudio.cli import main
from PIL import Image


def lines(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert main(words) == 0
    return capsys.readouterr().out.splitlines()


def described(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines(capsys, *words)]


def test_engines_are_listed_with_their_schema_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    engines = {engine["id"]: engine for engine in described(capsys, "engines", "--json")}
    exemplar = engines["exemplar"]
    assert exemplar["subject_kinds"] == ["image"]
    assert exemplar["ready"] is True
    assert exemplar["reason"] is None
    assert "variety" in exemplar["params"]["properties"]
    assert [engine["id"] for engine in described(capsys, "engines", "exemplar", "--json")] == ["exemplar"]


def test_an_engine_is_explained_with_every_parameter(capsys: pytest.CaptureFixture[str]) -> None:
    (engine,) = described(capsys, "engines", "exemplar", "--json")
    text = "\n".join(lines(capsys, "engines", "exemplar"))
    for key in engine["params"]["properties"]:
        assert key in text
    assert "exemplar" in "\n".join(lines(capsys, "engines"))


def test_an_engine_that_does_not_exist_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["engines", "nothing"]) == 2
    assert "nothing" in capsys.readouterr().err


def test_the_doctor_reports_one_object_with_the_folders(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASKSTUDIO_PLUGINS", str(tmp_path / "my plugins"))
    (report,) = described(capsys, "doctor", "--json")
    assert report["folders"]["plugins"] == str(tmp_path / "my plugins")
    for name in ("cache", "settings"):
        assert report["folders"][name].startswith(os.environ["MASKSTUDIO_HOME"])
    assert report["versions"]["python"].startswith("3.")
    assert report["versions"]["numpy"]
    assert report["devices"][0]["id"] == "cpu"
    assert report["qt"]["platform"] == "offscreen"
    assert report["plugins"] == []
    assert {check["name"] for check in report["checks"]} >= {"qt", "qt-libraries", "opencv", "cache-folder"}


def test_the_doctor_says_in_words_what_is_wrong_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file" / "kernels"))
    monkeypatch.setenv("QT_QPA_PLATFORM", "no-such-platform")
    text = "\n".join(lines(capsys, "doctor"))
    assert "kernels folder" in text
    assert "MASKSTUDIO_HOME" in text
    assert "Qt does not start" in text
    assert "no-such-platform" in text


def test_a_home_that_cannot_be_written_is_told_and_stops_nothing_but_what_needs_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path / "file"))
    (report,) = described(capsys, "doctor", "--json")
    bad = {check["name"] for check in report["checks"] if not check["ok"]}
    assert {"cache-folder", "settings-folder", "data-folder"} <= bad
    assert main(["plugins", "list"]) in (0, 3)
    assert "Traceback" not in capsys.readouterr().err


def test_the_doctor_loads_no_qt_into_itself() -> None:
    code = (
        "import sys; from maskstudio.cli import main; main(['doctor', '--json']);"
        "sys.exit(any(m.partition('.')[0] == 'PySide6' for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_there_are_no_plugins_at_first(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASKSTUDIO_PLUGINS", str(tmp_path))
    assert lines(capsys, "plugins", "list") == []
    for action in ("trust", "forget"):
        assert main(["plugins", action, "nobody"]) == 2
        assert "nobody" in capsys.readouterr().err


def test_a_plugin_runs_once_it_is_trusted_and_asks_again_when_it_changes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASKSTUDIO_PLUGINS", str(tmp_path / "plugins"))
    plugin = tmp_path / "plugins" / "mirror-fill"
    shutil.copytree(asset("plugins/mirror-fill"), plugin)
    photo = np.random.default_rng(3).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    Image.fromarray(photo).save(tmp_path / "photo.png")
    mask = np.zeros((40, 50), np.uint8)
    mask[10:20, 30:40] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    run = ["run", "mirror-fill", "--input", str(tmp_path / "photo.png"), "--mask", str(tmp_path / "mask.png"),
           "--out", str(tmp_path / "out.png")]  # fmt: skip

    def cannot_run(word: str) -> None:
        assert lines(capsys, "plugins", "list") == [f"mirror-fill {word}"]
        assert main(run) == 3
        captured = capsys.readouterr()
        assert captured.err.count("\n") == 1
        assert "plugins trust mirror-fill" in captured.err
        assert not (tmp_path / "out.png").exists()
        engines = {engine["id"]: engine for engine in described(capsys, "engines", "--json")}
        assert engines["mirror-fill"]["ready"] is False
        assert "mirror-fill" in engines["mirror-fill"]["reason"]

    cannot_run("untrusted")
    assert lines(capsys, "plugins", "trust", "mirror-fill") == ["mirror-fill trusted"]
    assert lines(capsys, "plugins", "list") == ["mirror-fill trusted"]
    assert main(run) == 0
    filled = np.asarray(Image.open(tmp_path / "out.png"))
    assert np.array_equal(filled[mask == 0], photo[mask == 0])
    assert not np.array_equal(filled, photo)
    (tmp_path / "out.png").unlink()
    capsys.readouterr()
    with next(plugin.glob("*.py")).open("a") as module:
        module.write("# a line more\n")
    cannot_run("changed")
    main(["plugins", "trust", "mirror-fill"])
    main(["plugins", "forget", "mirror-fill"])
    capsys.readouterr()
    cannot_run("untrusted")
