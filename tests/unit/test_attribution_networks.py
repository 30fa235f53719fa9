"""A user points at a network: it is read, or a sentence says why not and what to do."""

from __future__ import annotations

import json
import shutil
import struct
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from maskengines.attribution import networks
from maskengines.attribution.networks import load_network
from maskengines.attribution.preprocessing import Preprocessing, read_preprocessing
from maskengines.errors import BadInput, NotReady
from network_families import write_network

Array = np.ndarray[Any, Any]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_network(tmp_path_factory.mktemp("networks") / "small", ("cat", "dog", "hot dog"))


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "small"))


def photo(height: int = 150, width: int = 210) -> Array:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_a_folder_is_read_with_its_labels_and_checked(folder: Path) -> None:
    network = load_network(str(folder))
    assert network.labels == ("cat", "dog", "hot dog")
    assert network.shape == (64, 64)
    assert network.check.passed, network.check.reason


def test_the_weights_hash_follows_the_weights(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    before = load_network(str(folder)).weights_hash
    assert load_network(str(folder)).weights_hash == before
    tensors = load_file(folder / "model.safetensors")
    save_file({name: tensor + 1e-3 for name, tensor in tensors.items()}, folder / "model.safetensors")
    assert load_network(str(folder)).weights_hash != before


def _pickle_only(folder: Path) -> Path:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    return folder


def _a_pt_file(folder: Path) -> Path:
    return folder / "model.pt"


def _cut(folder: Path) -> Path:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    return folder


def _no_header(folder: Path) -> Path:
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", 1 << 50) + b"{}")
    return folder


def _too_many_labels(folder: Path) -> Path:
    (folder / "labels.txt").write_text("a\nb\nc\nd\n")
    return folder


def _labels_no_list(folder: Path) -> Path:
    (folder / "labels.json").write_text('{"a": 1}')
    return folder


def _no_preprocessing(folder: Path) -> Path:
    (folder / "preprocessor_config.json").unlink()
    return folder


def _foreign_code(folder: Path) -> Path:
    told = json.loads((folder / "config.json").read_text())
    told |= {"model_type": "mine", "auto_map": {"AutoConfig": "evil.Config"}}
    (folder / "config.json").write_text(json.dumps(told))
    (folder / "evil.py").write_text("raise SystemExit('foreign code ran')")
    return folder


def _no_head(folder: Path) -> Path:
    from safetensors.torch import load_file, save_file

    kept = {k: v for k, v in load_file(folder / "model.safetensors").items() if "classifier" not in k}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    return folder


def _no_config(folder: Path) -> Path:
    (folder / "config.json").unlink()
    return folder


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (_pickle_only, "can run any code.*save_pretrained"),
        (_a_pt_file, "can run any code.*save_pretrained"),
        (_cut, "damaged or was not fetched to its end"),
        (_no_header, "damaged or was not fetched to its end"),
        (_too_many_labels, "tells 3 classes apart, but 4 labels"),
        (_labels_no_list, "no list of labels"),
        (_no_preprocessing, "no preprocessor_config.json"),
        (_foreign_code, "without running foreign code"),
        (_no_head, "lack 2 of the network's tensors"),
        (_no_config, "no config.json"),
    ],
)
def test_what_is_wrong_with_a_folder_is_said_in_a_sentence(folder: Path, broken: Any, said: str) -> None:
    with pytest.raises(BadInput, match=said) as raised:
        load_network(str(broken(folder)))
    assert "\n" not in raised.value.message


def test_labels_in_a_file_go_before_those_of_the_configuration(folder: Path) -> None:
    (folder / "labels.txt").write_text("Katze\nHund\nWurst\n")
    assert load_network(str(folder)).labels == ("Katze", "Hund", "Wurst")


def test_a_network_too_large_for_the_memory_is_not_begun(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "model.safetensors"
    wide = {"w": {"dtype": "F32", "shape": [1 << 20, 1 << 20], "data_offsets": [0, 4 << 40]}}
    text = json.dumps(wide).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        try:
            file.truncate(8 + len(text) + (4 << 40))
        except OSError:
            pytest.skip("the file system holds no sparse file of that size")
    monkeypatch.setattr(networks, "read_classifier", lambda *given: pytest.fail("it was loaded"))
    with pytest.raises(NotReady, match=r"needs about 9675\.7 GB of memory"):
        load_network(str(folder))


def test_a_network_without_a_convolution_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flat = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 64 * 64, 3))
    monkeypatch.setattr(networks, "read_classifier", lambda *given: (flat, ["a", "b", "c"]))
    with pytest.raises(BadInput, match="no convolution"):
        load_network(str(folder))


def test_the_built_in_network_is_what_no_name_means(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 5, 2), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
    )
    told = {"architecture": "small-resnet", "labels": ["a", "b", "c", "d"], "size": 96, "std": [0.5] * 3}
    (folder / "config.json").write_text(json.dumps(told))
    resnet = types.ModuleType("maskengines.attribution.resnet")
    resnet.load_small_resnet = lambda given: module if given == folder else None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, resnet.__name__, resnet)
    monkeypatch.setattr(networks, "asset", lambda name: folder)
    network = load_network("  ")
    assert network.labels == ("a", "b", "c", "d")
    assert network.shape == (96, 96)
    assert network.check.passed


def test_a_hub_id_that_is_neither_here_nor_reachable_is_not_ready(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import huggingface_hub

    def fails(*given: Any, local_files_only: bool, **more: Any) -> str:
        raise ConnectionError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fails)
    with pytest.raises(NotReady, match="hub cannot be reached"):
        load_network("somebody/some-network")
    with pytest.raises(BadInput, match="There is no folder"):
        load_network("/nowhere/at all")


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("ViTImageProcessorPil", {"size": {"height": 70, "width": 50}, "resample": 3}),
        (
            "MobileNetV2ImageProcessorPil",
            {"size": {"shortest_edge": 80}, "crop_size": {"height": 64, "width": 60}, "resample": 2},
        ),
        ("ConvNextImageProcessorPil", {"size": {"shortest_edge": 64}, "crop_pct": 0.875, "resample": 3}),
        ("ConvNextImageProcessorPil", {"size": {"shortest_edge": 384}, "resample": 3}),
        ("EfficientNetImageProcessorPil", {"size": {"height": 64, "width": 64}, "rescale_offset": True}),
        (
            "BitImageProcessorPil",
            {"size": {"shortest_edge": 50}, "crop_size": {"height": 64, "width": 64}, "resample": 3},
        ),
    ],
)
def test_photos_are_prepared_as_the_networks_own_processor_does(
    kind: str, options: dict[str, Any], tmp_path: Path
) -> None:
    import importlib

    family = {"ViT": "vit", "Mob": "mobilenet_v2", "Con": "convnext", "Eff": "efficientnet", "Bit": "bit"}
    name = family[kind[:3]]
    module = importlib.import_module(f"transformers.models.{name}.image_processing_pil_{name}")
    processor = getattr(module, kind)(**options)
    processor.save_pretrained(tmp_path)
    prepared = read_preprocessing(tmp_path)
    for shape in ((150, 211), (211, 150), (31, 40)):
        pixels = photo(*shape)
        theirs = np.asarray(processor(pixels)["pixel_values"][0], np.float32)
        ours = prepared.normalised(prepared.photo(pixels))
        assert ours.shape == theirs.shape
        assert np.allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("resample", [0, 1, 2, 3])
def test_what_a_hidden_pixel_is_mixed_into_is_hidden(resample: int) -> None:
    prepared = Preprocessing(shortest=40, crop=(32, 32), resample=resample)
    hidden = np.zeros((150, 210), bool)
    hidden[60:72, 100:120] = hidden[90, 70:120] = True
    visible = prepared.visible(hidden)
    before, after = photo(), photo()
    after[hidden] = 255 - after[hidden]
    changed = (prepared.photo(before) != prepared.photo(after)).any(-1)
    assert changed.any()
    assert not (changed & visible).any()
    assert visible.mean() > 0.8


@pytest.mark.parametrize("shape", [(150, 210), (64, 64), (64, 100), (20, 31), (128, 256)])
def test_a_hidden_part_is_resized_with_the_photo(shape: tuple[int, int]) -> None:
    from PIL import Image

    hidden = np.random.default_rng(1).random(shape) > 0.99
    hidden[5:9, 4:12] = True
    resized = Image.fromarray(hidden.astype(np.float32)).resize((64, 64), Image.Resampling.BILINEAR)
    found = Preprocessing(size=(64, 64)).visible(hidden)
    assert np.array_equal(found, np.asarray(resized) < 1e-6)


def test_the_window_says_which_part_of_the_photo_is_looked_at() -> None:
    prepared = Preprocessing(shortest=100, crop=(80, 80))
    assert prepared.window(200, 400) == (120.0, 20.0, 160.0, 160.0)


def test_a_photo_too_long_and_thin_is_refused_before_it_is_resized() -> None:
    with pytest.raises(BadInput, match="Crop it first"):
        Preprocessing(shortest=256, crop=(224, 224)).photo(np.zeros((1, 5000, 3), np.uint8))
