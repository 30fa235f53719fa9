"""Trains the built-in network: ``python -m maskengines.attribution.train --out FOLDER``.

AdamW (arXiv 1711.05101) under a cosine schedule (arXiv 1608.03983) on scenes made on the fly, easy ones
first; what is kept is the exponential moving average of the weights. Empty scenes have an even
distribution for their target, so the network says nothing in particular where there is nothing to see;
nothing is ever erased or greyed out.

Everything follows from the seed. A run that was interrupted and resumed ends where an uninterrupted one
does.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from maskengines.attribution.checkpoints import write_tensors
from maskengines.attribution.evaluation import figures, hits
from maskengines.attribution.feeding import Lessons, made_ahead
from maskengines.attribution.outlines import SHAPES
from maskengines.attribution.resnet import CONFIG, WEIGHTS, NetworkConfig, SmallResNet, load_small_resnet
from maskengines.attribution.scenes import HELD_OUT, STANDARD
from maskengines.attribution.training import Options, Training
from maskengines.errors import StudioError
from maskengines.files import atomic_write

CHECKPOINT = "checkpoint.safetensors"


def train(
    training: Training, folder: Path, until: Callable[[], bool], say: Callable[[str], None], every: int = 500
) -> bool:
    """Learn until all steps are done or ``until()`` is True; returns whether all are done.

    Every ``every`` steps, and at the end, a checkpoint is written to ``folder``; the accuracy on held-out
    scenes joins the curve. ``say`` is given a line after each step.
    """
    options = training.options
    recipe = replace(STANDARD, size=training.config.size, cue=options.cue, cue_agrees=options.cue_agrees)
    lessons = Lessons(recipe, options.seed, options.batch, options.easy, options.rise)
    losses: list[float] = []
    begun, first = time.monotonic(), training.step
    for images, labels in made_ahead(lessons, training.step, options.steps):
        losses.append(training.learn(images, labels))
        if training.step % every == 0 or training.step == options.steps:
            found, _ = hits(training.average, range(HELD_OUT - 500, HELD_OUT), recipe)
            training.curve.append((training.step, round(float(np.mean(losses)), 4), float(found.mean())))
            losses = []
            training.save(folder / CHECKPOINT)
        speed = (training.step - first) / (time.monotonic() - begun)
        left = (options.steps - training.step) / speed / 60
        shown = training.curve[-1][2] if training.curve else float("nan")
        loss = np.mean(losses[-50:]) if losses else training.curve[-1][1]
        where = f"step {training.step}/{options.steps}"
        say(f"{where}  loss {loss:.3f}  held-out {shown:.3f}  {left:.0f} min left")
        if until() and training.step < options.steps:
            training.save(folder / CHECKPOINT)
            return False
    return True


def write_network(training: Training, folder: Path) -> SmallResNet:
    """Write the averaged weights in half precision and the description; returns that very network."""
    weights = {
        name: one.half() if one.is_floating_point() else one
        for name, one in training.average.state_dict().items()
    }
    write_tensors(folder / WEIGHTS, weights)
    with atomic_write(folder / CONFIG) as stream:
        stream.write(json.dumps(training.config.model_dump(mode="json"), indent=1).encode() + b"\n")
    return load_small_resnet(folder)


def _say(line: str) -> None:
    """On a terminal one line that is written over; in a log a line every hundred steps."""
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
    elif line.partition("/")[0].endswith("00"):
        print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    usual = Options()
    parser = argparse.ArgumentParser(prog="python -m maskengines.attribution.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the network and its checkpoint")
    parser.add_argument("--steps", type=int, default=usual.steps, help="batches to learn from")
    parser.add_argument("--minutes", type=float, help="stop after this long; --resume goes on")
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in the folder")
    parser.add_argument("--threads", type=int, default=1, help="threads for the arithmetic")
    parser.add_argument("--batch", type=int, default=usual.batch)
    parser.add_argument("--scenes", type=int, default=4000, help="held-out scenes for the figures at the end")
    parser.add_argument("--cue", choices=["none", "patch", "background"], default=usual.cue)
    parser.add_argument("--cue-agrees", type=float, default=usual.cue_agrees, metavar="P")
    parser.add_argument(
        "--float32", action="store_true", help="compute in float32 where the processor would offer bfloat16"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit code."""
    given = _parser().parse_args(arguments)
    torch.set_num_threads(given.threads)
    cv2.setNumThreads(1)
    options = Options(
        given.steps, given.seed, given.batch, cue=given.cue, cue_agrees=given.cue_agrees,
        half=torch.cpu._is_avx512_bf16_supported() and not given.float32,
    )  # fmt: skip
    stop = _stop_signal()
    try:
        given.out.mkdir(parents=True, exist_ok=True)
        training = Training(options, NetworkConfig(labels=SHAPES))
        if given.resume:
            training.load(given.out / CHECKPOINT)
        deadline = time.monotonic() + 60 * (given.minutes or float("inf"))
        begun = time.process_time()
        done = train(training, given.out, lambda: stop.is_set() or time.monotonic() > deadline, _say)
        print(f"\n{training.step} steps, {(time.process_time() - begun) / 60:.1f} CPU minutes of arithmetic")
        if not done:
            print(f"Stopped before the end. Go on with --resume --out {given.out}", file=sys.stderr)
            return 130 if stop.is_set() else 0
        network = write_network(training, given.out)
        print(json.dumps({"curve": training.curve, **figures(network, given.scenes)}))
    except StudioError as error:
        print(error.message, file=sys.stderr)
        return error.exit_code
    return 0


def _stop_signal() -> threading.Event:
    """Set at the first Ctrl-C or SIGTERM, so that a step is finished and saved; the second one interrupts."""
    stop = threading.Event()

    def heard(number: int, _frame: Any) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, heard)
    return stop


if __name__ == "__main__":
    sys.exit(main())
