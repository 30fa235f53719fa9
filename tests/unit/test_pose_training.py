"""Training: what is drawn, that it learns, that it goes on where it was, and the file it writes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from maskengines.errors import NotReady
from maskengines.pose.batches import Bodies, pins_for
from maskengines.pose.graphed import graphed, plain, quick_products
from maskengines.pose.network import DiffPose, Sizes, load_network, read_weights, write_weights
from maskengines.pose.objective import objective_of
from maskengines.pose.skeleton import INDEX
from maskengines.pose.train import main
from maskengines.pose.training import Limit, Training, rate_at
from torch import Generator

SMALL = Sizes(width=32, layers=1, heads=2, condition=32, hidden=64, blocks=1)


@pytest.fixture(scope="module")
def bodies(data_dir: Path) -> Bodies:
    return Bodies(data_dir / "pose/poses17_mm_f16.npz", "val")


def small(seed: int = 0) -> tuple[DiffPose, Training]:
    torch.manual_seed(seed)
    network = DiffPose(SMALL)
    return network, Training(network, seed, 3e-3)


def advance(network: DiffPose, training: Training, bodies: Bodies, steps: int) -> list[float]:
    losses = []
    for _ in range(steps):
        batch = bodies.batch(64, SMALL.candidates, training.generator)
        training.set_pace(training.step / 1000)
        losses.append(plain(training, objective_of(network))(batch).item())
    return losses


def test_half_of_the_bodies_have_pins_shaped_like_limbs() -> None:
    pinned = pins_for(6000, Generator().manual_seed(0))
    assert 0.4 < pinned.any(1).float().mean() < 0.5
    arm = pinned[:, [INDEX[name] - 1 for name in ("LShoulder", "LElbow", "LWrist")]]
    whole, part = arm.all(1), arm.any(1) & ~arm.all(1)
    assert whole.sum() > part.sum()


def test_the_rate_rises_holds_and_falls_to_nothing() -> None:
    rates = [rate_at(step, step / 3000, 1.0) for step in range(3001)]
    assert rates[0] < 0.01
    assert rates[1000] == 1
    assert rates[2500] == pytest.approx(0.5)
    assert rates[3000] == 0


def test_a_run_ends_by_steps_or_by_the_clock() -> None:
    assert Limit(400).share(100, 1e6) == 0.25
    assert Limit(400, 60.0).share(100, 30.0) == 0.5
    assert Limit(400, 60.0).share(0, 90.0) == 1


def test_everything_is_drawn_and_worked_out_on_the_device_of_the_generator(bodies: Bodies) -> None:
    network, training = small()
    batch = bodies.batch(6, SMALL.candidates, Generator().manual_seed(3))
    wanted = objective_of(network)(batch, Generator().manual_seed(4))
    # Whatever is made without saying where has no values here, and so has all that comes of it.
    with torch.device("meta"):
        again = bodies.batch(6, SMALL.candidates, Generator().manual_seed(3))
        found = objective_of(network)(again, Generator().manual_seed(4))
        training.set_pace(0.5)
        training.descend(found)
    for one, other in zip(batch.tensors, again.tensors, strict=True):
        assert torch.equal(one, other)
    assert torch.equal(found, wanted)


def test_a_batch_can_be_drawn_for_several_steps(bodies: Bodies) -> None:
    whole = bodies.batch(10, SMALL.candidates, Generator().manual_seed(3))
    parts = whole.split(5)
    assert len(parts) == 2
    for index, tensor in enumerate(whole.tensors):
        assert torch.equal(torch.cat([part.tensors[index] for part in parts]), tensor)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU of CUDA")
def test_recorded_steps_train_as_plain_ones(data_dir: Path) -> None:
    device = torch.device("cuda")
    bodies = Bodies(data_dir / "pose/poses17_mm_f16.npz", "val", device)
    losses = []
    for recorded in (True, False):
        torch.manual_seed(0)
        network = DiffPose(SMALL).to(device)
        training, objective = Training(network, 0, 3e-3), objective_of(network)
        batches = bodies.batch(64 * 30, SMALL.candidates, Generator(device).manual_seed(1)).split(64)
        step = graphed(training, objective, batches[0]) if recorded else plain(training, objective)
        found = []
        for batch in batches:
            training.set_pace(0.5)
            found.append(step(batch).item())
        losses.append(found)
    means = [sum(found[-10:]) / 10 for found in losses]
    assert means[0] == pytest.approx(means[1], rel=0.15)
    assert means[0] < 0.9 * losses[0][0]


def test_products_are_exact_again_after_a_step() -> None:
    before = torch.get_float32_matmul_precision()
    with quick_products(torch.device("cuda")):
        assert torch.get_float32_matmul_precision() == "high"
    assert torch.get_float32_matmul_precision() == before


def test_a_small_network_learns(bodies: Bodies) -> None:
    network, training = small()
    training.step = 200  # past the slow start
    losses = advance(network, training, bodies, 50)
    assert sum(losses[-10:]) < 0.7 * sum(losses[:10])


def test_a_stopped_run_goes_on_as_if_it_had_not_been(bodies: Bodies, tmp_path: Path) -> None:
    network, training = small()
    advance(network, training, bodies, 3)
    training.save(tmp_path / "kept.pt")
    wanted = advance(network, training, bodies, 3)
    other, resumed = small(seed=9)
    resumed.resume(tmp_path / "kept.pt")
    assert resumed.step == 3
    assert advance(other, resumed, bodies, 3) == pytest.approx(wanted, rel=1e-4)
    for name, value in training.average.items():
        assert torch.allclose(resumed.average[name], value, atol=1e-5), name


def test_a_run_can_begin_with_weights_written_before(tmp_path: Path) -> None:
    first, _ = small()
    write_weights(tmp_path / "first.safetensors", first.state_dict(), {})
    second, training = small(seed=9)
    training.begin(tmp_path / "first.safetensors")
    for name, value in first.state_dict().items():
        assert torch.allclose(second.state_dict()[name], value, atol=1e-3), name
        assert torch.allclose(training.average[name], value, atol=1e-3), name
    whole = Training(DiffPose(), 0, 1e-3)
    with pytest.raises(NotReady, match="of another network"):
        whole.begin(tmp_path / "first.safetensors")


@pytest.mark.parametrize("network", ["diffpose", "baseline"])
def test_one_command_trains_says_so_and_writes_weights(
    network: str, data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    threads = torch.get_num_threads()
    words = ["--data", str(data_dir / "pose/poses17_mm_f16.npz"), "--out", str(tmp_path / "out")]
    words += ["--work", str(tmp_path / "work"), *(["--baseline"] if network == "baseline" else [])]
    try:
        assert main([*words, "--steps", "1"]) == 0
        assert main([*words, "--steps", "2"]) == 0
        assert main([*words, "--minutes", "1e-9"]) == 0
    finally:
        torch.set_num_threads(threads)
    said = capsys.readouterr().out
    assert "Going on from step 1." in said
    assert "step 2/2" in said
    assert "held out: loss" in said
    weights, config, digest = read_weights(tmp_path / f"out/{network}.safetensors")
    assert config["steps"] == 2
    assert len(digest) == 40
    assert all(torch.isfinite(value).all() for value in weights.values())
    if network == "diffpose":
        loaded, _ = load_network(tmp_path / "out/diffpose.safetensors")
        assert not loaded.training


def test_missing_or_foreign_weights_are_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match=r"missing\. Install the studio again"):
        load_network(tmp_path / "diffpose.safetensors")
    (tmp_path / "diffpose.safetensors").write_bytes(b"not weights at all")
    with pytest.raises(NotReady, match="cannot be read"):
        load_network(tmp_path / "diffpose.safetensors")
