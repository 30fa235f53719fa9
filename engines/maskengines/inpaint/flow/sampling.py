"""From what is visible to pictures: the deterministic walk along the path, several pictures at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from maskengines.inpaint.flow.network import MaskedFlow
from maskengines.inpaint.flow.path import between, times, towards
from maskengines.inpaint.flow.tiles import looked_at

Step = Callable[[float, int, Tensor], None]
"""Called after each step, and between the tiles of one, with how many steps are done, how many there are, and
the clean pictures as guessed by now (B, 3, h, w) in -1..1. What it raises ends the walk.
"""


@dataclass(frozen=True)
class Start:
    """Begin not with noise but with pictures (B, 3, h, w) in -1..1, noised up to `moment` (SDEdit, Meng et
    al. 2022): 1 forgets them, 0 leaves them as they are.
    """

    pictures: Tensor
    moment: float


def noise_of(seeds: Sequence[int], shape: tuple[int, int], device: torch.device, number: int = 0) -> Tensor:
    """(B, 3, h, w) of unit noise; what a seed gives depends on no other seed and on no device. `number`
    tells apart the noises of one seed.
    """
    drawn = [
        np.random.default_rng((seed, number)).standard_normal((3, *shape), dtype=np.float32) for seed in seeds
    ]
    return torch.from_numpy(np.stack(drawn)).to(device)


@torch.inference_mode()
def walk(
    network: MaskedFlow,
    picture: Tensor,
    mask: Tensor,
    noise: Tensor,
    *,
    steps: int,
    tell: Step,
    start: Start | None = None,
) -> Tensor:
    """Pictures (B, 3, h, w) in -1..1 that equal `picture` where `mask` is 0.

    Args:
        picture: (3, h, w) in -1..1; what lies under the mask is not looked at.
        mask: (h, w), 1 where something is asked for, 0 elsewhere.
        noise: (B, 3, h, w) by `noise_of`; not needed for one step from nothing, which answers with the mean.
        steps: how many times the network is asked; 1 without `start` is the one-shot answer.
    """
    asked = mask[None, None].expand(len(noise), 1, *mask.shape)
    known = (picture * (1 - mask))[None].expand_as(noise)
    moments = times(steps, start.moment if start else 1.0)
    silent = start is None and steps == 1
    guess = start.pictures if start else torch.zeros_like(noise)
    noisy = torch.zeros_like(noise)
    if not silent:
        noisy = between(guess, noise, torch.full((len(noise),), moments[0], device=noise.device))
    for done, (now, then) in enumerate(pairwise(moments)):
        moment = torch.full((len(noise),), now, device=noise.device)
        # What is visible is known at every time, so it walks the true path.
        given = torch.zeros_like(noise) if silent else between(known, noise, moment)
        noisy = torch.where(asked > 0, noisy, given)

        def tiled(share: float, done: int = done, guess: Tensor = guess) -> None:
            tell(done + share, steps, guess)

        guess = looked_at(network, noisy, known, asked, moment, between=tiled).clamp(-1, 1)
        guess = torch.where(asked > 0, guess, known)
        noisy = towards(noisy, guess, now, then)
        tell(done + 1, steps, guess)
    return guess
