"""Trains DiffPose on simulated evidence: ``python -m maskengines.pose.train``.

Writes the weights of the moving average as half-precision safetensors. A run can be stopped at any time and
goes on where it was when started again. The shipped weights take about forty minutes of one core.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from maskengines.errors import NotReady
from maskengines.pose.baseline import WIDTH, SimpleBaseline
from maskengines.pose.heatmaps import draw
from maskengines.pose.network import UNIT_MM, DiffPose, Sizes, read_weights, sizes_record, write_weights
from maskengines.pose.schedule import alpha_bar, noised, velocity
from maskengines.pose.simulate import Faults, Variety, evidence, seen, varied
from maskengines.pose.skeleton import COUNT, LIMBS

JOINT_DROPOUT = 0.04
UNSEEN = 0.05  # share of bodies without any evidence: the network is a prior, too
TUMBLING = 0.06
AVERAGE = 0.999
RATE = 1.2e-3
BODIES, LEVELS = 128, 4


@dataclass
class Batch:
    """Bodies in units of the model (B, 16, 3), their candidates (B, 17, K, 3), pinned joints (B, 16),
    hidden evidence (B, 17).
    """

    poses: Tensor
    candidates: Tensor
    pinned: Tensor
    hidden: Tensor


class Bodies:
    """Draws training batches from the poses of one split; subjects with few poses are drawn more often."""

    def __init__(self, file: Path, split: str) -> None:
        with np.load(file) as data:
            self.poses = torch.from_numpy(data[split].astype(np.float32))
            subject = data[f"{split}_subject"]
        self.weights = torch.from_numpy(1 / np.sqrt(np.bincount(subject)[subject])).float()

    def batch(self, count: int, candidates: int, generator: Generator) -> Batch:
        chosen = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        people = varied(self.poses[chosen], Variety(), generator)
        views = seen(people, generator, TUMBLING)
        heatmaps = evidence(views, Faults(), generator)
        drawn = draw(
            heatmaps,
            torch.rand(count, COUNT, candidates - 1, generator=generator),
            torch.randn(count, COUNT, candidates - 1, 2, generator=generator),
        )
        hidden = torch.rand(count, COUNT, generator=generator) < JOINT_DROPOUT
        hidden |= torch.rand(count, 1, generator=generator) < UNSEEN
        return Batch(views.poses[:, 1:] / UNIT_MM, drawn, pins_for(count, generator), hidden)


def pins_for(count: int, generator: Generator) -> Tensor:
    """Which joints are known (B, 16): none for half of the bodies; for the others whole limbs, all but
    whole limbs, or single joints.
    """

    def chance(share: float, *size: int) -> Tensor:
        return torch.rand(count, *size, generator=generator) < share

    limbs = torch.zeros(count, COUNT, dtype=torch.bool)
    for joints in LIMBS.values():
        limbs[:, list(joints)] = chance(0.3, 1)
    single = torch.rand(count, COUNT, generator=generator) < 0.4 * torch.rand(count, 1, generator=generator)
    kind = torch.randint(0, 3, (count, 1), generator=generator)
    pinned = torch.where(kind == 0, limbs, torch.where(kind == 1, ~limbs, single))
    return (pinned & chance(0.5, 1))[:, 1:]


def loss_of(network: DiffPose, batch: Batch, levels: int, generator: Generator) -> Tensor:
    """Mean squared error of the velocity over joints that are not pinned, at `levels` times per body,
    stratified over 0..1.
    """
    prepared = network.prepared(batch.candidates, batch.poses, batch.pinned, batch.hidden)
    count = len(batch.poses)
    poses = batch.poses.repeat(levels, 1, 1)
    moment = torch.rand(levels, count, generator=generator)
    # The noisy end decides what the pose will be, so it is looked at more often.
    moment = ((torch.arange(levels)[:, None] + moment) / levels).flatten() ** 0.7
    level = alpha_bar(moment)[:, None, None]
    noise = torch.randn(poses.shape, generator=generator)
    guess = network.denoiser(noised(poses, noise, level), moment, prepared.repeat(levels, 1))
    free = ~batch.pinned.repeat(levels, 1)
    error = (guess.float() - velocity(poses, noise, level)).square().sum(-1)
    return (error * free).sum() / free.sum().clamp_min(1) / 3


def rate_at(step: int, steps: int, peak: float) -> float:
    """Learning rate: a short rise, then level, then down to nothing over the last third."""
    return peak * min(1.0, (step + 1) / 200, max(0.0, (steps - step) / (steps / 3)))


class Training:
    """Network, average and optimiser, and where they are kept between runs."""

    def __init__(self, network: torch.nn.Module, seed: int, peak: float) -> None:
        self.network = network
        self.peak = peak
        self.average = {name: value.clone() for name, value in network.state_dict().items()}
        self.optimiser = torch.optim.AdamW(
            network.parameters(), lr=peak, betas=(0.9, 0.98), weight_decay=1e-3, fused=True
        )
        self.generator = Generator().manual_seed(seed)
        self.step = 0

    def advance(self, loss: Tensor, steps: int) -> None:
        """One step of the optimiser and of the moving average."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate_at(self.step, steps, self.peak)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        keep = min(AVERAGE, self.step / (self.step + 10))
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                if value.is_floating_point():
                    self.average[name].lerp_(value, 1 - keep)
                else:
                    self.average[name].copy_(value)

    def save(self, file: Path) -> None:
        state = {
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
        }
        part = file.with_suffix(".part")
        torch.save(state, part)
        part.replace(file)

    def begin(self, weights: Path) -> None:
        """Start from weights written before.

        Raises:
            NotReady: they are missing or of another network.
        """
        found, _, _ = read_weights(weights)
        try:
            self.network.load_state_dict(found)
        except RuntimeError as error:
            raise NotReady(f"The weights {weights} are of another network.") from error
        self.average = {name: value.clone() for name, value in self.network.state_dict().items()}

    def resume(self, file: Path) -> None:
        state: dict[str, Any] = torch.load(file, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average = state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        self.step = state["step"]


def baseline_loss(network: SimpleBaseline, batch: Batch) -> Tensor:
    """Mean squared error of the baseline's pose, as in Martinez et al. 2017."""
    shown = batch.candidates * ~batch.hidden[:, :, None, None]
    return (network(shown) - batch.poses).square().mean()


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, or go on training, and write the weights. Returns the exit status."""
    options = _options(arguments)
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    name = "baseline" if options.baseline else "diffpose"
    network = SimpleBaseline() if options.baseline else DiffPose()
    candidates = Sizes().candidates

    def loss(model: torch.nn.Module, batch: Batch, generator: Generator) -> Tensor:
        if isinstance(model, SimpleBaseline):
            return baseline_loss(model, batch)
        assert isinstance(model, DiffPose)
        return loss_of(model, batch, LEVELS, generator)

    bodies, held_out = Bodies(options.data, "train"), Bodies(options.data, "val")
    training = Training(network, options.seed, RATE)
    options.work.mkdir(parents=True, exist_ok=True)
    checkpoint = options.work / f"{name}.pt"
    if checkpoint.exists():
        training.resume(checkpoint)
        print(f"Going on from step {training.step}.", flush=True)
    elif options.start:
        training.begin(options.start)
    started, mean, done = time.process_time(), 0.0, 0
    while training.step < options.steps:
        batch = bodies.batch(BODIES, candidates, training.generator)
        found = loss(network, batch, training.generator)
        training.advance(found, options.steps)
        done += 1
        mean += (found.item() - mean) / min(100, done)
        if training.step % 100 == 0 or training.step == options.steps:
            line = f"step {training.step}/{options.steps}  loss {mean:.4f}"
            print(f"{line}  {time.process_time() - started:.0f} s of CPU", flush=True)
        if training.step % 250 == 0 or training.step == options.steps:
            training.save(checkpoint)
            averaged = copy.deepcopy(network)
            averaged.load_state_dict(training.average)
            # The same simulated evidence each time, so that figures of one run compare.
            generator = Generator().manual_seed(1)
            with torch.no_grad():
                batch = held_out.batch(1024, candidates, generator)
                print(f"held out: loss {loss(averaged.eval(), batch, generator):.4f}", flush=True)
    config: dict[str, object] = {"steps": training.step, "seed": options.seed, "unit_mm": UNIT_MM}
    config |= {"sizes": sizes_record(Sizes())} if not options.baseline else {"width": WIDTH}
    options.out.mkdir(parents=True, exist_ok=True)
    write_weights(options.out / f"{name}.safetensors", training.average, config)
    print(json.dumps({"weights": str(options.out / f"{name}.safetensors"), **config}))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    data = Path(os.environ.get("MASKSTUDIO_DATA", "../shared/data")) / "pose/poses17_mm_f16.npz"
    parser = argparse.ArgumentParser(prog="python -m maskengines.pose.train", description=__doc__)
    parser.add_argument("--data", type=Path, default=data, help="poses by split (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("assets/networks/diffpose"), help="weights' folder")
    parser.add_argument("--work", type=Path, default=Path("build/diffpose"), help="where a run is kept")
    parser.add_argument("--steps", type=int, help="default: 13000, 9000 for the baseline")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--start", type=Path, help="weights to begin with instead of random ones")
    parser.add_argument("--baseline", action="store_true", help="train the deterministic baseline instead")
    options = parser.parse_args(arguments)
    options.steps = options.steps or (9000 if options.baseline else 13000)
    return options


if __name__ == "__main__":
    sys.exit(main())
