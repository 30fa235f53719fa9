"""What the mask-ratio schedule and the one-shot questions do for masked diffusion.

``python -m tests.benchmarks.ablations [--quick]`` trains a network small enough for that, on the CPU, from
the same seeds with each of them switched off. Not part of ``make bench``, as it takes half an hour.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("MASKSTUDIO_DATA", ROOT.parent / "shared" / "data"))
SIZE = ["--widths", "32,64,96", "--side", "64", "--batch", "16", "--pictures", "200", "--holes", "1500"]
ARMS = {
    "both": ["--schedule", "linear", "--mixed", "0.2"],
    "no schedule": ["--schedule", "none", "--mixed", "0.2"],
    "no one-shot questions": ["--schedule", "linear", "--mixed", "0"],
    "neither": ["--schedule", "none", "--mixed", "0"],
}


def trained(arm: list[str], steps: int, seed: int) -> tuple[float, float]:
    """Loss and one-step PSNR in dB on photos held out."""
    from maskengines.inpaint.train import Lessons, Training, parsed, train

    with tempfile.TemporaryDirectory() as name:
        where = ["--work", name, "--out", f"{name}/w.safetensors", "--photos", str(DATA / "photos/train")]
        run = ["--device", "cpu", "--no-compile", "--steps", str(steps), "--seed", str(seed)]
        options = parsed(
            [*SIZE, *arm, *where, *run, "--every", "3600", "--processes", "1", "--figures", "256"]
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
    return rows


if __name__ == "__main__":
    print("\n".join(table("--quick" in sys.argv[1:])))
