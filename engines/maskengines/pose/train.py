"""Trains DiffPose on simulated evidence: ``python -m maskengines.pose.train``.

Writes the weights of the moving average as half-precision safetensors. A run can be stopped at any time and
goes on where it was when started again. With ``--minutes`` it ends by the clock, on whatever machine: the
learning rate falls with the time that is left.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Generator

from maskengines.pose.baseline import WIDTH, SimpleBaseline
from maskengines.pose.batches import Batch, Bodies
from maskengines.pose.graphed import Step, graphed, plain, quick_products
from maskengines.pose.network import UNIT_MM, DiffPose, Sizes, sizes_record, write_weights
from maskengines.pose.objective import objective_of
from maskengines.pose.training import AVERAGE, Limit, Training

RATE = 1.2e-3
BODIES = 128
AHEAD = 32768
"""Bodies that a GPU simulates at once: the simulation's many small steps would else cost more than
training.
"""
SAY_EVERY, SAVE_EVERY = 20.0, 60.0  # seconds


class Run:
    """A run of training from its options to its weights."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.device = device_called(options.device)
        self.name = "baseline" if options.baseline else "diffpose"
        network = SimpleBaseline() if options.baseline else DiffPose()
        self.candidates = Sizes().candidates
        self.training = Training(network.to(self.device), options.seed, options.rate, options.average)
        self.objective = objective_of(network)
        self.bodies, self.held_out = (Bodies(options.data, split, self.device) for split in ("train", "val"))
        self.checkpoint: Path = options.work / f"{self.name}.pt"
        self.limit = Limit(options.steps, 60 * options.minutes if options.minutes else None)
        self.config: dict[str, object] = {"seed": options.seed, "unit_mm": UNIT_MM, "bodies": options.bodies}
        self.config |= {"width": WIDTH} if options.baseline else {"sizes": sizes_record(Sizes())}

    def begin(self) -> None:
        """Go on from the checkpoint, or from the weights to start with, if there are any."""
        self.options.work.mkdir(parents=True, exist_ok=True)
        self.options.out.mkdir(parents=True, exist_ok=True)
        if self.checkpoint.exists():
            self.training.resume(self.checkpoint)
            print(f"Going on from step {self.training.step}.", flush=True)
        elif self.options.start:
            self.training.begin(self.options.start)

    def train(self) -> None:
        """Until the limit is reached; says how it goes and saves every minute and at the end."""
        training, spent_before = self.training, self.training.spent
        started = said = saved = time.monotonic()
        mean, done = torch.zeros((), device=self.device), 0
        step: Step | None = None
        for batch in self._batches():
            share = self.limit.share(training.step, training.spent)
            if share >= 1:
                break
            with quick_products(self.device):
                step = step or self._step(batch)
                training.set_pace(share)
                done += 1
                mean.lerp_(step(batch), 1 / min(100, done))
            now = time.monotonic()
            training.spent = spent_before + now - started
            last = self.limit.share(training.step, training.spent) >= 1
            if last or now - said > SAY_EVERY:
                said = now
                print(f"step {self._progress()}  loss {mean.item():.4f}", flush=True)
            if last or now - saved > SAVE_EVERY:
                saved = now
                self.save()

    def save(self) -> None:
        """Checkpoint and weights, and how the average does on bodies that are held out."""
        self.training.save(self.checkpoint)
        averaged = copy.deepcopy(self.training.network)
        averaged.load_state_dict(self.training.average)
        # The same simulated evidence each time, so that figures of one run compare.
        generator = Generator(self.device).manual_seed(1)
        with torch.no_grad():
            batch = self.held_out.batch(1024, self.candidates, generator)
            loss = objective_of(averaged.eval())(batch, generator)
        print(f"held out: loss {loss.item():.4f}", flush=True)
        self.write()

    def write(self) -> Path:
        """The weights' file."""
        file: Path = self.options.out / f"{self.name}.safetensors"
        average = {name: value.cpu() for name, value in self.training.average.items()}
        write_weights(file, average, self.config | {"steps": self.training.step})
        return file

    def _batches(self) -> Iterator[Batch]:
        count = self.options.bodies
        ahead = max(1, AHEAD // count) if self.device.type == "cuda" else 1
        while True:
            whole = self.bodies.batch(ahead * count, self.candidates, self.training.generator)
            yield from whole.split(count)

    def _step(self, like: Batch) -> Step:
        if self.device.type != "cuda" or self.options.eager:
            return plain(self.training, self.objective)
        try:
            return graphed(self.training, self.objective, like)
        except RuntimeError as error:
            print(f"Steps are not recorded: {error}", flush=True)
            return plain(self.training, self.objective)

    def _progress(self) -> str:
        spent = f"{self.training.spent:.0f}"
        if self.limit.seconds is None:
            return f"{self.training.step}/{self.limit.steps}  {spent} s"
        return f"{self.training.step}  {spent}/{self.limit.seconds:.0f} s"


def device_called(name: str) -> torch.device:
    """``auto`` is a GPU where PyTorch finds one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, or go on training, and write the weights. Returns the exit status."""
    options = _options(arguments)
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    run = Run(options)
    run.begin()
    run.train()
    print(json.dumps({"weights": str(run.write()), "steps": run.training.step, **run.config}))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    data = Path(os.environ.get("MASKSTUDIO_DATA", "../shared/data")) / "pose/poses17_mm_f16.npz"
    parser = argparse.ArgumentParser(prog="python -m maskengines.pose.train", description=__doc__)
    parser.add_argument("--data", type=Path, default=data, help="poses by split (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("assets/networks/diffpose"), help="weights' folder")
    parser.add_argument("--work", type=Path, default=Path("build/diffpose"), help="where a run is kept")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--bodies", type=int, default=BODIES, help="in a batch (default: %(default)s)")
    parser.add_argument("--steps", type=int, help="default: 13000, 9000 for the baseline")
    parser.add_argument("--minutes", type=float, help="end by the clock instead of by steps")
    parser.add_argument("--rate", type=float, default=RATE, help="peak learning rate (default: %(default)s)")
    parser.add_argument(
        "--average", type=float, default=AVERAGE, help="what the moving average keeps at each step"
    )
    parser.add_argument("--eager", action="store_true", help="on a GPU, do not record steps")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--start", type=Path, help="weights to begin with instead of random ones")
    parser.add_argument("--baseline", action="store_true", help="train the deterministic baseline instead")
    options = parser.parse_args(arguments)
    options.steps = options.steps or (9000 if options.baseline else 13000)
    return options


if __name__ == "__main__":
    sys.exit(main())
