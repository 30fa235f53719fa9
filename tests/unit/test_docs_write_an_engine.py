"""The page "Write an engine in ten minutes" does what it says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from maskengines.assets import asset
from maskengines.runtime import plugins
from maskengines.runtime.applying import fields_that_apply
from maskengines.runtime.events import CandidateReady, JobEvent
from maskengines.runtime.manifest import read_manifest
from maskengines.runtime.registry import EngineRegistry, RegisteredEngine
from maskengines.runtime.session import Runtime
from maskengines.subjects.image import ImageSubject
from PIL import Image

PAGE = Path(__file__).parents[2] / "docs" / "write-an-engine.md"
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> dict[str, str]:
    """File name (or language, where it has none) to text."""
    return {name or language: text for language, name, text in BLOCK.findall(PAGE.read_text("utf-8"))}


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MASKSTUDIO_PLUGINS", str(tmp_path / "plugins"))
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path / "home"))
    folder = tmp_path / "plugins" / "tone-fill"
    folder.mkdir(parents=True)
    for name in ("engine.toml", "tone_fill.py"):
        (folder / name).write_text(blocks()[name])
    return folder


@pytest.fixture
def photo() -> ImageSubject:
    return ImageSubject(np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8))


@pytest.fixture
def mask() -> np.ndarray:
    mask = np.zeros((48, 64), np.uint8)
    mask[10:30, 20:50] = 255
    return mask


def test_a_reader_types_the_commands_of_the_page(
    plugin: Path, photo: ImageSubject, mask: np.ndarray, tmp_path: Path
) -> None:
    Image.fromarray(photo.pixels).save(tmp_path / "photo.png")
    Image.fromarray(mask).save(tmp_path / "mask.png")
    for line in blocks()["sh"].splitlines():
        program, *arguments = line.split()
        assert program == "maskstudio"
        done = subprocess.run(
            [sys.executable, "-c", "from maskstudio.cli import main; raise SystemExit(main())", *arguments],
            cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (line, done.stderr)
    for number in (1, 2, 3):
        filled = np.asarray(Image.open(tmp_path / f"filled-{number}.png"))
        assert np.array_equal(filled[mask == 0], photo.pixels[mask == 0])
        assert not np.array_equal(filled[mask > 0], photo.pixels[mask > 0])


def test_the_live_version_answers_what_is_painted(
    plugin: Path, photo: ImageSubject, mask: np.ndarray
) -> None:
    live = shutil.copytree(plugin, plugin.with_name("live-tone-fill"))
    (live / "live_tone_fill.py").write_text(blocks()["live_tone_fill.py"])
    lines = blocks()["live-tone-fill.toml"]
    others = tuple(line.partition("=")[0] + "=" for line in lines.splitlines())
    same = [line for line in blocks()["engine.toml"].splitlines() if not line.startswith(others)]
    (live / "engine.toml").write_text(lines + "\n".join(same))
    (plugin / "engine.toml").write_text(blocks()["companion.toml"] + blocks()["engine.toml"])
    plugins.trust("tone-fill")
    plugins.trust("live-tone-fill")
    registry = EngineRegistry.default()
    companion = registry.get("tone-fill").info.live_companion
    assert registry.get(companion).info.follows
    events: list[JobEvent] = []
    with Runtime(registry, interactive=False) as runtime:
        empty = np.zeros_like(mask)
        job = runtime.submit(
            companion, photo, {"pixels": empty}, {"grain": 0.5}, seed=7, listener=events.append
        )
        job.update(masks={"pixels": mask})
        job.finish()
        assert job.wait(120)
    last = [event for event in events if isinstance(event, CandidateReady)][-1].candidate
    assert last.result.pixels.shape == (20, 30, 3)
    assert last.provenance is not None
    assert last.provenance.engine == "live-tone-fill"
    assert last.seed == 7


def test_the_script_runs_the_engine_in_its_own_process(plugin: Path) -> None:
    script = plugin / "try_it.py"
    script.write_text(blocks()["try_it.py"])
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True, timeout=120
    )
    assert [line.split(" ")[0] for line in done.stdout.splitlines()] == ["0", "1"]


def test_the_reference_lists_every_key_of_a_manifest() -> None:
    from maskengines.runtime import manifest

    table = PAGE.read_text("utf-8").partition("### Manifest reference")[2]
    listed = {
        key
        for row in table.splitlines()
        if row.startswith("| `")
        for key in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert listed == manifest.KEYS - {"params"}
    assert tomllib.loads(blocks()["pyproject.toml"])["project"]["entry-points"]["maskstudio.engines"]


def test_the_example_plugin_mirrors_what_is_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASKSTUDIO_PLUGINS", str(asset("plugins")))
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path / "home"))
    plugins.trust("mirror-fill")
    half = np.random.default_rng(1).integers(0, 256, (40, 30, 3), np.uint8)
    symmetric = np.concatenate([half, half[:, ::-1]], axis=1)
    mask = np.zeros((40, 60), np.uint8)
    mask[5:20, 35:50] = 255
    damaged = symmetric.copy()
    damaged[mask > 0] = 0
    events: list[JobEvent] = []
    with Runtime(EngineRegistry.default(), interactive=False) as runtime:
        job = runtime.submit(
            "mirror-fill", ImageSubject(damaged), {"pixels": mask}, {}, count=3, listener=events.append
        )
        assert job.wait(120)
    answers = [event.candidate for event in events if isinstance(event, CandidateReady)]
    assert answers[0].label == "left-right"
    assert len({answer.label for answer in answers}) == 3
    restored = ImageSubject(damaged).with_patch(answers[0].result).pixels
    assert np.array_equal(restored, symmetric)


def test_fields_that_do_not_apply_leave_the_form(
    plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tone_fill_fields.py").write_text(blocks()["fields.py"])
    monkeypatch.syspath_prepend(str(tmp_path))
    info = replace(read_manifest(plugin), fields="tone_fill_fields:fields_that_apply")
    engine = RegisteredEngine(info, "entry-point")
    assert fields_that_apply(engine, {"ring": 1, "grain": 1.0}) == {"ring"}
    assert fields_that_apply(engine, {"ring": 8, "grain": 1.0}) == {"ring", "grain"}
