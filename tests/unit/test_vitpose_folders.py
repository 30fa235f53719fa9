"""A detector is read from a folder, or a sentence says why not."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from maskengines.errors import BadInput, NotReady
from maskengines.pose.vitpose import load_detector
from maskengines.weights.store import ModelStore
from tiny_vitpose import write_vitpose


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_vitpose(tmp_path_factory.mktemp("networks") / "tiny")


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "tiny"))


def test_reading_a_folder_asks_no_server_and_says_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *given: pytest.fail("it went out"))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **more: pytest.fail("it went out"))
    detector = load_detector(str(folder))
    detector.heatmaps(np.zeros((200, 160, 3), np.uint8), (20.0, 30.0, 80.0, 120.0), flip=True)
    assert capfd.readouterr() == ("", "")
    assert detector.name == "tiny"


def test_without_weights_the_engine_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotReady, match="Give a folder that transformers wrote, or a hub id"):
        load_detector("  ")
    import huggingface_hub

    def fails(*given: Any, **more: Any) -> str:
        raise ConnectionError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fails)
    with pytest.raises(NotReady, match="hub cannot be reached"):
        load_detector("somebody/some-vitpose")
    with pytest.raises(BadInput, match="There is no folder"):
        load_detector("/nowhere/at all")


def _pickle_only(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def _cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def _no_head(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    kept = {k: v for k, v in load_file(folder / "model.safetensors").items() if not k.startswith("head")}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})


def _no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def _broken_config(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def _other_kind(folder: Path) -> None:
    shutil.rmtree(folder)
    from network_families import write_network

    write_network(folder, ("cat", "dog"))


def _more_keypoints(folder: Path) -> None:
    write_vitpose(folder, keypoints=21)


def _no_processor(folder: Path) -> None:
    (folder / "preprocessor_config.json").unlink()


def _broken_processor(folder: Path) -> None:
    (folder / "preprocessor_config.json").write_text("[1")


def _other_size(folder: Path) -> None:
    _change(folder / "preprocessor_config.json", size={"height": 256, "width": 192})


def _other_shapes(folder: Path) -> None:
    told = json.loads((folder / "config.json").read_text())
    told["backbone_config"]["hidden_size"] = 32
    (folder / "config.json").write_text(json.dumps(told))


def _foreign_code(folder: Path) -> None:
    _change(folder / "config.json", auto_map={"AutoConfig": "evil.Config"}, model_type="mine")
    (folder / "evil.py").write_text("raise SystemExit('foreign code ran')")


def _change(path: Path, **values: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (_pickle_only, "can run any code.*save_pretrained"),
        (_cut, "damaged or was not fetched to its end"),
        (_no_head, "lack 2 of the network's tensors"),
        (_no_config, "no config.json"),
        (_broken_config, "config.json of 'tiny' is damaged"),
        (_other_kind, "kind 'resnet', which finds no joints"),
        (_more_keypoints, "finds 21 keypoints, not the 17"),
        (_no_processor, "no preprocessor_config.json"),
        (_broken_processor, "preprocessor_config.json of 'tiny' is none of a ViTPose"),
        (_other_size, "does not prepare what the network takes, 48 x 64"),
        (_other_shapes, "no ViTPose that transformers can build"),
        (_foreign_code, "kind 'mine'"),
    ],
)
def test_what_is_wrong_with_a_folder_is_said_in_a_sentence(folder: Path, broken: Any, said: str) -> None:
    broken(folder)
    with pytest.raises(BadInput, match=said) as raised:
        load_detector(str(folder))
    assert "\n" not in raised.value.message


def test_a_detector_in_the_store_is_found_by_its_id(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path / "home"))
    model = ModelStore().import_folder(written)
    assert model.record.kind == "vitpose"
    assert load_detector("tiny").weights_hash == load_detector(str(written)).weights_hash
