"""Fills hidden activations from their visible neighbours, before a filter reads across the edge.

Section 3 of arXiv 2211.14646 ("neighbor padding"): each pass gives every hidden pixel next to known ones
the mean of its known neighbours in a 3x3 window and makes it known. A filter that reaches ``r`` pixels from
a visible one needs ``r`` passes; what lies deeper is never read by an output that counts.

Only the pixels of each pass are touched, so the cost follows the edge of the mask and not its area.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional

from maskengines.attribution.masking.visibility import Tensor, Visibility


@dataclass(frozen=True, slots=True)
class Ring:
    """The pixels of one pass, as rows of the ``(N * H * W, C)`` table of all pixels.

    Attributes:
        pixels: ``(R,)``, the rows to write.
        sources: ``(R, 8)``, the rows to read.
        weights: ``(R, 8)`` float32, each row sums to 1; 0 where there is no known neighbour.
    """

    pixels: Tensor
    sources: Tensor
    weights: Tensor


def filled(tensor: Tensor, visibility: Visibility, passes: int) -> Tensor:
    """``tensor`` ``(N, C, H, W)`` with its hidden pixels filled up to ``passes`` pixels from the visible
    ones.

    The tensor is written to where it lies dense with channels last: nobody ever reads what is hidden.
    """
    if passes <= 0:
        return tensor
    tensor = tensor.contiguous(memory_format=torch.channels_last)
    channels = tensor.shape[1]
    table = tensor.permute(0, 2, 3, 1).reshape(-1, channels)
    for ring in rings(visibility, passes):
        weights = ring.weights.to(table.dtype)
        means = functional.embedding_bag(ring.sources, table, mode="sum", per_sample_weights=weights)
        table.index_copy_(0, ring.pixels, means)
    return tensor


def rings(visibility: Visibility, passes: int) -> list[Ring]:
    """The first ``passes`` rings around what is visible in ``(N, 1, H, W)`` masks; fewer if all is filled."""
    plan = visibility.plans.get("rings")
    if plan is None:
        plan = visibility.plans["rings"] = _Plan(visibility)
    return plan.upto(passes)


class _Plan:
    """Rings of one mask, worked out as far as anybody asked for."""

    def __init__(self, visibility: Visibility) -> None:
        visible = visibility.visible[:, 0]
        count, height, width = visible.shape
        device = visible.device
        # A border of one pixel lets every neighbour be looked up without a test.
        self._known = functional.pad(visible, (1, 1, 1, 1))
        self._open = functional.pad(visibility.hidden[:, 0], (1, 1, 1, 1))
        self._stride = width + 2
        rows = torch.full((count, height + 2, width + 2), -1, dtype=torch.int64, device=device)
        rows[:, 1:-1, 1:-1] = torch.arange(count * height * width, device=device).view(count, height, width)
        self._rows = rows.flatten()
        steps = [dy * self._stride + dx for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx]
        self._steps = torch.tensor(steps, device=device)
        self._rings: list[Ring] = []
        self._front = self._first_front()

    def upto(self, passes: int) -> list[Ring]:
        while len(self._rings) < passes and len(self._front):
            self._advance()
        return self._rings[:passes]

    def _first_front(self) -> Tensor:
        grown = functional.max_pool2d(self._known.to(torch.float32)[:, None], 3, 1, 1)[:, 0] > 0
        return (grown & self._open).flatten().nonzero()[:, 0]

    def _advance(self) -> None:
        front, known = self._front, self._known.view(-1)
        around = front[:, None] + self._steps
        usable = known[around]
        first = usable.to(torch.uint8).argmax(1, keepdim=True)
        # Where there is no known neighbour, read a known one with weight 0: never what is hidden.
        readable = torch.where(usable, around, around.gather(1, first))
        weights = usable.to(torch.float32)
        weights /= weights.sum(1, keepdim=True)
        self._rings.append(Ring(self._rows[front], self._rows[readable], weights))
        known[front] = True
        still_open = self._open.view(-1)
        still_open[front] = False
        candidates = around[still_open[around]]
        self._front = candidates.unique() if len(candidates) else candidates
