"""Trains the small masked diffusion model: ``python -m maskengines.inpaint.train``.

It learns from photographs and from procedural pictures, on a graphics card or on the CPU, for a number of
minutes or of steps. A run can be stopped at any time and goes on where it was when started again. Writes the
moving average of the weights as half-precision safetensors.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor

from maskengines.inpaint.flow.crops import Album
from maskengines.inpaint.flow.holes import SCHEDULES, Holes
from maskengines.inpaint.flow.learning import Batch, batch_of, loss_of
from maskengines.inpaint.flow.network import MaskedFlow, Sizes
from maskengines.inpaint.flow.supply import Supply, hole, packed, photos, picture
from maskengines.inpaint.flow.weights import load_into, write

PICTURE = 384  # side of a procedural picture


class Training:
    """Network, average and optimiser, and where they are kept between runs."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.device = torch.device(options.device)
        torch.manual_seed(options.seed)
        self.network = MaskedFlow(
            Sizes(options.fold, options.widths, options.blocks, view=options.side)
        ).laid_out(self.device)
        if options.start:
            load_into(self.network, options.start)
        self.average = [value.detach().clone() for value in self.network.parameters()]
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=options.rate, betas=(0.9, 0.99), weight_decay=0.02, fused=True
        )
        self.generator = Generator(self.device).manual_seed(options.seed)
        self.peak = options.rate
        self.step = 0
        self.seconds = 0.0
        self.curve: list[dict[str, float]] = []

    def rate(self, progress: float) -> float:
        """A short rise, level, then down to nothing over the last two fifths."""
        return self.peak * min(1.0, (self.step + 1) / 300, max(0.0, 1 - progress) / 0.4)

    def advance(self, loss: Tensor, progress: float) -> None:
        """One step of the optimiser and of the moving average."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate(progress)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        keep = min(0.9992, self.step / (self.step + 10))
        with torch.no_grad():
            torch._foreach_lerp_(self.average, list(self.network.parameters()), 1 - keep)

    def averaged(self) -> MaskedFlow:
        """A network with the averaged weights."""
        network = MaskedFlow(self.network.sizes).laid_out(self.device)
        with torch.no_grad():
            for parameter, value in zip(network.parameters(), self.average, strict=True):
                parameter.copy_(value)
        return network.eval()

    def save(self, file: Path) -> None:
        state = {
            "step": self.step, "seconds": self.seconds, "curve": self.curve,
            "network": self.network.state_dict(), "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
        }  # fmt: skip
        part = file.with_suffix(".part")
        torch.save(state, part)
        part.replace(file)

    def resume(self, file: Path) -> None:
        state: dict[str, Any] = torch.load(file, weights_only=True, map_location="cpu")
        self.network.load_state_dict(state["network"])
        self.average = [value.to(self.device) for value in state["average"]]
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        self.step, self.seconds, self.curve = state["step"], state["seconds"], state["curve"]


class Lessons:
    """Batches of views and holes, and the same questions again and again for the figures."""

    def __init__(self, options: argparse.Namespace, device: torch.device) -> None:
        supply = Supply(options.processes)
        pictures = supply.drawn(picture, PICTURE, range(options.pictures))
        holes = supply.drawn(hole, options.side, range(options.holes))
        train, held_out = photos(options.photos)
        self.photos, self.held_out = Album(train, device), Album(held_out, device)
        self.holes = Holes(holes(), device)
        self.procedural = Album(pictures(), device) if options.pictures else None
        supply.close()
        self.drawn = round(options.batch * options.procedural) if self.procedural else 0
        self.options = options

    def batch(self, progress: float, generator: Generator) -> Batch:
        side, count = self.options.side, self.options.batch
        clean = self.photos.views(count - self.drawn, side, generator)
        if self.procedural and self.drawn:
            clean = torch.cat((clean, self.procedural.views(self.drawn, side, generator)))
        mask = self.holes.drawn(count, SCHEDULES[self.options.schedule](progress), generator)
        return batch_of(_fast(clean), mask, self.options.mixed, generator)

    @torch.no_grad()
    def figures(self, network: MaskedFlow) -> dict[str, float]:
        """Loss and one-shot PSNR in decibels on views of training photos and of photos held out."""
        found: dict[str, float] = {}
        for name, album in (("train", self.photos), ("held_out", self.held_out)):
            generator = Generator(album.pixels.device).manual_seed(5)
            clean = _fast(album.views(self.options.figures, self.options.side, generator))
            mask = self.holes.drawn(len(clean), 0.3, generator)
            batch = batch_of(clean, mask, 0.0, generator)
            once = torch.zeros_like(clean), clean * (1 - mask), mask, torch.ones_like(batch.moment)
            error = (network(*once) - clean).square().mean(1, keepdim=True)
            psnr = -10 * torch.log10((error * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3)) / 4)
            found |= {f"{name}_loss": loss_of(network, batch).item(), f"{name}_psnr": psnr.mean().item()}
        return found


def _fast(pictures: Tensor) -> Tensor:
    return pictures.contiguous(memory_format=torch.channels_last)


def train(options: argparse.Namespace) -> Path:
    """Train, or go on training, and write the weights; returns their file."""
    training = Training(options)
    options.work.mkdir(parents=True, exist_ok=True)
    checkpoint = options.work / "masked-diffusion.pt"
    if checkpoint.exists():
        training.resume(checkpoint)
        print(f"Going on from step {training.step}, {training.seconds:.0f} s.", flush=True)
    lessons = Lessons(options, training.device)
    half = torch.autocast(training.device.type, torch.bfloat16, enabled=training.device.type == "cuda")
    network: Any = torch.compile(training.network) if options.compile else training.network
    before, mean, told, since = training.seconds, 0.0, time.monotonic(), training.step
    begun = time.monotonic()
    while True:
        training.seconds = before + time.monotonic() - begun
        progress = (
            training.step / options.steps if options.steps else training.seconds / (60 * options.minutes)
        )
        leg_over = options.leg and time.monotonic() - begun > 60 * options.leg
        over = progress >= 1 or leg_over
        if over or time.monotonic() - told > options.every:
            figures = lessons.figures(training.averaged())
            pace = (training.step - since) / (time.monotonic() - told)
            row = {"step": training.step, "seconds": training.seconds, "loss": float(mean), **figures}
            training.curve.append(row)
            told_row = "  ".join(f"{name} {value:.4g}" for name, value in row.items())
            print(f"{told_row}  {pace:.2f} steps/s", flush=True)
            training.save(checkpoint)
            _write(training, options, progress)
            told, since = time.monotonic(), training.step
        if over:
            break
        batch = lessons.batch(min(progress, 1.0), training.generator)
        with half:
            loss = loss_of(network, batch)
        training.advance(loss, progress)
        if training.step % 50 == 0 or options.steps:
            found = loss.item()
            if not math.isfinite(found):
                raise FloatingPointError(f"The loss is {found} at step {training.step}; lower --rate.")
            mean = found if not mean else mean + (found - mean) / 20
    return Path(options.out)


def _write(training: Training, options: argparse.Namespace, progress: float) -> None:
    record = {
        "steps": training.step, "seed": options.seed, "batch": options.batch, "side": options.side,
        "seconds": round(training.seconds), "progress": round(progress, 3), "schedule": options.schedule,
        "mixed": options.mixed, "procedural": options.procedural, "curve": training.curve,
    }  # fmt: skip
    write(options.out, dict(training.averaged().state_dict()), training.network.sizes, record)


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    data = Path(os.environ.get("MASKSTUDIO_DATA", "../shared/data")) / "photos/train"
    found = "cuda" if torch.cuda.is_available() else "cpu"
    parser = argparse.ArgumentParser(prog="python -m maskengines.inpaint.train", description=__doc__)
    parser.add_argument(
        "--photos", type=Path, default=data, help="folder or packed file (default: %(default)s)"
    )
    parser.add_argument("--pack", type=Path, help="only put the photos into this one file")
    parser.add_argument("--out", type=Path, default=Path("build/masked-diffusion/weights.safetensors"))
    parser.add_argument(
        "--work", type=Path, default=Path("build/masked-diffusion"), help="where a run is kept"
    )
    parser.add_argument("--minutes", type=float, default=60.0, help="how long in all, over every leg")
    parser.add_argument("--leg", type=float, help="minutes after which this leg stops, to be gone on with")
    parser.add_argument("--steps", type=int, help="how many steps in all, instead of minutes")
    parser.add_argument("--start", type=Path, help="weights to begin with instead of random ones")
    parser.add_argument("--device", default=found)
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=found == "cuda")
    parser.add_argument("--batch", type=int, default=256 if found == "cuda" else 8)
    parser.add_argument("--side", type=int, default=256, help="pixels of a view's side")
    parser.add_argument(
        "--widths", type=_widths, default=Sizes().widths, help="channels by level, with commas"
    )
    parser.add_argument(
        "--fold",
        type=int,
        default=Sizes().fold,
        help="pixels across that become one place with more channels",
    )
    parser.add_argument("--blocks", type=int, default=Sizes().blocks, help="residual blocks by level")
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--schedule", choices=sorted(SCHEDULES), default="linear", help="of the masked share")
    parser.add_argument("--mixed", type=float, default=0.15, help="share of one-shot questions")
    parser.add_argument("--procedural", type=float, default=0.35, help="share of procedural pictures")
    parser.add_argument("--pictures", type=int, default=4000, help="how many procedural pictures are drawn")
    parser.add_argument("--holes", type=int, default=6000, help="how many holes are drawn")
    parser.add_argument("--figures", type=int, default=128, help="views that the figures are measured on")
    parser.add_argument("--every", type=float, default=60.0, help="seconds between figures")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def _widths(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(","))


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status."""
    options = parsed(arguments)
    if options.pack:
        print(f"{packed(options.photos, options.pack)} photos in {options.pack}")
        return 0
    torch.set_num_threads(options.threads)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    file = train(options)
    print(json.dumps({"weights": str(file)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
