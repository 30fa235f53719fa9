"""What training makes small: the velocity's error of DiffPose, the pose's error of the baseline.

The random numbers are drawn apart from the error, so that the error can be recorded and replayed with
others (`maskengines.pose.graphed`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from maskengines.pose.baseline import SimpleBaseline
from maskengines.pose.batches import Batch
from maskengines.pose.denoiser import FREE
from maskengines.pose.network import DiffPose
from maskengines.pose.schedule import alpha_bar, noised, velocity

LEVELS = 4
"""Times of the diffusion at which each body is looked at."""


@dataclass(frozen=True)
class Objective:
    """An error of a network on a batch.

    Attributes:
        drawn: the random numbers that it takes for so many bodies.
        error: the mean error, given the batch and these numbers.
    """

    drawn: Callable[[int, Generator], tuple[Tensor, ...]]
    error: Callable[[Batch, tuple[Tensor, ...]], Tensor]

    def __call__(self, batch: Batch, generator: Generator) -> Tensor:
        return self.error(batch, self.drawn(len(batch.poses), generator))


def objective_of(network: nn.Module) -> Objective:
    """That of either network."""
    if isinstance(network, SimpleBaseline):
        return Objective(lambda count, generator: (), lambda batch, drawn: baseline_error(network, batch))
    assert isinstance(network, DiffPose)
    return Objective(
        lambda count, generator: moments_and_noise(count, LEVELS, generator),
        lambda batch, drawn: velocity_error(network, batch, *drawn),
    )


def moments_and_noise(count: int, levels: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Times (levels * count,), stratified over 0..1, and noise (levels * count, 16, 3)."""
    device = generator.device
    moment = torch.rand(levels, count, generator=generator, device=device)
    # The noisy end decides what the pose will be, so it is looked at more often.
    moment = ((torch.arange(levels, device=device)[:, None] + moment) / levels).flatten() ** 0.7
    return moment, torch.randn(levels * count, FREE, 3, generator=generator, device=device)


def velocity_error(network: DiffPose, batch: Batch, moment: Tensor, noise: Tensor) -> Tensor:
    """Mean squared error of the velocity over joints that are not pinned, each body at several times
    (DiffPose, equation 5, for the velocity).

    Args:
        moment, noise: from `moments_and_noise`.
    """
    prepared = network.prepared(batch.candidates, batch.poses, batch.pinned, batch.hidden)
    levels = len(moment) // len(batch.poses)
    poses = batch.poses.repeat(levels, 1, 1)
    level = alpha_bar(moment)[:, None, None]
    guess = network.denoiser(noised(poses, noise, level), moment, prepared.repeat(levels, 1))
    free = ~batch.pinned.repeat(levels, 1)
    error = (guess.float() - velocity(poses, noise, level)).square().sum(-1)
    return (error * free).sum() / free.sum().clamp_min(1) / 3


def baseline_error(network: SimpleBaseline, batch: Batch) -> Tensor:
    """Mean squared error of the baseline's pose, as in Martinez et al. 2017."""
    shown = batch.candidates * ~batch.hidden[:, :, None, None]
    return (network(shown) - batch.poses).square().mean()
