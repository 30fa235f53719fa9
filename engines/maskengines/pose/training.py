"""The course of training: network, moving average and optimiser, their pace, and where they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor, nn

from maskengines.errors import NotReady
from maskengines.pose.network import read_weights

AVERAGE = 0.999
RISE = 200  # steps


@dataclass(frozen=True)
class Limit:
    """When a run ends: after so many steps, or so many seconds of wall clock if they are given."""

    steps: int
    seconds: float | None = None

    def share(self, step: int, spent: float) -> float:
        """How much of the run is done, 0..1, after `step` steps and `spent` seconds."""
        done = step / self.steps if self.seconds is None else spent / self.seconds
        return min(1.0, done)


def rate_at(step: int, share: float, peak: float) -> float:
    """Learning rate: a short rise, then level, then down to nothing over the last third.

    Args:
        share: of the run that is done, 0..1.
    """
    return peak * min(1.0, (step + 1) / RISE, 3 * (1 - share))


class Training:
    """Network, average and optimiser, and where they are kept between runs.

    Args:
        network: on the device where it is trained.
        keep: what the moving average keeps of itself at each step, once it has settled.
    """

    def __init__(self, network: nn.Module, seed: int, peak: float, keep: float = AVERAGE) -> None:
        self.network = network
        self.device = next(network.parameters()).device
        self.peak, self.keep, self.seed = peak, keep, seed
        self.average = _copied(network)
        recorded = self.device.type == "cuda"
        # Numbers that change from step to step are tensors where a step may be recorded once for all.
        self.fresh = torch.zeros((), device=self.device)
        self.rate: Tensor | float = torch.zeros((), device=self.device) if recorded else peak
        self.optimiser = torch.optim.AdamW(
            network.parameters(), lr=self.rate, betas=(0.9, 0.98), weight_decay=1e-3, fused=True,
            capturable=recorded,
        )  # fmt: skip
        self.generator = Generator(self.device).manual_seed(seed)
        self.step = 0
        self.spent = 0.0

    def set_pace(self, share: float) -> None:
        """Rates of the next step, when `share` of the run is done."""
        rate = rate_at(self.step, share, self.peak)
        for group in self.optimiser.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate
        self.step += 1
        self.fresh.fill_(1 - min(self.keep, self.step / (self.step + 10)))

    def descend(self, loss: Tensor) -> None:
        """One step of the optimiser and of the moving average, at the pace that is set."""
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                if value.is_floating_point():
                    self.average[name].lerp_(value, self.fresh)
                else:
                    self.average[name].copy_(value)

    def save(self, file: Path) -> None:
        """Keep all that a run needs to go on; `file` is either all old or all new."""
        state = {
            "step": self.step,
            "spent": self.spent,
            "network": self.network.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "device": self.device.type,
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
        self.average = _copied(self.network)

    def resume(self, file: Path) -> None:
        """Go on where a run was saved; on another kind of device with other random numbers, as the states
        of their generators do not fit.
        """
        state: dict[str, Any] = torch.load(file, weights_only=True, map_location="cpu")
        self.network.load_state_dict(state["network"])
        self.average = {name: value.to(self.device) for name, value in state["average"].items()}
        self.optimiser.load_state_dict(state["optimiser"])
        for group in self.optimiser.param_groups:
            group["lr"], group["capturable"] = self.rate, self.device.type == "cuda"
        self.step, self.spent = state["step"], state["spent"]
        if state["device"] == self.device.type:
            self.generator.set_state(state["generator"])
        else:
            self.generator.manual_seed(self.seed + self.step)


def _copied(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}
