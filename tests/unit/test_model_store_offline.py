"""While the studio is offline, nothing in it so much as looks up an address."""

from __future__ import annotations

from pathlib import Path

import pytest
from cut_wire import Wire
from local_hub import Repository, local_hub, pipeline_files, write_files
from maskengines.errors import NotReady
from maskengines.weights.hub import network_folder
from maskengines.weights.store import ModelStore, fetching
from maskengines.weights.store.offline import is_offline
from maskengines.weights.store.settings import ModelSettings, set_offline
from maskstudio.cli import main

NAME = "painters/inpainting"
UNET = "unet/diffusion_pytorch_model.fp16.safetensors"


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Wire:
    """A home of its own, no hub anywhere near, and a cut wire."""
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    for name in ("MASKSTUDIO_OFFLINE", "HF_HUB_OFFLINE", "MASKSTUDIO_MODELS"):
        monkeypatch.delenv(name, raising=False)
    wire = Wire()
    wire.cut(monkeypatch)
    return wire


def every_way_out() -> None:
    """Whatever may ask the hub: each says that the studio is offline."""
    store = ModelStore()
    for ask in (
        lambda: store.pull(NAME, lambda offer: True),
        lambda: store.offer(NAME),
        lambda: network_folder(NAME),
    ):
        with pytest.raises(NotReady, match="offline"):
            ask()
    with pytest.raises(NotReady, match="not on this machine"):
        store.resolve(NAME)
    assert main(["models", "pull", NAME, "--accept-licence"]) == 3
    assert main(["models", "list", "--json"]) == 0


def test_online_the_same_wire_is_tried(wire: Wire) -> None:
    with pytest.raises(NotReady, match="cannot be reached"):
        ModelStore().pull(NAME, lambda offer: True)
    assert wire.tries


def test_the_switch_keeps_everything_at_home(wire: Wire) -> None:
    set_offline(True)
    every_way_out()
    assert wire.tries == []
    set_offline(False)
    assert not is_offline()


@pytest.mark.parametrize("variable", ["MASKSTUDIO_OFFLINE", "HF_HUB_OFFLINE"])
def test_the_environment_keeps_everything_at_home(
    wire: Wire, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "1")
    every_way_out()
    with pytest.raises(NotReady, match=variable):
        ModelStore().offer(NAME)
    assert wire.tries == []


def test_models_that_are_here_are_used_offline(wire: Wire, tmp_path: Path) -> None:
    set_offline(True)
    folder = write_files(tmp_path / "mine", pipeline_files(64))
    model = ModelStore().import_folder(folder)
    assert ModelStore().resolve("mine") == model.path
    assert network_folder("mine") == (model.path, "mine")
    assert wire.tries == []


def test_damaged_settings_keep_at_home(wire: Wire) -> None:
    ModelSettings.path().write_text("{", encoding="utf-8")
    assert is_offline()
    every_way_out()
    assert wire.tries == []


def test_the_switch_stops_a_pull_in_the_middle_of_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(fetching, "_LOOK", 0.0)
    seen: list[tuple[int, str]] = []

    def progress(done: int, total: int, file: str) -> None:
        seen.append((done, file))
        if file == UNET and not is_offline():
            set_offline(True)

    with local_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        hub.repositories[NAME] = Repository(pipeline_files(1_000_000))
        with pytest.raises(NotReady, match="offline"):
            ModelStore().pull(NAME, lambda offer: True, progress)
    assert ModelStore().installed() == []
    assert ModelStore().unfinished()[NAME] < 4_000_000
