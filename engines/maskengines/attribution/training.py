"""A network on its way: one step of learning, the average of its weights, and where it stands on disk."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from maskengines.attribution.checkpoints import read_tensors, write_tensors
from maskengines.attribution.resnet import NetworkConfig, SmallResNet
from maskengines.errors import BadInput


@dataclass(frozen=True)
class Options:
    """Everything that the outcome depends on.

    Attributes:
        steps: how many batches to learn from.
        seed: of the first weights and of the scenes.
        batch: scenes in a step.
        rate: greatest learning rate; it rises over ``warmup`` steps and falls to 0 as a cosine.
        restart: step at which it rises again, to the part ``again`` of ``rate``, and falls until the end.
        decay: weight decay of AdamW.
        average: share of the old average kept in each step.
        easy, rise: how the scenes grow harder (see `feeding.Lessons`).
        smoothing: part of the target spread evenly over all classes.
        cue, cue_agrees: a shortcut planted in the scenes (see `scenes.Recipe`).
        half: compute in bfloat16 where that is safe, twice as fast on processors that have it.
    """

    steps: int = 7000
    seed: int = 0
    batch: int = 32
    rate: float = 1.5e-3
    warmup: int = 100
    restart: int = 4500
    again: float = 0.6
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
    """Linear warm-up and half a cosine to 0, twice (arXiv 1608.03983, equation 5 with one restart)."""
    first = min(options.restart, options.steps)
    if step < first:
        peak, since, length = options.rate, step, first
    else:
        peak, since, length = options.rate * options.again, step - first, options.steps - first
    rise = min(1.0, (since + 1) / options.warmup)
    return peak * rise * 0.5 * (1 + float(np.cos(np.pi * since / length)))


def _loss(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Cross entropy with smoothed targets; a label of -1 stands for an even distribution."""
    classes = logits.shape[1]
    smooth = torch.where(labels < 0, 1.0, smoothing)[:, None]
    hot = torch.nn.functional.one_hot(labels.clamp(min=0), classes)
    target = hot * (1 - smooth) + smooth / classes
    return -(target * logits.log_softmax(dim=1)).sum(dim=1).mean()
