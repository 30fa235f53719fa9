"""A network that looks at large pictures in overlapping tiles.

After every step the tiles' guesses are averaged where they overlap, each with less weight towards its edge,
so that neighbours walk on from the same picture (MultiDiffusion, Bar-Tal et al. 2023, equation 5: the mean is
the picture that is nearest to all of them). What the tiles are to agree on beyond their overlap, the smaller
passes before have decided.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from maskengines.inpaint.flow.network import MaskedFlow

SIDE = 512
OVERLAP = 96


def looked_at(
    network: MaskedFlow, noisy: Tensor, visible: Tensor, mask: Tensor, moment: Tensor,
    *, between: Callable[[float], None],
) -> Tensor:  # fmt: skip
    """The network's guess of pictures (B, 3, h, w) of any size.

    Pictures that fit into a tile are looked at whole. Tiles without anything masked are left out: the guess
    there is what is visible.

    Args:
        network, noisy, visible, mask, moment: the network and its arguments.
        between: called between tiles with the share of them done; what it raises ends the look.
    """
    rows, columns = (starts(length, network.sizes.multiple) for length in mask.shape[-2:])
    cuts = [(..., slice(row, row + SIDE), slice(column, column + SIDE)) for row in rows for column in columns]
    if len(cuts) == 1:
        return network(_fast(noisy), _fast(visible), mask, moment)
    cuts = [cut for cut in cuts if bool(mask[cut].any())]
    total = torch.zeros_like(visible)
    weights = torch.zeros_like(mask[:1])
    for number, cut in enumerate(cuts):
        if number:
            between(number / len(cuts))
        guess = network(_fast(noisy[cut]), _fast(visible[cut]), mask[cut].contiguous(), moment)
        weight = _ramp(guess.shape[-2], guess)[:, None] * _ramp(guess.shape[-1], guess)
        total[cut] += guess * weight
        weights[cut] += weight
    return torch.where(weights > 0, total / weights.clamp_min(1e-6), visible)


def starts(length: int, multiple: int) -> list[int]:
    """Where tiles begin along a side of `length`, evenly spread over it on places that are multiples."""
    if length <= SIDE:
        return [0]
    count = -(-(length - OVERLAP) // (SIDE - OVERLAP))
    step = (length - SIDE) / (count - 1)
    return [round(index * step / multiple) * multiple for index in range(count)]


def _ramp(length: int, like: Tensor) -> Tensor:
    """Weights along a tile of `length`: 1 in its middle, falling over the overlap towards both ends."""
    place = torch.arange(length, device=like.device, dtype=like.dtype) + 0.5
    return (torch.minimum(place, length - place) / OVERLAP).clamp(max=1.0)


def _fast(pictures: Tensor) -> Tensor:
    return pictures.contiguous(memory_format=torch.channels_last)
