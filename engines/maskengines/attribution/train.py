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
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import torch
from torch import Tensor

from maskengines.attribution.checkpoints import read_tensors, write_tensors
from maskengines.attribution.evaluation import figures, hits
from maskengines.attribution.feeding import Lessons, made_ahead
from maskengines.attribution.outlines import SHAPES
from maskengines.attribution.resnet import CONFIG, WEIGHTS, NetworkConfig, SmallResNet, load_small_resnet
from maskengines.attribution.scenes import HELD_OUT, STANDARD
from maskengines.errors import BadInput, StudioError
from maskengines.files import atomic_write

CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True)
class Options:
    """Everything that the outcome depends on.

    Attributes:
        steps: how many batches to learn from.
        seed: of the first weights and of the scenes.
        batch: scenes in a step.
        rate: greatest learning rate; it rises over the first ``warmup`` steps and falls to 0 as a cosine.
        decay: weight decay of AdamW.
        average: share of the old average kept in each step.
        easy, rise: how the scenes grow harder (see `feeding.Lessons`).
        smoothing: part of the target spread evenly over all classes.
        cue, cue_agrees: a shortcut planted in the scenes (see `scenes.Recipe`).
        half: compute in bfloat16 where that is safe, twice as fast on processors that have it.
    """

    steps: int = 4500
    seed: int = 0
    batch: int = 32
    rate: float = 1.5e-3
    warmup: int = 100
    decay: float = 0.02
    average: float = 0.999
    easy: int = 300
    rise: int = 1000
    smoothing: float = 0.05
    cue: Literal["none", "patch", "background"] = "none"
    cue_agrees: float = 1.0
    half: bool = True


class Training:
    """A network on its way: weights, their average, the optimiser's state and the curve so far.

    Attributes:
        step: batches learnt from.
        curve: rows of step, loss averaged since the row before, accuracy on 500 held-out scenes.
    """

    def __init__(self, options: Options, config: NetworkConfig) -> None:
        torch.manual_seed(options.seed)
        self.options, self.config = options, config
        self.network = SmallResNet(config).train()
        for parameter in self.network.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        self.average = SmallResNet(config).eval()
        self.average.load_state_dict(self.network.state_dict())
        kernels = [one for one in self.network.parameters() if one.ndim > 1]
        others = [one for one in self.network.parameters() if one.ndim == 1]
        self.optimiser = torch.optim.AdamW(
            [{"params": kernels, "weight_decay": options.decay}, {"params": others, "weight_decay": 0.0}],
            lr=options.rate,
            fused=True,
        )
        self.step = 0
        self.curve: list[tuple[int, float, float]] = []

    def learn(self, images: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> float:
        """One step on ``(N, S, S, 3)`` uint8 and ``(N,)`` labels, -1 for none; returns the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = _rate(self.step, self.options)
        inputs = self.network.prepared(images).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.options.half):
            logits = self.network(inputs)
        loss = _loss(logits.float(), torch.from_numpy(labels), self.options.smoothing)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.step += 1
        self._follow()
        return loss.item()

    @torch.no_grad()
    def _follow(self) -> None:
        # A young average would otherwise remember the random weights it began with.
        keep = min(self.options.average, (1 + self.step) / (10 + self.step))
        means, values = self.average.state_dict(), self.network.state_dict()
        moving = [name for name, one in means.items() if one.is_floating_point()]
        torch._foreach_lerp_([means[name] for name in moving], [values[name] for name in moving], 1 - keep)
        for name in means.keys() - moving:
            means[name].copy_(values[name])

    def save(self, path: Path) -> None:
        """Write a checkpoint to ``path``."""
        tensors = {f"network.{name}": one for name, one in self.network.state_dict().items()}
        tensors |= {f"average.{name}": one for name, one in self.average.state_dict().items()}
        for index, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{index}.{name}": one for name, one in state.items()}
        notes = {"step": self.step, "options": asdict(self.options), "curve": self.curve}
        write_tensors(path, tensors, notes | {"config": self.config.model_dump(mode="json")})

    def load(self, path: Path) -> None:
        """Go on from a checkpoint.

        Raises:
            NotReady, BadInput: it is missing, damaged, or of a run with other options.
        """
        tensors, notes = read_tensors(path)
        if notes.get("options") != asdict(self.options) or notes.get("config") != self.config.model_dump(
            mode="json"
        ):
            raise BadInput(
                f"The checkpoint '{path}' is of a run with other options. Repeat those, or start anew."
            )
        self.network.load_state_dict(_part(tensors, "network."))
        self.average.load_state_dict(_part(tensors, "average."))
        states: dict[int, dict[str, Tensor]] = {}
        for name, one in _part(tensors, "optimiser.").items():
            index, key = name.split(".")
            states.setdefault(int(index), {})[key] = one
        whole = self.optimiser.state_dict()
        self.optimiser.load_state_dict({"state": states, "param_groups": whole["param_groups"]})
        for parameter, state in self.optimiser.state.items():
            # The fused step walks through memory, so the moments must lie there as the weights do.
            for name, one in state.items():
                if one.shape == parameter.shape:
                    state[name] = torch.empty_like(parameter).copy_(one)
        self.step, self.curve = notes["step"], [tuple(row) for row in notes["curve"]]


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): one for name, one in tensors.items() if name.startswith(prefix)}


def _rate(step: int, options: Options) -> float:
    """Linear warm-up, then half a cosine to 0 (arXiv 1608.03983, equation 5 without restarts)."""
    rise = min(1.0, (step + 1) / options.warmup)
    return options.rate * rise * 0.5 * (1 + float(np.cos(np.pi * step / options.steps)))


def _loss(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Cross entropy with smoothed targets; a label of -1 stands for an even distribution."""
    classes = logits.shape[1]
    smooth = torch.where(labels < 0, 1.0, smoothing)[:, None]
    hot = torch.nn.functional.one_hot(labels.clamp(min=0), classes)
    target = hot * (1 - smooth) + smooth / classes
    return -(target * logits.log_softmax(dim=1)).sum(dim=1).mean()


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
