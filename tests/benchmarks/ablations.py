"""What the tricks of training do for masked diffusion, and how far pixels are best folded.

``python -m tests.benchmarks.ablations [--quick]`` trains networks small enough for that, on the CPU, from the
same seeds with each of the tricks switched off, then with pixels folded less and more. Not part of ``make
bench``, as it takes an hour.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("MASKSTUDIO_DATA", ROOT.parent / "shared" / "data"))
SIZE = ["--side", "64", "--batch", "16", "--pictures", "200", "--holes", "1500"]
ARMS = {
    "both": ["--schedule", "linear", "--mixed", "0.2"],
    "no schedule": ["--schedule", "none", "--mixed", "0.2"],
    "no one-shot questions": ["--schedule", "linear", "--mixed", "0"],
    "neither": ["--schedule", "none", "--mixed", "0"],
}

FOLDS = {2: "16,32,64,96", 4: "32,64,96", 8: "64,96,128"}
"""Channels by level for each fold: as many levels as it takes to end at places of 16 or 32 pixels."""


def trained(arm: list[str], steps: int, seed: int, fold: int = 4) -> tuple[float, float]:
    """Loss and one-step PSNR in dB on photos held out."""
    from maskengines.inpaint.train import Lessons, Training, parsed, train

    with tempfile.TemporaryDirectory() as name:
        where = ["--work", name, "--out", f"{name}/w.safetensors", "--photos", str(DATA / "photos/train")]
        run = ["--device", "cpu", "--no-compile", "--steps", str(steps), "--seed", str(seed)]
        options = parsed(
            [
                *SIZE,
                "--fold",
                str(fold),
                "--widths",
                FOLDS[fold],
                *arm,
                *where,
                *run,
                "--every",
                "3600",
                "--processes",
                "1",
                "--figures",
                "256",
            ]
        )
        with contextlib.redirect_stdout(io.StringIO()):
            train(options)
        training = Training(options)
        training.resume(Path(name) / "masked-diffusion.pt")
        figures = Lessons(options, training.device).figures(training.averaged())
    return figures["held_out_loss"], figures["held_out_psnr"]


def table(quick: bool) -> list[str]:
    """Markdown lines."""
    steps, seeds = (60, 1) if quick else (500, 2)
    rows = [
        "## Ablations of masked diffusion",
        "",
        f"A small network, {steps} steps of 16 views of 64 pixels, {seeds} seed(s), on photos held out; the "
        "loss is that of the whole path, one step answers at once. Lower is better for the loss, higher for "
        "PSNR.",
        "",
        "| trained with | loss | PSNR of one step, dB |",
        "|---|---|---|",
    ]
    for name, arm in ARMS.items():
        found = np.array([trained(arm, steps, seed) for seed in range(seeds)])
        (loss, quality), (wide, far) = found.mean(0), np.ptp(found, axis=0)
        rows.append(f"| {name} | {loss:.4f} (spread {wide:.4f}) | {quality:.2f} ({far:.2f}) |")
    return [*rows, *folds(steps, seeds)]


def folds(steps: int, seeds: int) -> list[str]:
    """Markdown lines: the same for networks that fold pixels 2, 4 and 8 times across."""
    rows = [
        "",
        "| pixels folded by | parameters | CPU s a step at 512 x 512 | loss | PSNR of one step, dB |",
        "|---|---|---|---|---|",
    ]
    for fold in FOLDS:
        found = np.array([trained(ARMS["both"], steps, seed, fold) for seed in range(seeds)])
        (loss, quality), (wide, far) = found.mean(0), np.ptp(found, axis=0)
        count, seconds = cost(fold)
        rows.append(
            f"| {fold} | {count / 1e6:.2f} M | {seconds:.2f} | {loss:.4f} (spread {wide:.4f}) | "
            f"{quality:.2f} ({far:.2f}) |"
        )
    return rows


def cost(fold: int) -> tuple[int, float]:
    """Parameters of a network, and CPU seconds of a look at 512 x 512 pixels, the least of a few."""
    import torch
    from maskengines.inpaint.flow.network import MaskedFlow, Sizes

    widths = tuple(int(width) for width in FOLDS[fold].split(","))
    network = MaskedFlow(Sizes(fold=fold, widths=widths)).eval().laid_out()
    picture = torch.zeros(1, 3, 512, 512).contiguous(memory_format=torch.channels_last)
    mask, moment = torch.ones(1, 1, 512, 512), torch.ones(1)
    seconds = []
    torch.set_num_threads(1)
    with torch.inference_mode():
        for _ in range(4):
            begun = time.process_time()
            network(picture, picture, mask, moment)
            seconds.append(time.process_time() - begun)
    return sum(each.numel() for each in network.parameters()), min(seconds)


if __name__ == "__main__":
    print("\n".join(table("--quick" in sys.argv[1:])))
