"""The built-in network: it ships, is as good as its card says, and can be trained again."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from maskengines.assets import asset
from maskengines.attribution.checkpoints import read_tensors, write_tensors
from maskengines.attribution.evaluation import hits
from maskengines.attribution.feeding import Lessons, made_ahead
from maskengines.attribution.outlines import SHAPES
from maskengines.attribution.recipes import CLEAN, STANDARD
from maskengines.attribution.resnet import NetworkConfig, SmallResNet, load_small_resnet
from maskengines.attribution.train import CHECKPOINT, main, train, write_network
from maskengines.attribution.training import Options, Training
from maskengines.errors import BadInput, NotReady

TINY = NetworkConfig(labels=SHAPES, size=48, stem=8, widths=(8, 16), blocks=1)
SHORT = Options(steps=20, batch=16, easy=4, rise=20, half=False)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_network(Training(SHORT, TINY), tmp_path)
    return tmp_path


def test_the_network_that_ships_is_as_good_as_its_card_says() -> None:
    shipped = asset("networks/shapes")
    card = (shipped / "MODEL_CARD.md").read_text("utf-8")
    network = load_small_resnet(shipped)
    assert network.config.labels == SHAPES
    assert not network.training
    assert (shipped / "model.safetensors").stat().st_size < 4_000_000
    # Three standard errors of 200 scenes below the figure over 4000.
    for name, recipe in (("standard", STANDARD), ("clean", CLEAN)):
        stated = float(re.search(rf"\| {name} scenes \| ([\d.]+) % \|", card)[1]) / 100  # type: ignore[index]
        found, _ = hits(network, range(5000, 5200), recipe)
        assert stated > 0.8
        assert found.mean() >= stated - 3 * np.sqrt(stated * (1 - stated) / 200)


def test_a_network_is_the_same_after_writing_and_loading(tmp_path: Path) -> None:
    training = Training(SHORT, TINY)
    written = write_network(training, tmp_path)
    loaded = load_small_resnet(tmp_path)
    images = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 3)).astype(np.uint8)
    with torch.inference_mode():
        first, second = written(written.prepared(images)), loaded(loaded.prepared(images))
        exact = training.average(loaded.prepared(images))
    assert first.shape == (3, len(SHAPES))
    assert torch.equal(first, second)
    assert torch.allclose(second, exact, atol=0.02)  # half precision
    assert not torch.equal(second, exact)


def test_its_input_is_normalised_by_mean_and_deviation() -> None:
    network = SmallResNet(TINY)
    images = np.full((1, 48, 48, 3), 255, np.uint8)
    expected = (1 - np.array(TINY.mean)) / np.array(TINY.std)
    assert np.allclose(network.prepared(images)[0, :, 5, 7].numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(NotReady, match=re.escape(name)):
        load_small_resnet(folder)


def test_damaged_files_are_refused_with_a_sentence(folder: Path) -> None:
    weights, config = folder / "model.safetensors", folder / "config.json"
    whole, described = weights.read_bytes(), config.read_text()
    for content in (b"", whole[: len(whole) // 2], b"\x80\x02}q\x00." + whole):
        weights.write_bytes(content)
        with pytest.raises(BadInput, match="damaged"):
            load_small_resnet(folder)
    weights.write_bytes(whole)
    for content in ("", "[]", "{", json.dumps({"architecture": "small-resnet"})):
        config.write_text(content)
        with pytest.raises(BadInput, match=r"config\.json"):
            load_small_resnet(folder)
    for field, value in (("architecture", "resnet-50"), ("widths", [0]), ("size", "big"), ("code", "x")):
        config.write_text(json.dumps({**json.loads(described), field: value}))
        with pytest.raises(BadInput, match=field):
            load_small_resnet(folder)


def test_weights_of_another_network_or_without_numbers_are_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    tensors, _ = read_tensors(path)
    write_tensors(path, {**tensors, "head.bias": torch.full_like(tensors["head.bias"], torch.nan)})
    with pytest.raises(BadInput, match="no numbers"):
        load_small_resnet(folder)
    write_tensors(path, {name: one for name, one in tensors.items() if name != "head.bias"})
    with pytest.raises(BadInput, match="do not fit"):
        load_small_resnet(folder)
    write_tensors(path, {**tensors, "head.bias": torch.zeros(3)})
    with pytest.raises(BadInput, match="do not fit"):
        load_small_resnet(folder)


def test_an_interrupted_training_ends_where_an_uninterrupted_one_does(tmp_path: Path) -> None:
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    whole.mkdir()
    halves.mkdir()
    straight = Training(SHORT, TINY)
    assert train(straight, whole, lambda: False, lambda line: None, every=20)

    lines: list[str] = []
    first = Training(SHORT, TINY)
    assert not train(first, halves, lambda: len(lines) == 7, lines.append, every=20)
    assert len(lines) == first.step == 7
    second = Training(SHORT, TINY)
    second.load(halves / CHECKPOINT)
    assert second.step == 7
    assert train(second, halves, lambda: False, lines.append, every=20)
    assert len(lines) == 20
    for name, one in straight.average.state_dict().items():
        assert torch.equal(one, second.average.state_dict()[name]), name
    # The loss in the curve is of what was seen since the last start; accuracy is of the same network.
    assert straight.curve[-1][2] == second.curve[-1][2]


def test_a_checkpoint_of_other_options_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / CHECKPOINT
    with pytest.raises(NotReady, match="--resume"):
        Training(SHORT, TINY).load(path)
    Training(SHORT, TINY).save(path)
    with pytest.raises(BadInput, match="other options"):
        Training(Options(steps=21, batch=16, half=False), TINY).load(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(BadInput, match="damaged"):
        Training(SHORT, TINY).load(path)


def test_lessons_are_the_same_made_ahead_and_never_held_out() -> None:
    lessons = Lessons(STANDARD, seed=1, count=8, easy=0, rise=1)
    here = list(lessons.batches(13, 19))
    ahead = list(made_ahead(lessons, 13, 19))
    assert len(here) == len(ahead) == 6
    for (images, labels), (others, same) in zip(here, ahead, strict=True):
        assert images.shape == (8, 96, 96, 3)
        assert np.array_equal(images, others)
        assert np.array_equal(labels, same)
    labels = np.concatenate([batch[1] for batch in lessons.batches(0, 160)])
    counts = np.bincount(labels + 1)
    assert counts[0] / len(labels) == pytest.approx(1 / 16)
    assert counts[1:].min() > 0.8 * counts[1:].max()


def test_the_command_trains_writes_a_network_and_prints_its_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "network"
    command = ["--out", str(out), "--steps", "3", "--batch", "16", "--scenes", "40", "--float32"]
    assert main(command) == 0
    printed = capsys.readouterr().out.splitlines()[-1]
    assert set(json.loads(printed)["per_class"]) == set(SHAPES)
    assert load_small_resnet(out).config.labels == SHAPES
    (out / CHECKPOINT).unlink()
    assert main([*command, "--resume"]) == NotReady.exit_code
    assert "--resume" in capsys.readouterr().err
    shutil.rmtree(out)
